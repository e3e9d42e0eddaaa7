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
            model.saddle(rank: rank).flatMap { model.point(of: $0.configuration) }
        case .optimum: model.optimum?.configuration.flatMap(model.point)
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
        // A gradient in b is a mean of differences of numbers up to 1: below this it is rounding, in which steps could
        // go on forever.
        for _ in 0..<1000 where solver.gradient.norm > 16 * .ulpOfOne {
            guard case .improved = solver.step(point) else { break }
        }
        return objective.matrices(at: point)
    }
}
