/// The parts of a claim as they are written.
struct ClaimParts {
    let condition: Expression
    let filter: Expression?
    let groups: [(column: String, offset: Int)]
}

/// A claim, from its condition through `where` and `by` to its end, and what only claims compute.
extension ExpressionParser {
    mutating func claim() throws(ExpressionError) -> ClaimParts {
        if isEmpty { throw ExpressionError(0, "the claim is empty; write one such as 'gap <= 1e-8'") }
        place = .claim
        let node = try either()
        if !node.isCondition, case .identifier(let word) = token.kind, ["where", "by"].contains(word) {
            throw ExpressionError(
                token.offset, "the comparison is missing before '\(word)'; write it as in 'max(gap) < 1e-6 where K > 4'"
            )
        }
        try require(node, isCondition: true, 0)
        let condition = takeExpression(node, from: 0)
        var filter: Expression?
        var groups: [(column: String, offset: Int)] = []
        while filter == nil || groups.isEmpty {
            if filter == nil, takeKeyword("where") {
                let start = token.offset
                place = .filter
                filter = takeExpression(try self.condition(), from: start)
            } else if groups.isEmpty, takeKeyword("by") {
                groups = try columns()
            } else {
                break
            }
        }
        guard token.kind == .end else {
            throw unexpected("after the claim; 'and' and 'or' join conditions, 'where' and 'by' may follow, once each")
        }
        return ClaimParts(condition: condition, filter: filter, groups: groups)
    }

    /// What has been parsed since `start`; the next part begins with no names.
    private mutating func takeExpression(_ node: Expression.Node, from start: Int) -> Expression {
        var expression = Expression(
            root: node, names: names, text: written(from: start, to: token.offset), areNamesKnown: isName != nil)
        expression.computed = computed
        expression.isThreeValued = place != .filter
        (names, computed) = ([], [:])
        return expression
    }

    private mutating func columns() throws(ExpressionError) -> [(column: String, offset: Int)] {
        var columns: [(column: String, offset: Int)] = []
        repeat {
            guard case .identifier(let column) = token.kind else {
                throw unexpected("where a column should be; write 'by' as in 'min(gap) < 0 by K, d'")
            }
            columns.append((column, token.offset))
            advance()
        } while take(.sign(","))
        return columns
    }

    // MARK: What is computed

    mutating func aggregated(
        _ function: Expression.Aggregate, _ arguments: [Expression.Node], _ offset: Int
    ) throws(ExpressionError) -> Expression.Node {
        switch place {
        case .filter:
            throw ExpressionError(offset, "\(function) is of many trials, and 'where' selects them one by one; move it")
        case .series:
            throw ExpressionError(offset, "\(function) is of many trials, and a slope of one; take them apart")
        case .claim, .condition: break
        }
        guard arguments.count == 1 else {
            let what = function == .count ? "one condition, as in 'count(gap > 1e-8)'" : "one argument"
            throw ExpressionError(offset, "\(function) takes \(what)")
        }
        if let inner = nestedAggregate(in: arguments[0]) {
            throw ExpressionError(inner, "an aggregate stands within another; take them apart")
        }
        let index = self.index(of: written(from: offset, to: token.offset))
        computed[index] = .aggregate(Expression.Aggregation(function: function, argument: arguments[0]))
        return .name(index, offset: offset)
    }

    private func nestedAggregate(in node: Expression.Node) -> Int? {
        var found: Int?
        Expression.visit(node) { part in
            if case .name(let index, let offset) = part, case .aggregate? = computed[index] { found = found ?? offset }
        }
        return found
    }

    mutating func slope(_ offset: Int) throws(ExpressionError) -> Expression.Node {
        guard place != .series else {
            throw ExpressionError(offset, "a slope stands within another; take them apart")
        }
        advance()
        let outer = (names: names, isName: isName, place: place)
        // Every bare word is taken for a metric; `Slope.check` knows which there are.
        (names, isName, place) = ([], nil, .series)
        let start = token.offset
        let node = try nested { parser throws(ExpressionError) in try parser.sum() }
        try require(node, isCondition: false, start)
        let text = written(from: start, to: token.offset)
        let metrics = names
        (names, isName, place) = outer
        guard take(.sign(",")) else { throw unexpected("in slope; write it as in 'slope(log(nc1), layer)'") }
        let axisOffset = token.offset
        let axis = try word(of: Expression.Slope.Axis.allCases.map(\.rawValue), "the axis of a slope")
        let split = take(.sign(",")) ? try word(of: Expression.Slope.splits, "the samples of a slope") : "train"
        guard take(.sign(")")) else { throw unexpected("where ')' is missing; close the parenthesis of slope") }
        guard let axis = Expression.Slope.Axis(rawValue: axis) else { preconditionFailure("axis without a case") }
        var ordinate = Expression(root: node, names: metrics, text: text, areNamesKnown: true)
        ordinate.isThreeValued = true
        let slope = Expression.Slope(
            text: written(from: offset, to: token.offset), axis: axis, split: split, ordinate: ordinate,
            offset: offset, axisOffset: axisOffset)
        let index = self.index(of: slope.text)
        computed[index] = .slope(slope)
        return .name(index, offset: offset)
    }

    private mutating func word(of choices: [String], _ what: String) throws(ExpressionError) -> String {
        guard case .identifier(let word) = token.kind, choices.contains(word) else {
            throw ExpressionError(token.offset, "\(what) is one of \(choices.joined(separator: ", "))")
        }
        advance()
        return word
    }

    /// The text between two places, without white space about it.
    private func written(from start: Int, to end: Int) -> String {
        var scalars = Array(text.unicodeScalars)[start..<end]
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
