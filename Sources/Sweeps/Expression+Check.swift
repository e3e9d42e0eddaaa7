extension Expression {
    /// Finds before any trial exists what would go wrong with the trials of a problem: unknown names, words that are no
    /// choice of the key they are compared with, numbers against words. Slopes are checked by `Slope`.
    func check(against vocabulary: Vocabulary) throws(ExpressionError) {
        try check(root, vocabulary)
    }

    private func check(_ node: Node, _ vocabulary: Vocabulary) throws(ExpressionError) {
        switch node {
        case .number: break
        case .name(let index, _):
            guard case .aggregate(let aggregate)? = computed[index] else { return }
            if aggregate.function == .count {
                try check(aggregate.argument, vocabulary)
            } else {
                try checkNumber(aggregate.argument, vocabulary)
            }
        case .word(let word, let offset, let isQuoted): throw unknown(word, offset, isQuoted, vocabulary)
        case .defined(let inner): try check(inner, vocabulary)
        case .negation(let inner): try checkNumber(inner, vocabulary)
        case .not(let inner): try check(inner, vocabulary)
        case .arithmetic(_, let a, let b, _):
            try checkNumber(a, vocabulary)
            try checkNumber(b, vocabulary)
        case .function(_, let arguments, _):
            for argument in arguments { try checkNumber(argument, vocabulary) }
        case .and(let a, let b), .or(let a, let b):
            try check(a, vocabulary)
            try check(b, vocabulary)
        case .comparison(let first, let links):
            var left = first
            for link in links {
                let isOrder = link.comparison != .equal && link.comparison != .notEqual
                try checkPair(left, link.operand, isOrder: isOrder, link.offset, vocabulary)
                left = link.operand
            }
        case .membership(let left, let items, _, let offset):
            for item in items { try checkPair(left, item, isOrder: false, offset, vocabulary) }
        }
    }

    private func checkNumber(_ node: Node, _ vocabulary: Vocabulary) throws(ExpressionError) {
        if case .name(let index, let place) = node, isWord(node, vocabulary) {
            throw ExpressionError(
                place, "'\(names[index])' is a word and cannot be computed with; compare it with '=='")
        }
        if case .word(let word, let place, isQuoted: false) = node,
            suggestion(for: word, among: vocabulary.words) == nil
        {
            throw ExpressionError(
                place, "\(quoted(word)) is no name; quote a word that holds other signs, as in 'fashion-mnist'")
        }
        try check(node, vocabulary)
    }

    private func checkPair(
        _ a: Node, _ b: Node, isOrder: Bool, _ offset: Int, _ vocabulary: Vocabulary
    ) throws(ExpressionError) {
        for (node, other) in [(a, b), (b, a)] {
            guard case .word(let word, let place, let isQuoted) = node else {
                try check(node, vocabulary)
                continue
            }
            guard case .name(let index, _) = other, let kind = vocabulary[names[index]] else {
                throw unknown(word, place, isQuoted, vocabulary)
            }
            switch kind {
            case .number where isQuoted:
                throw ExpressionError(
                    place, "'\(names[index])' is a number, and \(quoted(word)) is a word; compare it with a number")
            case .number: throw unknown(word, place, isQuoted, vocabulary)
            case .choice(let choices) where !choices.contains(word):
                throw ExpressionError(
                    place, "'\(names[index])' is never \(quoted(word)); \(hint(for: word, among: choices))")
            case .choice, .word: break
            }
        }
        let (left, right) = (isWord(a, vocabulary), isWord(b, vocabulary))
        if left != right { throw ExpressionError(offset, "a number is compared with a word; compare like with like") }
        if left, isOrder {
            throw ExpressionError(offset, "words have no order; compare them with '==', '!=' or 'in'")
        }
    }

    private func isWord(_ node: Node, _ vocabulary: Vocabulary) -> Bool {
        switch node {
        case .word: true
        case .name(let index, _): vocabulary[names[index]]?.isWord ?? false
        default: false
        }
    }

    private func unknown(
        _ word: String, _ offset: Int, _ isQuoted: Bool, _ vocabulary: Vocabulary
    ) -> ExpressionError {
        if isQuoted {
            return ExpressionError(offset, "the word \(quoted(word)) stands where a key or a number should be")
        }
        return ExpressionError(
            offset, "unknown name \(quoted(word)); \(hint(for: word, among: vocabulary.words))")
    }
}
