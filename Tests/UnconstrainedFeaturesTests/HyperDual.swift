#if canImport(Glibc)
    import Glibc
#endif

/// What the naive twin of the objective computes with: Double for its value, `HyperDual` for exact second derivatives.
protocol NaiveNumber {
    init(_ value: Double)
    static func + (a: Self, b: Self) -> Self
    static func - (a: Self, b: Self) -> Self
    static func * (a: Self, b: Self) -> Self
    static func / (a: Self, b: Self) -> Self
    var exponential: Self { get }
    var logarithm: Self { get }
    var rectified: Self { get }
    func power(_ exponent: Double) -> Self
}

extension Double: NaiveNumber {
    var exponential: Double { exp(self) }
    var logarithm: Double { log(self) }
    var rectified: Double { max(0, self) }
    func power(_ exponent: Double) -> Double { pow(self, exponent) }
}

/// value + first·ε₁ + second·ε₂ + both·ε₁ε₂ with ε₁² = ε₂² = 0 (Fike and Alonso 2011): a function of it has its two
/// directional derivatives and the mixed second one beside its value, without differences.
struct HyperDual: NaiveNumber {
    var value: Double
    var first = 0.0
    var second = 0.0
    var both = 0.0

    init(_ value: Double) { self.value = value }

    init(_ value: Double, first: Double, second: Double, both: Double = 0) {
        (self.value, self.first, self.second, self.both) = (value, first, second, both)
    }

    static func + (a: Self, b: Self) -> Self {
        Self(a.value + b.value, first: a.first + b.first, second: a.second + b.second, both: a.both + b.both)
    }

    static func - (a: Self, b: Self) -> Self { a + Self(-1) * b }

    static func * (a: Self, b: Self) -> Self {
        Self(
            a.value * b.value, first: a.first * b.value + a.value * b.first,
            second: a.second * b.value + a.value * b.second,
            both: a.both * b.value + a.first * b.second + a.second * b.first + a.value * b.both)
    }

    static func / (a: Self, b: Self) -> Self { a * b.power(-1) }

    private func mapped(_ value: Double, slope: Double, curvature: Double) -> Self {
        Self(value, first: slope * first, second: slope * second, both: slope * both + curvature * first * second)
    }

    var exponential: Self {
        let e = exp(value)
        return mapped(e, slope: e, curvature: e)
    }

    var logarithm: Self { mapped(log(value), slope: 1 / value, curvature: -1 / (value * value)) }

    var rectified: Self { value > 0 ? self : Self(0) }

    func power(_ exponent: Double) -> Self {
        mapped(
            pow(value, exponent), slope: exponent * pow(value, exponent - 1),
            curvature: exponent * (exponent - 1) * pow(value, exponent - 2))
    }
}
