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
                try written.check(against: schema.vocabulary)
                let expression = written.resolved(lists, [schema])
                let definitions = expression.names.compactMap { schema.index(of: $0) }
                conditions.append(
                    Block.Condition(expression: expression, position: item.position, definitions: definitions))
            } catch {
                let position = source.position(in: text, at: error.offset, from: item.position, isQuoted: isQuoted)
                mistakes.add(position, "where: \(error.message)")
            }
        }
    }

    /// A required key must be given, itself or by its shorthand; one that means something only under some choices, when
    /// some combination of the block makes them. Where that hangs on several keys that vary, the expansion knows.
    func checkRequired(_ schema: ParameterSchema, _ position: SourcePosition, _ mistakes: inout Mistakes) {
        for (index, definition) in schema.definitions.enumerated() {
            guard definition.requirement == .required, given[index] == nil,
                !schema.shorthands(for: definition).contains(where: { given[$0] != nil })
            else { continue }
            switch relevance(of: definition, schema) {
            case .always, .sometimes: mistakes.add(position, schema.missing(definition))
            case .never, .unknown: break
            }
        }
    }

    /// In how many of a block's combinations something holds.
    private enum Frequency {
        case never, sometimes, always
        /// Several keys that vary decide together.
        case unknown
    }

    private func relevance(of definition: ParameterSchema.Definition, _ schema: ParameterSchema) -> Frequency {
        let clauses = (definition.relevance?.clauses ?? []).map { frequency(of: $0, schema) }
        if clauses.contains(.never) { return .never }
        let uncertain = clauses.filter { $0 != .always }
        return uncertain.isEmpty ? .always : uncertain == [.sometimes] ? .sometimes : .unknown
    }

    private func frequency(of clause: [ParameterSchema.Test], _ schema: ParameterSchema) -> Frequency {
        let tests = clause.map { frequency(of: $0, schema) }
        for frequency in [Frequency.always, .sometimes, .unknown] where tests.contains(frequency) { return frequency }
        return .never
    }

    private func frequency(of test: ParameterSchema.Test, _ schema: ParameterSchema) -> Frequency {
        guard let index = schema.index(of: test.key) else { return .never }
        let values = extremes(of: index, schema)
        // Given, but not to be read.
        guard !values.isEmpty || given[index] == nil else { return .unknown }
        let passing = values.count(where: test.holds)
        guard passing > 0 else { return .never }
        let relevance = relevance(of: schema.definitions[index], schema)
        if relevance == .always { return passing == values.count ? .always : .sometimes }
        return relevance == .sometimes && passing < values.count ? .unknown : relevance
    }

    /// What a key can be; of rules that make numbers, the ends.
    private func extremes(of index: Int, _ schema: ParameterSchema) -> [ParameterValue] {
        if let value = fixed[index] { return [value] }
        for column in axes.lazy.flatMap(\.columns) where column.definition == index { return column.values.extremes }
        guard given[index] == nil, case .defaultsTo(let value) = schema.definitions[index].requirement else {
            return []
        }
        return [value]
    }
}

extension ParameterSchema {
    func shorthands(for definition: Definition) -> [Int] {
        definitions.indices.filter { definitions[$0].shorthandFor.contains(definition.name) }
    }

    /// What is said where a required key is not given.
    func missing(_ definition: Definition) -> String {
        let reason = definition.relevance.map { ", which \($0) needs" } ?? ""
        let other = shorthands(for: definition).first.map { ", or '\(definitions[$0].name)' for all decays" } ?? ""
        return "'\(definition.name)' is missing\(reason); add \(definition.kind.expectation)\(other)"
    }
}

extension SweptValues {
    /// All values of a list, and the ends of what numbers are made from.
    var extremes: [ParameterValue] { Self.extremes(rule) }

    private static func extremes(_ rule: Rule) -> [ParameterValue] {
        switch rule {
        case .list(let values), .choice(let values, _, _): values
        case .range(let start, let step, let count): [.integer(start), .integer(start + (count - 1) * step)]
        case .integers(let a, let b, _, _): [.integer(a), .integer(b)]
        case .linspace(let a, let b, _), .logspace(let a, let b, _), .uniform(let a, let b, _, _),
            .loguniform(let a, let b, _, _):
            [.real(a), .real(b)]
        case .joined(let parts): parts.flatMap(extremes)
        }
    }
}
