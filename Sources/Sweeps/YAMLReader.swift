import Yams

/// Text → `YAMLValue`, with every mistake at its own place.
///
/// Yams composes the tree; three of its habits do not fit here, so characters are swapped for private-use ones of
/// the same width (one column) before it sees the text, and swapped back in every scalar:
/// * `*`: aliases would be expanded while composing, where a file of a few lines can ask for 2⁶⁴ nodes. Here they are
///   resolved afterwards, against a budget of nodes.
/// * the comma inside parentheses: `{d: integers(4, 64)}` is one value to us and two entries to YAML.
/// * the first letter of a repeated key: Yams stops at the first repetition, and we want all mistakes.
struct YAMLReader {
    /// Nodes a document may have once its aliases are written out; a hand-written file has a few hundred.
    static let nodeLimit = 200_000

    /// Repeated keys that are hidden, at the cost of composing the file anew for each; one more ends the reading.
    static let repetitionLimit = 32

    let star: Unicode.Scalar
    let comma: Unicode.Scalar
    let mask: Unicode.Scalar
    var source: [Unicode.Scalar]
    var maskedKeys: [SourcePosition: Unicode.Scalar] = [:]
    var anchors: [String: (value: YAMLValue, size: Int)] = [:]
    var size = 0

    /// nil when the document cannot be composed; the mistakes say why.
    static func read(_ text: String, _ mistakes: inout Mistakes) -> YAMLValue? {
        var reader = YAMLReader(text)
        guard reader.checkCharacters(&mistakes) else { return nil }
        reader.swapCharacters()
        guard let root = reader.compose(&mistakes) else { return nil }
        return root
    }

    private init(_ text: String) {
        source = Array(text.unicodeScalars)
        if source.first == "\u{FEFF}" { source.removeFirst() }
        let used = Set(source.filter { (0xE000...0xE0FF).contains($0.value) })
        // A text would have to use 254 of the 256 to leave none; then the last three are shared and it is misread.
        let free = (0xE000...0xE0FF).compactMap { Unicode.Scalar($0 as UInt32) }.filter { !used.contains($0) }
        (star, comma, mask) = free.count >= 3 ? (free[0], free[1], free[2]) : ("\u{F8FF}", "\u{F8FE}", "\u{F8FD}")
    }

    /// libyaml gives byte offsets for these, so they are looked for here.
    private func checkCharacters(_ mistakes: inout Mistakes) -> Bool {
        var line = 1
        var column = 1
        for (index, scalar) in source.enumerated() {
            switch scalar.value {
            case 0x0A, 0x0D, 0x85, 0x2028, 0x2029:
                if scalar == "\r", index + 1 < source.count, source[index + 1] == "\n" { continue }
                (line, column) = (line + 1, 1)
                continue
            case 0x09, 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...:
                column += 1
            default:
                let code = String(scalar.value, radix: 16, uppercase: true)
                let digits = String(repeating: "0", count: max(0, 4 - code.count)) + code
                let what = scalar.value == 0 ? "NUL byte" : "character U+\(digits)"
                mistakes.add(
                    SourcePosition(line: line, column: column),
                    "\(what) is not allowed; a sweep file is plain UTF-8 text, remove it")
                return false
            }
        }
        return true
    }

    private mutating func swapCharacters() {
        var depth = 0
        for index in source.indices {
            switch source[index] {
            case "*": source[index] = star
            case "(": depth += 1
            case ")": depth = max(0, depth - 1)
            // A parenthesis left open in a comment must not reach beyond its line.
            case "\n", "\r": depth = 0
            case "," where depth > 0: source[index] = comma
            default: break
            }
        }
    }

    /// The user's text of a scalar as Yams gives it.
    func restored(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0 == star || $0 == comma }) else { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { scalars.append(scalar == star ? "*" : scalar == comma ? "," : scalar) }
        return String(scalars)
    }
}

// MARK: - Composing

extension YAMLReader {
    private mutating func compose(_ mistakes: inout Mistakes) -> YAMLValue? {
        while true {
            var text = String.UnicodeScalarView()
            text.append(contentsOf: source)
            do {
                let parser = try Parser(yaml: String(text), encoding: .utf8)
                guard let root = try parser.singleRoot() else {
                    mistakes.add(SourcePosition(line: 1, column: 1), "the file is empty; give it a problem and values")
                    return nil
                }
                // Nodes hold their anchors weakly: the parser must outlive the conversion.
                return withExtendedLifetime(parser) { convert(root, &mistakes) }
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let position = SourcePosition(line: context.mark.line, column: context.mark.column)
                if maskedKeys.count == Self.repetitionLimit || !hideKey(at: position) {
                    let name = names.first.map { quoted(restored($0)) } ?? "a key"
                    mistakes.add(position, "\(name) is given twice; keep one")
                    return nil
                }
            } catch {
                add(error, &mistakes)
                return nil
            }
        }
    }

    /// Makes a repeated key unlike its twin by swapping its first letter. False where that letter is not plain.
    private mutating func hideKey(at position: SourcePosition) -> Bool {
        guard let index = sourceIndex(of: position), maskedKeys[position] == nil else { return false }
        let letter = source[index]
        guard letter.properties.isAlphabetic else { return false }
        maskedKeys[position] = letter
        // The masks must differ from each other too, when a key is given three times.
        source[index] = Unicode.Scalar(mask.value + UInt32(maskedKeys.count)) ?? mask
        return true
    }

    private func sourceIndex(of position: SourcePosition) -> Int? {
        var line = 1
        var index = 0
        while line < position.line, index < source.count {
            switch source[index].value {
            case 0x0A, 0x85, 0x2028, 0x2029: line += 1
            case 0x0D where index + 1 == source.count || source[index + 1] != "\n": line += 1
            default: break
            }
            index += 1
        }
        index += position.column - 1
        return index < source.count ? index : nil
    }

    private func add(_ error: any Error, _ mistakes: inout Mistakes) {
        guard let error = error as? YamlError else {
            mistakes.add(SourcePosition(line: 1, column: 1), "not YAML: \(error)")
            return
        }
        switch error {
        case .composer(_, let problem, let mark, _) where problem.contains("another document"):
            mistakes.add(
                SourcePosition(line: mark.line, column: mark.column),
                "a second document starts here; remove the '---' and use one file for each sweep")
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let position = SourcePosition(line: mark.line, column: mark.column)
            if let index = sourceIndex(of: position), source[index] == "\t" {
                mistakes.add(position, "a tab cannot indent YAML; use spaces")
                return
            }
            let place = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
            mistakes.add(position, "not YAML: \(restored(problem))\(place); check indentation, quotes and brackets")
        default:
            mistakes.add(SourcePosition(line: 1, column: 1), "not YAML: \(error)")
        }
    }
}
