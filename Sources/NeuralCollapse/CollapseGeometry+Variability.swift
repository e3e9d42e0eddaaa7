import LinearAlgebra

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// NC1: how the features spread within their classes, against how far the classes lie apart.
extension CollapseGeometry {
    var nc1: Double? {
        mutating get { separationFuzziness.map { $0 / Double(classes) } }
    }

    var betweenClassRank: Double? {
        mutating get { betweenClass.map { Double($0.rank) } }
    }

    /// tr(Σ_W Σ_B⁺) = Σ_i u_iᵀ Σ_W u_i / s_i²: Σ_B itself, whose condition is the square, is never formed.
    var separationFuzziness: Double? {
        mutating get {
            guard let between = separatedClasses else { return nil }
            let products = between.directions * withinClassScatter
            var sum = 0.0
            for (i, length) in between.lengths.enumerated() {
                let spread = zip(products.row(i), between.directions.row(i)).reduce(0) { $0 + $1.0 * $1.1 }
                // A scatter is positive semidefinite; only rounding goes below zero.
                sum += max(0, spread) / (length * length)
            }
            return sum / Double(statistics.sampleCount)
        }
    }

    var traceRatio: Double? {
        mutating get {
            guard let between = separatedClasses else { return nil }
            let within = statistics.squaredDeviations.reduce(0, +) / Double(statistics.sampleCount)
            return within / between.lengths.reduce(0) { $0 + $1 * $1 }
        }
    }

    /// Undefined as soon as two class means coincide.
    var classDistanceNormalizedVariance: Double? {
        guard weights != nil else { return nil }
        let variances = zip(statistics.squaredDeviations, statistics.counts).map { $0 / Double($1) }
        let distances = statistics.means.rowSquaredDistances()
        var sum = 0.0
        for i in 0..<classes {
            for j in 0..<i {
                guard distances[i, j] > resolution * resolution else { return nil }
                sum += (variances[i] + variances[j]) / (2 * distances[i, j])
            }
        }
        return sum / Double(classes * (classes - 1) / 2)
    }

    /// 1 − tr(Σ_T⁺ Σ_B)/rank Σ_B with tr(Σ_T⁺ Σ_B) = Σ_j Σ_i s_i² (q_j·u_i)²/λ_j over the eigenpairs (λ_j, q_j) kept.
    var variabilityCollapseIndex: Double? {
        mutating get {
            guard let between = separatedClasses, let total = totalCovariance else { return nil }
            let smallest = smallestEigenvalue(of: total.values)
            let projections = Matrix.product(
                between.directions.scalingRows(by: between.lengths), total.vectors, transposeB: .yes)
            let samples = Double(statistics.sampleCount)
            var explained = 0.0
            for (j, value) in total.values.enumerated() where value > smallest {
                for i in 0..<between.rank { explained += samples * projections[i, j] * projections[i, j] / value }
            }
            return max(0, 1 - explained / Double(between.rank))
        }
    }

    var stableRank: Double? {
        mutating get {
            guard let spectrum = totalScatterSpectrum, let largest = spectrum.first, largest > 0 else { return nil }
            return spectrum.reduce(0, +) / largest
        }
    }

    var effectiveRank: Double? {
        mutating get {
            guard let spectrum = totalScatterSpectrum, let largest = spectrum.first, largest > 0 else { return nil }
            let singularValues = spectrum.map { $0.squareRoot() }
            let sum = singularValues.reduce(0, +)
            let entropy = singularValues.reduce(0) { $1 > 0 ? $0 - $1 / sum * log($1 / sum) : $0 }
            return exp(entropy)
        }
    }
}
