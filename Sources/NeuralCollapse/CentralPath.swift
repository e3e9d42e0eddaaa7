import LinearAlgebra

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where features are on the central path of squared error: the singular values ω_j of the class means as seen in units
/// of the variation within classes, Σ_W^{−½}M (d × K), M the centred class means (Han, Papyan and Donoho 2021, section
/// 3).
///
/// Under the renormalised gradient flow, in which the classifier is always W_LS and Σ_W is held at I, singular vectors
/// stay and each value grows by itself, ω̇ = (1/n)·ω/(K + ω²)², so that the invariant K² log ω + Kω² + ω⁴/4 − t/n
/// stays: all grow without bound, and in the limit they are equal, which is neural collapse.
public struct CentralPath: Equatable, Sendable {
    /// K.
    public let classes: Int
    /// ω_1 ≥ ω_2 ≥ …, min(K − 1, d) of them.
    public let singularValues: [Double]

    /// - Returns: nil unless all classes have as many samples and Σ_W can be inverted (not once within-class variation
    /// has
    ///   vanished, nor with fewer than d + K samples).
    public init?(of statistics: ClassStatistics) {
        guard let size = statistics.counts.first, size > 0, statistics.counts.allSatisfy({ $0 == size }),
            statistics.isFinite, let mean = statistics.globalMean(),
            let root = statistics.inverseRootOfWithinClassCovariance
        else { return nil }
        classes = statistics.classes
        let whitened = statistics.means.subtractingFromRows(mean) * root
        singularValues = Array(
            whitened.singularValues().values.prefix(min(statistics.classes - 1, statistics.dimension)))
    }

    /// K² log ω + Kω² + ω⁴/4 of each singular value: along the flow each grows at the rate 1/n.
    public var invariants: [Double] { singularValues.map { Self.invariant(of: $0, classes: classes) } }

    public static func invariant(of value: Double, classes: Int) -> Double {
        let k = Double(classes)
        let square = value * value
        return k * k * log(value) + k * square + square * square / 4
    }

    /// The ω > 0 that has this invariant: ω after the time t is that of its first invariant plus t/n.
    public static func singularValue(withInvariant invariant: Double, classes: Int) -> Double {
        let k = Double(classes)
        // Newton's method for x = log ω: F(x) = K²x + Ke^{2x} + e^{4x}/4 is increasing and convex, and each of its
        // terms alone bounds x from above; from there the iterates fall to the root.
        var x = invariant / (k * k)
        if 4 * invariant > 1 { x = min(x, log(4 * invariant) / 4) }
        while true {
            let square = exp(2 * x)
            let excess = k * k * x + k * square + square * square / 4 - invariant
            let next = x - excess / ((k + square) * (k + square))
            guard next < x else { return exp(x) }
            x = next
        }
    }

    /// L at the least-squares classifier with a bias and no decays, Σ_j ½/(K + ω_j²): what the flow descends.
    /// Directions that d < K − 1 dimensions have no room for cost ½/K.
    public var squaredError: Double {
        let k = Double(classes)
        let fitted = singularValues.reduce(0) { $0 + 0.5 / (k + $1 * $1) }
        return fitted + Double(classes - 1 - singularValues.count) * 0.5 / k
    }
}

extension ClassStatistics {
    /// Σ_W^{−½} (d × d); nil where Σ_W is singular up to rounding.
    public var inverseRootOfWithinClassCovariance: Matrix? {
        guard isFinite, sampleCount > 0 else { return nil }
        let eigen = (1 / Double(sampleCount) * withinClassScatter).symmetricEigen()
        // Rounding of the eigenvalues, and of deviations from means that lie far out.
        let smallest = max(10 * Double(dimension) * Double.ulpOfOne * eigen.values[0], resolution * resolution)
        guard eigen.values.allSatisfy({ $0 > smallest }) else { return nil }
        let scaled = eigen.vectors.scalingRows(by: eigen.values.map { 1 / $0.squareRoot() })
        return .product(eigen.vectors, scaled, transposeA: .yes)
    }
}
