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
        if let index = names.firstIndex(of: word) { return .name(index, offset: offset) }
        names.append(word)
        return .name(names.count - 1, offset: offset)
    }

    private mutating func call(_ word: String, _ offset: Int) throws(ExpressionError) -> Expression.Node {
        let known = Expression.Function.allCases.map(\.rawValue)
        guard let function = Expression.Function(rawValue: word) else {
            throw ExpressionError(offset, "there is no function \(quoted(word)); \(hint(for: word, among: known))")
        }
        advance()
        var arguments: [Expression.Node] = []
        while token.kind != .sign(")") {
            let start = token.offset
            let argument = try nested { parser throws(ExpressionError) in try parser.sum() }
            try require(argument, isCondition: false, start)
            arguments.append(argument)
            guard take(.sign(",")) else { break }
        }
        guard take(.sign(")")) else { throw unexpected("where ')' is missing; close the parenthesis of \(word)") }
        let isFolding = function == .min || function == .max
        guard isFolding ? !arguments.isEmpty : arguments.count == 1 else {
            throw ExpressionError(offset, "\(word) takes \(isFolding ? "one or more arguments" : "one argument")")
        }
        return .function(function, arguments, offset: offset)
    }
}
