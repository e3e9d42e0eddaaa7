/// A setting that cannot be read, as one line: what is wrong and what is accepted.
public struct SpecificationError: Error, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Text of the form `name` or `name(arguments)`.
struct Specification {
    let name: String
    /// What stands between the parentheses; nil without parentheses.
    let arguments: String?

    init(parsing text: String, as what: String, example: String) throws(SpecificationError) {
        let text = text.trimmed
        guard let open = text.firstIndex(of: "(") else {
            guard !text.contains(")") else {
                throw SpecificationError("\(what) '\(text)' closes a parenthesis that was not opened; write \(example)")
            }
            (name, arguments) = (text, nil)
            return
        }
        guard text.last == ")" else {
            throw SpecificationError("\(what) '\(text)' lacks its closing parenthesis; write \(example)")
        }
        name = String(text[..<open]).trimmed
        arguments = String(text[text.index(after: open)...].dropLast()).trimmed
    }

    /// The error for a name that is none of `known`, with the likeliest one.
    func unknownName(_ what: String, known: [String], example: String) -> SpecificationError {
        let nearest = known.map { ($0, $0.editDistance(to: name)) }.min { $0.1 < $1.1 }
        let hint = nearest.flatMap { $0.1 <= max(1, $0.0.count / 2) ? "; did you mean '\($0.0)'?" : nil } ?? ""
        return SpecificationError(
            "unknown \(what) '\(name)'\(hint) (known: \(known.joined(separator: ", ")); e.g. \(example))")
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        let tail = drop(while: \.isWhitespace)
        return String(tail[..<(tail.lastIndex { !$0.isWhitespace }.map(tail.index(after:)) ?? tail.startIndex)])
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other (optimal string
    /// alignment: Damerau 1964, without edits inside a swap).
    func editDistance(to other: some StringProtocol) -> Int {
        let (a, b) = (Array(self), Array(other))
        var distance = (0...a.count).map { i in (0...b.count).map { i == 0 ? $0 : $0 == 0 ? i : 0 } }
        for i in a.indices {
            for j in b.indices {
                var best = Swift.min(distance[i][j + 1], distance[i + 1][j]) + 1
                best = Swift.min(best, distance[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    best = Swift.min(best, distance[i - 1][j - 1] + 1)
                }
                distance[i + 1][j + 1] = best
            }
        }
        return distance[a.count][b.count]
    }
}
