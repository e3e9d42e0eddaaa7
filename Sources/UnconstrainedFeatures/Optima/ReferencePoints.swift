import Learning

#if canImport(Glibc)
    import Glibc
#endif

/// The objective at its best along a family of points that is no proven optimum: something to compare with where
/// `optimum` is nil. The trial may well end below.
public struct ReferencePoint: Sendable, Equatable {
    public enum Family: String, Sendable, CaseIterable {
        /// A simplex frame.
        case simplex = "etf"
        /// Classes in pairs, opposite to each other and orthogonal to the other pairs: K/2 directions.
        case blockPairs = "block_pair"
        /// A regular polygon, d = 2.
        case polygon
    }

    public let family: Family
    public let value: Double
}

extension UnconstrainedFeatureModel {
    /// Balanced cross-entropy under decays: for linear hidden layers simplex and block pairs (Garrod and Keating 2024,
    /// Súkeník et al. 2024), for d = 2 < K − 1 the polygon. Empty elsewhere.
    public var referencePoints: [ReferencePoint] {
        guard loss == .classification(.crossEntropy), let decays, classifier == .learned,
            let n = samples.samplesPerClass
        else { return [] }
        let (k, m) = (Double(classes), Double(depth))
        // M + 1 factors whose product has the singular value s cost ((M+1)/2) (λ_W^M λ_H)^{1/(M+1)} s^{2/(M+1)}.
        let kappa = pow(pow(decays.classifier, m) * decays.features, 1 / (m + 1))
        let root = Double(n).squareRoot()
        func point(
            _ family: ReferencePoint.Family, rank: Double, perScale singular: Double,
            _ loss: @escaping (Double) -> Double
        ) -> ReferencePoint {
            ReferencePoint(
                family: family,
                value: leastOverScale {
                    loss($0) + rank * (m + 1) / 2 * kappa * pow(singular * root * $0, 2 / (m + 1))
                })
        }
        let width = min(dimension, hidden?.width ?? dimension)
        if let hidden {
            guard hidden.activation == .linear else { return [] }
            var points: [ReferencePoint] = []
            if width >= classes - 1 {
                // Logits a·P.
                points.append(point(.simplex, rank: k - 1, perScale: 1) { log1p((k - 1) * exp(-$0)) })
            }
            if classes % 2 == 0, width >= classes / 2 {
                // Logits a of the class, −a of its partner, 0 of the others.
                points.append(
                    point(.blockPairs, rank: k / 2, perScale: 2) { log1p((k - 2) * exp(-$0) + exp(-2 * $0)) })
            }
            return points
        }
        guard width == 2, classes > 3 else { return [] }
        let angles = (1..<classes).map { cos(2 * .pi * Double($0) / k) - 1 }
        // Logits a·cos of the angle between class and class: two singular values aK√n/2.
        return [
            point(.polygon, rank: 2, perScale: k / 2) { a in log1p(angles.reduce(0) { $0 + exp(a * $1) }) }
        ]
    }

    /// The least value over scales ≥ 0 of a function with few local minima: a grid by factors of 2^⅛ from 2⁻²⁰ to 2¹⁰,
    /// then golden sections around its best point.
    private func leastOverScale(_ function: (Double) -> Double) -> Double {
        let grid = (-160...80).map { exp2(Double($0) / 8) }
        let best = grid.indices.min { function(grid[$0]) < function(grid[$1]) }!
        var (low, high) = (best > 0 ? grid[best - 1] : 0, best + 1 < grid.count ? grid[best + 1] : 2 * grid[best])
        let section = (5.0.squareRoot() - 1) / 2
        while high - low > 1e-9 * max(high, grid[0]) {
            let (left, right) = (high - section * (high - low), low + section * (high - low))
            if function(left) < function(right) { high = right } else { low = left }
        }
        return min(function((low + high) / 2), function(0))
    }
}
