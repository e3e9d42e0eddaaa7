/// grid, zip, random and seeds → axes.
extension BlockParser {
    mutating func readGrid(
        _ entries: [YAMLValue.Entry], _ schema: ParameterSchema, _ mistakes: inout Mistakes
    ) {
        for entry in entries {
            guard let index = claim(entry, "under grid:", schema, &mistakes) else { continue }
            sweptKeys.append(entry.key)
            guard let values = sweptValues(entry, index, schema, &mistakes) else { continue }
            axes.append(
                Block.Axis(
                    label: entry.key, columns: [Block.Axis.Column(definition: index, values: values)],
                    count: values.count))
        }
    }

    mutating func readZip(
        _ entries: [YAMLValue.Entry], _ schema: ParameterSchema, _ mistakes: inout Mistakes
    ) {
        var columns: [Block.Axis.Column] = []
        var first: (key: String, count: Int)?
        for entry in entries {
            guard let index = claim(entry, "under zip:", schema, &mistakes) else { continue }
            sweptKeys.append(entry.key)
            guard let values = sweptValues(entry, index, schema, &mistakes) else { continue }
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

    mutating func readRandom(
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
                let drawn = try definition.drawRule(of: text, count: count ?? 1, seed: seed)
                let rule = named(drawn, index, definition)
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

    private mutating func sweptValues(
        _ entry: YAMLValue.Entry, _ index: Int, _ schema: ParameterSchema, _ mistakes: inout Mistakes
    ) -> SweptValues? {
        let definition = schema.definitions[index]
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
            if case .list(let parts) = item.content, let form = definition.listForm {
                if let value = value(of: parts, at: item.position, form, index, &mistakes) {
                    rules.append(.list([value]))
                }
                continue
            }
            guard case .scalar(let text, let isQuoted) = item.content, !item.isEmpty else {
                mistakes.add(
                    item.position,
                    "'\(entry.key)' needs single values; this one is "
                        + (item.isEmpty ? "empty" : item.kindName))
                continue
            }
            do {
                rules.append(named(try definition.rule(of: text, isQuoted: isQuoted), index, definition))
            } catch {
                mistakes.add(item.position, error.message)
            }
        }
        guard rules.count == items.count else { return nil }
        return SweptValues(rule: rules.count == 1 ? rules[0] : .joined(rules), isReal: definition.isReal)
    }

    mutating func readSeeds(
        _ entries: [YAMLValue.Entry], _ schema: ParameterSchema, _ mistakes: inout Mistakes
    ) {
        guard let entry = entries.first(where: { $0.key == "seeds" }), let index = schema.index(of: "seed") else {
            return
        }
        if let other = given[index] {
            mistakes.add(
                max(entry.keyPosition, other.position), "both 'seed' and 'seeds' are given; keep one")
            return
        }
        given[index] = (entry.keyPosition, "by seeds:")
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
            values = sweptValues(entry, index, schema, &mistakes)
        }
        guard let values else { return }
        axes.append(
            Block.Axis(label: "seeds", columns: [.init(definition: index, values: values)], count: values.count))
    }
}
