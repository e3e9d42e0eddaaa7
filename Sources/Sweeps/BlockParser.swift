/// One block's mapping → `Block`.
struct BlockParser {
    static let controlKeys = ["problem", "name", "grid", "zip", "random", "seeds", "where", "execution"]

    let index: Int
    let source: SourceLines
    /// The blocks' names so far, with their places.
    private(set) var names: [String: SourcePosition]

    private var name: String
    private var execution: Execution
    private var schema: ParameterSchema?
    private var fixed: [ParameterValue?] = []
    private var axes: [Block.Axis] = []
    private var sweptKeys: [String] = []
    private var conditions: [Block.Condition] = []
    /// Where each definition is given, and how: "fixed", "under grid:", …
    private var given: [(position: SourcePosition, how: String)?] = []

    init(index: Int, execution: Execution, source: SourceLines, names: [String: SourcePosition]) {
        self.index = index
        self.execution = execution
        self.source = source
        self.names = names
        name = "block \(index + 1)"
    }

    /// nil where the block cannot be made; the mistakes say why.
    mutating func parse(_ node: YAMLValue, _ mistakes: inout Mistakes) -> Block? {
        guard case .mapping(let entries) = node.content else {
            mistakes.add(node.position, "a block is a mapping, and this is \(node.kindName); write 'problem: ufm' in it")
            return nil
        }
        readName(entries, node.position, &mistakes)
        guard let schema = readProblem(entries, node.position, &mistakes) else { return nil }
        self.schema = schema
        fixed = Array(repeating: nil, count: schema.definitions.count)
        given = Array(repeating: nil, count: schema.definitions.count)
        for entry in entries { read(entry, schema, &mistakes) }
        readSeeds(entries, schema, &mistakes)
        // Conditions come last: they are checked against the schema alone, but read better after the values' mistakes.
        for entry in entries where entry.key == "where" { readWhere(entry.value, schema, &mistakes) }
        checkRequired(schema, node.position, &mistakes)
        return Block(
            name: name, problem: schema.problem, position: node.position, execution: execution, sweptKeys: sweptKeys,
            schema: schema, fixed: fixed, axes: axes, conditions: conditions, keyPositions: given.map { $0?.position })
    }

    private mutating func readName(
        _ entries: [YAMLValue.Entry], _ position: SourcePosition, _ mistakes: inout Mistakes
    ) {
        var place = position
        if let entry = entries.first(where: { $0.key == "name" }) {
            place = entry.value.position
            if case .scalar(let text, _) = entry.value.content, !text.isEmpty, singleLine(text) == text {
                name = text
            } else {
                mistakes.add(place, "a block's name is one line of text; write 'name: cross-entropy'")
            }
        }
        if let other = names[name] {
            mistakes.add(place, "two blocks have the name \(quoted(name)) (first in line \(other.line)); rename one")
        }
        names[name] = names[name] ?? place
    }

    private func readProblem(
        _ entries: [YAMLValue.Entry], _ position: SourcePosition, _ mistakes: inout Mistakes
    ) -> ParameterSchema? {
        let problems = ParameterSchema.all.map(\.problem)
        guard let entry = entries.first(where: { $0.key == "problem" }) else {
            let known = Self.controlKeys + ParameterSchema.all.flatMap { $0.definitions.map(\.name) }
            for entry in entries where !known.contains(entry.key) {
                mistakes.add(entry.keyPosition, "unknown key \(quoted(entry.key)); \(hint(for: entry.key, among: known))")
            }
            mistakes.add(position, "the problem is missing; add 'problem: ufm' or 'problem: network'")
            return nil
        }
        guard case .scalar(let text, _) = entry.value.content else {
            mistakes.add(entry.value.position, "'problem' takes one word; give each problem a block of its own")
            return nil
        }
        guard let schema = ParameterSchema.named(text) else {
            mistakes.add(entry.value.position, "there is no problem \(quoted(text)); \(hint(for: text, among: problems))")
            return nil
        }
        return schema
    }

