import Yams

/// Composed nodes → `YAMLValue`: aliases, merge keys and hidden letters are put back.
extension YAMLReader {
    mutating func convert(_ node: Node, _ mistakes: inout Mistakes) -> YAMLValue? {
        let position = SourcePosition(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        let before = size
        size += 1
        guard size <= Self.nodeLimit else { return tooLarge(position, &mistakes) }
        var value: YAMLValue?
        switch node {
        case .scalar(let scalar):
            if scalar.style == .plain, scalar.string.unicodeScalars.first == star {
                return resolveAlias(scalar.string, position, &mistakes)
            }
            checkTag(scalar.tag, position, &mistakes)
            let text = restored(scalar.string)
            value = YAMLValue(content: .scalar(text, isQuoted: scalar.style != .plain), position: position)
        case .sequence(let sequence):
            var items: [YAMLValue] = []
            for item in sequence {
                guard let converted = convert(item, &mistakes) else { return nil }
                items.append(converted)
            }
            value = YAMLValue(content: .list(items), position: position)
        case .mapping(let mapping):
            value = convert(mapping, position, &mistakes)
        case .alias:
            preconditionFailure("alias left in a composed document")
        }
        if let anchor = node.anchor, let value { anchors[anchor.rawValue] = (value, size - before) }
        return value
    }

    private mutating func convert(
        _ mapping: Node.Mapping, _ position: SourcePosition, _ mistakes: inout Mistakes
    ) -> YAMLValue? {
        var entries: [YAMLValue.Entry] = []
        var positions: [String: SourcePosition] = [:]
        var merged: [YAMLValue.Entry] = []
        for (keyNode, valueNode) in mapping {
            let keyPosition = SourcePosition(line: keyNode.mark?.line ?? 1, column: keyNode.mark?.column ?? 1)
            guard case .scalar(let scalar) = keyNode, scalar.string.unicodeScalars.first != star else {
                mistakes.add(keyPosition, "a key must be a plain word; write 'name: value'")
                return nil
            }
            var scalars = Array(scalar.string.unicodeScalars)
            if let letter = maskedKeys[keyPosition], !scalars.isEmpty { scalars[0] = letter }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            let key = restored(String(view))
            guard let value = convert(valueNode, &mistakes) else { return nil }
            if key == "<<", scalar.style == .plain {
                guard merge(value, keyPosition, into: &merged, &mistakes) else { return nil }
                continue
            }
            if let other = positions[key] {
                // Yams may have named either of the two: the later one is the mistake.
                let (first, second) = (min(other, keyPosition), max(other, keyPosition))
                mistakes.add(second, "\(quoted(key)) is given twice (first in line \(first.line)); keep one")
                continue
            }
            positions[key] = keyPosition
            entries.append(YAMLValue.Entry(key: key, keyPosition: keyPosition, value: value))
        }
        for entry in merged where positions[entry.key] == nil {
            positions[entry.key] = entry.keyPosition
            entries.append(entry)
        }
        return YAMLValue(content: .mapping(entries), position: position)
    }

    /// `<<: *base` or `<<: [*a, *b]`: the mapping's own keys win, then the earlier base.
    private func merge(
        _ value: YAMLValue, _ position: SourcePosition, into merged: inout [YAMLValue.Entry],
        _ mistakes: inout Mistakes
    ) -> Bool {
        let bases: [YAMLValue]
        if case .list(let items) = value.content { bases = items } else { bases = [value] }
        for base in bases {
            guard case .mapping(let entries) = base.content else {
                mistakes.add(position, "'<<' merges mappings, and this is \(base.kindName); write '<<: *name'")
                return false
            }
            merged += entries
        }
        return true
    }

    private mutating func resolveAlias(
        _ text: String, _ position: SourcePosition, _ mistakes: inout Mistakes
    ) -> YAMLValue? {
        let name = String(text.unicodeScalars.dropFirst())
        guard let anchor = anchors[name] else {
            mistakes.add(
                position, "\(quoted("*" + restored(name))) names no anchor before it; write '&name' there, or quote it")
            return nil
        }
        size += anchor.size
        guard size <= Self.nodeLimit else { return tooLarge(position, &mistakes) }
        // A mistake inside is shown where the anchor's text stands.
        return anchor.value
    }

    private func tooLarge(_ position: SourcePosition, _ mistakes: inout Mistakes) -> YAMLValue? {
        mistakes.add(position, "the file grows to more than \(Self.nodeLimit) values here; use fewer values or aliases")
        return nil
    }

    private func checkTag(_ tag: Tag, _ position: SourcePosition, _ mistakes: inout Mistakes) {
        let name = String(describing: tag)
        guard !name.isEmpty, name != "!", name != Tag.Name.str.rawValue else { return }
        mistakes.add(position, "the tag \(quoted(name)) has no meaning here; remove it")
    }
}
