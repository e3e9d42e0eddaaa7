import LinearAlgebra

/// Nonlinear conjugate gradients with the β of Hager and Zhang ("A new conjugate gradient method with guaranteed
/// descent and an efficient line search", SIAM J. Optim. 16, 2005, equations 1.3 and 1.6) and a line search for the
/// strong Wolfe conditions; on spheres the Riemannian method, with the curve's velocity for the old direction at the
/// new point (Sakai, Sato and Iiduka, "Global convergence of Hager–Zhang type Riemannian conjugate gradient method",
/// Appl. Math. Comput. 441, 2023).
public final class ConjugateGradient<Scalar: BLASScalar, Failure: Error>: FullBatchSolver {
    public private(set) var objective = Double.nan
    public let gradient: ParameterBlock<Scalar>
    /// Without those of a step that threw: it will be made again.
    public var evaluations: Int { search.evaluations }

    private let search: WolfeLineSearch<Scalar, Failure>
    private let direction: ParameterBlock<Scalar>
    /// y, the change of the gradient.
    private let change: ParameterBlock<Scalar>
    /// The direction is that of steepest descent.
    private var isSteepest = true
    /// Of the last step: its length times the slope it started with; 0 before the first.
    private var lastChange = 0.0

    /// `evaluate` gives the gradient of the surrounding space.
    public init(
        layout: ParameterLayout, spheres: SphereProduct = SphereProduct(),
        evaluate: @escaping FullBatchEvaluation<Scalar, Failure>
    ) {
        // Conjugacy wants lengths closer to the minimum along the line than quasi-Newton steps do.
        search = WolfeLineSearch(layout: layout, spheres: spheres, flatness: 0.1, evaluate: evaluate)
        gradient = ParameterBlock(layout: layout)
        direction = ParameterBlock(layout: layout)
        change = ParameterBlock(layout: layout)
    }

    public func start(at point: ParameterBlock<Scalar>) throws(Failure) {
        objective = try search.start(at: point, gradient: gradient)
        lastChange = 0
        descend()
    }

    public func step(_ point: ParameterBlock<Scalar>) throws(Failure) -> SolverOutcome {
        let norm = gradient.norm
        guard objective.isFinite, norm.isFinite else { return .diverged }
        let slope = direction.dot(gradient)
        if slope < 0 {
            // The length at which the objective would change as much, to first order, as with the last step.
            let first = lastChange < 0 ? lastChange / slope : min(1, 1 / norm)
            let length = try search.search(
                from: point, objective: objective, along: direction, slope: slope, first: first)
            if let length {
                lastChange = length * slope
                accept(point)
                return .improved
            }
        }
        guard !isSteepest else { return .exhausted }
        descend()
        return try step(point)
    }

    private func descend() {
        direction.copy(from: gradient)
        direction.scale(by: -1)
        isSteepest = true
    }

    /// Takes over where the search arrived, and turns the direction: d ← −g + βd with
    /// β = ⟨y − 2d‖y‖²/⟨d, y⟩, g⟩/⟨d, y⟩ ≥ −1/(‖d‖ min(0.01, ‖g‖)), all of them as they are at the new point.
    private func accept(_ point: ParameterBlock<Scalar>) {
        direction.copy(from: search.velocity(along: direction))
        point.copy(from: search.point)
        objective = search.objective
        search.spheres.project(gradient, at: point)
        let oldNorm = gradient.norm
        change.copy(from: search.gradient)
        change.add(gradient, scaledBy: -1)
        gradient.copy(from: search.gradient)
        let curvature = direction.dot(change)
        let factor =
            (change.dot(gradient) - 2 * change.dot(change) * (direction.dot(gradient) / curvature)) / curvature
        let bound = -1 / (direction.norm * min(0.01, oldNorm))
        guard curvature > 0, factor.isFinite, bound.isFinite else { return descend() }
        direction.scale(by: max(factor, bound))
        direction.add(gradient, scaledBy: -1)
        isSteepest = false
    }

    public var progress: [String: Double] {
        [
            "objective": objective, "evaluations": Double(evaluations), "last_change": lastChange,
            "is_steepest": isSteepest ? 1 : 0,
        ]
    }

    public var blocks: [StateBlock<Scalar>] {
        [StateBlock(name: "gradient", block: gradient), StateBlock(name: "direction", block: direction)]
    }

    public func resume(from progress: [String: Double], fill: (StateBlock<Scalar>) -> Bool) -> Bool {
        guard let objective = progress["objective"], objective.isFinite, let count = progress.count("evaluations"),
            let lastChange = progress["last_change"], lastChange <= 0, let isSteepest = progress["is_steepest"],
            blocks.allSatisfy(fill)
        else {
            (self.objective, search.evaluations) = (.nan, 0)
            (self.lastChange, self.isSteepest) = (0, true)
            for state in blocks { state.block.zero() }
            return false
        }
        (self.objective, search.evaluations) = (objective, count)
        (self.lastChange, self.isSteepest) = (lastChange, isSteepest == 1)
        return true
    }
}