    private mutating func read(
        _ entry: YAMLValue.Entry, _ schema: ParameterSchema, _ mistakes: inout Mistakes
    ) {
        switch entry.key {
        case "problem", "name", "seeds", "where": break
        case "execution": execution.read(entry.value, &mistakes)
        case "grid", "zip", "random":
            guard case .mapping(let entries) = entry.value.content, !entries.isEmpty else {
                mistakes.add(
                    entry.value.isEmpty ? entry.keyPosition : entry.value.position,
                    "'\(entry.key)' must be a mapping of keys to values; write 'K: [4, 10]' under it, or remove it")
                return
            }
            switch entry.key {
            case "grid": readGrid(entries, schema, &mistakes)
            case "zip": readZip(entries, schema, &mistakes)
            default: readRandom(entries, entry.keyPosition, schema, &mistakes)
            }
        default: readFixed(entry, schema, &mistakes)
        }
    }

    /// The definition a key names, once; nil with a mistake added where it is unknown or already given.
    private mutating func claim(
        _ entry: YAMLValue.Entry, _ how: String, _ schema: ParameterSchema, _ mistakes: inout Mistakes
    ) -> Int? {
        guard let index = schema.index(of: entry.key) else {
            mistakes.add(entry.keyPosition, unknown(entry.key, how, schema))
            return nil
        }
        if let other = given[index] {
            let isLater = other.position < entry.keyPosition
            let (later, earlier) = isLater ? (how, other.how) : (other.how, how)
            let line = min(other.position, entry.keyPosition).line
            mistakes.add(
                max(other.position, entry.keyPosition),
                "'\(entry.key)' is given \(later) and in line \(line) also \(earlier); keep one")
            return nil
        }
        given[index] = (entry.keyPosition, how)
        return index
    }

    private func unknown(_ key: String, _ how: String, _ schema: ParameterSchema) -> String {
        let isFixed = how == "fixed"
        if !isFixed, Self.controlKeys.contains(key) {
            return "'\(key)' cannot stand \(how); write it beside, in the block itself"
        }
        if SweepFile.fileKeys.contains(key) { return "'\(key)' belongs at the top of the file; move it there" }
        for other in ParameterSchema.all where other.problem != schema.problem && other[key] != nil {
            return "'\(key)' belongs to problem \(other.problem), and this block is \(schema.problem); remove it"
        }
        let candidates = schema.definitions.map(\.name) + (isFixed ? Self.controlKeys : [])
        return "unknown key \(quoted(key)); \(hint(for: key, among: candidates))"
    }

    private mutating func readFixed(
        _ entry: YAMLValue.Entry, _ schema: ParameterSchema, _ mistakes: inout Mistakes
    ) {
        guard let index = claim(entry, "fixed", schema, &mistakes) else { return }
        let definition = schema.definitions[index]
        switch entry.value.content {
        case .mapping:
            mistakes.add(entry.value.position, "'\(entry.key)' is a mapping; it takes one value")
        case .list:
            mistakes.add(entry.value.position, "'\(entry.key)' has several values; put it under grid:")
        case .scalar(let text, let isQuoted):
            if entry.value.isEmpty {
                mistakes.add(entry.keyPosition, "'\(entry.key)' has no value; write \(definition.kind.expectation)")
            } else if !isQuoted, definition.isHelper(text) {
                let place = Call(text).map { ParameterSchema.Definition.draws.contains($0.name) } == true
                mistakes.add(
                    entry.value.position,
                    "'\(entry.key)' has several values; put it under \(place ? "random" : "grid"):")
            } else {
                do {
                    fixed[index] = try definition.value(of: text, isQuoted: isQuoted)
                } catch {
                    mistakes.add(entry.value.position, error.message)
                }
            }
        }
    }
}

// MARK: - Axes

extension BlockParser {
    private mutating func readGrid(
        _ entries: [YAMLValue.Entry], _ schema: ParameterSchema, _ mistakes: inout Mistakes
    ) {
        for entry in entries {
            guard let index = claim(entry, "under grid:", schema, &mistakes) else { continue }
            sweptKeys.append(entry.key)
            guard let values = sweptValues(entry, schema.definitions[index], &mistakes) else { continue }
            axes.append(
                Block.Axis(
                    label: entry.key, columns: [Block.Axis.Column(definition: index, values: values)],
                    count: values.count))
        }
    }

