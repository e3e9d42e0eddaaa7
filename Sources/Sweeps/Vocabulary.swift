/// The names an expression may use, and what each stands for.
public struct Vocabulary: Sendable {
    public struct Name: Sendable, Equatable {
        public let text: String
        public let kind: Kind

        public static func number(_ text: String) -> Name { Name(text: text, kind: .number) }
        public static func word(_ text: String) -> Name { Name(text: text, kind: .word) }
        public static func choice(_ text: String, _ words: [String]) -> Name { Name(text: text, kind: .choice(words)) }
    }

    public enum Kind: Sendable, Equatable {
        case number
        /// Any word.
        case word
        /// One of these words.
        case choice([String])

        var isWord: Bool { self != .number }
    }

    /// Each once, in the order in which they were given.
    public private(set) var names: [Name] = []
    private var indices: [String: Int] = [:]

    /// Where a name is given twice the first stands; it may then be any word that either can be.
    public init(_ names: some Sequence<Name>) {
        for name in names {
            guard let index = indices[name.text] else {
                indices[name.text] = self.names.count
                self.names.append(name)
                continue
            }
            if case .choice(let known) = self.names[index].kind, case .choice(let more) = name.kind {
                self.names[index] = .choice(name.text, known + more.filter { !known.contains($0) })
            }
        }
    }

    public subscript(name: String) -> Kind? { indices[name].map { names[$0].kind } }

    var words: [String] { names.map(\.text) }
}

extension ParameterSchema {
    /// The parameters, shorthands among them.
    var vocabulary: Vocabulary {
        Vocabulary(
            definitions.map { definition in
                switch definition.kind {
                case .integer, .real: .number(definition.name)
                case .choice(let words): .choice(definition.name, words)
                case .word: .word(definition.name)
                }
            })
    }
}
