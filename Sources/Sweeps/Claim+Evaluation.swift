extension Claim {
    /// The value of a column or slope in one trial; nil where it has none.
    public typealias Lookup = (String) -> ParameterValue?

    /// Whether `where` selects a trial.
    public func selects(_ value: Lookup) throws(ExpressionError) -> Bool {
        guard let filter else { return true }
        return try filter.holds(value)
    }

    /// What each aggregate takes of one trial, in the order of `condition.aggregations`; nil where a value is missing
    /// or NaN. `count` takes 1 where its condition holds and 0 where it does not.
    func contributions(_ value: Lookup) throws(ExpressionError) -> [Double?] {
        var contributions: [Double?] = []
        for (_, aggregation) in condition.aggregations {
            let look = { (index: Int) in value(condition.names[index]) }
            if aggregation.function == .count {
                contributions.append(try condition.truth(aggregation.argument, look).map { $0 ? 1 : 0 })
            } else {
                let number = try condition.number(of: aggregation.argument, look)
                contributions.append(number.flatMap { $0.isNaN ? nil : $0 })
            }
        }
        return contributions
    }

    /// The value of each aggregate over a group.
    ///
    /// - Parameter contributions: of its trials, by aggregate.
    func aggregates(of contributions: [[Double]]) -> [Double?] {
        zip(condition.aggregations, contributions).map { aggregate, values in
            let function = aggregate.aggregation.function
            return function == .count ? values.reduce(0, +) : function.value(of: values)
        }
    }

    /// How a trial, or a group, fares.
    struct Judgement {
        /// nil where a value is missing, so that nobody knows.
        let holds: Bool?
        /// By how much the numbers miss what is claimed; only to tell the worst from the others.
        let excess: Double
        /// The value of `subjectText`, where there is one.
        let subject: Double?
    }

    /// - Parameters:
    ///   - aggregates: of the group.
    ///   - value: of the trial, where the claim is of single ones.
    func judge(aggregates: [Double?], _ value: Lookup) throws(ExpressionError) -> Judgement {
        var computed: [Int: Double?] = [:]
        for (aggregate, number) in zip(condition.aggregations, aggregates) { computed[aggregate.index] = number }
        let look = { (index: Int) -> ParameterValue? in
            if let number = computed[index] { return number.map(ParameterValue.real) }
            return value(condition.names[index])
        }
        let holds = try condition.truth(condition.root, look)
        return Judgement(
            holds: holds, excess: holds == nil ? .infinity : condition.excess(look), subject: condition.subject(look))
    }

    /// What the claim says something about: the side of a comparison that is no constant; nil where the claim is no
    /// comparison.
    public var subjectText: String? { condition.subjectText }
}

extension Expression {
    /// By how much a comparison of numbers fails; of a chain, the most. 0 for anything else.
    fileprivate func excess(_ value: (Int) -> ParameterValue?) -> Double {
        guard case .comparison(let first, let links) = root else { return 0 }
        // What cannot be computed was told when the condition was decided.
        let numbers = ([first] + links.map(\.operand)).map { (try? number(of: $0, value)) ?? .nan }
        var worst = 0.0
        for (link, (x, y)) in zip(links, zip(numbers, numbers.dropFirst())) {
            let difference =
                switch link.comparison {
                case .less, .lessOrEqual: x - y
                case .greater, .greaterOrEqual: y - x
                case .equal: abs(x - y)
                case .notEqual: 0.0
                }
            worst = Swift.max(worst, difference)
        }
        return worst
    }

    /// The first operand of a comparison that names something, and where in the text it stands.
    private var subjectOperand: (node: Node, start: Int, end: Int)? {
        guard case .comparison(let first, let links) = root else { return nil }
        var start = 0
        for (number, node) in ([first] + links.map(\.operand)).enumerated() {
            let end = number < links.count ? links[number].offset : text.unicodeScalars.count
            var isConstant = true
            Self.visit(node) { if case .name = $0 { isConstant = false } }
            if !isConstant { return (node, start, end) }
            if number < links.count { start = end + links[number].comparison.rawValue.unicodeScalars.count }
        }
        return nil
    }

    fileprivate func subject(_ value: (Int) -> ParameterValue?) -> Double? {
        subjectOperand.flatMap { operand in try? number(of: operand.node, value) }
    }

    fileprivate var subjectText: String? {
        guard let operand = subjectOperand else { return nil }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: Array(text.unicodeScalars)[operand.start..<operand.end])
        let words = String(view).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        // In '(gap < 1)' the operand takes a parenthesis along that is not its own.
        return words.count { $0 == "(" } == words.count { $0 == ")" } ? words : nil
    }
}
