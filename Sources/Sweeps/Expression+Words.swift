extension Expression {
    /// The first bare word that is no name where only a name makes sense: computed with, put in order, or compared
    /// with a number or another word. Mostly a name misspelt.
    public var misplacedWord: String? { Self.misplacedWord(in: root) }

    /// All bare words that are no names, in order of appearance.
    public var bareWords: [String] {
        var words: [String] = []
        Self.visit(root) { node in
            if let word = node.bareWord { words.append(word) }
        }
        return words
    }

    /// All words, bare and quoted, those within aggregates last.
    var words: [String] {
        var words: [String] = []
        for node in [root] + aggregations.map(\.aggregation.argument) {
            Self.visit(node) { if case .word(let word, _, _) = $0 { words.append(word) } }
        }
        return words
    }

    private static func misplacedWord(in root: Node) -> String? {
        var found: String?
        func look(at node: Node) { found = found ?? node.bareWord }
        func look(at a: Node, _ b: Node, isOrder: Bool) {
            if isOrder || !b.isName { look(at: a) }
            if isOrder || !a.isName { look(at: b) }
        }
        visit(root) { node in
            switch node {
            case .negation(let inner), .defined(let inner): look(at: inner)
            case .arithmetic(_, let a, let b, _):
                look(at: a)
                look(at: b)
            case .function(_, let arguments, _): arguments.forEach(look)
            case .comparison(let first, let links):
                var left = first
                for link in links {
                    let isOrder = link.comparison != .equal && link.comparison != .notEqual
                    look(at: left, link.operand, isOrder: isOrder)
                    left = link.operand
                }
            case .membership(let left, let items, _, _):
                for item in items { look(at: left, item, isOrder: false) }
            case .number, .word, .name, .not, .and, .or: break
            }
        }
        return found
    }

    /// Calls `body` with every node, from the left, each before its parts.
    static func visit(_ node: Node, _ body: (Node) -> Void) {
        body(node)
        switch node {
        case .number, .word, .name: break
        case .negation(let inner), .not(let inner), .defined(let inner): visit(inner, body)
        case .arithmetic(_, let a, let b, _), .and(let a, let b), .or(let a, let b):
            visit(a, body)
            visit(b, body)
        case .function(_, let arguments, _): for argument in arguments { visit(argument, body) }
        case .comparison(let first, let links):
            visit(first, body)
            for link in links { visit(link.operand, body) }
        case .membership(let left, let items, _, _):
            visit(left, body)
            for item in items { visit(item, body) }
        }
    }
}

extension Expression.Node {
    fileprivate var bareWord: String? {
        if case .word(let word, _, isQuoted: false) = self { word } else { nil }
    }

    fileprivate var isName: Bool {
        if case .name = self { true } else { false }
    }
}
