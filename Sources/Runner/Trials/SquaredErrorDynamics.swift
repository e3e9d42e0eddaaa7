import Learning
import NeuralCollapse
import UnconstrainedFeatures

/// What is measured of squared error on its way to collapse (docs/THEORY.md, "Dynamics"): the three parts of the loss,
/// and where the features are on the central path.
enum SquaredErrorDynamics {
    static let metrics = [
        "loss_nc1", "loss_nc2_nc3", "loss_off_path", "central_path_smallest", "central_path_largest",
        "central_path_invariant",
    ]
}

extension UnconstrainedFeatureObjective {
    /// None for other losses, hidden layers and classifiers that do not decay.
    func dynamics(at point: ParameterBlock<Scalar>) -> [(metric: String, value: Double)] {
        guard model.loss == .classification(.meanSquaredError), model.hidden == nil, model.classifier == .learned,
            let decays = model.decays, let weights = classifierMatrix(at: point)
        else { return [] }
        var statistics = ClassStatistics(classes: model.classes, dimension: model.dimension)
        statistics.add(featureMatrix(at: point), labels: labels)
        var values: [Double] = []
        if let parts = SquaredErrorDecomposition(
            of: statistics, classifier: LinearClassifier(weights: weights, bias: biasVector(at: point)),
            classifierDecay: decays.classifier, biasDecay: model.biasDecay)
        {
            values = [parts.variability, parts.classMeans, parts.distance]
        } else {
            return []
        }
        // Once features within classes agree, there is no path to be on.
        if let path = CentralPath(of: statistics), let largest = path.singularValues.first,
            let smallest = path.singularValues.last
        {
            values += [smallest, largest, path.invariants.reduce(0, +) / Double(path.invariants.count)]
        }
        return zip(SquaredErrorDynamics.metrics, values).filter { $0.1.isFinite }.map { ($0.0, $0.1) }
    }
}
