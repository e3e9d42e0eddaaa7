/// What a point turned out to be.
public enum Verdict: String, Sendable, CaseIterable {
    /// Nothing is lower: certified, or, where no certificate exists, at the value that theory proves to be least.
    case global
    /// Critical, with a direction in which the objective curves down.
    case saddle
    /// No direction curves down, yet lower points are known.
    case local
    /// No direction curves down, and whether lower points exist is not known.
    case secondOrder = "second_order"
    /// Not a critical point.
    case unconverged
    /// Below what theory proves to be least, certified with a gap to it, or with a gradient that its values do not
    /// have: program or theory is wrong.
    case contradicts
}

/// All that is known of a point where a minimisation ended, or that theory constructed.
public struct PointEvidence: Sendable {
    public var objective: Double
    /// The gradient against the forces that balance at an optimum.
    public var relativeGradientNorm: Double
    /// ε of the arithmetic.
    public var ulp: Double
    /// Largest magnitude of a logit: the objective is a difference of such numbers.
    public var largestLogit = 0.0
    /// Whether the loss is zero, which nothing is below, at finite logits, and no decay keeps them from there.
    public var attainsZero = false
    /// The least value, where theory knows it.
    public var optimum: Double?
    /// A value that is known to be attained somewhere.
    public var attained: Double?
    /// `LowerBound.value` of this very point.
    public var lowerBound: Double?
    /// Whether theory says that the least value meets its bound.
    public var isBoundAttained = true
    /// Whether some direction has negative curvature, beyond rounding; nil where none was looked for.
    public var curvesDown: Bool?
    /// Whether the gradient is what differences of values say (`gradientAgreesWithValues`).
    public var hasTrueGradient = true

    public init(objective: Double, relativeGradientNorm: Double, ulp: Double) {
        self.objective = objective
        self.relativeGradientNorm = relativeGradientNorm
        self.ulp = ulp
    }

    /// Two values of the objective closer than this are one. Relative, it is √ε, half of the digits; absolute, the
    /// rounding of the logits.
    public var valueTolerance: Double { ulp.squareRoot() * abs(objective) + logitRounding }
    private var logitRounding: Double { 16 * ulp * largestLogit }

    /// Squares of logits' rounding, as solvers leave it: a sum of these is zero, and no gradient is measured against
    /// it.
    private var zeroTolerance: Double { 256 * logitRounding * logitRounding }

    /// How small a gradient must be, and how close a lower bound, which is as good as the gradient. √ε is what values
    /// of precision ε tell of it, where a solver that goes by values ends; 32 times as much where curvatures differ a
    /// thousandfold. The objective is then known to 1000 ε.
    private var gradientTolerance: Double { 32 * ulp.squareRoot() }

    /// nil where what would decide was not looked for: the curvature.
    public var verdict: Verdict? {
        guard objective.isFinite, relativeGradientNorm.isFinite else { return .unconverged }
        if isImpossible { return .contradicts }
        if attainsZero, objective <= zeroTolerance { return .global }
        guard relativeGradientNorm <= gradientTolerance else { return .unconverged }
        if !hasTrueGradient { return .contradicts }
        if curvesDown == true { return .saddle }
        if isCertified { return isAbove(optimum) ? .unconverged : .global }
        // Where a minimum is certified the value alone is no proof.
        if optimum != nil, !isAbove(optimum), lowerBound == nil || !isBoundAttained { return .global }
        guard curvesDown == false else { return nil }
        return isAbove(optimum) || isAbove(attained) ? .local : .secondOrder
    }

    /// Below the proven minimum, below the point's own lower bound, or with a lower bound above the minimum: a
    /// certified point with a gap.
    private var isImpossible: Bool {
        let lowest = objective + valueTolerance
        if let optimum, lowest < optimum { return true }
        guard let lowerBound else { return false }
        return lowest < lowerBound || (optimum.map { $0 + valueTolerance < lowerBound } ?? false)
    }

    /// Whether the point meets its own lower bound.
    public var isCertified: Bool {
        lowerBound.map { objective - $0 <= gradientTolerance * abs(objective) + logitRounding } ?? false
    }

    private func isAbove(_ value: Double?) -> Bool { value.map { objective > $0 + valueTolerance } ?? false }
}
