import LinearAlgebra

/// Full-batch steps of a first-order method with a fixed learning rate: gradient descent with heavy-ball momentum
/// (Polyak 1964) or Nesterov's, or Adam.
///
/// On spheres the method's step against the Riemannian gradient is followed by the normalisation, and its velocity is
/// projected to the new tangent space. (Adam's step is not tangent, as it scales each coordinate by itself, but it goes
/// downhill all the same: its inner product with the gradient is that of the unprojected step.)
///
/// Its evaluations cannot throw: a step has moved the point when it evaluates where it arrives.
public final class GradientDescent<Scalar: BLASScalar>: FullBatchSolver {
    public private(set) var objective = Double.nan
    public let gradient: ParameterBlock<Scalar>

    private let evaluate: FullBatchEvaluation<Scalar, Never>
    private let spheres: SphereProduct
    private let optimizer: any Optimizer<Scalar>
    private let learningRate: Double

    /// - Parameters:
    ///   - optimizer: made for the same layout.
    ///   - evaluate: gives the gradient of the surrounding space.
    public init(
        layout: ParameterLayout, spheres: SphereProduct = SphereProduct(), optimizer: any Optimizer<Scalar>,
        learningRate: Double, evaluate: @escaping FullBatchEvaluation<Scalar, Never>
    ) {
        self.evaluate = evaluate
        self.spheres = spheres
        self.optimizer = optimizer
        self.learningRate = learningRate
        gradient = ParameterBlock(layout: layout)
    }

    /// With heavy-ball momentum.
    public convenience init(
        layout: ParameterLayout, learningRate: Double, momentum: Double,
        evaluate: @escaping FullBatchEvaluation<Scalar, Never>
    ) {
        self.init(
            layout: layout, optimizer: SGD(layout: layout, momentum: momentum), learningRate: learningRate,
            evaluate: evaluate)
    }

    public func start(at point: ParameterBlock<Scalar>) {
        spheres.normalize(point)
        measure(point)
    }

    public func step(_ point: ParameterBlock<Scalar>) -> SolverOutcome {
        optimizer.update(point, along: gradient, learningRate: learningRate, clearingGradients: false)
        spheres.normalize(point)
        spheres.project(optimizer.velocity, at: point)
        measure(point)
        return objective.isFinite ? .improved : .diverged
    }

    private func measure(_ point: ParameterBlock<Scalar>) {
        objective = evaluate(point, gradient)
        spheres.project(gradient, at: point)
    }

    public var progress: [String: Double] {
        optimizer.progress.merging(["objective": objective]) { _, objective in objective }
    }

    public var blocks: [StateBlock<Scalar>] { [StateBlock(name: "gradient", block: gradient)] + optimizer.blocks }

    public func resume(from progress: [String: Double], fill: (StateBlock<Scalar>) -> Bool) -> Bool {
        guard let objective = progress["objective"], objective.isFinite,
            fill(StateBlock(name: "gradient", block: gradient)), optimizer.resume(from: progress, fill: fill)
        else {
            self.objective = .nan
            gradient.zero()
            // Back to its start: nothing is found.
            _ = optimizer.resume(from: [:]) { _ in false }
            return false
        }
        self.objective = objective
        return true
    }
}
