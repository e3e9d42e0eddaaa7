#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The law of data separation (He and Su, "A law of data separation in deep learning", 2022): in trained networks the
/// separation fuzziness D falls by about the same factor from layer to layer, log D_l = log D_0 + l log ρ.
///
/// The line is fitted by least squares to log D_l over l.
public struct SeparationLaw: Equatable, Sendable {
    /// The layers that entered, at their places among all: those with D finite and above zero.
    public let layers: [Int]
    /// log ρ, the slope of the natural logarithm per layer.
    public let slope: Double
    /// log D at layer 0.
    public let intercept: Double
    /// R² = 1 − Σ residual² / Σ (log D − mean)²; nil where all log D are equal up to rounding, and the ratio means
    /// nothing.
    public let rSquared: Double?

    /// ρ = exp(slope): what a layer leaves of D.
    public var decayRatio: Double { exp(slope) }

    /// Fits D = `nc1_unscaled` of the layers 0, 1, 2, … in the order of the network; nil where a layer has none.
    ///
    /// - Returns: nil with fewer than two layers to fit. With two, the line goes through both, and R² is 1.
    public init?(fuzziness values: [Double?]) {
        var points: [(layer: Int, value: Double)] = []
        for (layer, value) in values.enumerated() {
            guard let value, value > 0, value.isFinite else { continue }
            points.append((layer, log(value)))
        }
        guard points.count >= 2 else { return nil }
        let count = Double(points.count)
        let meanLayer = points.reduce(0) { $0 + Double($1.layer) } / count
        // Relative to one of the values: where all are equal, their deviations are zero to the last bit.
        let origin = points[0].value
        let meanValue = points.reduce(0) { $0 + ($1.value - origin) } / count
        var (spread, joint, total) = (0.0, 0.0, 0.0)
        for (layer, value) in points {
            let (x, y) = (Double(layer) - meanLayer, value - origin - meanValue)
            spread += x * x
            joint += x * y
            total += y * y
        }
        let slope = joint / spread
        let residual = points.reduce(0.0) {
            let deviation = $1.value - origin - meanValue - slope * (Double($1.layer) - meanLayer)
            return $0 + deviation * deviation
        }
        // A logarithm is known to a unit in its last place, or that of 1 where it is smaller.
        let rounding = 4 * Double.ulpOfOne * max(1, points.map { abs($0.value) }.max()!)
        layers = points.map(\.layer)
        self.slope = slope
        intercept = origin + meanValue - slope * meanLayer
        rSquared = total > count * rounding * rounding ? max(0, 1 - residual / total) : nil
    }
}

/// The effective depth of a network (Galanti, Galanti and Ben-Shaul, "On the implicit bias towards minimal depth of
/// deep neural networks", 2022): the first layer whose features the nearest class mean already sorts.
public enum EffectiveDepth {
    /// ε of the published experiments is a free choice; this one allows one training sample in a hundred.
    public static let defaultTolerance = 0.01

    /// The smallest l such that the nearest-class-mean error of layer l on the training samples is at most `tolerance`.
    ///
    /// - Parameter errors: of the layers in the order of the network; nil where it is not defined. The first is layer
    /// 1.
    /// - Returns: nil where no layer reaches the tolerance. (The paper then counts all layers, L.)
    public static func depth(errors: [Double?], tolerance: Double = defaultTolerance) -> Int? {
        precondition(tolerance >= 0, "negative tolerance of the effective depth")
        return errors.firstIndex { $0.map { $0 <= tolerance } ?? false }.map { $0 + 1 }
    }
}
