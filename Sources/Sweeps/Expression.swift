/// A condition on named values, as in `where: d >= K - 1 and (lambda < 0.01 or loss == mse)`.
///
/// From weakest to strongest: `or`; `and`; `not`; comparisons `== != < <= > >=`, which may be chained as in
/// `1 < d < 5`, and `in [a, b]`; `+ -`; `* /`; unary `-`; `^`, from the right. Functions: log (natural), log10, exp,
/// sqrt, abs, min, max; defined(x), a condition, tells whether x has a value. A word is bare or quoted. A claim may
/// also compute with aggregates over trials and slopes of series (`Computed`).
public struct Expression: Sendable {
    /// The names whose values the condition asks for, in order of appearance: for what a claim computes, its text.
    /// Where the names were not known when parsing, these are all bare words in it.
    public let names: [String]
    public let text: String
    var root: Node
    /// Whether a name without a value is certainly a name, not a word.
    let areNamesKnown: Bool
    /// What a claim computes of many trials or of one's series, by the index in `names`.
    var computed: [Int: Computed] = [:]
    /// Whether a comparison with a missing value is unknown, as it must be in a claim, rather than false.
    var isThreeValued = false

    indirect enum Node: Sendable {
        case number(Double)
        /// A quoted word, or a bare one that is no name. The offset is where it stands.
        case word(String, offset: Int, isQuoted: Bool)
        /// Index into `names`.
        case name(Int, offset: Int)
        case negation(Node)
        case arithmetic(Arithmetic, Node, Node, offset: Int)
        case function(Function, [Node], offset: Int)
        /// `links.count + 1` operands, each compared with the next.
        case comparison(Node, [Link])
        case membership(Node, [Node], isNegated: Bool, offset: Int)
        /// Whether a value has one: it is not missing and not NaN.
        case defined(Node)
        case not(Node)
        case and(Node, Node)
        case or(Node, Node)
    }

    struct Link: Sendable {
        let comparison: Comparison
        let operand: Node
        let offset: Int
    }

    enum Arithmetic: Sendable { case add, subtract, multiply, divide, power }

    enum Comparison: String, Sendable {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    enum Function: String, Sendable, CaseIterable { case log, log10, exp, sqrt, abs, min, max }

    /// `isName` tells names from bare words; without it, a bare word without a value is a word where it is compared
    /// with one, and a missing value elsewhere.
    public init(parsing text: String, isName: ((String) -> Bool)? = nil) throws(ExpressionError) {
        var parser = try ExpressionParser(text, isName: isName)
        let root = try parser.parse()
        self.init(root: root, names: parser.names, text: text, areNamesKnown: isName != nil)
    }

    init(root: Node, names: [String], text: String, areNamesKnown: Bool) {
        self.root = root
        self.names = names
        self.text = text
        self.areNamesKnown = areNamesKnown
    }
}

/// Why a text is no condition, or why a condition cannot be decided.
public struct ExpressionError: Error, Equatable, CustomStringConvertible {
    /// Where in the expression, counted in Unicode scalars from 0.
    public let offset: Int
    /// "what; fix", one line.
    public let message: String

    init(_ offset: Int, _ message: String) {
        self.offset = offset
        self.message = singleLine(message)
    }

    public var description: String { "column \(offset + 1): \(message)" }
}
