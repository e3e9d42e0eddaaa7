/// Walks the combinations of one block. Everything that does not change from one to the next is made once: the text of
/// each value, the definitions' names, the schema's relations as indices.
struct BlockExpansion {
    enum Outcome {
        case trial(Trial)
        case excluded
    }

    /// A place in `values`; -1 for none.
    private typealias Cell = Int

    /// What a definition's value depends on, as plain numbers.
    private struct Rule {
        /// ";K" within `bytes`.
        let text: Range<Int>
        let isShorthand: Bool
        /// The definition whose value is taken where this one's is not given; -1 for none.
        let shorthand: Int
        /// The definition that decides whether this one means anything; -1 for none.
        let decider: Int
        /// Within `choices`: those of the decider under which it does.
        let choices: Range<Int>
        let fallback: Cell
    }

    private let block: Block
    private let names: [String]
    /// Of all rules, one after the other.
    private let choices: [ParameterValue]
    private let rules: [Rule]
    private let head: UInt64
    /// For each axis its columns' definitions, and their cells: the first and how many.
    private let axes: [(definitions: [Int], firsts: [Cell])]
    private let counts: [Int]
    // Values, and their parts of the canonical text, from which ids are hashed without making the text. Trials of a
    // combination are integers into these: reference counts would cost several times the rest.
    private let values: [ParameterValue]
    private let texts: [Range<Int>]
    private let bytes: [UInt8]
    private var counters: [Int]
    private var isDone = false
    /// As given by the file, for the current combination.
    private var given: [Cell]
    /// With defaults and shorthands, relevant ones only.
    private var resolved: [Cell]
    /// Definitions that were relevant to some trial that was kept.
    private var isUsed: [Bool]

    init(_ block: Block) {
        self.block = block
        let definitions = block.schema.definitions
        var table = CellTable()
        var choices: [ParameterValue] = []
        rules = definitions.map { definition in
            var fallback = -1
            if case .defaultsTo(let value) = definition.requirement { fallback = table.add(value) }
            let firstChoice = choices.count
            choices += (definition.relevance?.choices ?? []).map(ParameterValue.text)
            return Rule(
                text: table.add(text: ";\(definition.name)"), isShorthand: !definition.shorthandFor.isEmpty,
                shorthand: definitions.firstIndex { $0.shorthandFor.contains(definition.name) } ?? -1,
                decider: definition.relevance.flatMap { block.schema.index(of: $0.key) } ?? -1,
                choices: firstChoice..<choices.count, fallback: fallback)
        }
        names = definitions.map(\.name)
        self.choices = choices
        head = TrialID(hashing: "\(block.schema.problem)/\(block.schema.revision)").bits
        given = block.fixed.map { $0.map { table.add($0) } ?? -1 }
        axes = block.axes.map { axis in
            (
                axis.columns.map(\.definition),
                axis.columns.map { column in
                    let first = table.values.count
                    for value in column.values.values() { _ = table.add(value) }
                    return first
                }
            )
        }
        counts = block.axes.map(\.count)
        (values, texts, bytes) = (table.values, table.texts, table.bytes)
        counters = Array(repeating: 0, count: axes.count)
        resolved = Array(repeating: -1, count: definitions.count)
        isUsed = Array(repeating: false, count: definitions.count)
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
        for axis in counts.indices.reversed() {
            counters[axis] += 1
            if counters[axis] < counts[axis] {
                load(axis)
                return
            }
            counters[axis] = 0
            load(axis)
        }
        isDone = true
    }

    private mutating func load(_ axis: Int) {
        for column in axes[axis].definitions.indices {
            given[axes[axis].definitions[column]] = axes[axis].firsts[column] + counters[axis]
        }
    }

    private mutating func resolve() {
        for index in rules.indices {
            let rule = rules[index]
            var cell = given[index]
            if cell < 0, rule.shorthand >= 0 { cell = given[rule.shorthand] }
            if cell < 0 { cell = rule.fallback }
            if rule.decider >= 0 {
                // A decider depends on nothing itself.
                let choice = given[rule.decider] >= 0 ? given[rule.decider] : rules[rule.decider].fallback
                var isRelevant = false
                if choice >= 0 {
                    for index in rule.choices where choices[index] == values[choice] { isRelevant = true }
                }
                if !isRelevant { cell = -1 }
            }
            resolved[index] = cell
        }
        for index in rules.indices where rules[index].isShorthand && given[index] < 0 {
            resolved[index] = sharedCell(ofShorthand: index)
        }
    }

    /// What `lambda` is for a trial that gives each decay itself: their value, if it is one.
    private func sharedCell(ofShorthand shorthand: Int) -> Cell {
        var shared = -1
        for index in rules.indices where rules[index].shorthand == shorthand && resolved[index] >= 0 {
            if shared >= 0, values[shared] != values[resolved[index]] { return -1 }
            shared = resolved[index]
        }
        return shared
    }

    private func satisfiesConditions(_ mistakes: inout Mistakes) -> Bool {
        // Locals, for the closure would copy the whole expansion at each call.
        let (resolved, values) = (resolved, values)
        for condition in block.conditions {
            let definitions = condition.definitions
            do {
                let holds = try condition.expression.holdsByIndex({ name in
                    let cell = resolved[definitions[name]]
                    return cell < 0 ? nil : values[cell]
                })
                guard holds else { return false }
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
        for index in rules.indices {
            let cell = resolved[index]
            let rule = rules[index]
            guard cell >= 0, !rule.isShorthand else { continue }
            parameters.append(Trial.Parameter(name: names[index], value: values[cell]))
            for byte in rule.text { hash = TrialID.hash(bytes[byte], from: hash) }
            for byte in texts[cell] { hash = TrialID.hash(bytes[byte], from: hash) }
            isUsed[index] = true
            if given[index] < 0, rule.shorthand >= 0 { isUsed[rule.shorthand] = true }
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
                reason = "only \(relevance.key) \(relevance.choices.joined(separator: " or ")) uses it"
            }
            mistakes.add(position, "'\(definition.name)' has no effect on any trial of the block: \(reason); remove it")
        }
    }
}

/// Values with their canonical texts, gathered before an expansion starts.
private struct CellTable {
    var values: [ParameterValue] = []
    var texts: [Range<Int>] = []
    var bytes: [UInt8] = []

    mutating func add(_ value: ParameterValue) -> Int {
        values.append(value)
        texts.append(add(text: Trial.canonicalText(of: value)))
        return values.count - 1
    }

    mutating func add(text: String) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return start..<bytes.count
    }
}
