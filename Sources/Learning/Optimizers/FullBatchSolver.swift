import LinearAlgebra

/// How one step of a solver ended.
public enum SolverOutcome: Sendable {
    case improved
    /// No step changes the objective any more in this precision.
    case exhausted
    /// Objective or gradient is not finite.
    case diverged
}

/// Minimises a function of a parameter block that is always evaluated in full.
public protocol FullBatchSolver<Scalar>: AnyObject {
    associatedtype Scalar: BLASScalar

    /// At the current point.
    var objective: Double { get }
    var gradient: ParameterBlock<Scalar> { get }

    /// Evaluates the starting point.
    func start(at point: ParameterBlock<Scalar>)

    /// One step: moves `point`, and evaluates where it arrives.
    func step(_ point: ParameterBlock<Scalar>) -> SolverOutcome
}

/// Value at a point, the gradient written to `gradient`.
public typealias FullBatchEvaluation<Scalar: BLASScalar> =
    (_ point: ParameterBlock<Scalar>, _ gradient: ParameterBlock<Scalar>) -> Double

/// Gradient descent with heavy-ball momentum (Polyak 1964) and a fixed learning rate.
public final class GradientDescent<Scalar: BLASScalar>: FullBatchSolver {
    public private(set) var objective = Double.nan
    public let gradient: ParameterBlock<Scalar>

    private let evaluate: FullBatchEvaluation<Scalar>
    private let optimizer: SGD<Scalar>
    private let learningRate: Double

    public init(
        layout: ParameterLayout, learningRate: Double, momentum: Double,
        evaluate: @escaping FullBatchEvaluation<Scalar>
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
}
