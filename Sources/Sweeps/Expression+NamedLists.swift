extension Expression {
    /// The same condition, where names of lists stand for the words they mean: `architecture == small`.
    func resolved(_ lists: NamedLists, _ schemas: [ParameterSchema]) -> Expression {
        guard !lists.isEmpty else { return self }
        var copy = self
        copy.root = resolved(root, lists, schemas)
        copy.computed = computed.mapValues { computed in
            guard case .aggregate(var aggregate) = computed else { return computed }
            aggregate.argument = resolved(aggregate.argument, lists, schemas)
            return .aggregate(aggregate)
        }
        return copy
    }

    private func resolved(_ node: Node, _ lists: NamedLists, _ schemas: [ParameterSchema]) -> Node {
        func inner(_ node: Node) -> Node { resolved(node, lists, schemas) }
        switch node {
        case .not(let operand): return .not(inner(operand))
        case .and(let a, let b): return .and(inner(a), inner(b))
        case .or(let a, let b): return .or(inner(a), inner(b))
        case .comparison(let first, let links):
            let operands = [first] + links.map(\.operand)
            let words = names(comparedIn: operands, lists, schemas)
            return .comparison(
                replaced(first, words),
                links.map {
                    Link(comparison: $0.comparison, operand: replaced($0.operand, words), offset: $0.offset)
                })
        case .membership(let left, let items, let isNegated, let offset):
            let words = names(comparedIn: [left] + items, lists, schemas)
            return .membership(
                replaced(left, words), items.map { replaced($0, words) }, isNegated: isNegated, offset: offset)
        case .number, .word, .name, .negation, .arithmetic, .function, .defined: return node
        }
    }

    /// The lists of the key that is compared, if it can be a list.
    private func names(
        comparedIn operands: [Node], _ lists: NamedLists, _ schemas: [ParameterSchema]
    ) -> [String: ListWord] {
        for case .name(let index, _) in operands {
            let sections = schemas.lazy.compactMap { $0[names[index]]?.listForm?.section }
            if let section = sections.first, let words = lists[section] { return words }
        }
        return [:]
    }

    private func replaced(_ node: Node, _ words: [String: ListWord]) -> Node {
        guard case .word(let word, let offset, let isQuoted) = node, let list = words[word] else { return node }
        return .word(list.word, offset: offset, isQuoted: isQuoted)
    }
}
