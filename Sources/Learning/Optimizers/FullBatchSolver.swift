import LinearAlgebra

/// How one step of a solver ended.
public enum SolverOutcome: Sendable {
    case improved
    /// No step changes the objective any more in this precision.
    case exhausted
    /// Objective or gradient is not finite.
    case diverged
}

/// Minimises a function of a parameter block that is always evaluated in full. Where its variables are bound to spheres
/// the starting point is taken there, later ones stay there, and `gradient` is the Riemannian one.
///
/// `Failure` is what an evaluation may throw, `Never` where it cannot. After a step that threw the point is where it
/// was before, and the same step can be made again, by this solver or one resumed from it, with the same bits.
public protocol FullBatchSolver<Scalar, Failure>: Resumable {
    associatedtype Failure: Error

    /// At the current point.
    var objective: Double { get }
    var gradient: ParameterBlock<Scalar> { get }

    /// A direction of negative curvature is known, and the next step takes it: however small the gradient, the point is
    /// not a minimum. Only a solver that looks for such directions ever says so.
    var hasEscape: Bool { get }

    /// Smallest eigenvalue of the Hessian (on the tangent space) at the current point, if the solver looked for it.
    var smallestEigenvalue: Double? { get }

    /// Evaluates the starting point. Not needed after `resume`.
    func start(at point: ParameterBlock<Scalar>) throws(Failure)

    /// One step: moves `point`, and evaluates where it arrives.
    func step(_ point: ParameterBlock<Scalar>) throws(Failure) -> SolverOutcome
}

extension FullBatchSolver {
    public var hasEscape: Bool { false }
    public var smallestEigenvalue: Double? { nil }
}

/// Value at a point, the gradient written to `gradient`.
public typealias FullBatchEvaluation<Scalar: BLASScalar, Failure: Error> =
    (_ point: ParameterBlock<Scalar>, _ gradient: ParameterBlock<Scalar>) throws(Failure) -> Double
