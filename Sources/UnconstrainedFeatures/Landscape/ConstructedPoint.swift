import Learning
import LinearAlgebra

/// A critical point that is made rather than found.
public enum ConstructedPoint: Sendable, Equatable {
    /// All matrices zero, the bias at its best.
    case origin
    /// Of `UnconstrainedFeatureModel.saddle(rank:)`.
    case saddle(rank: Int)
    /// Where theory says that the least value is.
    case optimum

    /// nil where none is known.
    public func matrices(of model: UnconstrainedFeatureModel) -> UnconstrainedFeaturePoint? {
        switch self {
        case .origin: Self.origin(of: model)
        case .saddle(let rank):
            model.saddle(rank: rank).flatMap { UnconstrainedFeaturePoint($0.configuration, in: model) }
        case .optimum: model.optimum?.configuration.flatMap { UnconstrainedFeaturePoint($0, in: model) }
        }
    }

    /// From zero L-BFGS moves the bias alone: matrices have no gradient there.
    private static func origin(of model: UnconstrainedFeatureModel) -> UnconstrainedFeaturePoint? {
        let start = UnconstrainedFeatureStart.origin(noise: 0)
        guard model.classifier == .learned, start.fits(model) else { return nil }
        let objective = UnconstrainedFeatureObjective<Double>(model)
        let point = ParameterBlock<Double>(layout: objective.layout)
        objective.initialize(point, at: start, seed: 0)
        let solver = LBFGS<Double, Never>(
            layout: objective.layout, spheres: objective.spheres, evaluate: objective.fullBatchEvaluation)
        solver.start(at: point)
        while solver.gradient.norm > 0, case .improved = solver.step(point) {}
        return objective.matrices(at: point)
    }
}

extension UnconstrainedFeaturePoint {
    /// All samples of a class at one feature, in the first dimensions of the model; nil where these are too few, or
    /// samples have several labels.
    init?(_ configuration: ClassConfiguration, in model: UnconstrainedFeatureModel) {
        let (rank, width) = (configuration.dimension, model.classifierWidth)
        guard let sizes = model.samples.classSizes(classes: model.classes), rank <= width,
            let (_, features) = configuration.embedded(dimension: model.dimension, sizes: sizes)
        else { return nil }
        let isLearned = model.hasClassifier && model.classifier == .learned
        self.init(
            classifier: isLearned
                ? Matrix(rows: model.classes, columns: width) { $1 < rank ? configuration.classifier[$0, $1] : 0 }
                : nil,
            hidden: (0..<(model.hidden?.count ?? 0)).map { layer in
                Matrix(rows: width, columns: layer == 0 ? model.dimension : width) {
                    $0 == $1 && $0 < rank ? configuration.hiddenGains[$0] : 0
                }
            }, features: features, bias: model.bias == .none ? nil : configuration.bias)
    }
}
