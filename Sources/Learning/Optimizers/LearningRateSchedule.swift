/// The learning rate of each epoch, from the base rate.
public enum LearningRateSchedule: Equatable, Sendable, CustomStringConvertible {
    case constant
    /// The rate is multiplied by `factor` at the start of each of these epochs (counted from 0, ascending).
    case step(factor: Double, epochs: [Int])

    private static let example = "step(0.1, 60, 120)"

    /// From `constant` or `step(FACTOR, EPOCH, EPOCH, …)`.
    public init(parsing text: String) throws(SpecificationError) {
        let specification = try Specification(parsing: text, as: "learning-rate schedule", example: Self.example)
        let parts = specification.arguments?.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed)
        switch specification.name {
        case "constant":
            guard parts?.allSatisfy(\.isEmpty) ?? true else {
                throw SpecificationError("learning-rate schedule 'constant' takes no arguments; write constant")
            }
            self = .constant
        case "step":
            guard let parts, parts.count >= 2 else {
                throw SpecificationError(
                    "learning-rate schedule 'step' needs a factor and at least one epoch; write \(Self.example)")
            }
            guard let factor = Double(parts[0]), factor > 0, factor.isFinite else {
                throw SpecificationError(
                    "learning-rate schedule '\(text)': factor '\(parts[0])' is not a positive number; "
                        + "write \(Self.example)")
            }
            var epochs: [Int] = []
            for part in parts.dropFirst() {
                guard let epoch = Int(part), epoch > epochs.last ?? 0 else {
                    throw SpecificationError(
                        "learning-rate schedule '\(text)': epoch '\(part)' is not a whole number above "
                            + "\(epochs.last ?? 0); write ascending epochs, e.g. \(Self.example)")
                }
                epochs.append(epoch)
            }
            self = .step(factor: factor, epochs: epochs)
        default:
            throw specification.unknownName(
                "learning-rate schedule", known: ["constant", "step"], example: Self.example)
        }
    }

    /// The rate during `epoch` (counted from 0) when training starts with `base`.
    public func rate(base: Double, epoch: Int) -> Double {
        switch self {
        case .constant: base
        case .step(let factor, let epochs): epochs.reduce(base) { $1 <= epoch ? $0 * factor : $0 }
        }
    }

    /// The canonical text, which parses to the same schedule.
    public var description: String {
        switch self {
        case .constant: "constant"
        case .step(let factor, let epochs):
            "step(\(([String(factor)] + epochs.map(String.init)).joined(separator: ", ")))"
        }
    }
}
