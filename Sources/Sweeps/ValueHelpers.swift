import RandomNumbers

/// `name(argument, …)` as text.
struct Call {
    let name: String
    let arguments: [String]

    /// nil where the text has not this form.
    init?(_ text: String) {
        guard let open = text.firstIndex(of: "("), text.last == ")" else { return nil }
        let name = String(text[..<open]).trimmed
        guard let first = name.unicodeScalars.first, first.properties.isAlphabetic,
            name.unicodeScalars.allSatisfy({
                $0.properties.isAlphabetic || $0 == "_" || $0.properties.numericType != nil
            })
        else { return nil }
        self.name = name
        var arguments: [String] = []
        var depth = 0
        var current = ""
        for letter in text[text.index(after: open)...].dropLast() {
            if letter == "(" { depth += 1 }
            if letter == ")" { depth -= 1 }
            guard depth >= 0 else { return nil }
            if letter == ",", depth == 0 {
                arguments.append(current.trimmed)
                current = ""
            } else {
                current.append(letter)
            }
        }
        guard depth == 0 else { return nil }
        if !arguments.isEmpty || !current.trimmed.isEmpty { arguments.append(current.trimmed) }
        self.arguments = arguments
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        let start = drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...end])
    }
}

// MARK: - Under grid and zip

extension ParameterSchema.Definition {
    static let helpers = ["range", "linspace", "logspace"]
    static let draws = ["integers", "uniform", "loguniform", "choice"]

    /// Whether the text asks for several values of this parameter.
    func isHelper(_ text: String) -> Bool {
        guard let call = Call(text) else { return false }
        return Self.helpers.contains(call.name) || Self.draws.contains(call.name)
    }

    /// The values a scalar under `grid:` or `zip:` stands for: a helper's, or itself alone.
    func rule(of text: String, isQuoted: Bool) throws(ValueError) -> SweptValues.Rule {
        guard !isQuoted, let call = Call(text), !kind.isWord || isHelper(text) else {
            return .list([try value(of: text, isQuoted: isQuoted)])
        }
        if kind.isWord { throw ValueError("\(call.name)(…) makes numbers, and '\(name)' is a word; write a list") }
        switch call.name {
        case "range": return try range(call)
        case "linspace", "logspace": return try spaced(call)
        case _ where Self.draws.contains(call.name):
            throw ValueError("\(call.name)(…) is drawn at random; put it under random:")
        default:
            throw ValueError("there is no helper \(quoted(call.name)); \(hint(for: call.name, among: Self.helpers))")
        }
    }

    private func range(_ call: Call) throws(ValueError) -> SweptValues.Rule {
        guard (2...3).contains(call.arguments.count) else {
            throw ValueError("range takes a start, a stop and perhaps a step; write 'range(4, 65, 4)'")
        }
        var numbers: [Int] = []
        for argument in call.arguments {
            guard case .integer(let number)? = Decimal.parse(argument) else {
                throw ValueError("range takes whole numbers, not \(quoted(argument)); for real steps use linspace")
            }
            numbers.append(number)
        }
        let (start, stop, step) = (numbers[0], numbers[1], numbers.count == 3 ? numbers[2] : 1)
        guard step != 0 else { throw ValueError("range cannot step by 0; write another step") }
        let (distance, overflow) = stop.subtractingReportingOverflow(start)
        guard !overflow, step != .min else { throw ValueError("this range is too wide; write smaller numbers") }
        let isEmpty = step > 0 ? distance <= 0 : distance >= 0
        guard !isEmpty else {
            throw ValueError("range(\(start), \(stop), \(step)) is empty: its stop is excluded; write another stop")
        }
        let count = (distance - step.signum()) / step + 1
        _ = try value(of: .integer(start))
        _ = try value(of: .integer(start + (count - 1) * step))
        return .range(start: start, step: step, count: count)
    }

    private func spaced(_ call: Call) throws(ValueError) -> SweptValues.Rule {
        if case .integer = kind {
            throw ValueError("\(call.name) makes real numbers, and '\(name)' is whole; use range")
        }
        guard call.arguments.count == 3, case .integer(let count)? = Decimal.parse(call.arguments[2]) else {
            throw ValueError("\(call.name) takes both end values and a count; write '\(call.name)(1e-4, 1e-1, 7)'")
        }
        guard count >= 2 else { throw ValueError("\(call.name) needs a count of at least 2, one for each end") }
        let (a, b) = (try real(call.arguments[0], call), try real(call.arguments[1], call))
        if call.name == "linspace" { return .linspace(a, b, count: count) }
        guard a > 0, b > 0 else { throw ValueError("logspace takes end values greater than 0, not their exponents") }
        return .logspace(a, b, count: count)
    }

