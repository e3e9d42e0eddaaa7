/// Walks the combinations of one block. Everything that does not change from one to the next is made once: the text of
/// each value, the definitions' names, the schema's relations as indices.
struct BlockExpansion {
    enum Outcome {
        case trial(Trial)
        case excluded
    }

    /// A value with its part of the canonical text, from which the id is hashed without making the text.
    private struct Cell {
        let value: ParameterValue
        let bytes: [UInt8]

        init(_ value: ParameterValue) {
            self.value = value
            bytes = Array(Trial.canonicalText(of: value).utf8)
        }
    }

    private struct Rule {
        let name: String
        /// ";K"
        let bytes: [UInt8]
        let isShorthand: Bool
        /// The definition whose value is taken where this one's is not given.
        let shorthand: Int?
        let relevance: (definition: Int, choice: String)?
        let fallback: Cell?
    }

    private let block: Block
    private let rules: [Rule]
    private let head: UInt64
    private let axes: [[(definition: Int, cells: [Cell])]]
    private var counters: [Int]
    private var isDone = false
    /// As given by the file, for the current combination.
    private var given: [Cell?]
    /// With defaults and shorthands, relevant ones only.
    private var resolved: [Cell?]
    /// Definitions that were relevant to some trial that was kept.
    private var isUsed: [Bool]

    init(_ block: Block) {
        self.block = block
        let schema = block.schema
        rules = schema.definitions.map { definition in
            var fallback: Cell?
            if case .defaultsTo(let value) = definition.requirement { fallback = Cell(value) }
            return Rule(
                name: definition.name, bytes: Array(";\(definition.name)".utf8),
                isShorthand: !definition.shorthandFor.isEmpty,
                shorthand: schema.definitions.firstIndex { $0.shorthandFor.contains(definition.name) },
                relevance: definition.relevance.flatMap { relevance in
                    schema.index(of: relevance.key).map { ($0, relevance.choice) }
                },
                fallback: fallback)
        }
        head = TrialID(hashing: "\(schema.problem)/\(schema.revision)").bits
        axes = block.axes.map { axis in
            axis.columns.map { ($0.definition, $0.values.values().map { Cell($0) }) }
        }
        counters = Array(repeating: 0, count: axes.count)
        given = block.fixed.map { $0.map { Cell($0) } }
        resolved = Array(repeating: nil, count: schema.definitions.count)
        isUsed = Array(repeating: false, count: schema.definitions.count)
        for axis in axes.indices { load(axis) }
    }

    /// nil after the last combination.
    mutating func next(_ mistakes: inout Mistakes) -> Outcome? {
        guard !isDone else { return nil }
        resolve()
        let outcome: Outcome = satisfiesConditions(&mistakes) ? .trial(makeTrial()) : .excluded
        advance()
        return outcome
    }

    private mutating func advance() {
        var axis = axes.count - 1
        while axis >= 0 {
            counters[axis] += 1
            if counters[axis] < block.axes[axis].count {
                load(axis)
                return
            }
            counters[axis] = 0
            load(axis)
            axis -= 1
        }
        isDone = true
    }

    private mutating func load(_ axis: Int) {
        for column in axes[axis] { given[column.definition] = column.cells[counters[axis]] }
    }

    /// Relevance looks at keys of the table that have none themselves, so any order of the table will do.
    private mutating func resolve() {
        for (index, rule) in rules.enumerated() {
            if let relevance = rule.relevance {
                let choice = given[relevance.definition] ?? rules[relevance.definition].fallback
                guard case .text(relevance.choice)? = choice?.value else {
                    resolved[index] = nil
                    continue
                }
            }
            resolved[index] = given[index] ?? rule.shorthand.flatMap { given[$0] } ?? rule.fallback
        }
        for (index, rule) in rules.enumerated() where rule.isShorthand && given[index] == nil {
            resolved[index] = sharedValue(ofShorthand: index)
        }
    }

    /// What `lambda` is for a trial that gives each decay itself: their value, if it is one.
    private func sharedValue(ofShorthand shorthand: Int) -> Cell? {
        var shared: Cell?
        for (index, rule) in rules.enumerated() where rule.shorthand == shorthand {
            guard let cell = resolved[index] else { continue }
            if let shared, shared.value != cell.value { return nil }
            shared = cell
        }
        return shared
    }

    private func satisfiesConditions(_ mistakes: inout Mistakes) -> Bool {
        for condition in block.conditions {
            do {
                guard try condition.expression.holds(at: { resolved[condition.definitions[$0]]?.value }) else {
                    return false
                }
            } catch {
                mistakes.add(condition.position, "where: \(error.message)")
                return false
            }
        }
        return true
    }

    private mutating func makeTrial() -> Trial {
        var parameters: [Trial.Parameter] = []
        parameters.reserveCapacity(rules.count)
        var hash = head
        for (index, rule) in rules.enumerated() {
            guard let cell = resolved[index] else { continue }
            if rule.isShorthand { continue }
            parameters.append(Trial.Parameter(name: rule.name, value: cell.value))
            hash = TrialID.hash(rule.bytes, from: hash)
            hash = TrialID.hash(cell.bytes, from: hash)
            isUsed[index] = true
            if given[index] == nil, let shorthand = rule.shorthand { isUsed[shorthand] = true }
        }
        return Trial(
            problem: block.schema.problem, revision: block.schema.revision, parameters: parameters,
            id: TrialID(bits: hash))
    }

    /// Mistakes that only the whole block shows: nothing left by `where`, and keys without any effect.
    func report(kept: Int, _ mistakes: inout Mistakes) {
        guard kept > 0 else {
            let position = block.conditions.first?.position ?? block.position
            mistakes.add(
                position,
                "where: no combination is left of \(block.combinations) in \(quoted(block.name)); loosen the condition")
            return
        }
        for (index, definition) in block.schema.definitions.enumerated() {
            guard !isUsed[index], let position = block.keyPositions[index] else { continue }
            var reason = "the keys it stands for are all given themselves"
            if let relevance = definition.relevance {
                reason = "only \(relevance.key) \(relevance.choice) uses it"
            }
            mistakes.add(position, "'\(definition.name)' has no effect on any trial of the block: \(reason); remove it")
        }
    }
}
