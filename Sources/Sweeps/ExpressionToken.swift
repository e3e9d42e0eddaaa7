/// A number, word or sign of an expression.
struct ExpressionToken {
    enum Kind: Equatable {
        case number(Double)
        /// A bare word: a name, a function, a keyword or a word.
        case identifier(String)
        case quoted(String)
        case sign(String)
        case end
    }

    let kind: Kind
    let offset: Int

    private static let signs = ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "^", "(", ")", "[", "]", ","]

    /// Signs of other languages, and what to write.
    private static let foreign = [
        ("&&", "write 'and'"), ("||", "write 'or'"), ("**", "write '^' for a power"), ("=<", "write '<='"),
        ("=>", "write '>='"), ("<>", "write '!='"), ("=", "write '==' to compare"), ("!", "write 'not'"),
        ("≤", "write '<='"), ("≥", "write '>='"), ("≠", "write '!='"), ("&", "write 'and'"), ("|", "write 'or'"),
        ("λ", "write 'lambda'"),
    ]

    static func tokens(of text: String) throws(ExpressionError) -> [ExpressionToken] {
        let scalars = Array(text.unicodeScalars)
        var tokens: [ExpressionToken] = []
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            if scalar.properties.isWhitespace {
                index += 1
                continue
            }
            let start = index
            let kind: Kind
            if isDigit(scalar) || (scalar == "." && index + 1 < scalars.count && isDigit(scalars[index + 1])) {
                kind = .number(try number(scalars, &index))
            } else if isWordScalar(scalar) {
                while index < scalars.count, isWordScalar(scalars[index]) || isDigit(scalars[index]) { index += 1 }
                kind = .identifier(string(scalars[start..<index]))
            } else if scalar == "'" || scalar == "\"" {
                guard let end = scalars[(index + 1)...].firstIndex(of: scalar) else {
                    throw ExpressionError(start, "a quote is not closed; write another one after the word")
                }
                kind = .quoted(string(scalars[(index + 1)..<end]))
                index = end + 1
            } else {
                kind = .sign(try sign(scalars, index))
                if case .sign(let sign) = kind { index += sign.unicodeScalars.count }
            }
            tokens.append(ExpressionToken(kind: kind, offset: start))
        }
        tokens.append(ExpressionToken(kind: .end, offset: scalars.count))
        return tokens
    }

    private static func number(_ scalars: [Unicode.Scalar], _ index: inout Int) throws(ExpressionError) -> Double {
        let start = index
        while index < scalars.count {
            let previous = scalars[index - (index > start ? 1 : 0)]
            let isExponentSign =
                (scalars[index] == "-" || scalars[index] == "+") && index > start
                && (previous == "e" || previous == "E")
            guard isDigit(scalars[index]) || isWordScalar(scalars[index]) || scalars[index] == "." || isExponentSign
            else { break }
            index += 1
        }
        let text = string(scalars[start..<index])
        switch Decimal.parse(text) {
        case .integer(let value)?: return Double(value)
        case .real(let value)?: return value
        case .tooLarge?: throw ExpressionError(start, "\(quoted(text)) is too large; write a smaller number")
        default:
            throw ExpressionError(start, "\(quoted(text)) is not a number; write one such as 1e-3, or quote a word")
        }
    }

    private static func sign(_ scalars: [Unicode.Scalar], _ index: Int) throws(ExpressionError) -> String {
        let rest = scalars[index...].prefix(2)
        func begins(with sign: String) -> Bool { rest.starts(with: sign.unicodeScalars) }
        // '==' is tried before the refused '=', and '!=' before '!'.
        for sign in signs where sign.unicodeScalars.count == 2 && begins(with: sign) { return sign }
        for (sign, fix) in foreign where begins(with: sign) {
            throw ExpressionError(index, "'\(sign)' has no meaning here; \(fix)")
        }
        for sign in signs where begins(with: sign) { return sign }
        throw ExpressionError(
            index, "unexpected \(quoted(String(Character(scalars[index])))); remove it, or quote the word")
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { "0"..."9" ~= scalar }

    private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "A"..."Z", "a"..."z", "_": true
        default: false
        }
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
