import Learning

#if canImport(Glibc)
    import Glibc
#endif

extension UnconstrainedFeatureModel {
    /// The least value of the objective, where theory knows it; nil elsewhere (cross-entropy with 0 < d < K − 1 below
    /// the collapse to zero, decayed-bias MSE in fewer dimensions than its solution has, the other losses).
    ///
    /// Derived in docs/THEORY.md.
    public var optimum: Double? {
        guard let c = collapseRatio, hidden == nil, classifier == .learned else { return nil }
        return switch loss {
        case .classification(.crossEntropy): crossEntropyOptimum(c)
        case .classification(.meanSquaredError): meanSquaredErrorOptimum(c)
        default: nil
        }
    }

    /// Zhu et al. 2021, theorem 3.1, with its logits solved for: Z = a·P ⊗ 1ᵀ, a = log(1/μ − K + 1), μ = c/K.
    private func crossEntropyOptimum(_ c: Double) -> Double? {
        let k = Double(classes)
        guard c < 1 else { return log(k) }
        guard dimension >= classes - 1 else { return nil }
        let mu = c / k
        return -log1p(-(k - 1) * mu) + (k - 1) * mu * Self.logitGain(c, classes: k)
    }

    /// a: the logit of the right class minus that of a wrong one, at the cross-entropy optimum (c < 1, d ≥ K − 1).
    static func logitGain(_ c: Double, classes: Double) -> Double { log(classes / c - classes + 1) }

    /// The objective depends on WH only through singular values that the decays shrink one by one: a direction that is
    /// fitted costs (c − c²/2)/K, one that is not costs 1/(2K). With d dimensions at most d directions are fitted.
    private func meanSquaredErrorOptimum(_ c: Double) -> Double? {
        let k = Double(classes)
        let fitted = min(c, 1)
        let cost = fitted - fitted * fitted / 2
        func total(directions: Int) -> Double {
            let rank = min(dimension, directions)
            return (Double(rank) * cost + Double(directions - rank) / 2) / k
        }
        switch bias {
        case .none:
            return total(directions: classes)
        case .free:
            return total(directions: classes - 1)
        case .decayed(let decay):
            let threshold = decay / (1 + decay)
            // The mean direction is fitted by the bias alone, or by the bias and one more dimension.
            if c >= threshold {
                guard dimension >= classes - 1 || c >= 1 else { return nil }
                return total(directions: classes - 1) + threshold / (2 * k)
            }
            guard dimension >= classes else { return nil }
            return total(directions: classes - 1) + (c - c * c * (1 + 1 / decay) / 2) / k
        }
    }
}
