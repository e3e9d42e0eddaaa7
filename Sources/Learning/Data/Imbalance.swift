#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How many training samples each class keeps, relative to the largest.
public enum Imbalance: Equatable, Sendable, CustomStringConvertible {
    case none
    /// The last `fraction` of the classes keep a `ratio`-th of the others' samples (Fang, He, Long and Su, "Exploring
    /// deep neural networks via layer-peeled model: minority collapse in imbalanced training", PNAS 2021).
    case step(ratio: Double, fraction: Double)
    /// Class k of K keeps ratio^(−k/(K−1)) of the first one's (Cui, Jia, Lin, Song and Belongie, "Class-balanced loss
    /// based on effective number of samples", CVPR 2019).
    case longTailed(ratio: Double)

    private static let example = "step(10,0.5) or long_tailed(100)"

    /// From `none`, `step(RATIO, FRACTION)` or `long_tailed(RATIO)`.
    public init(parsing text: String) throws(SpecificationError) {
        let specification = try Specification(parsing: text, as: "imbalance", example: Self.example)
        let parts = (specification.arguments ?? "").split(separator: ",", omittingEmptySubsequences: false)
            .map(\.trimmed)
        func number(_ text: String, _ what: String, in range: ClosedRange<Double>) throws(SpecificationError) -> Double
        {
            guard let number = Double(text), range.contains(number) else {
                throw SpecificationError(
                    "imbalance '\(specification.name)': \(what) '\(text)' is not a number from \(range.lowerBound) to "
                        + "\(range.upperBound); write e.g. \(Self.example)")
            }
            return number
        }
        switch (specification.name, parts.count) {
        case ("none", _) where specification.arguments?.isEmpty ?? true: self = .none
        case ("step", 2):
            self = .step(
                ratio: try number(parts[0], "ratio", in: 1...1e9), fraction: try number(parts[1], "fraction", in: 0...1)
            )
        case ("long_tailed", 1): self = .longTailed(ratio: try number(parts[0], "ratio", in: 1...1e9))
        case ("none", _), ("step", _), ("long_tailed", _):
            throw SpecificationError(
                "imbalance '\(text)': none takes no arguments, step a ratio and a fraction of the classes, long_tailed a "
                    + "ratio; write e.g. \(Self.example)")
        default:
            throw specification.unknownName(
                "imbalance", known: ["none", "step", "long_tailed"], example: Self.example)
        }
    }

    /// Samples of each class, when the largest have `most`; rounded to the nearest whole number.
    public func counts(classes: Int, most: Int) -> [Int] {
        (0..<classes).map { Int((Double(most) * share(ofClass: $0, of: classes)).rounded()) }
    }

    private func share(ofClass k: Int, of classes: Int) -> Double {
        switch self {
        case .none: 1
        case .step(let ratio, let fraction):
            k >= classes - Int((fraction * Double(classes)).rounded()) ? 1 / ratio : 1
        case .longTailed(let ratio): classes > 1 ? pow(ratio, -Double(k) / Double(classes - 1)) : 1
        }
    }

    /// The canonical text, which parses to the same imbalance.
    public var description: String {
        switch self {
        case .none: "none"
        case .step(let ratio, let fraction): "step(\(canonical(ratio)),\(canonical(fraction)))"
        case .longTailed(let ratio): "long_tailed(\(canonical(ratio)))"
        }
    }
}
