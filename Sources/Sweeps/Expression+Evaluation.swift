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
        try truth(root, value)
    }

    private enum Value {
        case number(Double)
        case word(String)
        /// A name without a value: its text is a word where a word is wanted.
        case missing(String)
    }

    private func truth(_ node: Node, _ value: (Int) -> ParameterValue?) throws(ExpressionError) -> Bool {
        switch node {
        case .not(let inner): return try !truth(inner, value)
        case .and(let a, let b):
            guard try truth(a, value) else { return false }
            return try truth(b, value)
        case .or(let a, let b):
            if try truth(a, value) { return true }
            return try truth(b, value)
        case .comparison(let first, let links):
            var left = try evaluate(first, value)
            for link in links {
                let right = try evaluate(link.operand, value)
                guard try compare(left, link.comparison, right, link.offset) else { return false }
                left = right
            }
            return true
        case .membership(let node, let items, let isNegated, let offset):
            let left = try evaluate(node, value)
            var isKnown = true
            if case .missing = left { isKnown = false }
            for item in items {
                if try compare(left, .equal, evaluate(item, value), offset) { return !isNegated }
            }
            return isNegated && isKnown
        case .number, .word, .name, .negation, .arithmetic, .function:
            preconditionFailure("value where the parser demands a condition")
        }
    }

    private func compare(
        _ a: Value, _ comparison: Comparison, _ b: Value, _ offset: Int
    ) throws(ExpressionError) -> Bool {
        switch (a, b) {
        case (.number(let x), .number(let y)):
            switch comparison {
            case .equal: return x == y
            case .notEqual: return x != y
            case .less: return x < y
            case .lessOrEqual: return x <= y
            case .greater: return x > y
            case .greaterOrEqual: return x >= y
            }
        case (.word(let x), .word(let y)): return try compareWords(x, comparison, y, offset)
        case (.word(let x), .missing(let y)) where !areNamesKnown, (.missing(let x), .word(let y)) where !areNamesKnown:
            return try compareWords(x, comparison, y, offset)
        case (.number(let x), .word(let word)), (.word(let word), .number(let x)):
            throw ExpressionError(
                offset, "the number \(x) is compared with the word \(quoted(word)); compare like with like")
        case (.missing, _), (_, .missing): return false
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
            case .divide: return .number(x / y)
            case .power: return .number(pow(x, y))
            }
        case .function(let function, let arguments, let offset):
            guard var x = try number(arguments[0], value, offset) else { return .missing("") }
            for argument in arguments.dropFirst() {
                guard let y = try number(argument, value, offset) else { return .missing("") }
                x = function == .min ? Swift.min(x, y) : Swift.max(x, y)
            }
            return .number(apply(function, x))
        case .comparison, .membership, .not, .and, .or:
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
