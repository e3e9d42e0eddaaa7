/// One block's mapping → `Block`.
struct BlockParser {
    static let controlKeys = ["problem", "name", "grid", "zip", "random", "seeds", "where", "execution"]

    let index: Int
    let source: SourceLines
    /// Named at the top of the file.
    let lists: NamedLists
    /// The blocks' names so far, with their places.
    private(set) var names: [String: SourcePosition]

    var name: String
    var execution: Execution
    var fixed: [ParameterValue?] = []
    var axes: [Block.Axis] = []
    var sweptKeys: [String] = []
    var conditions: [Block.Condition] = []
    /// Where each definition is given, and how: "fixed", "under grid:", …
    var given: [(position: SourcePosition, how: String)?] = []
    /// By definition and word: where the items of words written as lists stand.
    var itemPositions: [Int: [String: [SourcePosition]]] = [:]

    init(
        index: Int, execution: Execution, source: SourceLines, lists: NamedLists, names: [String: SourcePosition]
    ) {
        self.index = index
        self.execution = execution
        self.source = source
        self.lists = lists
        self.names = names
        name = "block \(index + 1)"
    }

    /// nil where the block cannot be made; the mistakes say why.
    mutating func parse(_ node: YAMLValue, _ mistakes: inout Mistakes) -> Block? {
        guard case .mapping(let entries) = node.content else {
            mistakes.add(
                node.position, "a block is a mapping, and this is \(node.kindName); write 'problem: ufm' in it")
            return nil
        }
        readName(entries, node.position, &mistakes)
        guard let schema = readProblem(entries, node.position, &mistakes) else { return nil }
        fixed = Array(repeating: nil, count: schema.definitions.count)
        given = Array(repeating: nil, count: schema.definitions.count)
        for entry in entries { read(entry, schema, &mistakes) }
        readSeeds(entries, schema, &mistakes)
        // Conditions come last: they are checked against the schema alone, but read better after the values' mistakes.
        for entry in entries where entry.key == "where" { readWhere(entry.value, schema, &mistakes) }
        checkRequired(schema, node.position, &mistakes)
        return Block(
            name: name, problem: schema.problem, position: node.position, execution: execution, sweptKeys: sweptKeys,
            schema: schema, fixed: fixed, axes: axes, conditions: conditions, keyPositions: given.map { $0?.position },
            itemPositions: itemPositions)
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
                mistakes.add(
                    entry.keyPosition, "unknown key \(quoted(entry.key)); \(hint(for: entry.key, among: known))")
            }
            mistakes.add(
                position, "the problem is missing; add 'problem: \(problems.joined(separator: "' or 'problem: "))'")
            return nil
        }
        guard case .scalar(let text, _) = entry.value.content else {
            mistakes.add(entry.value.position, "'problem' takes one word; give each problem a block of its own")
            return nil
        }
        guard let schema = ParameterSchema.named(text) else {
            mistakes.add(
                entry.value.position, "there is no problem \(quoted(text)); \(hint(for: text, among: problems))")
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
    mutating func claim(
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
        let candidates = schema.definitions.map(\.name) + (isFixed ? Self.controlKeys + SweepFile.fileKeys : [])
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
        case .list(let items):
            if let form = definition.listForm {
                fixed[index] = value(of: items, at: entry.value.position, form, index, &mistakes)
            } else {
                mistakes.add(entry.value.position, "'\(entry.key)' has several values; put it under grid:")
            }
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
                    fixed[index] = named(try definition.value(of: text, isQuoted: isQuoted), index, definition)
                } catch {
                    mistakes.add(entry.value.position, error.message)
                }
            }
        }
    }
}
