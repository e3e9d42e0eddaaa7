import Learning

#if canImport(Glibc)
    import Glibc
#endif

/// φ(a): what a sample costs whose right class leads all the others by a, logits z = a(e_y − 1/K) + const. Under the
/// losses that softmax makes, an optimum that treats all classes alike is a minimum over this one number.
struct LeadLoss: Equatable {
    enum Kind: Equatable {
        case smoothing(Double)
        case focal(Double)
    }

    let kind: Kind
    let isConvex: Bool
    /// K.
    let classes: Double

    /// nil for losses that are no function of one lead, such as squared errors, to which logits are more than
    /// differences.
    init?(_ loss: ClassificationLoss, _ classes: Int) {
        self.classes = Double(classes)
        isConvex = loss.isConvex
        switch loss {
        case .crossEntropy, .focal(gamma: 0): kind = .smoothing(0)
        case .labelSmoothing(let amount): kind = .smoothing(amount)
        case .focal(let gamma): kind = .focal(gamma)
        case .meanSquaredError, .rescaledSquaredError: return nil
        }
    }

    /// φ(a).
    func value(_ lead: Double) -> Double {
        let wrong = (classes - 1) * exp(-lead)
        switch kind {
        case .smoothing(let amount): return log1p(wrong) + amount * (classes - 1) / classes * lead
        case .focal(let gamma): return pow(wrong / (1 + wrong), gamma) * log1p(wrong)
        }
    }

    /// −φ′(a).
    func descent(_ lead: Double) -> Double {
        let wrong = (classes - 1) * exp(-lead)
        let q = wrong / (1 + wrong)
        switch kind {
        case .smoothing(let amount): return q - amount * (classes - 1) / classes
        case .focal(let gamma): return pow(q, gamma) * (q + gamma * log1p(wrong) / (1 + wrong))
        }
    }

    /// φ′ from here on increases: zero, or where the descent of the focal loss has its one maximum, if that is later.
    ///
    /// With p the probability of the right class, d/dp of the descent is (1−p)^{γ−1} times
    /// q(p) = −(1+2γ)(1−p) − γ log p (1 − (1+γ)p), which is convex, +∞ at 0, and rises through 0 at p = 1: one root
    /// between.
    var convexFrom: Double {
        guard case .focal(let gamma) = kind else { return 0 }
        func q(_ p: Double) -> Double {
            -(1 + 2 * gamma) * (1 - p) - gamma * log(p) * (1 - (1 + gamma) * p)
        }
        // At a = 0 the probability is 1/K; the peak is later only where q is still positive there.
        guard q(1 / classes) > 0 else { return 0 }
        let p = bisect(1 / classes, 1 - 1e-9) { q($0) > 0 }
        return log(p * (classes - 1) / (1 - p))
    }

    /// The a ≥ 0 of least φ(a) + slope·a, among several local minima the global one.
    func minimizer(slope: Double) -> Double {
        switch kind {
        case .smoothing(let amount):
            // Each wrong class has the probability μ + α/K, μ = slope/(K−1).
            let wrong = slope / (classes - 1) + amount / classes
            return wrong * classes < 1 ? log(1 / wrong - classes + 1) : 0
        case .focal:
            let start = convexFrom
            guard descent(start) > slope else { return 0 }
            let lead = root(from: start) { descent($0) - slope }
            return value(lead) + slope * lead < value(0) ? lead : 0
        }
    }

    /// The a ≥ 0 of least φ(a) + (stiffness/2)a²; nil where local minima are not excluded.
    func minimizer(stiffness: Double) -> Double? {
        let start = convexFrom
        // Up to there the descent rises: if it begins above stiffness·start, φ(a) + (stiffness/2)a² falls all the way.
        guard start == 0 || descent(0) > stiffness * start else { return nil }
        return root(from: start) { descent($0) - stiffness * $0 }
    }

    /// The a of least φ(a) with a ≤ bound, bound ≥ 0, where φ lies above its tangent there at every a, so that no
    /// mixture of samples of different leads does better; nil elsewhere.
    func minimizer(upTo bound: Double) -> Double? {
        switch kind {
        case .smoothing(let amount): min(bound, amount > 0 ? minimizer(slope: 0) : .infinity)
        case .focal: bound >= convexFrom && descent(bound) <= 1 ? bound : nil
        }
    }

    /// The root of a function that falls from `start` on and is positive there.
    private func root(from start: Double, of function: (Double) -> Double) -> Double {
        var end = start + 1
        while function(end) > 0 { end = start + 2 * (end - start) }
        return bisect(start, end) { function($0) > 0 }
    }
}

/// Where a condition that holds at `low` and not at `high` ceases to hold, to the last bit.
func bisect(_ low: Double, _ high: Double, while condition: (Double) -> Bool) -> Double {
    var (low, high) = (low, high)
    while true {
        let middle = low + (high - low) / 2
        guard middle > low, middle < high else { return middle }
        if condition(middle) { low = middle } else { high = middle }
    }
}
