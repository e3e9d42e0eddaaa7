/// The parameters of one problem: the one table from which sweep files are parsed and checked, misspellings are
/// corrected, trials are made canonical and docs/SWEEPS.md is tested. A new key is one more `Definition`.
public struct ParameterSchema: Sendable {
    /// The value of `problem:`.
    public let problem: String
    public let summary: String
    /// Raised when the same parameters come to mean other numbers.
    public let revision: Int
    /// In canonical order, which is part of every trial's id.
    public let definitions: [Definition]

    init(problem: String, summary: String, revision: Int, definitions: [Definition]) {
        let names = definitions.map(\.name)
        precondition(Set(names).count == names.count, "a key of '\(problem)' defined twice")
        self.problem = problem
        self.summary = summary
        self.revision = revision
        self.definitions = definitions
    }

    public struct Definition: Sendable {
        public let name: String
        public let kind: Kind
        public let requirement: Requirement
        /// When the parameter means something; nil where it always does.
        public let relevance: Relevance?
        /// The keys this one stands for where they are not given themselves. Such a key is no parameter of a trial.
        public let shorthandFor: [String]
        /// How the word may be written as a list; nil where it may not.
        public let listForm: ListForm?
        /// One line for the documentation.
        public let summary: String

        init(
            _ name: String, _ kind: Kind, _ requirement: Requirement, onlyFor relevance: Relevance? = nil,
            shorthandFor: [String] = [], listForm: ListForm? = nil, _ summary: String
        ) {
            self.name = name
            self.kind = kind
            self.requirement = requirement
            self.relevance = relevance
            self.shorthandFor = shorthandFor
            self.listForm = listForm
            self.summary = summary
        }
    }

    public enum Kind: Sendable, Equatable {
        case integer(in: ClosedRange<Int>)
        case real(Bounds)
        /// One of these words.
        case choice([String])
        /// A word, perhaps in call form: `mlp(512-512)`. What it means is checked from outside.
        case word
    }

    public enum Requirement: Sendable, Equatable {
        case required
        /// May be left out without a value of its own.
        case optional
        case defaultsTo(ParameterValue)
        /// The value of another key, which stands earlier in the schema.
        case sameAs(String)
    }

    /// The interval a real parameter lies in.
    public struct Bounds: Sendable, Equatable, CustomStringConvertible {
        public let lower: Double
        public let includesLower: Bool
        /// Never included; infinity for none.
        public let upper: Double
        /// Values beyond these are refused as well: arithmetic on them overflows or underflows.
        public let computable: ClosedRange<Double>

        init(
            lower: Double, includesLower: Bool, upper: Double = .infinity,
            computable: ClosedRange<Double> = 0...Double.greatestFiniteMagnitude
        ) {
            self.lower = lower
            self.includesLower = includesLower
            self.upper = upper
            self.computable = computable
        }

        static let positive = Bounds(lower: 0, includesLower: false, computable: 1e-30...1e30)
        /// Lengths and factors of losses and of unconstrained feature models: beyond these, differences of the
        /// objective are rounding.
        static let scale = Bounds(lower: 0, includesLower: false, computable: 1e-9...1e9)
        static let nonnegative = Bounds(lower: 0, includesLower: true, computable: 0...1e9)
        /// Of unconstrained feature models: within these the minimiser reaches the closed forms.
        static let decay = Bounds(lower: 0, includesLower: false, computable: 1e-30...1e6)
        static let weightDecay = Bounds(lower: 0, includesLower: true, computable: 0...1e6)
        static let fraction = Bounds(lower: 0, includesLower: true, upper: 1)

        public func contains(_ value: Double) -> Bool {
            (includesLower ? value >= lower : value > lower) && value < upper
        }

        public var description: String {
            let low = lower == lower.rounded() ? String(Int(lower)) : String(lower)
            let below = includesLower ? "of at least \(low)" : "greater than \(low)"
            return upper == .infinity ? below : below + " and less than \(upper == 1 ? "1" : String(upper))"
        }
    }

    public subscript(name: String) -> Definition? { definitions.first { $0.name == name } }

    func index(of name: String) -> Int? { definitions.firstIndex { $0.name == name } }

    /// The schema of a problem, if there is one of that name.
    public static func named(_ problem: String) -> ParameterSchema? { all.first { $0.problem == problem } }

    public static let all: [ParameterSchema] = [ufm, landscape, network]
}

extension ParameterSchema.Kind {
    /// "a whole number of at least 2", for messages and documentation.
    public var expectation: String {
        switch self {
        case .integer(let range): "a whole number of at least \(range.lowerBound)"
        case .real(let bounds): "a number \(bounds)"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .word: "a word"
        }
    }

    /// Whether values are words rather than numbers.
    var isWord: Bool {
        switch self {
        case .integer, .real: false
        case .choice, .word: true
        }
    }
}

extension ParameterSchema.Definition {
    /// Whether whole numbers are taken as real ones.
    var isReal: Bool {
        if case .real = kind { true } else { false }
    }
}
