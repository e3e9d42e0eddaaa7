import Learning
import LinearAlgebra
import NeuralCollapse
import UnconstrainedFeatures

/// A point of an unconstrained feature model as matrices, with what its own gradient proves.
struct MeasuredPoint<Scalar: BLASScalar> {
    let objective: UnconstrainedFeatureObjective<Scalar>
    let block: ParameterBlock<Scalar>
    /// f.
    let value: Double
    let gradientNorm: Double
    let relativeGradientNorm: Double
    /// W (K × width); nil where there is no classifier.
    let weights: Matrix?
    /// H as rows (N × d).
    let features: Matrix
    /// ∇g (K × N).
    let lossGradient: Matrix
    /// nil where there is none (`UnconstrainedFeatureModel.lowerBound`).
    let bound: LowerBound?
    /// Without logits, the largest product of two features over their temperature.
    let largestLogit: Double
    /// Whether the gradient is that of the values around the point.
    let hasTrueGradient: Bool

    /// - Parameter function: what was minimised: the objective, but for tests that put mistakes into it.
    init(
        _ objective: UnconstrainedFeatureObjective<Scalar>, _ function: any TwiceDifferentiable<Scalar>,
        at block: ParameterBlock<Scalar>, value: Double, gradient: ParameterBlock<Scalar>
    ) {
        self.objective = objective
        self.block = block
        self.value = value
        gradientNorm = gradient.norm
        relativeGradientNorm = objective.relativeGradientNorm(gradient, at: block, value: value)
        weights = objective.classifierMatrix(at: block)
        features = objective.featureMatrix(at: block)
        largestLogit =
            objective.logits(at: block)?.elements.reduce(0) { max($0, abs($1)) } ?? 1 / objective.model.logitScale
        // Differences say nothing across the kinks of ReLU.
        hasTrueGradient =
            objective.model.hidden?.activation == .relu
            || function.gradientAgreesWithValues(at: block, rounding: largestLogit)
        let loss: Double
        (loss, lossGradient) = objective.outputGradient(at: block)
        bound =
            if let weights {
                objective.model.lowerBound(
                    loss: loss, gradient: lossGradient, weights: weights, features: features,
                    bias: objective.biasVector(at: block))
            } else { nil }
    }

    private var model: UnconstrainedFeatureModel { objective.model }

    /// H̄ᵀ (K × d); nil for samples of several labels.
    var classMeans: Matrix? {
        guard !model.samples.hasLabelSets else { return nil }
        var statistics = ClassStatistics(classes: model.classes, dimension: model.dimension)
        statistics.add(features, labels: objective.labels)
        return statistics.means
    }

    /// How the objective curves down where theory says that it does.
    struct Escape {
        /// The Hessian's Rayleigh quotient along the direction that theory constructs, and what theory says it is.
        let measured: Double
        let predicted: Double
        /// Whether it is below zero, beyond rounding.
        let isDown: Bool
        /// Independent directions of negative curvature that use new dimensions of feature space: each unused dimension
        /// with each singular value of ∇g above Λ. There are no others at a minimum of the model in the dimensions
        /// used.
        let count: Int
    }

    /// nil where the point is certified, or W uses all of feature space.
    var escape: Escape? {
        guard let decays = model.decays, let weights, model.classifier == .learned, model.hidden == nil else {
            return nil
        }
        let nuclearDecay = model.nuclearDecay!
        let certificate = GlobalCertificate(lossGradient: lossGradient, nuclearDecay: nuclearDecay)
        let above = certificate.singularValues.count {
            $0 - nuclearDecay > Double(Scalar.ulpOfOne).squareRoot() * nuclearDecay
        }
        guard above > 0,
            let direction = EscapeDirection(certificate, classifier: weights, decays: decays)
        else { return nil }
        let (along, product) = (
            ParameterBlock<Scalar>(layout: block.layout), ParameterBlock<Scalar>(layout: block.layout)
        )
        along.zero()
        let parts: [(ParameterLayout.Slice?, Matrix)] = [
            (objective.variables.classifier, direction.classifier), (objective.variables.features, direction.features),
        ]
        for case (let slice?, let matrix) in parts {
            for (index, value) in matrix.elements.enumerated() { along.pointer(to: slice)[index] = Scalar(value) }
        }
        objective.multiplyHessian(at: block, by: along, into: product)
        let measured = along.dot(product) / direction.squaredNorm
        let rounding = Double(Scalar.ulpOfOne).squareRoot() * product.norm / direction.squaredNorm.squareRoot()
        return Escape(
            measured: measured, predicted: direction.curvature / direction.squaredNorm, isDown: measured < -rounding,
            count: above * direction.unusedDimensions)
    }
}
