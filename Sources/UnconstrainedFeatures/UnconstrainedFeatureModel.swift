import Learning

/// What an unconstrained feature model is: sizes, loss, decays.
///
/// f(W, H, b) = (1/N) Σ ℓ(W hᵢ + b, yᵢ) + λ_W/2 ‖W‖² + λ_H/2 ‖H‖² + λ_b/2 ‖b‖² over W (K × d), H (d × N), b (K), with
/// N = K·n balanced samples (Mixon, Parshall and Pi 2020; Zhu et al. 2021, equation 4).
public struct UnconstrainedFeatureModel: Sendable, Equatable {
    public enum Bias: Sendable, Equatable {
        case none
        /// λ_b = 0.
        case free
        /// λ_b > 0.
        case decayed(Double)
    }

    /// K.
    public let classes: Int
    /// d.
    public let dimension: Int
    /// n.
    public let samplesPerClass: Int
    public let loss: ClassificationLoss
    /// λ_W.
    public let classifierDecay: Double
    /// λ_H.
    public let featureDecay: Double
    public let bias: Bias

    public init(
        classes: Int, dimension: Int, samplesPerClass: Int, loss: ClassificationLoss, classifierDecay: Double,
        featureDecay: Double, bias: Bias
    ) {
        precondition(classes >= 2 && dimension >= 1 && samplesPerClass >= 1, "sizes of an unconstrained feature model")
        precondition(classifierDecay > 0 && featureDecay > 0, "decays of an unconstrained feature model")
        self.classes = classes
        self.dimension = dimension
        self.samplesPerClass = samplesPerClass
        self.loss = loss
        self.classifierDecay = classifierDecay
        self.featureDecay = featureDecay
        self.bias = bias
    }

    /// N.
    public var samples: Int { classes * samplesPerClass }

    /// λ_b; zero where the bias is free or absent.
    public var biasDecay: Double {
        if case .decayed(let decay) = bias { decay } else { 0 }
    }

    /// Λ = √(λ_W λ_H): the weight of the nuclear norm ‖WH‖_* that the two decays amount to.
    public var nuclearDecay: Double { (classifierDecay * featureDecay).squareRoot() }

    /// c = K √n Λ: the model collapses to zero where c ≥ 1.
    public var collapseRatio: Double { Double(classes) * Double(samplesPerClass).squareRoot() * nuclearDecay }
}
