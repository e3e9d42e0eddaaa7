extension Expression {
    /// Finds before any trial exists what would go wrong with the trials of a problem: unknown names, words that are no
    /// choice of the key they are compared with, numbers against words.
    func check(against schema: ParameterSchema) throws(ExpressionError) {
        try check(root, schema)
    }

    private func check(_ node: Node, _ schema: ParameterSchema) throws(ExpressionError) {
        switch node {
        case .number, .name: break
        case .word(let word, let offset, let isQuoted): throw unknown(word, offset, isQuoted, schema)
        case .negation(let inner): try checkNumber(inner, schema)
        case .not(let inner): try check(inner, schema)
        case .arithmetic(_, let a, let b, _):
            try checkNumber(a, schema)
            try checkNumber(b, schema)
        case .function(_, let arguments, _):
            for argument in arguments { try checkNumber(argument, schema) }
        case .and(let a, let b), .or(let a, let b):
            try check(a, schema)
            try check(b, schema)
        case .comparison(let first, let links):
            var left = first
            for link in links {
                let isOrder = link.comparison != .equal && link.comparison != .notEqual
                try checkPair(left, link.operand, isOrder: isOrder, link.offset, schema)
                left = link.operand
            }
        case .membership(let left, let items, _, let offset):
            for item in items { try checkPair(left, item, isOrder: false, offset, schema) }
        }
    }

    private func checkNumber(_ node: Node, _ schema: ParameterSchema) throws(ExpressionError) {
        if let definition = definition(node, schema), definition.kind.isWord, case .name(_, let place) = node {
            throw ExpressionError(
                place, "'\(definition.name)' is a word and cannot be computed with; compare it with '=='")
        }
        if case .word(let word, let place, isQuoted: false) = node,
            suggestion(for: word, among: schema.definitions.map(\.name)) == nil
        {
            throw ExpressionError(
                place, "\(quoted(word)) is no name; quote a word that holds other signs, as in 'fashion-mnist'")
        }
        try check(node, schema)
    }

    private func checkPair(
        _ a: Node, _ b: Node, isOrder: Bool, _ offset: Int, _ schema: ParameterSchema
    ) throws(ExpressionError) {
        for (node, other) in [(a, b), (b, a)] {
            guard case .word(let word, let place, let isQuoted) = node else {
                try check(node, schema)
                continue
            }
            guard let definition = definition(other, schema), definition.kind.isWord else {
                if isQuoted, let definition = definition(other, schema) {
                    throw ExpressionError(
                        place,
                        "'\(definition.name)' is a number, and \(quoted(word)) is a word; compare it with a number")
                }
                throw unknown(word, place, isQuoted, schema)
            }
            if case .choice(let choices) = definition.kind, !choices.contains(word) {
                throw ExpressionError(
                    place, "'\(definition.name)' is never \(quoted(word)); \(hint(for: word, among: choices))")
            }
        }
        let (left, right) = (isWord(a, schema), isWord(b, schema))
        if left != right { throw ExpressionError(offset, "a number is compared with a word; compare like with like") }
        if left, isOrder {
            throw ExpressionError(offset, "words have no order; compare them with '==', '!=' or 'in'")
        }
    }

    private func isWord(_ node: Node, _ schema: ParameterSchema) -> Bool {
        if case .word = node { return true }
        return definition(node, schema)?.kind.isWord ?? false
    }

    private func definition(_ node: Node, _ schema: ParameterSchema) -> ParameterSchema.Definition? {
        if case .name(let index, _) = node { schema[names[index]] } else { nil }
    }

    private func unknown(
        _ word: String, _ offset: Int, _ isQuoted: Bool, _ schema: ParameterSchema
    ) -> ExpressionError {
        if isQuoted {
            return ExpressionError(offset, "the word \(quoted(word)) stands where a key or a number should be")
        }
        return ExpressionError(
            offset, "unknown name \(quoted(word)); \(hint(for: word, among: schema.definitions.map(\.name)))")
    }
}
