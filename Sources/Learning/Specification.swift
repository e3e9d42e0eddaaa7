/// A setting that cannot be read, as one line: what is wrong and what is accepted.
public struct SpecificationError: Error, Equatable, CustomStringConvertible {
    public let description: String
    /// Which item of a list cannot be read, counted from 0; nil where it is no list.
    public let item: Int?

    init(_ description: String, item: Int? = nil) {
        self.description = description
        self.item = item
    }
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

    /// The error for a name that is none of `known`, with those that are.
    func unknownName(_ what: String, known: [String], example: String) -> SpecificationError {
        SpecificationError(
            "unknown \(what) '\(name)' (known: \(known.joined(separator: ", ")); e.g. \(example))")
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        let tail = drop(while: \.isWhitespace)
        return String(tail[..<(tail.lastIndex { !$0.isWhitespace }.map(tail.index(after:)) ?? tail.startIndex)])
    }
}

/// A number in canonical text: whole ones without a point.
func canonical(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? String(number) }