    private mutating func readZip(
        _ entries: [YAMLValue.Entry], _ schema: ParameterSchema, _ mistakes: inout Mistakes
    ) {
        var columns: [Block.Axis.Column] = []
        var first: (key: String, count: Int)?
        for entry in entries {
            guard let index = claim(entry, "under zip:", schema, &mistakes) else { continue }
            sweptKeys.append(entry.key)
            guard let values = sweptValues(entry, schema.definitions[index], &mistakes) else { continue }
            if let first, first.count != values.count {
                mistakes.add(
                    entry.value.position,
                    "zip goes side by side, and '\(entry.key)' has \(values.count) values where '\(first.key)' has "
                        + "\(first.count); make them equal, or use grid:")
            }
            first = first ?? (entry.key, values.count)
            columns.append(Block.Axis.Column(definition: index, values: values))
        }
        if let first { axes.append(Block.Axis(label: "zip", columns: columns, count: first.count)) }
    }

    private mutating func readRandom(
        _ entries: [YAMLValue.Entry], _ position: SourcePosition, _ schema: ParameterSchema,
        _ mistakes: inout Mistakes
    ) {
        let count = wholeNumber("count", in: entries, atLeast: 1, &mistakes)
        if !entries.contains(where: { $0.key == "count" }) {
            mistakes.add(position, "random needs a count of draws; write 'count: 20' under it")
        }
        let seed = wholeNumber("seed", in: entries, atLeast: 0, &mistakes) ?? 0
        let drawn = entries.filter { $0.key != "count" && $0.key != "seed" }
        if drawn.isEmpty { mistakes.add(position, "random draws no key; write 'd: integers(4, 64)' under it") }
        var columns: [Block.Axis.Column] = []
        for entry in drawn {
            guard let index = claim(entry, "under random:", schema, &mistakes) else { continue }
            sweptKeys.append(entry.key)
            let definition = schema.definitions[index]
            guard case .scalar(let text, _) = entry.value.content else {
                mistakes.add(
                    entry.value.position,
                    "'\(entry.key)' is \(entry.value.kindName); under random: write 'choice(…)' or a distribution")
                continue
            }
            do {
                let rule = try definition.drawRule(of: text, count: count ?? 1, seed: seed)
                columns.append(.init(definition: index, values: SweptValues(rule: rule, isReal: definition.isReal)))
            } catch {
                mistakes.add(entry.value.position, error.message)
            }
        }
        if let count, !columns.isEmpty { axes.append(Block.Axis(label: "random", columns: columns, count: count)) }
    }

    private func wholeNumber(
        _ key: String, in entries: [YAMLValue.Entry], atLeast least: Int, _ mistakes: inout Mistakes
    ) -> Int? {
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        if case .scalar(let text, isQuoted: false) = entry.value.content,
            case .integer(let number)? = Decimal.parse(text), number >= least
        {
            return number
        }
        mistakes.add(
            entry.value.position,
            "'\(key)' under random: is a whole number of at least \(least)"
                + (key == "seed" ? "; trials get their seeds from 'seeds:'" : "; write 'count: 20'"))
        return nil
    }

    private func sweptValues(
        _ entry: YAMLValue.Entry, _ definition: ParameterSchema.Definition, _ mistakes: inout Mistakes
    ) -> SweptValues? {
        let items: [YAMLValue]
        switch entry.value.content {
        case .mapping:
            mistakes.add(entry.value.position, "'\(entry.key)' is a mapping; it takes a list of values")
            return nil
        case .list(let list): items = list
        case .scalar: items = entry.value.isEmpty ? [] : [entry.value]
        }
        if items.isEmpty {
            let position = entry.value.isEmpty ? entry.keyPosition : entry.value.position
            mistakes.add(position, "'\(entry.key)' has no values; write at least one, or remove the key")
            return nil
        }
        var rules: [SweptValues.Rule] = []
        for item in items {
            guard case .scalar(let text, let isQuoted) = item.content, !item.isEmpty else {
                mistakes.add(item.position, "'\(entry.key)' needs single values; this one is "
                    + (item.isEmpty ? "empty" : item.kindName))
                continue
            }
            do {
                rules.append(try definition.rule(of: text, isQuoted: isQuoted))
            } catch {
                mistakes.add(item.position, error.message)
            }
        }
        guard rules.count == items.count else { return nil }
        return SweptValues(rule: rules.count == 1 ? rules[0] : .joined(rules), isReal: definition.isReal)
    }