    private func real(_ text: String, _ call: Call) throws(ValueError) -> Double {
        guard Decimal.parse(text) != nil else {
            throw ValueError("\(call.name) takes numbers, not \(quoted(text)); write '\(call.name)(1e-4, 1e-1, …)'")
        }
        return try value(of: text, isQuoted: false).number ?? 0
    }
}

// MARK: - Under random

extension ParameterSchema.Definition {
    /// The distribution a scalar under `random:` names.
    func drawRule(of text: String, count: Int, seed: Int) throws(ValueError) -> SweptValues.Rule {
        let random = Philox(seed: UInt64(seed), purpose: .sweep(name))
        guard let call = Call(text) else {
            throw ValueError(
                "'\(name)' needs a distribution under random:, such as \(example); fixed values go beside it")
        }
        switch call.name {
        case "integers":
            let (a, b) = try wholeEnds(call)
            return .integers(a, b, count: count, random)
        case "uniform", "loguniform":
            let (a, b) = try realEnds(call)
            return call.name == "uniform"
                ? .uniform(a, b, count: count, random) : .loguniform(a, b, count: count, random)
        case "choice":
            guard !call.arguments.isEmpty else { throw ValueError("choice is empty; write \(example)") }
            var values: [ParameterValue] = []
            for argument in call.arguments { values.append(try choiceValue(argument)) }
            return .choice(values, count: count, random)
        case _ where Self.helpers.contains(call.name):
            throw ValueError("\(call.name)(…) is not drawn at random; put it under grid:")
        default:
            throw ValueError(
                "there is no distribution \(quoted(call.name)); \(hint(for: call.name, among: Self.draws))")
        }
    }

    private func choiceValue(_ argument: String) throws(ValueError) -> ParameterValue {
        for quote in ["'", "\""] where argument.count >= 2 && argument.hasPrefix(quote) && argument.hasSuffix(quote) {
            return try value(of: String(argument.dropFirst().dropLast()), isQuoted: true)
        }
        return try value(of: argument, isQuoted: false)
    }

    private func wholeEnds(_ call: Call) throws(ValueError) -> (Int, Int) {
        if kind.isWord { throw ValueError("integers(…) makes numbers, and '\(name)' is a word; use choice(…)") }
        guard call.arguments.count == 2, case .integer(let a)? = Decimal.parse(call.arguments[0]),
            case .integer(let b)? = Decimal.parse(call.arguments[1])
        else { throw ValueError("integers takes the least and the greatest whole number; write 'integers(4, 64)'") }
        guard a <= b else { throw ValueError("integers(\(a), \(b)) is empty; write the smaller number first") }
        _ = try value(of: .integer(a))
        _ = try value(of: .integer(b))
        guard b.subtractingReportingOverflow(a).partialValue < .max, !b.subtractingReportingOverflow(a).overflow
        else { throw ValueError("integers(\(a), \(b)) is too wide; write smaller numbers") }
        return (a, b)
    }

    private func realEnds(_ call: Call) throws(ValueError) -> (Double, Double) {
        if kind.isWord { throw ValueError("\(call.name)(…) makes numbers, and '\(name)' is a word; use choice(…)") }
        if case .integer = kind {
            throw ValueError("\(call.name) makes real numbers, and '\(name)' is whole; use integers(…)")
        }
        guard call.arguments.count == 2 else {
            throw ValueError("\(call.name) takes the least and the greatest value; write '\(call.name)(1e-3, 1)'")
        }
        let (a, b) = (try real(call.arguments[0], call), try real(call.arguments[1], call))
        guard a < b else { throw ValueError("\(call.name)(\(a), \(b)) is empty; write the smaller number first") }
        guard call.name == "uniform" || a > 0 else {
            throw ValueError("loguniform takes end values greater than 0, not their exponents")
        }
        return (a, b)
    }

    private var example: String {
        switch kind {
        case .integer: "integers(4, 64)"
        case .real: "loguniform(1e-3, 0.5)"
        case .choice(let words): "choice(\(words.joined(separator: ", ")))"
        case .word: "choice(mlp(64), mlp(128))"
        }
    }
}
