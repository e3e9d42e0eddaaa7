import Testing

@testable import Learning

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct ExponentialTests {
    /// Against libm's double, over the whole range and dense near zero.
    @Test func singleIsWithinTwoUnits() {
        // Counted by what holds, so that NaN counts as wrong.
        var wrong = 0
        for step in 0...2_000_000 {
            for x in [-Float(step) * 4.3e-5, -Float(step) * 1e-9] {
                let exact = exp(Double(x))
                if !(abs(Double(exponential(ofNonpositive: x)) - exact) < 2 * Double(Float(exact).ulp)) { wrong += 1 }
            }
        }
        #expect(wrong == 0)
    }

    @Test func doubleIsWithinTwoUnits() {
        // Counted by what holds, so that NaN counts as wrong.
        var wrong = 0
        for step in 0...2_000_000 {
            for x in [-Double(step) * 3.54e-4, -Double(step) * 1e-9, -Double(step) * 1e-16] {
                let exact = exp(x)
                if !(abs(exponential(ofNonpositive: x) - exact) < 2 * exact.ulp) { wrong += 1 }
            }
        }
        #expect(wrong == 0)
    }

    @Test func edgesOfTheExponential() {
        #expect(exponential(ofNonpositive: 0.0) == 1)
        #expect(exponential(ofNonpositive: Float(0)) == 1)
        #expect(exponential(ofNonpositive: -0.0) == 1)
        for x in [-709, -1e4, -1e300, -Double.infinity] { #expect(exponential(ofNonpositive: x) == 0) }
        for x in [-88, -1e4, -1e30, -Float.infinity] { #expect(exponential(ofNonpositive: x as Float) == 0) }
        #expect(exponential(ofNonpositive: Double.nan).isNaN)
        #expect(exponential(ofNonpositive: Float.nan).isNaN)
        #expect(exponential(ofNonpositive: -708.38) >= Double.leastNormalMagnitude)
        #expect(exponential(ofNonpositive: -87.32 as Float) >= Float.leastNormalMagnitude)
    }

    @Test func logarithmIsWithinTwoUnitsEvenWhereTiny() {
        // Counted by what holds, so that NaN counts as wrong.
        var wrong = 0
        for step in 1...3_000_000 {
            // From 1e-300 to 1e300, and dense around the boundaries of the reduction.
            let decade = exp(Double(step) / 3_000_000 * 1381 - 690)
            for x in [decade, 0.41 + Double(step) * 1e-8, Double(step) * 1e-6] {
                let exact = log1p(x)
                if !(abs(logarithm(ofOnePlus: x) - exact) < 2 * exact.ulp) { wrong += 1 }
            }
        }
        #expect(wrong == 0)
        #expect(logarithm(ofOnePlus: 0) == 0)
        #expect(logarithm(ofOnePlus: .nan).isNaN)
        #expect(!(logarithm(ofOnePlus: .infinity) < .infinity))
    }
}
