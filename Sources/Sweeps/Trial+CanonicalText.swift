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
        var fields = canonicalText.split(separator: ";", omittingEmptySubsequences: false)[...]
        guard let head = fields.popFirst(), let slash = head.lastIndex(of: "/"),
            let revision = Int(head[head.index(after: slash)...])
        else { return nil }
        var parameters: [Parameter] = []
        for field in fields {
            guard let mark = field.firstIndex(where: { $0 == "=" || $0 == ":" }) else { return nil }
            let text = field[field.index(after: mark)...]
            let value: ParameterValue
            if field[mark] == ":" {
                value = .text(Self.unescape(text))
            } else if let whole = Int(text) {
                value = .integer(whole)
            } else if let real = Double(text) {
                value = .real(real)
            } else {
                return nil
            }
            parameters.append(Parameter(name: String(field[..<mark]), value: value))
        }
        self.init(problem: String(head[..<slash]), revision: revision, parameters: parameters)
    }

    /// `%` and `;` are the only characters with a meaning inside a word.
    private static func escape(_ word: String) -> String {
        guard word.utf8.contains(where: { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "%") }) else { return word }
        return String(word.flatMap { $0 == "%" ? "%25" : $0 == ";" ? "%3b" : String($0) })
    }

    private static func unescape(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        return text.split(separator: "%3b", omittingEmptySubsequences: false)
            .map { $0.split(separator: "%25", omittingEmptySubsequences: false).joined(separator: "%") }
            .joined(separator: ";")
    }
}
