import Learning
import LinearAlgebra
import Testing

@testable import UnconstrainedFeatures

/// Points that are made are critical, and what makes them ends.
@Suite struct ConstructedPointTests {
    typealias Model = UnconstrainedFeatureModel

    private static let decay = Model.Regularization.decay(classifier: 5e-3, features: 1e-3)

    private static func model(
        _ loss: Model.Loss = .classification(.crossEntropy), _ samples: SampleDesign = .balanced(5), classes: Int = 6,
        regularization: Model.Regularization = decay, bias: Model.Bias = .free, hidden: Model.HiddenLayers? = nil
    ) -> Model {
        Model(
            classes: classes, dimension: 8, samples: samples, loss: loss, regularization: regularization, bias: bias,
            hidden: hidden)
    }

    /// ‖∇f‖ on the spheres, and f.
    private static func gradient(of model: Model, at point: UnconstrainedFeaturePoint) -> (norm: Double, value: Double)
    {
        let objective = UnconstrainedFeatureObjective<Double>(model)
        let block = ParameterBlock<Double>(layout: objective.layout)
        objective.initialize(block, at: .point(point), seed: 0)
        let gradient = ParameterBlock<Double>(layout: objective.layout)
        let multipliers = ParameterBlock<Double>(layout: objective.spheres.multiplierLayout)
        let value = objective.evaluateOnSpheres(at: block, gradient: gradient, multipliers: multipliers)
        return (gradient.norm, value)
    }

    static let originModels: [Model] = [
        model(), model(.classification(.meanSquaredError)),
        model(.classification(.meanSquaredError), bias: .decayed(0.1)),
        model(.classification(.focal(gamma: 2))),
        model(.classification(.labelSmoothing(0.1)), .classSizes([9, 5, 4, 3, 2, 1])),
        model(.pickAllLabel, .labelSets(copiesBySize: [3, 1])),
        model(regularization: .normBalls(classifier: 2, features: 3)),
        model(bias: .decayed(0.01), hidden: .init(count: 2, width: 7, activation: .relu)), model(bias: .none),
    ]

    @Test(arguments: originModels.indices) func originsAreCritical(index: Int) throws {
        let model = Self.originModels[index]
        let point = try #require(ConstructedPoint.origin.matrices(of: model))
        #expect(point.features.frobeniusNorm == 0 && point.classifier?.frobeniusNorm == 0)
        #expect(Self.gradient(of: model, at: point).norm <= 1e-13, "\(model)")
    }

    @Test(arguments: 2...12) func originsOfAnySizeEnd(classes: Int) {
        for n in 1...7 {
            let point = ConstructedPoint.origin.matrices(
                of: Self.model(.classification(.crossEntropy), .balanced(n), classes: classes))
            #expect(point?.bias?.allSatisfy { abs($0) <= 1e-13 } == true)
        }
    }

    @Test func spheresAndFixedFramesHaveNone() {
        let spheres = Self.model(regularization: .spheres(temperature: 1))
        let fixed = Model(
            classes: 4, dimension: 8, samples: .balanced(2), loss: .classification(.crossEntropy),
            regularization: Self.decay, classifier: .fixedETF(norm: 1), bias: .none)
        #expect(
            ConstructedPoint.origin.matrices(of: spheres) == nil && ConstructedPoint.origin.matrices(of: fixed) == nil)
    }

    @Test(arguments: 0...4) func saddlesAreCritical(rank: Int) throws {
        for loss in [ClassificationLoss.crossEntropy, .meanSquaredError, .labelSmoothing(0.1)] {
            let model = Self.model(.classification(loss))
            let point = try #require(ConstructedPoint.saddle(rank: rank).matrices(of: model))
            #expect(Self.gradient(of: model, at: point).norm <= 1e-10, "\(loss) \(rank)")
        }
    }

    @Test func optimaAreWhereTheirValueIs() throws {
        let deep = Self.model(
            .classification(.meanSquaredError), bias: .none, hidden: .init(count: 2, width: 7, activation: .linear))
        let models = [
            Self.model(), Self.model(.classification(.meanSquaredError), bias: .none), deep,
            Self.model(regularization: .spheres(temperature: 3), bias: .none),
            Self.model(regularization: .normBalls(classifier: 2, features: 3), bias: .none),
        ]
        for model in models {
            let point = try #require(ConstructedPoint.optimum.matrices(of: model), "\(model)")
            let (norm, value) = Self.gradient(of: model, at: point)
            // The slack of a norm ball is a root of rounding there.
            let optimum = try #require(model.optimum?.value)
            #expect(norm <= 1e-8 && abs(value - optimum) <= 1e-12 * optimum, "\(norm) \(value) \(optimum) \(model)")
        }
    }
}
