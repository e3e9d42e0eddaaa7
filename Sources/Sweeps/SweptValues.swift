import RandomNumbers

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The values one key takes along an axis: written out, or given by a rule that is followed only once the number
/// of combinations is known to be within the limit.
struct SweptValues: Sendable {
    enum Rule: Sendable {
        case list([ParameterValue])
        case range(start: Int, step: Int, count: Int)
        case linspace(Double, Double, count: Int)
        case logspace(Double, Double, count: Int)
        case integers(Int, Int, count: Int, Philox)
        case uniform(Double, Double, count: Int, Philox)
        case loguniform(Double, Double, count: Int, Philox)
        case choice([ParameterValue], count: Int, Philox)
        indirect case joined([Rule])
    }

    let rule: Rule
    /// Whether whole numbers are to be taken as real ones.
    let isReal: Bool

    var count: Int { Self.count(rule) }

    func values() -> [ParameterValue] {
        var values: [ParameterValue] = []
        append(rule, to: &values)
        return values
    }

    private static func count(_ rule: Rule) -> Int {
        switch rule {
        case .list(let values): values.count
        case .range(_, _, let count), .linspace(_, _, let count), .logspace(_, _, let count),
            .integers(_, _, let count, _), .uniform(_, _, let count, _), .loguniform(_, _, let count, _),
            .choice(_, let count, _):
            count
        case .joined(let parts): parts.reduce(0) { saturatingSum($0, Self.count($1)) }
        }
    }

    private func append(_ rule: Rule, to values: inout [ParameterValue]) {
        switch rule {
        case .list(let list):
            values += list
        case .range(let start, let step, let count):
            for i in 0..<count { values.append(isReal ? .real(Double(start + i * step)) : .integer(start + i * step)) }
        case .linspace(let a, let b, let count):
            for i in 0..<count {
                values.append(.real(Self.point(i, of: count, a, b) { a + (b - a) * $0 }))
            }
        case .logspace(let a, let b, let count):
            for i in 0..<count {
                values.append(.real(Self.point(i, of: count, a, b) { exp(log(a) + (log(b) - log(a)) * $0) }))
            }
        case .integers(let a, let b, let count, let random):
            for i in 0..<count {
                let value = a + random.integer(below: b - a + 1, at: UInt64(i))
                values.append(isReal ? .real(Double(value)) : .integer(value))
            }
        case .uniform(let a, let b, let count, let random):
            for i in 0..<count {
                values.append(.real(Self.within(a, b, a + (b - a) * random.uniform(at: UInt64(i)))))
            }
        case .loguniform(let a, let b, let count, let random):
            for i in 0..<count {
                let value = exp(log(a) + (log(b) - log(a)) * random.uniform(at: UInt64(i)))
                values.append(.real(Self.within(a, b, value)))
            }
        case .choice(let list, let count, let random):
            for i in 0..<count { values.append(list[random.integer(below: list.count, at: UInt64(i))]) }
        case .joined(let parts):
            for part in parts { append(part, to: &values) }
        }
    }

    /// Both ends exact, the rest by `formula` of the fraction of the way.
    private static func point(
        _ i: Int, of count: Int, _ a: Double, _ b: Double, _ formula: (Double) -> Double
    ) -> Double {
        if i == 0 { return a }
        if i == count - 1 { return b }
        return within(a, b, formula(Double(i) / Double(count - 1)))
    }

    /// Rounded, and kept inside the interval that rounding could leave: a bound is a promise.
    private static func within(_ a: Double, _ b: Double, _ value: Double) -> Double {
        min(max(Decimal.rounded(value), min(a, b)), max(a, b))
    }
}

/// Int.max in place of overflow.
func saturatingSum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
}

/// Int.max in place of overflow.
func saturatingProduct(_ a: Int, _ b: Int) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : product
}
