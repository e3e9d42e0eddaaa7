extension SweepFile {
    static let fileKeys =
        ["name", "description", "execution"] + ParameterSchema.namedLists.map(\.section) + ["blocks", "expect"]

    /// Parses and checks the text of a sweep file; `path` is for messages and the default name. Throws all mistakes.
    public static func parse(_ text: String, path: String) throws(SweepFileErrors) -> SweepFile {
        var mistakes = Mistakes(path: path)
        guard let root = YAMLReader.read(text, &mistakes) else { throw mistakes.errors }
        let file = read(root, text: text, path: path, &mistakes)
        guard let file, mistakes.isEmpty else { throw mistakes.errors }
        return file
    }

    private static func read(
        _ root: YAMLValue, text: String, path: String, _ mistakes: inout Mistakes
    ) -> SweepFile? {
        if root.isEmpty {
            mistakes.add(SourcePosition(line: 1, column: 1), "the file is empty; give it a problem and values")
            return nil
        }
        guard case .mapping(let entries) = root.content else {
            mistakes.add(root.position, "the file is \(root.kindName); a sweep file is 'key: value' lines")
            return nil
        }
        let hasBlocks = entries.contains { $0.key == "blocks" }
        var name = defaultName(path)
        var description = ""
        var execution = Execution()
        var lists: NamedLists = [:]
        var listNames: [String: [(name: String, position: SourcePosition)]] = [:]
        var own: [YAMLValue.Entry] = []
        var blockNodes: [YAMLValue] = []
        var claims: [Claim.Source] = []
        let source = SourceLines(text)
        for entry in entries {
            switch entry.key {
            case "name": name = readName(entry.value, &mistakes) ?? name
            case "description":
                if case .scalar(let words, _) = entry.value.content {
                    description = words
                } else {
                    mistakes.add(entry.value.position, "'description' is \(entry.value.kindName); write text")
                }
            case "expect": claims = readClaims(entry.value, source, &mistakes)
            case "execution": execution.read(entry.value, &mistakes)
            case "blocks":
                if case .list(let items) = entry.value.content, !items.isEmpty {
                    blockNodes = items
                } else {
                    mistakes.add(
                        entry.value.position, "'blocks' must be a list of blocks; write '- problem: ufm' under it")
                }
            default:
                if let (section, form) = ParameterSchema.namedLists.first(where: { $0.section == entry.key }) {
                    lists[section] = readNamedLists(entry.value, of: section, form, &mistakes)
                    if case .mapping(let named) = entry.value.content {
                        listNames[section] = named.map { ($0.key, $0.keyPosition) }
                    }
                    continue
                }
                own.append(entry)
                if hasBlocks { addStray(entry, &mistakes) }
            }
        }
        if !hasBlocks {
            blockNodes = [YAMLValue(content: .mapping(own), position: entries.first?.keyPosition ?? root.position)]
        }
        var blocks: [Block] = []
        var names: [String: SourcePosition] = [:]
        for (index, node) in blockNodes.enumerated() {
            var parser = BlockParser(index: index, execution: execution, source: source, lists: lists, names: names)
            if let block = parser.parse(node, &mistakes) { blocks.append(block) }
            names = parser.names
        }
        return SweepFile(
            name: name, description: description, text: text, path: path, blocks: blocks, listNames: listNames,
            lists: lists,
            claimSources: claims)
    }

    private static func addStray(_ entry: YAMLValue.Entry, _ mistakes: inout Mistakes) {
        let isOfBlock =
            BlockParser.controlKeys.contains(entry.key) || ParameterSchema.all.contains { $0[entry.key] != nil }
        mistakes.add(
            entry.keyPosition,
            isOfBlock
                ? "'\(entry.key)' belongs to a block, and this file has 'blocks:'; move it into one"
                : "unknown key \(quoted(entry.key)); \(hint(for: entry.key, among: fileKeys))")
    }

    /// nil, with a mistake added, where the node is no name.
    static func readName(_ node: YAMLValue, _ mistakes: inout Mistakes) -> String? {
        guard case .scalar(let text, _) = node.content, !text.isEmpty,
            text.unicodeScalars.allSatisfy(isNameScalar),
            text.utf8.count <= 100, text.first?.isLetter == true || text.first?.isNumber == true
        else {
            mistakes.add(
                node.position,
                "a name is up to 100 letters, digits, '.', '_' and '-', a letter or digit first; write 'name: quickstart'"
            )
            return nil
        }
        return text
    }

    static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "A"..."Z", "a"..."z", "0"..."9", ".", "_", "-": true
        default: false
        }
    }

    private static func defaultName(_ path: String) -> String {
        let file = path.split(separator: "/").last ?? ""
        let stem = file.lastIndex(of: ".").map { $0 == file.startIndex ? file : file[..<$0] } ?? file
        var name = ""
        for scalar in stem.unicodeScalars { name.unicodeScalars.append(isNameScalar(scalar) ? scalar : "-") }
        return name.isEmpty ? "sweep" : name
    }
}

/// The file's text by lines, to find the place of a character within a scalar.
struct SourceLines {
    private let lines: [Substring]

    init(_ text: String) { lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) }

    /// The position `offset` scalars into a scalar's text; its start, where the text is folded or escaped in the file.
    func position(in text: String, at offset: Int, from start: SourcePosition, isQuoted: Bool) -> SourcePosition {
        guard lines.indices.contains(start.line - 1) else { return start }
        let skipped = start.column - 1 + (isQuoted ? 1 : 0)
        let line = lines[start.line - 1].unicodeScalars.dropFirst(skipped)
        guard line.starts(with: text.unicodeScalars) else { return start }
        return SourcePosition(line: start.line, column: skipped + 1 + offset)
    }
}
