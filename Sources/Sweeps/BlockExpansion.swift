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
        /// Within `clauses`: those that must hold for this one to mean anything.
        let clauses: Range<Int>
        let fallback: Cell
        /// The definition whose value is the default; -1 for none.
        let original: Int
        let isRequired: Bool
    }

    private let block: Block
    private let names: [String]
    private let rules: [Rule]
    /// Of all rules, one after the other; each the set of tests of which any must hold, a bit a test.
    private let clauses: [TestSet]
    /// By cell: the tests of its key that the value passes.
    private let passed: [TestSet]
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
    /// The tests that its values pass.
    private var held: TestSet = 0
    /// Definitions that were relevant to some trial that was kept.
    private var isUsed: [Bool]
    /// Those that some trial lacks.
    private var isMissing: [Bool]

    init(_ block: Block) {
        self.block = block
        let definitions = block.schema.definitions
        var table = CellTable()
        let tests = TestTable(block.schema)
        var clauses: [TestSet] = []
        rules = definitions.map { definition in
            var (fallback, original) = (-1, -1)
            if case .defaultsTo(let value) = definition.requirement {
                fallback = table.add(value, passing: tests.passed(by: value, of: definition))
            }
            if case .sameAs(let name) = definition.requirement { original = block.schema.index(of: name) ?? -1 }
            let first = clauses.count
            clauses += (definition.relevance?.clauses ?? []).map { tests.set(of: $0) }
            return Rule(
                text: table.add(text: ";\(definition.name)"), isShorthand: !definition.shorthandFor.isEmpty,
                shorthand: definitions.firstIndex { $0.shorthandFor.contains(definition.name) } ?? -1,
                clauses: first..<clauses.count, fallback: fallback, original: original,
                isRequired: definition.requirement == .required)
        }
        names = definitions.map(\.name)
        self.clauses = clauses
        head = TrialID(hashing: "\(block.schema.problem)/\(block.schema.revision)").bits
        given = zip(block.fixed, definitions).map { value, definition in
            value.map { table.add($0, passing: tests.passed(by: $0, of: definition)) } ?? -1
        }
        axes = block.axes.map { axis in
            (
                axis.columns.map(\.definition),
                axis.columns.map { column in
                    let first = table.values.count
                    let definition = definitions[column.definition]
                    for value in column.values.values() {
                        _ = table.add(value, passing: tests.passed(by: value, of: definition))
                    }
                    return first
                }
            )
        }
        counts = block.axes.map(\.count)
        (values, texts, bytes, passed) = (table.values, table.texts, table.bytes, table.passed)
        counters = Array(repeating: 0, count: axes.count)
        resolved = Array(repeating: -1, count: definitions.count)
        isUsed = Array(repeating: false, count: definitions.count)
        isMissing = isUsed
        for axis in axes.indices { load(axis) }
    }

    /// nil after the last combination.
    mutating func next(_ mistakes: inout Mistakes) -> Outcome? {
        guard !isDone else { return nil }
        resolve()
        let outcome: Outcome
        if satisfiesConditions(&mistakes) {
            reportMissing(&mistakes)
            outcome = .trial(makeTrial())
        } else {
            outcome = .excluded
        }
        advance()
        return outcome
    }

    /// Of what only some combinations need, the parser sees what any block like this one needs; here is the rest.
    private mutating func reportMissing(_ mistakes: inout Mistakes) {
        for index in rules.indices where rules[index].isRequired && resolved[index] < 0 && !isMissing[index] {
            guard isRelevant(rules[index]) else { continue }
            isMissing[index] = true
            mistakes.add(block.position, block.schema.missing(block.schema.definitions[index]))
        }
    }

    /// Under the current combination, as far as it is resolved.
    private func isRelevant(_ rule: Rule) -> Bool {
        for clause in rule.clauses where clauses[clause] & held == 0 { return false }
        return true
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
        held = 0
        for index in rules.indices {
            let rule = rules[index]
            var cell = given[index]
            if cell < 0, rule.shorthand >= 0 { cell = given[rule.shorthand] }
            if cell < 0, rule.original >= 0 { cell = resolved[rule.original] }
            if cell < 0 { cell = rule.fallback }
            if !isRelevant(rule) { cell = -1 }
            resolved[index] = cell
            if cell >= 0 { held |= passed[cell] }
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
            let reason = definition.relevance.map { "only \($0) uses it" } ?? shorthandWithoutEffect(definition)
            mistakes.add(position, "'\(definition.name)' has no effect on any trial of the block: \(reason); remove it")
        }
    }
}

extension BlockExpansion {
    private func shorthandWithoutEffect(_ definition: ParameterSchema.Definition) -> String {
        let hasUse = definition.shorthandFor.contains { name in block.schema.index(of: name).map { isUsed[$0] } ?? false
        }
        return hasUse
            ? "the keys it stands for are all given themselves"
            : "none of them uses \(definition.shorthandFor.joined(separator: " or "))"
    }
}

/// A bit for each of a schema's tests.
private typealias TestSet = UInt64

/// The different tests of a schema, numbered.
private struct TestTable {
    private let numbers: [ParameterSchema.Test: Int]
    /// By key.
    private let tests: [String: [ParameterSchema.Test]]

    init(_ schema: ParameterSchema) {
        var numbers: [ParameterSchema.Test: Int] = [:]
        for test in schema.definitions.flatMap({ ($0.relevance?.clauses ?? []).joined() }) {
            if numbers[test] == nil { numbers[test] = numbers.count }
        }
        precondition(numbers.count <= TestSet.bitWidth, "more tests than a set holds")
        self.numbers = numbers
        tests = Dictionary(grouping: numbers.keys, by: \.key)
    }

    func set(of clause: [ParameterSchema.Test]) -> TestSet { clause.reduce(0) { $0 | bit($1) } }

    func passed(by value: ParameterValue, of definition: ParameterSchema.Definition) -> TestSet {
        (tests[definition.name] ?? []).reduce(0) { $1.holds(value) ? $0 | bit($1) : $0 }
    }

    private func bit(_ test: ParameterSchema.Test) -> TestSet { numbers[test].map { 1 << TestSet($0) } ?? 0 }
}

/// Values with their canonical texts, gathered before an expansion starts.
private struct CellTable {
    var values: [ParameterValue] = []
    var texts: [Range<Int>] = []
    var bytes: [UInt8] = []
    var passed: [TestSet] = []

    mutating func add(_ value: ParameterValue, passing tests: TestSet) -> Int {
        values.append(value)
        texts.append(add(text: Trial.canonicalText(of: value)))
        passed.append(tests)
        return values.count - 1
    }

    mutating func add(text: String) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return start..<bytes.count
    }
}
