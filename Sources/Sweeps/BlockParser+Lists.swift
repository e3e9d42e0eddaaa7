/// Words that are written as lists, or by the names that the file gives to lists.
extension BlockParser {
    /// The word a list stands for; nil, with mistakes added, where it stands for none.
    mutating func value(
        of items: [YAMLValue], at position: SourcePosition, _ form: ParameterSchema.ListForm, _ index: Int,
        _ mistakes: inout Mistakes
    ) -> ParameterValue? {
        guard let list = form.word(of: items, at: position, &mistakes) else { return nil }
        return value(of: list, index)
    }

    /// The word that a name of a list stands for; any other value as it is.
    mutating func named(
        _ value: ParameterValue, _ index: Int, _ definition: ParameterSchema.Definition
    ) -> ParameterValue {
        guard let section = definition.listForm?.section, case .text(let name) = value, let list = lists[section]?[name]
        else { return value }
        return self.value(of: list, index)
    }

    /// The same for every value of a rule.
    mutating func named(
        _ rule: SweptValues.Rule, _ index: Int, _ definition: ParameterSchema.Definition
    ) -> SweptValues.Rule {
        guard definition.listForm != nil else { return rule }
        switch rule {
        case .list(let values): return .list(values.map { named($0, index, definition) })
        case .choice(let values, let count, let random):
            return .choice(values.map { named($0, index, definition) }, count: count, random)
        default: return rule
        }
    }

    private mutating func value(of list: ListWord, _ index: Int) -> ParameterValue {
        // Of a list that is written twice, the first is shown.
        if itemPositions[index]?[list.word] == nil { itemPositions[index, default: [:]][list.word] = list.items }
        return .text(list.word)
    }
}
