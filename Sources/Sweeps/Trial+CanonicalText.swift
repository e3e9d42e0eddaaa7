/// The text a trial's id is the hash of, and in which it travels and is stored:
/// `ufm/1;K=4;d=8;lambda_W=0.001;loss:mse`. A colon marks a word, an equals sign a number, and a number with a point
/// or an exponent is real, so the text reads back without a schema.
extension Trial {
    public var canonicalText: String { Self.canonicalText(problem, revision, parameters) }

    static func canonicalText(_ problem: String, _ revision: Int, _ parameters: [Parameter]) -> String {
        var text = "\(problem)/\(revision)"
        for parameter in parameters {
            text += ";\(parameter.name)\(canonicalText(of: parameter.value))"
        }
        return text
    }

    /// A value with the mark before it.
    static func canonicalText(of value: ParameterValue) -> String {
        switch value {
        case .text(let word): ":\(escape(word))"
        case .integer, .real: "=\(value)"
        }
    }

    /// nil where the text is not a trial's.
    public init?(canonicalText: String) {
        // In bytes: all marks are ASCII, and to walk through characters takes five times as long. Reports read a
        // hundred thousand of these.
        var fields = canonicalText.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)[...]
        guard let head = fields.popFirst(), let slash = head.lastIndex(of: UInt8(ascii: "/")),
            let revision = Int(Substring(head[head.index(after: slash)...]))
        else { return nil }
        var parameters: [Parameter] = []
        parameters.reserveCapacity(fields.count)
        for field in fields {
            guard let mark = field.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ":") })
            else { return nil }
            let text = Substring(field[field.index(after: mark)...])
            let value: ParameterValue
            if field[mark] == UInt8(ascii: ":") {
                value = .text(Self.unescape(text))
            } else if let whole = Int(text) {
                value = .integer(whole)
            } else if let real = Double(text) {
                value = .real(real)
            } else {
                return nil
            }
            parameters.append(Parameter(name: String(Substring(field[..<mark])), value: value))
        }
        self.init(problem: String(Substring(head[..<slash])), revision: revision, parameters: parameters)
    }

    /// `%` and `;` are the only bytes with a meaning inside a word. Bytes, not characters: `;` and an accent that
    /// follows it are one character, which is no `;`.
    private static func escape(_ word: String) -> String {
        guard word.utf8.contains(where: { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "%") }) else { return word }
        var bytes: [UInt8] = []
        for byte in word.utf8 {
            switch byte {
            case UInt8(ascii: "%"): bytes += "%25".utf8
            case UInt8(ascii: ";"): bytes += "%3b".utf8
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func unescape(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.starts(with: "25".utf8) {
                rest.removeFirst(2)
            } else if byte == UInt8(ascii: "%"), rest.starts(with: "3b".utf8) {
                rest.removeFirst(2)
                bytes.append(UInt8(ascii: ";"))
                continue
            }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
