extension LearningRateSchedule: CustomStringConvertible {
    private static let what = "learning-rate schedule"
    private static let known = ["constant", "step(FACTOR, EPOCH, …)", "cosine", "warmup(EPOCHS, SCHEDULE)"]
    private static let example = "step(0.1, 60, 120)"
    private static let warmupExample = "warmup(5, cosine)"

    /// From `constant`, `step(FACTOR, EPOCH, EPOCH, …)`, `cosine`, `cosine(FINAL_FACTOR)` or `warmup(EPOCHS, SCHEDULE)`
    /// with one of the others.
    public init(parsing text: String) throws(SpecificationError) {
        let specification = try Specification(parsing: text, as: Self.what, example: Self.example)
        let arguments = specification.arguments
        switch specification.name {
        case "constant":
            guard arguments?.allSatisfy({ $0 == "," || $0.isWhitespace }) ?? true else {
                throw SpecificationError("\(Self.what) 'constant' takes no arguments; write constant")
            }
            self = .constant
        case "step": self = try Self.step(arguments, text)
        case "cosine": self = try Self.cosine(arguments, text)
        case "warmup": self = try Self.warmup(arguments, text)
        default: throw specification.unknownName(Self.what, known: Self.known, example: Self.example)
        }
    }

    private static func step(_ arguments: String?, _ text: String) throws(SpecificationError) -> Self {
        let parts = arguments?.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed) ?? []
        guard parts.count >= 2 else {
            throw SpecificationError("\(what) 'step' needs a factor and at least one epoch; write \(example)")
        }
        guard let factor = Double(parts[0]), factor > 0, factor.isFinite else {
            throw SpecificationError(
                "\(what) '\(text)': factor '\(parts[0])' is not a positive number; write \(example)")
        }
        var epochs: [Int] = []
        for part in parts.dropFirst() {
            guard let epoch = Int(part), epoch > epochs.last ?? 0 else {
                throw SpecificationError(
                    "\(what) '\(text)': epoch '\(part)' is not a whole number above \(epochs.last ?? 0); "
                        + "write ascending epochs, e.g. \(example)")
            }
            epochs.append(epoch)
        }
        return .step(factor: factor, epochs: epochs)
    }

    /// `cosine(0)` would be a second text for `cosine`, and its trial a second trial.
    private static func cosine(_ arguments: String?, _ text: String) throws(SpecificationError) -> Self {
        guard let arguments else { return .cosine(finalFactor: 0) }
        guard let final = Double(arguments), final > 0, final < 1 else {
            throw SpecificationError(
                "\(what) '\(text)': the final factor '\(arguments)' is not a number between 0 and 1; "
                    + "write cosine, which ends at 0, or e.g. cosine(0.01)")
        }
        return .cosine(finalFactor: final)
    }

    private static func warmup(_ arguments: String?, _ text: String) throws(SpecificationError) -> Self {
        guard let arguments, let comma = arguments.firstIndex(of: ",") else {
            throw SpecificationError(
                "\(what) 'warmup' needs its epochs and the schedule after them; write \(warmupExample), or "
                    + "warmup(5, constant)")
        }
        let first = arguments[..<comma].trimmed
        guard let epochs = Int(first), epochs > 0, epochs <= 1_000_000 else {
            throw SpecificationError(
                "\(what) '\(text)': '\(first)' is not a whole number of epochs from 1 to 1000000; "
                    + "write \(warmupExample)")
        }
        let then = try Self(parsing: String(arguments[arguments.index(after: comma)...]))
        if case .warmup = then {
            throw SpecificationError("\(what) '\(text)' warms up twice; write \(warmupExample)")
        }
        if case .step(_, let milestones) = then, milestones[0] <= epochs {
            throw SpecificationError(
                "\(what) '\(text)': epoch \(milestones[0]) is not after the warm-up of \(epochs); "
                    + "epochs of step are counted from the start of training")
        }
        return .warmup(epochs: epochs, then: then)
    }

    /// The canonical text, which parses to the same schedule.
    public var description: String {
        switch self {
        case .constant: "constant"
        case .step(let factor, let epochs):
            "step(\(([canonical(factor)] + epochs.map(String.init)).joined(separator: ", ")))"
        case .cosine(0): "cosine"
        case .cosine(let final): "cosine(\(canonical(final)))"
        case .warmup(let epochs, let then): "warmup(\(epochs), \(then))"
        }
    }
}
