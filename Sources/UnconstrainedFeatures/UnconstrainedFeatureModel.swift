import Learning

/// What an unconstrained feature model is: classes, dimensions, loss, and what keeps its variables finite.
///
/// f(W, H, b) = (1/N) Σ ℓ(W hᵢ + b, yᵢ) + λ_W/2 ‖W‖² + λ_H/2 ‖H‖² + λ_b/2 ‖b‖² over W (K × d), H (d × N), b (K)
/// (Mixon, Parshall and Pi 2020; Zhu et al. 2021, equation 4), and its relatives: hidden layers between H and W, norms
/// bounded in place of decays, a classifier that is not trained, samples of several labels.
public struct UnconstrainedFeatureModel: Sendable, Equatable {
    /// K.
    public let classes: Int
    /// d.
    public let dimension: Int
    public let samples: SampleDesign
    public let loss: Loss
    public let regularization: Regularization
    public let classifier: Classifier
    public let bias: Bias
    /// nil for depth 1: features are what the classifier sees.
    public let hidden: HiddenLayers?

    public init(
        classes: Int, dimension: Int, samples: SampleDesign, loss: Loss, regularization: Regularization,
        classifier: Classifier = .learned, bias: Bias, hidden: HiddenLayers? = nil
    ) {
        precondition(classes >= 2 && dimension >= 1, "sizes of an unconstrained feature model")
        precondition(samples.fits(classes: classes), "samples of an unconstrained feature model")
        precondition(regularization.isPositive, "regularisation of an unconstrained feature model")
        precondition(
            (loss == .pickAllLabel) == samples.hasLabelSets, "sets of labels belong to the pick-all-label loss")
        precondition(hidden == nil || regularization.isDecay, "hidden layers of an unconstrained feature model decay")
        precondition(
            classifier == .learned || (hidden?.width ?? dimension) >= classes - 1,
            "a fixed simplex frame needs as many dimensions as classes, less one")
        if loss == .supervisedContrastive {
            precondition(
                regularization.isSpheres && classifier == .learned && bias == .none && hidden == nil,
                "the supervised contrastive loss is of features on spheres alone")
            precondition(
                samples.classSizes(classes: classes)!.allSatisfy { $0 >= 2 },
                "the supervised contrastive loss needs two samples of each class")
        }
        self.classes = classes
        self.dimension = dimension
        self.samples = samples
        self.loss = loss
        self.regularization = regularization
        self.classifier = classifier
        self.bias = bias
        self.hidden = hidden
    }

    /// N.
    public var sampleCount: Int { samples.count(classes: classes) }

    /// M, the number of weight matrices, the classifier's included.
    public var depth: Int { 1 + (hidden?.count ?? 0) }

    /// Whether there are logits: all but the supervised contrastive loss are of a classifier's output.
    public var hasClassifier: Bool { loss != .supervisedContrastive }

    /// Columns of W: the dimension of what the classifier sees.
    public var classifierWidth: Int { hidden?.width ?? dimension }

    /// What multiplies W h: τ on spheres, 1 elsewhere.
    public var logitScale: Double {
        if case .spheres(let temperature) = regularization { temperature } else { 1 }
    }
}

extension UnconstrainedFeatureModel {
    public enum Loss: Sendable, Equatable {
        /// Of the logits W h + b.
        case classification(ClassificationLoss)
        /// Sum of the cross-entropies of all labels of a sample (Li et al. 2023).
        case pickAllLabel
        /// −(1/(n_y−1)) Σ_{j: y_j = y_i, j ≠ i} log(e^{h_i·h_j/τ} / Σ_{l≠i} e^{h_i·h_l/τ}), averaged over i (Khosla et
        /// al. 2020, L_out): of the features alone, unit vectors; there is no classifier.
        case supervisedContrastive
    }

