/// A YAML document with the position of every part; aliases and merge keys are resolved.
struct YAMLValue {
    indirect enum Content {
        case scalar(String, isQuoted: Bool)
        case list([YAMLValue])
        case mapping([Entry])
    }

    struct Entry {
        let key: String
        let keyPosition: SourcePosition
        let value: YAMLValue
    }

    let content: Content
    let position: SourcePosition

    /// Nothing is written after the key's colon, or YAML's `null`.
    var isEmpty: Bool {
        if case .scalar(let text, isQuoted: false) = content { return text.isEmpty || text == "~" || text == "null" }
        return false
    }

    /// What it is, for messages.
    var kindName: String {
        switch content {
        case .scalar: "a single value"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}
