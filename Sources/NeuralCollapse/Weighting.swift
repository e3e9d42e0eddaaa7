import LinearAlgebra

/// How classes of unequal size enter the global mean μ_G and the between-class covariance Σ_B. Both are in use in the
/// literature and they differ when the classes are not balanced.
public enum Weighting: String, CaseIterable, Sendable {
    /// Every class counts the same: μ_G = (1/K) Σ μ_k, Σ_B = (1/K) Σ (μ_k − μ_G)(μ_k − μ_G)ᵀ (Papyan et al. 2020).
    case `class`
    /// Every sample counts the same: μ_G = (1/N) Σ n_k μ_k, Σ_B = Σ (n_k/N) (μ_k − μ_G)(μ_k − μ_G)ᵀ.
    case sample
}

extension ClassStatistics {
    /// The weight of each class, summing to 1; nil while a class has no samples.
    func weights(_ weighting: Weighting) -> [Double]? {
        guard counts.allSatisfy({ $0 > 0 }) else { return nil }
        switch weighting {
        case .class: return Array(repeating: 1 / Double(classes), count: classes)
        case .sample:
            let total = Double(sampleCount)
            return counts.map { Double($0) / total }
        }
    }

    /// μ_G; nil while a class has no samples.
    public func globalMean(_ weighting: Weighting = .class) -> [Double]? {
        weights(weighting).map { weights in
            // Relative to one of the means: where all coincide, so does their mean, to the last bit.
            let origin = Array(means.row(0))
            return zip(origin, means.subtractingFromRows(origin).combiningRows(with: weights)).map(+)
        }
    }

    /// The length below which a difference of class means is rounding: a few units in the last place of the longest.
    var resolution: Double { 16 * Double.ulpOfOne * (means.rowNorms.max() ?? 0) }

    var isFinite: Bool { means.isFinite && squaredDeviations.allSatisfy(\.isFinite) && upperScatter.isFinite }
}