    /// What keeps the variables finite.
    public enum Regularization: Sendable, Equatable {
        /// λ_W, of the classifier and of each hidden layer, and λ_H, both with the factor ½.
        case decay(classifier: Double, features: Double)
        /// ‖h_i‖ = ‖w_k‖ = 1 and logits τ·W h; for the supervised contrastive loss the features alone, and τ divides.
        case spheres(temperature: Double)
        /// (1/K) Σ_k ‖w_k‖² ≤ E_W and (1/K) Σ_k (1/n_k) Σ_i ‖h_{k,i}‖² ≤ E_H: the layer-peeled model (Fang et al.
        /// 2021). With sets of labels the second is of the mean over all samples.
        case normBalls(classifier: Double, features: Double)

        var isDecay: Bool { if case .decay = self { true } else { false } }
        var isSpheres: Bool { if case .spheres = self { true } else { false } }

        var isPositive: Bool {
            switch self {
            case .decay(let w, let h), .normBalls(let w, let h): w > 0 && h > 0
            case .spheres(let temperature): temperature > 0
            }
        }
    }

    public enum Classifier: Sendable, Equatable {
        case learned
        /// The rows of a simplex frame, each of this norm (Yang et al. 2022); not trained, not decayed.
        case fixedETF(norm: Double)
    }

    public enum Bias: Sendable, Equatable {
        case none
        /// λ_b = 0.
        case free
        /// λ_b > 0.
        case decayed(Double)
    }

    /// M − 1 layers between H (d × N) and W, under decays alone: z = W σ(W_{M−1} … σ(W_1 h)) + b, each decayed by λ_W.
    /// W_1 is (width × d), the others (width × width), W (K × width); without biases.
    public struct HiddenLayers: Sendable, Equatable {
        public enum Activation: Sendable, Equatable { case linear, relu }

        /// M − 1, at least 1.
        public let count: Int
        public let width: Int
        public let activation: Activation

        public init(count: Int, width: Int, activation: Activation) {
            precondition(count >= 1 && width >= 1, "hidden layers of an unconstrained feature model")
            self.count = count
            self.width = width
            self.activation = activation
        }
    }
}

extension UnconstrainedFeatureModel.Loss {
    /// Whether it is a convex function of the logits: what certificates and lower bounds rest on.
    var isConvex: Bool {
        switch self {
        case .classification(let loss): loss.isConvex
        case .pickAllLabel: true
        case .supervisedContrastive: false
        }
    }

    /// Whether some finite logits have none.
    public var attainsZero: Bool {
        switch self {
        case .classification(let loss): loss.attainsZero
        case .pickAllLabel, .supervisedContrastive: false
        }
    }

    /// Whether one number added to all logits of a sample changes nothing.
    var isShiftInvariant: Bool {
        switch self {
        case .classification(let loss): loss.isShiftInvariant
        case .pickAllLabel: true
        case .supervisedContrastive: false
        }
    }
}

extension UnconstrainedFeatureModel {
    /// The same number of samples in each class, under decays: what the closed forms of docs/THEORY.md start from.
    public init(
        classes: Int, dimension: Int, samplesPerClass: Int, loss: ClassificationLoss, classifierDecay: Double,
        featureDecay: Double, bias: Bias
    ) {
        self.init(
            classes: classes, dimension: dimension, samples: .balanced(samplesPerClass),
            loss: .classification(loss), regularization: .decay(classifier: classifierDecay, features: featureDecay),
            bias: bias)
    }

    /// λ_b; zero where the bias is free or absent.
    public var biasDecay: Double {
        if case .decayed(let decay) = bias { decay } else { 0 }
    }

    /// λ_W and λ_H; nil where there are no decays. λ_W means nothing for a fixed classifier of depth 1.
    public var decays: (classifier: Double, features: Double)? {
        if case .decay(let classifier, let features) = regularization { (classifier, features) } else { nil }
    }

    /// Λ = √(λ_W λ_H): the weight of the nuclear norm ‖WH‖_* that the two decays amount to; nil without decays.
    public var nuclearDecay: Double? { decays.map { ($0.classifier * $0.features).squareRoot() } }

    /// c = K √n Λ: the balanced model of depth 1 collapses to zero where c ≥ 1; nil without decays or for unequal
    /// classes.
    public var collapseRatio: Double? {
        guard let nuclearDecay, let n = samples.samplesPerClass else { return nil }
        return Double(classes) * Double(n).squareRoot() * nuclearDecay
    }
}
