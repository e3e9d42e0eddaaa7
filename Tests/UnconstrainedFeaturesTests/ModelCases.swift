import Learning

@testable import UnconstrainedFeatures

/// Every kind of model that can be described, at sizes at which the naive twin is quick: all losses, biases,
/// regularisations, classifiers, depths and designs, in all combinations that are allowed.
enum ModelCases {
    static let losses: [UnconstrainedFeatureModel.Loss] = [
        .classification(.crossEntropy), .classification(.labelSmoothing(0.1)), .classification(.focal(gamma: 2)),
        .classification(.focal(gamma: 0.5)), .classification(.meanSquaredError),
        .classification(.rescaledSquaredError(kappa: 1.5, target: 2)), .pickAllLabel,
    ]

    static let regularizations: [UnconstrainedFeatureModel.Regularization] = [
        .decay(classifier: 0.03, features: 0.02), .spheres(temperature: 2.5),
        .normBalls(classifier: 1.5, features: 0.8),
    ]

    static let hidden: [UnconstrainedFeatureModel.HiddenLayers?] = [
        nil, .init(count: 1, width: 4, activation: .linear), .init(count: 2, width: 4, activation: .linear),
        .init(count: 3, width: 5, activation: .relu),
    ]

    static let biases: [UnconstrainedFeatureModel.Bias] = [.none, .free, .decayed(0.05)]

    /// All models of one loss.
    static func models(_ loss: UnconstrainedFeatureModel.Loss) -> [UnconstrainedFeatureModel] {
        let designs: [SampleDesign] =
            loss == .pickAllLabel ? [.labelSets(copiesBySize: [2, 1])] : [.balanced(2), .classSizes([3, 1, 2])]
        var models: [UnconstrainedFeatureModel] = []
        for design in designs {
            for regularization in regularizations {
                for classifier in [UnconstrainedFeatureModel.Classifier.learned, .fixedETF(norm: 1.3)] {
                    for bias in biases {
                        for layers in hidden where layers == nil || regularization.isDecay {
                            models.append(
                                UnconstrainedFeatureModel(
                                    classes: 3, dimension: 3, samples: design, loss: loss,
                                    regularization: regularization, classifier: classifier, bias: bias, hidden: layers))
                        }
                    }
                }
            }
        }
        return models
    }

    static let contrastive = [SampleDesign.balanced(2), .balanced(3), .classSizes([3, 2, 4])].map {
        UnconstrainedFeatureModel(
            classes: 3, dimension: 3, samples: $0, loss: .supervisedContrastive,
            regularization: .spheres(temperature: 0.7), bias: .none)
    }

    static let all = losses.flatMap(models) + contrastive
}
