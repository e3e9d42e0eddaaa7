/// Recursive descent over the tokens of an expression; the grammar is in `Expression`.
struct ExpressionParser {
    /// Deeper nesting than a person writes, and far from the end of the stack.
    private static let depthLimit = 100
    /// A chain `a + b + …` is as deep a tree as it is long.
    private static let tokenLimit = 2000

    let text: String
    private let tokens: [ExpressionToken]
    var isName: ((String) -> Bool)?
    private var position = 0
    private var depth = 0
    var names: [String] = []
    var computed: [Int: Expression.Computed] = [:]
    /// What is being parsed, which decides what may be computed.
    var place = Place.condition

    /// Where a part of an expression stands.
    enum Place {
        case condition
        /// Before the `where` of a claim, where aggregates and slopes may stand.
        case claim
        /// After the `where` of a claim, where slopes may stand.
        case filter
        /// Within a slope.
        case series
    }

    init(_ text: String, isName: ((String) -> Bool)?) throws(ExpressionError) {
        self.text = text
        self.isName = isName
        tokens = try ExpressionToken.tokens(of: text)
        guard tokens.count <= Self.tokenLimit else {
            throw ExpressionError(0, "the condition is too long; split it into a list of conditions")
        }
    }

    var isEmpty: Bool { tokens.count == 1 }

    mutating func parse() throws(ExpressionError) -> Expression.Node {
        if isEmpty { throw ExpressionError(0, "the condition is empty; write one such as 'd >= K - 1'") }
        let node = try condition()
        guard token.kind == .end else {
            throw unexpected("after the condition; write 'and' or 'or' between conditions")
        }
        return node
    }

    var token: ExpressionToken { tokens[position] }

    mutating func advance() { position = min(position + 1, tokens.count - 1) }

    mutating func take(_ kind: ExpressionToken.Kind) -> Bool {
        guard token.kind == kind else { return false }
        advance()
        return true
    }

    mutating func takeKeyword(_ word: String) -> Bool { take(.identifier(word)) }

    func unexpected(_ rest: String) -> ExpressionError {
        let what =
            switch token.kind {
            case .number(let value):
                "unexpected \(value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value))"
            case .identifier(let word): "unexpected \(quoted(word))"
            case .quoted(let word): "unexpected \(quoted(word))"
            case .sign(let sign): "unexpected '\(sign)'"
            case .end: "the condition ends too early,"
            }
        return ExpressionError(token.offset, "\(what) \(rest)")
    }

    mutating func nested<T>(
        _ body: (inout ExpressionParser) throws(ExpressionError) -> T
    ) throws(ExpressionError) -> T {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            throw ExpressionError(
                token.offset, "the condition is nested too deeply; split it into a list of conditions")
        }
        return try body(&self)
    }

    // MARK: Conditions

    mutating func condition() throws(ExpressionError) -> Expression.Node {
        let start = token.offset
        let node = try either()
        try require(node, isCondition: true, start)
        return node
    }

    mutating func either() throws(ExpressionError) -> Expression.Node {
        let start = token.offset
        var node = try both()
        while takeKeyword("or") {
            try require(node, isCondition: true, start)
            let next = token.offset
            let other = try both()
            try require(other, isCondition: true, next)
            node = .or(node, other)
        }
        return node
    }

    private mutating func both() throws(ExpressionError) -> Expression.Node {
        let start = token.offset
        var node = try negated()
        while takeKeyword("and") {
            try require(node, isCondition: true, start)
            let next = token.offset
            let other = try negated()
            try require(other, isCondition: true, next)
            node = .and(node, other)
        }
        return node
    }

    private mutating func negated() throws(ExpressionError) -> Expression.Node {
        guard takeKeyword("not") else { return try comparison() }
        let start = token.offset
        let node = try nested { parser throws(ExpressionError) in try parser.negated() }
        try require(node, isCondition: true, start)
        return .not(node)
    }

    private mutating func comparison() throws(ExpressionError) -> Expression.Node {
        let start = token.offset
        let first = try sum()
        if let membership = try membership(of: first, from: start) { return membership }
        var links: [Expression.Link] = []
        while case .sign(let sign) = token.kind, let comparison = Expression.Comparison(rawValue: sign) {
            let offset = token.offset
            if links.isEmpty { try require(first, isCondition: false, start) }
            advance()
            let next = token.offset
            let operand = try sum()
            try require(operand, isCondition: false, next)
            links.append(Expression.Link(comparison: comparison, operand: operand, offset: offset))
        }
        return links.isEmpty ? first : .comparison(first, links)
    }

    private mutating func membership(
        of node: Expression.Node, from start: Int
    ) throws(ExpressionError) -> Expression.Node? {
        let offset = token.offset
        var isNegated = false
        if case .identifier("not") = token.kind, tokens[min(position + 1, tokens.count - 1)].kind == .identifier("in") {
            isNegated = true
            advance()
        }
        guard takeKeyword("in") else { return nil }
        try require(node, isCondition: false, start)
        let open = token.offset
        guard take(.sign("[")) else { throw unexpected("after 'in'; write a list such as 'in [4, 10]'") }
        var items: [Expression.Node] = []
        while token.kind != .sign("]") {
            let next = token.offset
            let item = try sum()
            try require(item, isCondition: false, next)
            items.append(item)
            guard take(.sign(",")) else { break }
        }
        guard take(.sign("]")) else { throw unexpected("in a list; write ',' between its values and ']' after them") }
        guard !items.isEmpty else { throw ExpressionError(open, "the list is empty; write its values") }
        return .membership(node, items, isNegated: isNegated, offset: offset)
    }

    func require(
        _ node: Expression.Node, isCondition: Bool, _ offset: Int
    ) throws(ExpressionError) {
        guard node.isCondition != isCondition else { return }
        throw ExpressionError(
            offset,
            isCondition
                ? "a value alone is no condition; compare it, as in 'd > 4'"
                : "a condition has no value to compare or compute with; join conditions with 'and' or 'or'")
    }
}

extension Expression.Node {
    /// True or false, rather than a number or a word.
    var isCondition: Bool {
        switch self {
        case .number, .word, .name, .negation, .arithmetic, .function: false
        case .comparison, .membership, .defined, .not, .and, .or: true
        }
    }
}
