extension ParameterSchema {
    /// For which values of other keys a parameter means something: clauses that must all hold, each by any of its
    /// tests.
    ///
    /// The keys that are looked at stand earlier in the schema. One of them that has no value for a trial, mostly
    /// because it means nothing there itself, passes no test.
    public struct Relevance: Sendable, Equatable {
        /// At least one, none of them empty.
        public let clauses: [[Test]]

        private init(_ clauses: [[Test]]) { self.clauses = clauses }

        /// One of some words; of a word in call form, what stands before the parenthesis.
        init(key: String, choices: String...) {
            precondition(!choices.isEmpty, "no choices to be relevant for")
            self.init([[Test(key: key, condition: .oneOf(choices))]])
        }

        init(key: String, otherThan word: String) { self.init([[Test(key: key, condition: .otherThan(word))]]) }
        init(key: String, atLeast least: Int) { self.init([[Test(key: key, condition: .atLeast(least))]]) }

        static func && (a: Relevance, b: Relevance) -> Relevance { Relevance(a.clauses + b.clauses) }

        static func || (a: Relevance, b: Relevance) -> Relevance {
            precondition(a.clauses.count == 1 && b.clauses.count == 1, "only single clauses are alternatives")
            return Relevance([a.clauses[0] + b.clauses[0]])
        }
    }

    /// What the value of one key must be.
    public struct Test: Sendable, Hashable {
        public enum Condition: Sendable, Hashable {
            case oneOf([String])
            case otherThan(String)
            case atLeast(Int)
        }

        public let key: String
        public let condition: Condition

        func holds(_ value: ParameterValue) -> Bool {
            switch (condition, value) {
            case (.oneOf(let words), .text(let text)): words.contains(Self.name(text))
            case (.otherThan(let word), .text(let text)): Self.name(text) != word
            case (.atLeast(let least), .integer(let number)): number >= least
            default: false
            }
        }

        /// `step` of `step(10,0.5)`.
        private static func name(_ text: String) -> String { String(text.prefix { $0 != "(" }) }
    }
}

extension ParameterSchema.Relevance: CustomStringConvertible {
    /// "regularization decay with classifier learned or depth of at least 2", for messages.
    public var description: String {
        clauses.map { $0.map(\.description).joined(separator: " or ") }.joined(separator: " with ")
    }

    /// The same for the documentation.
    public var markdown: String {
        let texts = clauses.map { $0.map(\.markdown).joined(separator: " or ") }
        guard texts.count > 1 else { return texts[0] }
        return zip(clauses, texts).map { $0.map(\.words).reduce(0, +) > 1 ? "(\($1))" : $1 }.joined(separator: " and ")
    }
}

extension ParameterSchema.Test: CustomStringConvertible {
    public var description: String {
        switch condition {
        case .oneOf(let words): "\(key) \(words.joined(separator: " or "))"
        case .otherThan(let word): "\(key) other than \(word)"
        case .atLeast(let least): "\(key) of at least \(least)"
        }
    }

    fileprivate var markdown: String {
        switch condition {
        case .oneOf(let words): words.map { "`\(key): \($0)`" }.joined(separator: " or ")
        case .otherThan(let word): "`\(key)` other than `\(word)`"
        case .atLeast(let least): "`\(key)` of at least \(least)"
        }
    }

    /// How many alternatives it names.
    fileprivate var words: Int {
        if case .oneOf(let words) = condition { words.count } else { 1 }
    }
}
