/// `where`, and keys that must be given.
extension BlockParser {
    mutating func readWhere(_ node: YAMLValue, _ schema: ParameterSchema, _ mistakes: inout Mistakes) {
        let items: [YAMLValue]
        if case .list(let list) = node.content { items = list } else { items = [node] }
        if items.isEmpty { mistakes.add(node.position, "'where' is empty; write a condition, or remove it") }
        for item in items {
            guard case .scalar(let text, let isQuoted) = item.content, !item.isEmpty else {
                mistakes.add(item.position, "'where' takes conditions such as 'd >= K - 1'; in a list, quote each")
                continue
            }
            do {
                let written = try Expression(parsing: text) { schema[$0] != nil }
                try written.check(against: schema)
                let expression = written.resolved(lists, schema)
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
    func checkRequired(_ schema: ParameterSchema, _ position: SourcePosition, _ mistakes: inout Mistakes) {
        for (index, definition) in schema.definitions.enumerated() {
            guard definition.requirement == .required, given[index] == nil else { continue }
            let shorthands = schema.definitions.indices.filter {
                schema.definitions[$0].shorthandFor.contains(definition.name)
            }
            if shorthands.contains(where: { given[$0] != nil }) { continue }
            var reason = ""
            if let relevance = definition.relevance {
                guard canTake(relevance, schema) else { continue }
                reason = ", which \(relevance.key) \(relevance.choices.joined(separator: " or ")) needs"
            }
            let other = shorthands.first.map { ", or '\(schema.definitions[$0].name)' for all decays" } ?? ""
            mistakes.add(
                position, "'\(definition.name)' is missing\(reason); add \(definition.kind.expectation)\(other)")
        }
    }

    private func canTake(_ relevance: ParameterSchema.Relevance, _ schema: ParameterSchema) -> Bool {
        guard let index = schema.index(of: relevance.key) else { return false }
        let choices = relevance.choices.map(ParameterValue.text)
        if let value = fixed[index] { return choices.contains(value) }
        for axis in axes {
            for column in axis.columns where column.definition == index {
                return choices.contains { column.values.canTake($0) }
            }
        }
        guard given[index] == nil, case .defaultsTo(let value) = schema.definitions[index].requirement else {
            return false
        }
        return choices.contains(value)
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
