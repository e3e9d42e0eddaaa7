/// How many samples each class of a model without a data set has.
public enum ClassSizes: Equatable, Sendable, CustomStringConvertible {
    /// Shares of the largest class's number.
    case relative(Imbalance)
    case listed([Int])

    private static let example = "balanced, step(10,0.5), long_tailed(100) or [100, 100, 5]"

    /// From `balanced`, `step(RATIO, FRACTION)`, `long_tailed(RATIO)` or `counts(n_1, n_2, …)`.
    public init(parsing text: String) throws(SpecificationError) {
        let specification = try Specification(parsing: text, as: "counts", example: Self.example)
        switch specification.name {
        case "balanced" where specification.arguments == nil: self = .relative(.none)
        case "balanced": throw SpecificationError("'balanced' takes no arguments; write balanced")
        case "step", "long_tailed": self = .relative(try Imbalance(parsing: text))
        case "counts":
            let sizes = try specification.wholeNumbers(atLeast: 1, "a number of samples")
            guard Set(sizes).count > 1 else {
                throw SpecificationError(
                    "all classes of '\(text)' have the same number of samples; write counts: balanced and n: \(sizes[0])"
                )
            }
            self = .listed(sizes)
        default:
            throw specification.unknownName(
                "counts", known: ["balanced", "step", "long_tailed", "counts"], example: Self.example)
        }
    }

    /// Samples of each class, at least one of each.
    ///
    /// - Parameter most: of the largest class; without a meaning for listed sizes.
    public func counts(classes: Int, most: Int) throws(SpecificationError) -> [Int] {
        switch self {
        case .listed(let sizes):
            guard sizes.count == classes else {
                throw SpecificationError(
                    "the list has \(sizes.count) numbers, and there are \(classes) classes; write one for each",
                    item: sizes.count > classes ? classes : nil)
            }
            return sizes
        case .relative(let imbalance):
            let sizes = imbalance.counts(classes: classes, most: most)
            if let empty = sizes.firstIndex(of: 0) {
                throw SpecificationError(
                    "with \(most) samples in the largest class, class \(empty) has none; raise n or lower the ratio")
            }
            return sizes
        }
    }

    /// The canonical text, which parses to the same sizes.
    public var description: String {
        switch self {
        case .relative(.none): "balanced"
        case .relative(let imbalance): imbalance.description
        case .listed(let sizes): "counts(\(sizes.map(String.init).joined(separator: ",")))"
        }
    }
}

/// How many samples there are of every set of one label, of two labels, and so on.
public struct LabelSetCounts: Equatable, Sendable, CustomStringConvertible {
    /// For m = 1, 2, …: of each set of m labels. The last is not zero.
    public let copiesBySize: [Int]

    /// From `label_sets(c_1, c_2, …)`.
    public init(parsing text: String) throws(SpecificationError) {
        let specification = try Specification(parsing: text, as: "label_sets", example: "[10, 2]")
        guard specification.name == "label_sets" else {
            throw specification.unknownName("list", known: ["label_sets"], example: "[10, 2]")
        }
        copiesBySize = try specification.wholeNumbers(atLeast: 0, "a number of samples")
        guard copiesBySize.last != 0 else {
            throw SpecificationError(
                "there are no sets of \(copiesBySize.count) labels; end the list with a number greater than 0",
                item: copiesBySize.count - 1)
        }
    }

    /// N, perhaps too large for a whole number.
    ///
    /// Sets of all labels tell the classes apart by nothing and are refused, as are those larger than K.
    public func count(classes: Int) throws(SpecificationError) -> Double {
        guard copiesBySize.count < classes else {
            let size = copiesBySize.count
            throw SpecificationError(
                size == classes
                    ? "a set of \(size) labels holds all \(classes) classes, and tells nothing of them; shorten the list"
                    : "a set of \(size) labels is more than the \(classes) classes; shorten the list",
                item: copiesBySize.count - 1)
        }
        var (total, sets) = (0.0, 1.0)
        for (index, copies) in copiesBySize.enumerated() {
            sets *= Double(classes - index) / Double(index + 1)
            total += Double(copies) * sets
        }
        return total
    }

    /// The canonical text, which parses to the same counts.
    public var description: String { "label_sets(\(copiesBySize.map(String.init).joined(separator: ",")))" }
}

extension Specification {
    /// The arguments, of which there is at least one.
    fileprivate func wholeNumbers(atLeast least: Int, _ what: String) throws(SpecificationError) -> [Int] {
        let parts = (arguments ?? "").split(separator: ",", omittingEmptySubsequences: false)
        var numbers: [Int] = []
        for (index, part) in parts.enumerated() {
            guard let number = Int(part.trimmed), (least...1_000_000_000).contains(number) else {
                throw SpecificationError(
                    "'\(part.trimmed)' is not \(what); write a whole number of at least \(least)", item: index)
            }
            numbers.append(number)
        }
        return numbers
    }
}
