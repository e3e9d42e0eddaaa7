import Learning
import LinearAlgebra

#if canImport(Glibc)
    import Glibc
#endif

/// The global minimum of an unconstrained feature model. Derived case by case in docs/THEORY.md.
public struct Optimum: Sendable {
    /// f*.
    public let value: Double
    /// Where it is attained; nil where the theory gives the value alone.
    public let configuration: ClassConfiguration?
    /// Every minimiser is `configuration` turned by a rotation (and, for a free bias that a loss does not see,
    /// shifted): Gram matrices can be compared with it. Otherwise it is one of several.
    public let isUnique: Bool
    /// a: how far the logit of a right class is above that of a wrong one, where this is one number; by the number of
    /// labels m = 1, 2, … for sets of labels (zero for a size that does not occur). Empty elsewhere.
    public let leads: [Double]
    /// ‖W‖² and ‖H‖²; nil where unknown.
    public let classifierSquaredNorm: Double?
    public let featuresSquaredNorm: Double?

    init(
        value: Double, configuration: ClassConfiguration? = nil, isUnique: Bool = true, leads: [Double] = [],
        classifierSquaredNorm: Double? = nil, featuresSquaredNorm: Double? = nil
    ) {
        self.value = value
        self.configuration = configuration
        self.isUnique = isUnique
        self.leads = leads
        self.classifierSquaredNorm = classifierSquaredNorm
        self.featuresSquaredNorm = featuresSquaredNorm
    }

    /// With the norms of the configuration, whose classes have these sizes.
    init(
        value: Double, configuration: ClassConfiguration, sizes: [Int], isUnique: Bool = true, leads: [Double] = []
    ) {
        self.init(
            value: value, configuration: configuration, isUnique: isUnique, leads: leads,
            classifierSquaredNorm: configuration.classifierSquaredNorm,
            featuresSquaredNorm: configuration.featuresSquaredNorm(sizes: sizes))
    }

    /// The one lead, where there is one.
    public var lead: Double? { leads.count == 1 ? leads[0] : nil }
}

extension UnconstrainedFeatureModel {
    /// The least value of the objective and where it is attained, where theory knows it; nil elsewhere
    /// (docs/THEORY.md, "Where `optimum` is empty").
    ///
    /// A closed form or a program in one variable, and so quick; for unequal classes a convex program of K² numbers,
    /// which takes as long as minimising the model itself: ask once.
    public var optimum: Optimum? {
        if let hidden { return hidden.activation == .linear ? deepOptimum : nil }
        switch loss {
        case .supervisedContrastive: return contrastiveOptimum
        case .pickAllLabel: return labelSetOptimum
        case .classification(let loss):
            if case .fixedETF(let norm) = classifier { return fixedClassifierOptimum(loss, norm: norm) }
            switch regularization {
            case .spheres(let temperature): return sphereOptimum(loss, temperature: temperature)
            case .normBalls: return normBallOptimum(loss)
            case .decay: return decayOptimum(loss)
            }
        }
    }

    private func decayOptimum(_ loss: ClassificationLoss) -> Optimum? {
        switch loss {
        case .crossEntropy, .labelSmoothing, .focal:
            samples.samplesPerClass == nil
                ? unequalClassesOptimum(loss) : LeadLoss(loss, classes).flatMap(logisticOptimum)
        case .meanSquaredError:
            squaredErrorOptimum
        case .rescaledSquaredError(let kappa, let target):
            samples.samplesPerClass == nil
                ? unequalClassesOptimum(loss) : rescaledSquaredErrorOptimum(kappa: kappa, target: target)
        }
    }

    /// λ_b of the model; infinite where there is no bias: the bias is held at zero.
    var biasStiffness: Double { bias == .none ? .infinity : biasDecay }

    /// n_k.
    var classSizes: [Int] { samples.classSizes(classes: classes)! }

    /// The same bias for all classes; nil for a model without.
    func uniformBias(_ value: Double = 0) -> [Double]? {
        bias == .none ? nil : Array(repeating: value, count: classes)
    }
}
