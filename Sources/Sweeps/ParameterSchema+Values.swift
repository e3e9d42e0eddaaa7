extension ParameterSchema.Definition {
    /// A value as written in the file. Throws "what; fix".
    func value(of text: String, isQuoted: Bool) throws(ValueError) -> ParameterValue {
        switch kind {
        case .integer, .real:
            if isQuoted, Decimal.parse(text) != nil {
                throw ValueError("\(quoted(text)) is quoted, so it is a word; remove the quotes")
            }
            return try number(Decimal.parse(text), writtenAs: text)
        case .choice(let choices):
            guard choices.contains(text) else {
                throw ValueError("'\(name)' cannot be \(quoted(text)); \(hint(for: text, among: choices))")
            }
            return .text(text)
        case .word:
            return .text(try normalizedWord(text))
        }
    }

    /// A computed value: `range`, `logspace` or a random draw.
    func value(of number: Decimal.Number) throws(ValueError) -> ParameterValue {
        let text =
            switch number {
            case .integer(let value): String(value)
            case .real(let value): String(value)
            case .tooLarge, .notFinite: "number"
            }
        return try self.number(number, writtenAs: text)
    }

    private func number(_ number: Decimal.Number?, writtenAs text: String) throws(ValueError) -> ParameterValue {
        switch (kind, number) {
        case (_, nil):
            throw ValueError("'\(name)' cannot be \(quoted(text)); it is \(kind.expectation)")
        case (_, .notFinite?):
            throw ValueError("'\(name)' cannot be \(quoted(text)); it is a finite number")
        case (_, .tooLarge?):
            throw ValueError("\(quoted(text)) is too large for '\(name)'; write a smaller number")
        case (.integer(let range), .integer(let value)?):
            guard value >= range.lowerBound else {
                throw ValueError("'\(name)' is \(value); it must be \(kind.expectation)")
            }
            guard value <= range.upperBound else {
                throw ValueError("'\(name)' is \(value); it can be at most \(range.upperBound)")
            }
            return .integer(value)
        case (.integer, .real(let value)?):
            let whole = Int(exactly: value).map { "write \($0)" } ?? "write a whole number"
            throw ValueError("'\(name)' is a whole number, and \(quoted(text)) is a real one; \(whole)")
        case (.real(let bounds), .integer(let value)?):
            return .real(try inBounds(Double(value), bounds, text))
        case (.real(let bounds), .real(let value)?):
            return .real(try inBounds(value, bounds, text))
        case (.choice, _), (.word, _):
            throw ValueError("'\(name)' is \(kind.expectation), not a number")
        }
    }

    private func inBounds(
        _ value: Double, _ bounds: ParameterSchema.Bounds, _ text: String
    ) throws(ValueError) -> Double {
        guard !bounds.contains(value) || bounds.computable.contains(value) else {
            let (low, high) = (bounds.computable.lowerBound, bounds.computable.upperBound)
            throw ValueError("'\(name)' is \(text); what can be computed lies between \(low) and \(high)")
        }
        guard bounds.contains(value) else { throw ValueError("'\(name)' is \(text); it must be \(kind.expectation)") }
        return value
    }

    /// White space has no meaning inside a word: `step(0.1, 60)` and `step(0.1,60)` are one trial.
    private func normalizedWord(_ text: String) throws(ValueError) -> String {
        let word = text.filter { !$0.isWhitespace }
        guard !word.isEmpty else { throw ValueError("'\(name)' is empty; write \(kind.expectation)") }
        var depth = 0
        for letter in word.unicodeScalars {
            if letter == "(" { depth += 1 }
            if letter == ")" { depth -= 1 }
            if depth < 0 { break }
        }
        guard depth == 0 else {
            throw ValueError("parentheses in \(quoted(text)) do not match; write them as in 'mlp(512-512)'")
        }
        return word
    }
}

/// What is wrong with a value and how to mend it, without a position.
struct ValueError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