    private mutating func readSeeds(
        _ entries: [YAMLValue.Entry], _ schema: ParameterSchema, _ mistakes: inout Mistakes
    ) {
        guard let entry = entries.first(where: { $0.key == "seeds" }), let index = schema.index(of: "seed") else { return }
        if let other = given[index] {
            mistakes.add(
                max(entry.keyPosition, other.position), "both 'seed' and 'seeds' are given; keep one")
            return
        }
        given[index] = (entry.keyPosition, "by seeds:")
        let definition = schema.definitions[index]
        let values: SweptValues?
        if case .scalar(let text, let isQuoted) = entry.value.content, !entry.value.isEmpty, Call(text) == nil {
            guard !isQuoted, case .integer(let count)? = Decimal.parse(text), count >= 1 else {
                mistakes.add(
                    entry.value.position,
                    "'seeds' cannot be \(quoted(text)); write how many (at least 1), or a list such as [3, 7]")
                return
            }
            values = SweptValues(rule: .range(start: 0, step: 1, count: count), isReal: false)
        } else {
            values = sweptValues(entry, definition, &mistakes)
        }
        guard let values else { return }
        axes.append(
            Block.Axis(label: "seeds", columns: [.init(definition: index, values: values)], count: values.count))
    }
}

// MARK: - Conditions and requirements

extension BlockParser {
    private mutating func readWhere(_ node: YAMLValue, _ schema: ParameterSchema, _ mistakes: inout Mistakes) {
        let items: [YAMLValue]
        if case .list(let list) = node.content { items = list } else { items = [node] }
        if items.isEmpty { mistakes.add(node.position, "'where' is empty; write a condition, or remove it") }
        for item in items {
            guard case .scalar(let text, let isQuoted) = item.content, !item.isEmpty else {
                mistakes.add(item.position, "'where' takes conditions such as 'd >= K - 1'; in a list, quote each")
                continue
            }
            do {
                let expression = try Expression(parsing: text) { schema[$0] != nil }
                try expression.check(against: schema)
                let definitions = expression.names.compactMap { schema.index(of: $0) }
                conditions.append(
                    Block.Condition(expression: expression, position: item.position, definitions: definitions))
            } catch {
                let position = source.position(in: text, at: error.offset, from: item.position, isQuoted: isQuoted)
                mistakes.add(position, "where: \(error.message)")
            }
        }
    }

    /// A required key must be given, itself or by its shorthand; one that belongs to a choice, when the block can take
    /// that choice.
    private func checkRequired(_ schema: ParameterSchema, _ position: SourcePosition, _ mistakes: inout Mistakes) {
        for (index, definition) in schema.definitions.enumerated() {
            guard definition.requirement == .required, given[index] == nil else { continue }
            let shorthands = schema.definitions.indices.filter {
                schema.definitions[$0].shorthandFor.contains(definition.name)
            }
            if shorthands.contains(where: { given[$0] != nil }) { continue }
            var reason = ""
            if let relevance = definition.relevance {
                guard canTake(relevance, schema) else { continue }
                reason = ", which \(relevance.key) \(relevance.choice) needs"
            }
            let other = shorthands.first.map { ", or '\(schema.definitions[$0].name)' for all decays" } ?? ""
            mistakes.add(
                position, "'\(definition.name)' is missing\(reason); add \(definition.kind.expectation)\(other)")
        }
    }

    private func canTake(_ relevance: ParameterSchema.Relevance, _ schema: ParameterSchema) -> Bool {
        guard let index = schema.index(of: relevance.key) else { return false }
        let choice = ParameterValue.text(relevance.choice)
        if let value = fixed[index] { return value == choice }
        for axis in axes {
            for column in axis.columns where column.definition == index { return column.values.canTake(choice) }
        }
        return given[index] == nil && schema.definitions[index].requirement == .defaultsTo(choice)
    }
}

extension ParameterSchema.Definition {
    var isReal: Bool {
        if case .real = kind { true } else { false }
    }
}

extension SweptValues {
    /// Whether a word is among the values; rules that make numbers have none.
    func canTake(_ word: ParameterValue) -> Bool { Self.canTake(rule, word) }

    private static func canTake(_ rule: Rule, _ word: ParameterValue) -> Bool {
        switch rule {
        case .list(let values), .choice(let values, _, _): values.contains(word)
        case .joined(let parts): parts.contains { canTake($0, word) }
        default: false
        }
    }
}
