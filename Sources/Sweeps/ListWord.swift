/// A word that the file writes as a list: `[flatten, dense(64), relu]` for `layers(flatten,dense(64),relu)`.
struct ListWord: Sendable {
    let word: String
    /// Where each item of the list stands.
    let items: [SourcePosition]
}

/// The lists that a file names at its top, by section and name.
typealias NamedLists = [String: [String: ListWord]]

extension ParameterSchema {
    /// A key whose word can also be written as a list.
    public struct ListForm: Sendable, Equatable {
        /// `[a, b]` is the word `call(a,b)`.
        public let call: String
        /// The section at the top of a file that gives names to such lists; nil for none.
        public var section: String?
    }

    /// Of all problems: the sections for names of lists.
    static let namedLists: [(section: String, form: ListForm)] = all.flatMap(\.definitions).compactMap { definition in
        definition.listForm.flatMap { form in form.section.map { ($0, form) } }
    }
}

extension ParameterSchema.ListForm {
    /// Letters of a word; aliases could make a short file ask for gigabytes.
    private static let longest = 100_000

    /// The word a list stands for; nil, with a mistake at each bad item, where it stands for none.
    func word(of items: [YAMLValue], at position: SourcePosition, _ mistakes: inout Mistakes) -> ListWord? {
        guard let text = joined(items, at: position, &mistakes) else { return nil }
        return ListWord(word: "\(call)(\(text))", items: items.map(\.position))
    }

    private func joined(_ items: [YAMLValue], at position: SourcePosition, _ mistakes: inout Mistakes) -> String? {
        guard !items.isEmpty else {
            mistakes.add(position, "the list is empty; write at least one item")
            return nil
        }
        var texts: [String] = []
        var length = 0
        for item in items {
            guard let text = text(of: item, &mistakes) else { continue }
            texts.append(text)
            length += text.utf8.count + 1
            guard length <= Self.longest else {
                mistakes.add(item.position, "the list makes a word of more than \(Self.longest) letters; shorten it")
                return nil
            }
        }
        return texts.count == items.count ? texts.joined(separator: ",") : nil
    }

    /// `conv(16, 3)` as text, or `residual: [a, b]` as a mapping of one name to what stands in its parentheses.
    private func text(of item: YAMLValue, _ mistakes: inout Mistakes) -> String? {
        switch item.content {
        case .scalar(let text, _):
            guard let word = oneItem(text, isEmpty: item.isEmpty) else {
                mistakes.add(
                    item.position,
                    item.isEmpty
                        ? "an item is empty; write one, or remove the line"
                        : "\(quoted(text)) is not one item; write one a line, with every parenthesis closed")
                return nil
            }
            return word
        case .list:
            mistakes.add(item.position, "a list within the list lacks its name; write 'name: […]'")
            return nil
        case .mapping(let entries):
            guard entries.count == 1, let entry = entries.first else {
                mistakes.add(item.position, "an item has one name, and this has \(entries.count); write one an item")
                return nil
            }
            return text(of: entry, &mistakes)
        }
    }

    private func text(of entry: YAMLValue.Entry, _ mistakes: inout Mistakes) -> String? {
        let name = entry.key.filter { !$0.isWhitespace }
        guard !name.isEmpty, !name.contains(where: { "(),=".contains($0) }) else {
            mistakes.add(entry.keyPosition, "\(quoted(entry.key)) is no name; write 'name: […]'")
            return nil
        }
        switch entry.value.content {
        case .list(let items):
            return joined(items, at: entry.value.position, &mistakes).map { "\(name)(\($0))" }
        case .scalar where !entry.value.isEmpty:
            return text(of: entry.value, &mistakes).map { "\(name)(\($0))" }
        case .scalar:
            mistakes.add(entry.keyPosition, "\(quoted(name)) has nothing in it; write '\(name): […]'")
        case .mapping:
            mistakes.add(entry.value.position, "\(quoted(name)) holds a mapping; write '\(name): […]'")
        }
        return nil
    }

    /// Without white space; nil where commas outside parentheses make it several, or parentheses do not match.
    private func oneItem(_ text: String, isEmpty: Bool) -> String? {
        let word = text.filter { !$0.isWhitespace }
        guard !isEmpty, !word.isEmpty else { return nil }
        var depth = 0
        for letter in word.unicodeScalars {
            switch letter {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0: return nil
            default: break
            }
            guard depth >= 0 else { return nil }
        }
        return depth == 0 ? word : nil
    }
}

// MARK: - Named at the top of a file

extension SweepFile {
    /// `architectures: {small: [flatten, dense(64)], …}`.
    static func readNamedLists(
        _ node: YAMLValue, of section: String, _ form: ParameterSchema.ListForm, _ mistakes: inout Mistakes
    ) -> [String: ListWord] {
        guard case .mapping(let entries) = node.content else {
            mistakes.add(
                node.position, "'\(section)' is \(node.kindName); write 'name: [items]' lines under it")
            return [:]
        }
        var lists: [String: ListWord] = [:]
        for entry in entries {
            guard entry.key.first?.isLetter == true, entry.key.unicodeScalars.allSatisfy(isNameScalar) else {
                mistakes.add(
                    entry.keyPosition,
                    "\(quoted(entry.key)) is no name for a list; take letters, digits, '.', '_' and '-', a letter first"
                )
                continue
            }
            guard case .list(let items) = entry.value.content else {
                mistakes.add(
                    entry.value.isEmpty ? entry.keyPosition : entry.value.position,
                    "'\(entry.key)' is no list; write '\(entry.key): […]' with its items")
                continue
            }
            lists[entry.key] = form.word(of: items, at: entry.value.position, &mistakes)
        }
        return lists
    }
}
