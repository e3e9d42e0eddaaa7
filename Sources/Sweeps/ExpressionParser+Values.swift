/// Numbers, names, words and what is computed from them, from `+` down to parentheses.
extension ExpressionParser {
    mutating func sum() throws(ExpressionError) -> Expression.Node {
        try chain(of: [("+", .add), ("-", .subtract)]) { parser throws(ExpressionError) in try parser.product() }
    }

    private mutating func product() throws(ExpressionError) -> Expression.Node {
        try chain(of: [("*", .multiply), ("/", .divide)]) { parser throws(ExpressionError) in try parser.signed() }
    }

    private mutating func chain(
        of operators: [(String, Expression.Arithmetic)],
        _ operand: (inout ExpressionParser) throws(ExpressionError) -> Expression.Node
    ) throws(ExpressionError) -> Expression.Node {
        let start = token.offset
        var node = try operand(&self)
        while case .sign(let sign) = token.kind, let match = operators.first(where: { $0.0 == sign }) {
            let offset = token.offset
            try require(node, isCondition: false, start)
            advance()
            let next = token.offset
            let other = try operand(&self)
            try require(other, isCondition: false, next)
            node = .arithmetic(match.1, node, other, offset: offset)
        }
        return node
    }

    private mutating func signed() throws(ExpressionError) -> Expression.Node {
        guard token.kind == .sign("-") || token.kind == .sign("+") else { return try power() }
        let isNegative = token.kind == .sign("-")
        advance()
        let start = token.offset
        let node = try nested { parser throws(ExpressionError) in try parser.signed() }
        try require(node, isCondition: false, start)
        return isNegative ? .negation(node) : node
    }

    private mutating func power() throws(ExpressionError) -> Expression.Node {
        let start = token.offset
        let base = try primary()
        let offset = token.offset
        guard take(.sign("^")) else { return base }
        try require(base, isCondition: false, start)
        let next = token.offset
        // The exponent may carry a sign and a power of its own: 2 ^ -1, 2 ^ 3 ^ 2.
        let exponent = try nested { parser throws(ExpressionError) in try parser.signed() }
        try require(exponent, isCondition: false, next)
        return .arithmetic(.power, base, exponent, offset: offset)
    }

    private mutating func primary() throws(ExpressionError) -> Expression.Node {
        let start = token
        switch start.kind {
        case .number(let value):
            advance()
            return .number(value)
        case .quoted(let word):
            advance()
            return .word(word, offset: start.offset, isQuoted: true)
        case .sign("("):
            advance()
            let node = try nested { parser throws(ExpressionError) in try parser.either() }
            guard take(.sign(")")) else { throw unexpected("where ')' is missing; close the parenthesis") }
            return node
        case .identifier(let word) where !["and", "or", "not", "in"].contains(word):
            advance()
            return token.kind == .sign("(") ? try call(word, start.offset) : name(word, start.offset)
        default:
            throw unexpected("where a name, number or word should be; see 'where' in docs/SWEEPS.md")
        }
    }

    private mutating func name(_ word: String, _ offset: Int) -> Expression.Node {
        if let isName, !isName(word) { return .word(word, offset: offset, isQuoted: false) }
        return .name(index(of: word), offset: offset)
    }

    /// Among `names`, appended where it is new.
    mutating func index(of name: String) -> Int {
        if let index = names.firstIndex(of: name) { return index }
        names.append(name)
        return names.count - 1
    }

    private mutating func call(_ word: String, _ offset: Int) throws(ExpressionError) -> Expression.Node {
        if place != .condition, word == Expression.Slope.name { return try slope(offset) }
        let function = Expression.Function(rawValue: word)
        let aggregate = place == .condition ? nil : Expression.Aggregate(rawValue: word)
        guard function != nil || aggregate != nil || word == Self.definedName else {
            throw ExpressionError(
                offset, "there is no function \(quoted(word)); \(hint(for: word, among: functionNames))")
        }
        let arguments = try arguments(of: word, areConditions: aggregate == .count)
        if word == Self.definedName {
            guard arguments.count == 1 else { throw ExpressionError(offset, "defined takes one argument") }
            return .defined(arguments[0])
        }
        // One value is the smallest of its trial; the smallest over trials is meant.
        if let aggregate, function == nil || arguments.count == 1 {
            return try aggregated(aggregate, arguments, offset)
        }
        guard let function else { preconditionFailure("function that is none") }
        let isFolding = function == .min || function == .max
        guard isFolding ? !arguments.isEmpty : arguments.count == 1 else {
            throw ExpressionError(offset, "\(word) takes \(isFolding ? "one or more arguments" : "one argument")")
        }
        return .function(function, arguments, offset: offset)
    }

    static let definedName = "defined"

    private var functionNames: [String] {
        let functions = Expression.Function.allCases.map(\.rawValue) + [Self.definedName]
        guard place != .condition else { return functions }
        let aggregates = Expression.Aggregate.allCases.map(\.rawValue).filter { !functions.contains($0) }
        return functions + aggregates + [Expression.Slope.name]
    }

    /// From the parenthesis that opens to the one that closes.
    private mutating func arguments(
        of word: String, areConditions: Bool
    ) throws(ExpressionError) -> [Expression.Node] {
        advance()
        var arguments: [Expression.Node] = []
        while token.kind != .sign(")") {
            let start = token.offset
            let argument = try nested { parser throws(ExpressionError) in
                try areConditions ? parser.either() : parser.sum()
            }
            try require(argument, isCondition: areConditions, start)
            arguments.append(argument)
            guard take(.sign(",")) else { break }
        }
        guard take(.sign(")")) else { throw unexpected("where ')' is missing; close the parenthesis of \(word)") }
        return arguments
    }
}
