import Learning

#if canImport(Glibc)
    import Glibc
#endif

/// Several labels a sample, the sum of their cross-entropies (Li et al. 2023).
extension UnconstrainedFeatureModel {
    /// Of every m labels N_m samples in all: f* = min over a_m of Σ_m (N_m/N) m log(m + (K−m)e^{−a_m}) + Λ√((K−1)Q),
    /// Q = Σ_m N_m m(1 − m/K)a_m², or its first part with √((K−1)Q) bounded by the norm balls.
    ///
    /// Where the gradient vanishes, each wrong class of a sample of m labels has the probability θa_m with one θ for
    /// all sizes. Both Q, falling, and θ√Q, rising, are monotone in θ: a root in one unknown.
    var labelSetOptimum: Optimum? {
        guard case .labelSets(let copies) = samples, classifier == .learned else { return nil }
        let sizes = LabelSetSizes(classes: classes, copies: copies)
        let (k, count) = (Double(classes), Double(sampleCount))
        let theta: Double
        switch regularization {
        case .spheres:
            return nil
        case .normBalls(let classifierBound, let featureBound):
            // Λ‖X‖_* gives way to ‖X‖_* = √((K−1)Q) ≤ √(K E_W N E_H).
            let square = k * classifierBound * count * featureBound / (k - 1)
            theta = root { sizes.spread(sizes.leads(theta: $0)) > square }
        case .decay:
            let pull = count * nuclearDecay! * (k - 1).squareRoot() / k
            // θ√Q tends to this as all leads vanish.
            guard pull < sizes.spread(Array(repeating: 1 / k, count: copies.count)).squareRoot() else {
                return Optimum(
                    value: sizes.loss(Array(repeating: 0, count: copies.count)),
                    configuration: nil, leads: copies.map { _ in 0 }, classifierSquaredNorm: 0, featuresSquaredNorm: 0)
            }
            theta = root { $0 * sizes.spread(sizes.leads(theta: $0)).squareRoot() < pull }
        }
        guard dimension >= classes - 1 else { return nil }
        let leads = sizes.leads(theta: theta)
        let nuclear = ((k - 1) * sizes.spread(leads)).squareRoot()
        let shown = zip(copies, leads).map { $0 > 0 ? $1 : 0 }
        if case .normBalls(let classifierBound, let featureBound) = regularization {
            return Optimum(
                value: sizes.loss(leads), leads: shown, classifierSquaredNorm: k * classifierBound,
                featuresSquaredNorm: count * featureBound)
        }
        let share = (decays!.features / decays!.classifier).squareRoot()
        return Optimum(
            value: sizes.loss(leads) + nuclearDecay! * nuclear, leads: shown, classifierSquaredNorm: share * nuclear,
            featuresSquaredNorm: nuclear / share)
    }

    /// Where a condition that holds for small positive numbers ceases to hold; by its logarithm, as θ may be tiny.
    private func root(while condition: (Double) -> Bool) -> Double {
        exp(bisect(-700, 700) { condition(exp($0)) })
    }
}

/// How many samples have m labels, and what follows from their leads a_m; index m − 1.
struct LabelSetSizes {
    /// K.
    let classes: Double
    /// N_m/N and N_m.
    private let shares: [Double]
    private let counts: [Double]

    init(classes: Int, copies: [Int]) {
        self.classes = Double(classes)
        counts = copies.enumerated().map {
            Double($0.element * SampleDesign.subsets(of: classes, size: $0.offset + 1))
        }
        let total = counts.reduce(0, +)
        shares = counts.map { $0 / total }
    }

    /// Σ_m (N_m/N) m log(m + (K−m)e^{−a_m}).
    func loss(_ leads: [Double]) -> Double {
        shares.indices.reduce(0) { sum, index in
            let m = Double(index + 1)
            return sum + shares[index] * m * log(m + (classes - m) * exp(-leads[index]))
        }
    }

    /// Q = Σ_m N_m m(1 − m/K) a_m².
    func spread(_ leads: [Double]) -> Double {
        counts.indices.reduce(0) { sum, index in
            let m = Double(index + 1)
            return sum + counts[index] * m * (1 - m / classes) * leads[index] * leads[index]
        }
    }

    /// The a_m at which each wrong class has the probability e^{−a}/(m + (K−m)e^{−a}) = θa.
    func leads(theta: Double) -> [Double] {
        counts.indices.map { index in
            let m = Double(index + 1)
            // The probability is at most 1/K, so a ≤ 1/(Kθ); it falls at least as fast as e^{−a}.
            let high = min(1 / (classes * theta), 800)
            return bisect(0, high) { exp(-$0) / (m + (classes - m) * exp(-$0)) > theta * $0 }
        }
    }
}
