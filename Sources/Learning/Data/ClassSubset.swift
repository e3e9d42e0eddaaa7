/// Some classes of a data set, which are numbered anew from 0 in the same order.
public struct ClassSubset: Equatable, Sendable, CustomStringConvertible {
    /// Ascending; labels of the whole data set.
    public let classes: [Int]

    private static let example = "first(5) or only(0,3,5-7)"
    private static let largest = 1_000_000

    /// From `first(COUNT)` or `only(CLASS, FROM-TO, …)`, ascending.
    public init(parsing text: String) throws(SpecificationError) {
        let specification = try Specification(parsing: text, as: "classes", example: Self.example)
        func fail(_ problem: String) -> SpecificationError {
            SpecificationError("classes '\(text)': \(problem); write e.g. \(Self.example)")
        }
        /// Digits only: Int() would also take "+5".
        func whole(_ text: some StringProtocol) -> Int? {
            text.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } ? Int(text).flatMap { $0 <= Self.largest ? $0 : nil } : nil
        }
        let arguments = specification.arguments ?? ""
        switch specification.name {
        case "first":
            guard let count = whole(arguments), count >= 2 else {
                throw fail("'\(arguments)' is not a whole number from 2 to \(Self.largest)")
            }
            classes = Array(0..<count)
        case "only":
            var classes: [Int] = []
            for part in arguments.split(separator: ",", omittingEmptySubsequences: false) {
                let bounds = part.trimmed.split(separator: "-", omittingEmptySubsequences: false)
                guard bounds.count <= 2, let from = whole(bounds[0].trimmed), let to = whole(bounds.last!.trimmed),
                    from <= to, from > classes.last ?? -1
                else { throw fail("'\(part.trimmed)' is no class or range of classes above those before it") }
                classes += from...to
            }
            guard classes.count >= 2 else { throw fail("fewer than 2 classes") }
            self.classes = classes
        default:
            throw specification.unknownName("choice of classes", known: ["first", "only"], example: Self.example)
        }
    }

    /// The canonical text, which parses to the same classes: three or more neighbours are a range.
    public var description: String {
        guard classes != Array(0..<classes.count) else { return "first(\(classes.count))" }
        var parts: [String] = []
        var start = 0
        while start < classes.count {
            var end = start
            while end + 1 < classes.count, classes[end + 1] == classes[end] + 1 { end += 1 }
            parts +=
                end - start >= 2
                ? ["\(classes[start])-\(classes[end])"] : classes[start...end].map(String.init)
            start = end + 1
        }
        return "only(\(parts.joined(separator: ",")))"
    }
}
