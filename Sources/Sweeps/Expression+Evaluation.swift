#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Expression {
    /// Whether the condition holds; `value` gives the value of a name, nil where it has none. A comparison with a
    /// missing value is false. Throws where a number is compared with a word, or a word computed with.
    public func holds(_ value: (String) -> ParameterValue?) throws(ExpressionError) -> Bool {
        try holdsByIndex({ index in value(names[index]) })
    }

    /// The same with names by their index in `names`, for the many trials of a sweep.
    func holdsByIndex(_ value: (Int) -> ParameterValue?) throws(ExpressionError) -> Bool {
        try truth(root, value) ?? false
    }

    /// Whether a condition within the expression holds; nil where that is unknown, which it never is but in a claim.
    ///
    /// Unknown is a comparison with a missing value or NaN, and what depends on it: `not`, `and` and `or` are those of
    /// Kleene's three-valued logic.
    func truth(_ node: Node, _ value: (Int) -> ParameterValue?) throws(ExpressionError) -> Bool? {
        switch node {
        case .not(let inner): return try truth(inner, value).map { !$0 }
        case .and(let a, let b):
            let first = try truth(a, value)
            if first == false { return false }
            let second = try truth(b, value)
            return second == true ? first : second
        case .or(let a, let b):
            let first = try truth(a, value)
            if first == true { return true }
            let second = try truth(b, value)
            return second == false ? first : second
        case .comparison(let first, let links):
            var left = try evaluate(first, value)
            var result: Bool? = true
            for link in links {
                let right = try evaluate(link.operand, value)
                let holds = try compare(left, link.comparison, right, link.offset)
                if holds == false { return false }
                if holds == nil { result = nil }
                left = right
            }
            return result
        case .membership(let node, let items, let isNegated, let offset):
            let left = try evaluate(node, value)
            var isMember: Bool? = false
            for item in items where isMember != true {
                let isEqual = try compare(left, .equal, evaluate(item, value), offset)
                isMember = isEqual == false ? isMember : isEqual
            }
            if case .missing = left, isMember != true { return isThreeValued ? nil : false }
            return isMember.map { $0 != isNegated }
        case .defined(let inner):
            switch try evaluate(inner, value) {
            case .number(let x): return !x.isNaN
            case .word: return true
            case .missing: return false
            }
        case .number, .word, .name, .negation, .arithmetic, .function:
            preconditionFailure("value where the parser demands a condition")
        }
    }

    /// The number a part of the expression comes to; nil where a value is missing.
    func number(of node: Node, _ value: (Int) -> ParameterValue?) throws(ExpressionError) -> Double? {
        try number(node, value, 0)
    }

    private enum Value {
        case number(Double)
        case word(String)
        /// A name without a value: its text is a word where a word is wanted.
        case missing(String)
    }

    private func compare(
        _ a: Value, _ comparison: Comparison, _ b: Value, _ offset: Int
    ) throws(ExpressionError) -> Bool? {
        switch (a, b) {
        case (.number(let x), .number(let y)):
            if isThreeValued, x.isNaN || y.isNaN { return nil }
            return switch comparison {
            case .equal: x == y
            case .notEqual: x != y
            case .less: x < y
            case .lessOrEqual: x <= y
            case .greater: x > y
            case .greaterOrEqual: x >= y
            }
        case (.word(let x), .word(let y)): return try compareWords(x, comparison, y, offset)
        case (.word(let x), .missing(let y)) where !areNamesKnown, (.missing(let x), .word(let y)) where !areNamesKnown:
            return try compareWords(x, comparison, y, offset)
        case (.number(let x), .word(let word)), (.word(let word), .number(let x)):
            throw ExpressionError(
                offset, "the number \(x) is compared with the word \(quoted(word)); compare like with like")
        case (.missing, _), (_, .missing): return isThreeValued ? nil : false
        }
    }

    private func compareWords(
        _ x: String, _ comparison: Comparison, _ y: String, _ offset: Int
    ) throws(ExpressionError) -> Bool {
        switch comparison {
        case .equal: return x == y
        case .notEqual: return x != y
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            throw ExpressionError(offset, "words have no order; compare them with '==', '!=' or 'in'")
        }
    }

    private func evaluate(_ node: Node, _ value: (Int) -> ParameterValue?) throws(ExpressionError) -> Value {
        switch node {
        case .number(let number): return .number(number)
        case .word(let word, _, _): return .word(word)
        case .name(let index, _):
            switch value(index) {
            case .text(let word)?: return .word(word)
            case .integer(let number)?: return .number(Double(number))
            case .real(let number)?: return .number(number)
            case nil: return .missing(names[index])
            }
        case .negation(let inner):
            guard let x = try number(inner, value, 0) else { return .missing("") }
            return .number(-x)
        case .arithmetic(let operation, let a, let b, let offset):
            guard let x = try number(a, value, offset), let y = try number(b, value, offset) else {
                return .missing("")
            }
            switch operation {
            case .add: return .number(x + y)
            case .subtract: return .number(x - y)
            case .multiply: return .number(x * y)
            // What is divided by zero is not a number either.
            case .divide: return .number(y == 0 ? .nan : x / y)
            // C has pow(1, NaN) and pow(NaN, 0) be 1.
            case .power: return .number(x.isNaN || y.isNaN ? .nan : pow(x, y))
            }
        case .function(let function, let arguments, let offset):
            guard var x = try number(arguments[0], value, offset) else { return .missing("") }
            for argument in arguments.dropFirst() {
                guard let y = try number(argument, value, offset) else { return .missing("") }
                x = x.isNaN || y.isNaN ? .nan : function == .min ? Swift.min(x, y) : Swift.max(x, y)
            }
            return .number(apply(function, x))
        case .comparison, .membership, .defined, .not, .and, .or:
            preconditionFailure("condition where the parser demands a value")
        }
    }

    private func apply(_ function: Function, _ x: Double) -> Double {
        switch function {
        case .log: Self.logarithm(x)
        case .log10: Self.decimalLogarithm(x)
        case .exp: Self.exponential(x)
        case .sqrt: x.squareRoot()
        case .abs: x.magnitude
        case .min, .max: x
        }
    }

    // The cases of `Function` would hide the C functions.
    private static func logarithm(_ x: Double) -> Double { log(x) }
    private static func decimalLogarithm(_ x: Double) -> Double { log10(x) }
    private static func exponential(_ x: Double) -> Double { exp(x) }

    private func number(
        _ node: Node, _ value: (Int) -> ParameterValue?, _ offset: Int
    ) throws(ExpressionError) -> Double? {
        switch try evaluate(node, value) {
        case .number(let x): return x
        case .missing: return nil
        case .word(let word):
            throw ExpressionError(
                offset,
                "the word \(quoted(word)) is no number; quote words that hold other signs, as in 'fashion-mnist'")
        }
    }
}
