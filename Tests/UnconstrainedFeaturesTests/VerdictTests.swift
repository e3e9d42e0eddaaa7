import Testing

@testable import UnconstrainedFeatures

/// Which word each combination of evidence leads to.
@Suite struct VerdictTests {
    private static func evidence(
        objective: Double = 1, gradient: Double = 1e-11, optimum: Double? = nil, attained: Double? = nil,
        bound: Double? = nil, curvesDown: Bool? = nil, ulp: Double = .ulpOfOne
    ) -> PointEvidence {
        var evidence = PointEvidence(objective: objective, relativeGradientNorm: gradient, ulp: ulp)
        evidence.optimum = optimum
        evidence.attained = attained
        evidence.lowerBound = bound
        evidence.curvesDown = curvesDown
        return evidence
    }

    @Test func certifiedPointsAreGlobal() {
        #expect(Self.evidence(bound: 1 - 1e-9).verdict == .global)
        #expect(Self.evidence(optimum: 1, bound: 1 - 1e-9).verdict == .global)
        #expect(Self.evidence(optimum: 1, bound: 1, curvesDown: false).verdict == .global)
        // The certificate says more than the curvature.
        #expect(Self.evidence(bound: 1, curvesDown: false).verdict == .global)
    }

    /// Whatever else holds.
    @Test(arguments: [nil, 1.0], [nil, true, false] as [Bool?])
    func nothingIsGlobalWhereTheCertificateFails(optimum: Double?, curvesDown: Bool?) {
        for bound in [0.99, 0.5, 1 - 1e-6] {
            #expect(Self.evidence(optimum: optimum, bound: bound, curvesDown: curvesDown).verdict != .global)
        }
    }

    /// Known to be nearly least, and known not to be: more steps are needed.
    @Test func certifiedAboveTheMinimumIsUnconverged() {
        #expect(Self.evidence(objective: 1 + 1e-7, optimum: 1, bound: 1 - 1e-7).verdict == .unconverged)
    }

    @Test func withoutACertificateTheProvenValueDecides() {
        #expect(Self.evidence(optimum: 1).verdict == .global)
        #expect(Self.evidence(objective: 1 + 1e-9, optimum: 1, curvesDown: false).verdict == .global)
        #expect(Self.evidence(objective: 1 + 1e-7, optimum: 1, curvesDown: false).verdict == .local)
        #expect(Self.evidence(objective: 1 + 1e-7, optimum: 1).verdict == nil)
    }

    /// On spheres, or in too few dimensions, the bound is met by no point.
    @Test func aBoundThatNoPointMeetsDecidesNothing() {
        var evidence = Self.evidence(optimum: 1, bound: 0.9, curvesDown: false)
        #expect(evidence.verdict == .secondOrder)
        evidence.isBoundAttained = false
        #expect(evidence.verdict == .global)
        evidence.objective = 1.1
        #expect(evidence.verdict == .local)
    }

    @Test func curvatureDecidesTheRest() {
        #expect(Self.evidence(curvesDown: true).verdict == .saddle)
        #expect(Self.evidence(bound: 0.5, curvesDown: true).verdict == .saddle)
        // Just short of the collapse to zero the origin is nearly the minimum, and none.
        #expect(Self.evidence(optimum: 1 - 1e-9, bound: 1 - 1e-9, curvesDown: true).verdict == .saddle)
        #expect(Self.evidence(curvesDown: false).verdict == .secondOrder)
        #expect(Self.evidence(attained: 0.9, curvesDown: false).verdict == .local)
        #expect(Self.evidence(attained: 1, curvesDown: false).verdict == .secondOrder)
        #expect(Self.evidence(optimum: 0.9, bound: 0.8, curvesDown: false).verdict == .local)
        #expect(Self.evidence().verdict == nil)
        #expect(Self.evidence(optimum: 0.9).verdict == nil)
    }

    @Test func gradientsThatAreNotSmallAreUnconverged() {
        #expect(Self.evidence(gradient: 1e-6, optimum: 1, bound: 1, curvesDown: true).verdict == .unconverged)
        #expect(Self.evidence(gradient: .nan).verdict == .unconverged)
        #expect(Self.evidence(objective: .infinity).verdict == .unconverged)
        #expect(Self.evidence(gradient: 1e-3, bound: 1, ulp: Double(Float.ulpOfOne)).verdict == .global)
    }

    @Test func theoryAndResultDisagree() {
        // Below the minimum, converged or not.
        #expect(Self.evidence(objective: 1 - 1e-7, optimum: 1).verdict == .contradicts)
        #expect(Self.evidence(objective: 0.9, gradient: 1, optimum: 1).verdict == .contradicts)
        // Certified, and yet above the minimum.
        #expect(Self.evidence(objective: 1 + 1e-7, optimum: 1, bound: 1 + 1e-7).verdict == .contradicts)
        #expect(Self.evidence(objective: 1.1, optimum: 1, bound: 1.1).verdict == .contradicts)
        // Below what its own gradient proves.
        #expect(Self.evidence(gradient: 1, bound: 1.1).verdict == .contradicts)
        // A gradient that is none.
        var evidence = Self.evidence(optimum: 1, bound: 1, curvesDown: false)
        evidence.hasTrueGradient = false
        #expect(evidence.verdict == .contradicts)
        // A bound above the minimum, from a gradient that cannot be right.
        #expect(Self.evidence(objective: 3, gradient: 1, optimum: 1, bound: 2).verdict == .contradicts)
    }

    /// An objective that is a difference of logits is known to their rounding.
    @Test func tinyObjectivesAreHeldAgainstTheirLogits() {
        var evidence = Self.evidence(objective: 1e-15, optimum: 2e-15)
        #expect(evidence.verdict == .contradicts)
        evidence.largestLogit = 30
        #expect(evidence.verdict == .global)
    }

    /// Squared errors that are the rounding of logits are zero, and a gradient beside them is rounding too.
    @Test func squaresOfRoundingAreZero() {
        var evidence = Self.evidence(objective: 1e-29, gradient: 1, bound: 0)
        evidence.largestLogit = 1
        #expect(evidence.verdict == .unconverged)
        evidence.attainsZero = true
        #expect(evidence.verdict == .global)
        evidence.objective = 1e-20
        #expect(evidence.verdict == .unconverged)
    }
}
