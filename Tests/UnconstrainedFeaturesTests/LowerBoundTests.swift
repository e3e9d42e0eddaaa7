import Learning
import LinearAlgebra
import RandomNumbers
import Testing

@testable import UnconstrainedFeatures

/// A point's lower bound is below every value of the objective, and meets the least one.
@Suite struct LowerBoundTests {
    typealias Model = UnconstrainedFeatureModel

    static let losses: [Model.Loss] = [
        .classification(.crossEntropy), .classification(.labelSmoothing(0.1)), .classification(.meanSquaredError),
        .classification(.rescaledSquaredError(kappa: 3, target: 2)), .pickAllLabel,
    ]
    static let regularizations: [Model.Regularization] = [
        .decay(classifier: 5e-3, features: 2e-3), .spheres(temperature: 2), .normBalls(classifier: 1.5, features: 0.7),
    ]

    static let models: [Model] = losses.flatMap { loss in
        regularizations.flatMap { regularization in
            [Model.Bias.none, .free, .decayed(0.05)].flatMap { bias in
                [Model.Classifier.learned, .fixedETF(norm: 1)].flatMap { classifier in
                    let designs: [SampleDesign] =
                        loss == .pickAllLabel
                        ? [.labelSets(copiesBySize: [3, 1])] : [.balanced(3), .classSizes([4, 3, 2, 1])]
                    return designs.map {
                        Model(
                            classes: 4, dimension: 5, samples: $0, loss: loss, regularization: regularization,
                            classifier: classifier, bias: bias)
                    }
                }
            }
        }
    }

    private static func bound(_ objective: UnconstrainedFeatureObjective<Double>, at point: ParameterBlock<Double>)
        -> LowerBound?
    {
        let (loss, gradient) = objective.outputGradient(at: point)
        return objective.model.lowerBound(
            loss: loss, gradient: gradient, weights: objective.classifierMatrix(at: point)!,
            features: objective.featureMatrix(at: point), bias: objective.biasVector(at: point))
    }

    /// Where a model is minimised, to a gradient that leaves nothing of the objective.
    private static func minimum(_ objective: UnconstrainedFeatureObjective<Double>, seed: UInt64) -> (
        ParameterBlock<Double>, Double
    ) {
        let point = ParameterBlock<Double>(layout: objective.layout)
        objective.initialize(point, at: .gaussian(scale: 1), seed: seed)
        let solver = TrustRegionNewton<Double>(function: objective) { gradient, point in
            gradient.norm <= 1e-11 * (1 + point.norm)
        }
        solver.start(at: point)
        for _ in 0..<300 {
            guard solver.gradient.norm > 1e-11 * (1 + point.norm) || solver.hasEscape else { break }
            guard case .improved = solver.step(point) else { break }
        }
        return (point, solver.objective)
    }

    @Test(arguments: models.indices) func boundsMeetTheMinimum(index: Int) throws {
        let objective = UnconstrainedFeatureObjective<Double>(Self.models[index])
        let (point, least) = Self.minimum(objective, seed: 1)
        let bound = try #require(Self.bound(objective, at: point))
        #expect(bound.value <= least * (1 + 1e-12), "\(objective.model)")
        // Balanced logistic losses meet it on spheres too, where that is not promised.
        let isTight =
            bound.isAttained
            || (objective.model.classifier == .learned && objective.model.samples == .balanced(3)
                && objective.model.loss.isLogistic)
        // Balls that hold all targets let squared errors vanish.
        if isTight { #expect(bound.value >= least * (1 - 1e-7) - 1e-9, "\(bound.value) \(least) \(objective.model)") }
    }

    /// Under decays and balls, where W and H are free to be anything: a bound from any point is below any value.
    @Test(arguments: models.indices) func boundsHoldFromAnywhere(index: Int) throws {
        let model = Self.models[index]
        let objective = UnconstrainedFeatureObjective<Double>(model)
        let (_, least) = Self.minimum(objective, seed: 1)
        let point = ParameterBlock<Double>(layout: objective.layout)
        for seed in 0..<10 {
            objective.initialize(point, at: .gaussian(scale: [0.1, 1, 5][seed % 3]), seed: UInt64(seed))
            guard let bound = Self.bound(objective, at: point) else {
                // Far from its optimum a free bias leaves no bound.
                #expect(model.bias == .free, "\(model)")
                continue
            }
            #expect(bound.value <= least * (1 + 1e-12), "\(model)")
        }
    }

    @Test func theCertificateIsZeroAtTheOptimum() throws {
        let model = Model(
            classes: 5, dimension: 8, samplesPerClass: 3, loss: .crossEntropy, classifierDecay: 5e-3,
            featureDecay: 2e-3, bias: .free)
        let objective = UnconstrainedFeatureObjective<Double>(model)
        let (point, _) = Self.minimum(objective, seed: 1)
        let certificate = try #require(Self.bound(objective, at: point)?.certificate)
        #expect(abs(certificate) <= 1e-10)
        // At the origin, ‖∇g‖₂ = 1/(K√n).
        point.zero()
        let origin = try #require(Self.bound(objective, at: point)?.certificate)
        #expect(abs(origin - (1 / (5 * 3.0.squareRoot()) - 1e-5.squareRoot())) <= 1e-15)
    }

    @Test func thereIsNoneForFocalLossesAndHiddenLayers() {
        let focal = Model(
            classes: 4, dimension: 5, samplesPerClass: 3, loss: .focal(gamma: 2), classifierDecay: 1e-3,
            featureDecay: 1e-3, bias: .none)
        let deep = Model(
            classes: 4, dimension: 5, samples: .balanced(3), loss: .classification(.crossEntropy),
            regularization: .decay(classifier: 1e-3, features: 1e-3), bias: .none,
            hidden: .init(count: 1, width: 5, activation: .linear))
        for model in [focal, deep] {
            let objective = UnconstrainedFeatureObjective<Double>(model)
            let point = ParameterBlock<Double>(layout: objective.layout)
            objective.initialize(point, at: .gaussian(scale: 1), seed: 0)
            #expect(Self.bound(objective, at: point) == nil)
        }
    }
}

extension UnconstrainedFeatureModel.Loss {
    fileprivate var isLogistic: Bool {
        self == .classification(.crossEntropy) || self == .classification(.labelSmoothing(0.1))
    }
}
