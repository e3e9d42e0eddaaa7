import LinearAlgebra

/// Gradient descent with heavy-ball momentum (Polyak 1964) and a fixed learning rate.
///
/// Its evaluations cannot throw: a step has moved the point when it evaluates where it arrives.
public final class GradientDescent<Scalar: BLASScalar>: FullBatchSolver {
    public private(set) var objective = Double.nan
    public let gradient: ParameterBlock<Scalar>

    private let evaluate: FullBatchEvaluation<Scalar, Never>
    private let optimizer: SGD<Scalar>
    private let learningRate: Double

    public init(
        layout: ParameterLayout, learningRate: Double, momentum: Double,
        evaluate: @escaping FullBatchEvaluation<Scalar, Never>
    ) {
        self.evaluate = evaluate
        self.learningRate = learningRate
        gradient = ParameterBlock(layout: layout)
        optimizer = SGD(layout: layout, momentum: momentum)
    }

    public func start(at point: ParameterBlock<Scalar>) { objective = evaluate(point, gradient) }

    public func step(_ point: ParameterBlock<Scalar>) -> SolverOutcome {
        optimizer.update(point, along: gradient, learningRate: learningRate)
        objective = evaluate(point, gradient)
        return objective.isFinite ? .improved : .diverged
    }

    public var progress: [String: Double] { ["objective": objective] }

    public var blocks: [StateBlock<Scalar>] { [StateBlock(name: "gradient", block: gradient)] + optimizer.blocks }

    public func resume(from progress: [String: Double], fill: (StateBlock<Scalar>) -> Bool) -> Bool {
        guard let objective = progress["objective"], objective.isFinite, blocks.allSatisfy(fill) else {
            self.objective = .nan
            for state in blocks { state.block.zero() }
            return false
        }
        self.objective = objective
        return true
    }
}
