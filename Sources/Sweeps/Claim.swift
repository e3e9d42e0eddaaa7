/// What a sweep file claims of its results: a condition that must hold for every trial that `where` selects, or, where
/// it computes with nothing but aggregates, once for each group of them.
public struct Claim: Sendable {
    /// As it is written.
    public let text: String
    let condition: Expression
    /// Its `where`; nil for all trials.
    let filter: Expression?
    /// The columns under `by`: trials that agree in them are a group.
    public let groupColumns: [String]
    /// The columns and slopes that the condition reads of a trial.
    public let names: [String]
    public let hasAggregates: Bool
    /// Whether each trial is judged, rather than groups of them: the condition reads some outside aggregates.
    public let isOfSingleTrials: Bool
    /// Whether the claim itself says what it makes of trials that failed or diverged.
    public let readsState: Bool
    /// Whether names that the file gives to lists stand in it, which mean nothing outside the file.
    public private(set) var hasListNames = false

    /// The text of a claim as the sweep file has it, and where.
    struct Source: Sendable {
        let text: String
        let position: SourcePosition
        let isQuoted: Bool
    }

    /// Checks a claim as far as that needs no names.
    static func checkSyntax(_ text: String) throws(ExpressionError) {
        var parser = try ExpressionParser(text, isName: nil)
        _ = try parser.claim()
    }

    /// - Parameters:
    ///   - vocabulary: the columns there will be.
    ///   - reports: of all problems of the sweep.
    init(parsing text: String, _ vocabulary: Vocabulary, _ reports: [ReportSchema]) throws(ExpressionError) {
        var parser = try ExpressionParser(text) { vocabulary[$0] != nil }
        let parts = try parser.claim()
        for expression in [parts.condition, parts.filter].compactMap({ $0 }) {
            try expression.check(against: vocabulary)
            for slope in expression.slopes { try slope.check(reports) }
        }
        for group in parts.groups where vocabulary[group.column] == nil {
            let known = hint(for: group.column, among: vocabulary.words)
            throw ExpressionError(group.offset, "unknown name \(quoted(group.column)); \(known)")
        }
        if let group = parts.groups.first, parts.condition.aggregations.isEmpty {
            throw ExpressionError(
                group.offset, "'by' forms groups for aggregates, and there is none; write it as in 'min(gap) < 0 by K'")
        }
        guard !parts.condition.names.isEmpty else {
            throw ExpressionError(0, "the claim names no column, so no result could fail it; claim something of one")
        }
        self.init(text: text, condition: parts.condition, filter: parts.filter, groups: parts.groups.map(\.column))
    }

    private init(text: String, condition: Expression, filter: Expression?, groups: [String]) {
        self.text = text
        self.condition = condition
        self.filter = filter
        groupColumns = groups
        func isAggregate(_ index: Int) -> Bool {
            if case .aggregate? = condition.computed[index] { true } else { false }
        }
        names = condition.names.indices.filter { !isAggregate($0) }.map { condition.names[$0] }
        hasAggregates = !condition.aggregations.isEmpty
        var readsTrial = false
        Expression.visit(condition.root) { node in
            if case .name(let index, _) = node, !isAggregate(index) { readsTrial = true }
        }
        isOfSingleTrials = readsTrial
        readsState = (names + (filter?.names ?? [])).contains("state")
    }

    /// The same, where names of lists stand for the words they mean.
    func resolved(_ lists: NamedLists, _ schemas: [ParameterSchema]) -> Claim {
        var claim = Claim(
            text: text, condition: condition.resolved(lists, schemas), filter: filter?.resolved(lists, schemas),
            groups: groupColumns)
        claim.hasListNames = claim.words != words
        return claim
    }

    private var words: [String] { condition.words + (filter?.words ?? []) }
}

extension Claim {
    /// The text before `where` and `by`.
    public var conditionText: String { condition.text }
    /// The text after `where`.
    public var filterText: String? { filter?.text }

    /// What must be computed of a trial's series to know whether `where` selects it, and to judge it.
    public var filterSlopes: [Expression.Slope] { filter?.slopes ?? [] }
    public var conditionSlopes: [Expression.Slope] { condition.slopes }

    /// Those that `where` reads.
    public var filterNames: [String] { filter?.names ?? [] }
}

extension Expression.Slope {
    /// Whether there are such metrics, and such an axis.
    func check(_ reports: [ReportSchema]) throws(ExpressionError) {
        let ofLayers = reports.flatMap(\.layerMetrics)
        let ofModels = reports.flatMap(\.modelMetrics)
        var problem: ExpressionError?
        Expression.visit(ordinate.root) { node in
            guard problem == nil else { return }
            switch node {
            case .word(let word, let offset, _):
                problem = ExpressionError(offset, "\(quoted(word)) is a word, and a slope is of metrics")
            case .name(let index, let offset):
                let metric = ordinate.names[index]
                if axis == .layer, ofModels.contains(metric), !ofLayers.contains(metric) {
                    problem = ExpressionError(
                        offset, "'\(metric)' is of the whole model, not of its layers; take its slope over step")
                } else if !ofLayers.contains(metric), !ofModels.contains(metric) {
                    let known = Vocabulary((axis == .layer ? ofLayers : ofModels + ofLayers).map { .number($0) }).words
                    problem = ExpressionError(
                        offset, "there is no metric \(quoted(metric)); \(hint(for: metric, among: known))")
                }
            default: break
            }
        }
        if let problem { throw problem }
        if metrics.isEmpty { throw ExpressionError(offset, "the slope is of a constant; name a metric, such as nc1") }
        if axis == .epoch, !reports.contains(where: \.hasEpochs) {
            throw ExpressionError(axisOffset, "no trial of this file counts epochs; write 'step'")
        }
    }
}
