import LinearAlgebra

/// Limited-memory BFGS (Nocedal 1980; Nocedal and Wright, "Numerical Optimization", algorithm 7.4) with a line search
/// for the strong Wolfe conditions.
///
/// On spheres all of it happens in tangent spaces, to which the remembered pairs are carried by projection (Huang,
/// Gallivan and Absil, "A Broyden class of quasi-Newton methods for Riemannian optimization", SIAM J. Optim. 25, 2015,
/// with another transport).
public final class LBFGS<Scalar: BLASScalar, Failure: Error>: FullBatchSolver {
    public private(set) var objective = Double.nan
    public let gradient: ParameterBlock<Scalar>
    /// Without those of a step that threw: it will be made again.
    public var evaluations: Int { search.evaluations }

    private let search: WolfeLineSearch<Scalar, Failure>
    private let direction: ParameterBlock<Scalar>
    private let history: CurvatureHistory<Scalar>

    /// `history` pairs of steps and gradient changes are remembered: in all 2·history + 4 blocks of the layout, on
    /// spheres one more. `evaluate` gives the gradient of the surrounding space.
    public init(
        layout: ParameterLayout, spheres: SphereProduct = SphereProduct(), history: Int = 20,
        evaluate: @escaping FullBatchEvaluation<Scalar, Failure>
    ) {
        self.history = CurvatureHistory(capacity: history, layout: layout)
        search = WolfeLineSearch(layout: layout, spheres: spheres, flatness: 0.9, evaluate: evaluate)
        gradient = ParameterBlock(layout: layout)
        direction = ParameterBlock(layout: layout)
    }

    /// Evaluates the starting point.
    public func start(at point: ParameterBlock<Scalar>) throws(Failure) {
        objective = try search.start(at: point, gradient: gradient)
    }

    /// One iteration: moves `point` to a better one.
    public func step(_ point: ParameterBlock<Scalar>) throws(Failure) -> SolverOutcome {
        guard objective.isFinite, gradient.norm.isFinite else { return .diverged }
        var slope = history.descend(along: direction, from: gradient)
        if !(slope < 0) {
            // Curvature pairs spoilt by rounding: forget them and go downhill.
            history.forget()
            slope = history.descend(along: direction, from: gradient)
            guard slope < 0 else { return .exhausted }
        }
        let first = history.isEmpty ? min(1, 1 / gradient.norm) : 1
        let length = try search.search(
            from: point, objective: objective, along: direction, slope: slope, first: first)
        if let length {
            accept(length, point)
            return .improved
        }
        guard !history.isEmpty else { return .exhausted }
        // Whoever makes an interrupted step again comes to the same end without these pairs: it would have dropped them
        // too.
        history.forget()
        return try step(point)
    }

    /// Takes over where the search arrived, and remembers the pair (step, change of gradient) as it is there.
    private func accept(_ length: Double, _ point: ParameterBlock<Scalar>) {
        let pair = history.nextPair()
        point.copy(from: search.point)
        history.carry(to: point, on: search.spheres)
        search.spheres.project(gradient, at: point)
        pair.set(length, search.velocity(along: direction), from: gradient, to: search.gradient)
        history.remember(pair)
        gradient.copy(from: search.gradient)
        objective = search.objective
    }

    // MARK: State

    public var progress: [String: Double] {
        ["objective": objective, "evaluations": Double(evaluations), "pairs": Double(history.pairs.count)]
    }

    /// The gradient, then the pairs, oldest first.
    public var blocks: [StateBlock<Scalar>] {
        [StateBlock(name: "gradient", block: gradient)]
            + history.pairs.enumerated().flatMap { Self.blocks(ofPair: $0, $1.step, $1.change) }
    }

    private static func blocks(
        ofPair index: Int, _ step: ParameterBlock<Scalar>, _ change: ParameterBlock<Scalar>
    ) -> [StateBlock<Scalar>] {
        [StateBlock(name: "step_\(index)", block: step), StateBlock(name: "change_\(index)", block: change)]
    }

    public func resume(from progress: [String: Double], fill: (StateBlock<Scalar>) -> Bool) -> Bool {
        history.forget()
        guard let stored = progress["objective"], stored.isFinite, let count = progress.count("evaluations"),
            let pairs = progress.count("pairs"), pairs <= history.capacity,
            fill(StateBlock(name: "gradient", block: gradient)),
            (0..<pairs).allSatisfy({ restorePair($0, fill) })
        else {
            (objective, search.evaluations) = (.nan, 0)
            gradient.zero()
            history.forget()
            return false
        }
        (objective, search.evaluations) = (stored, count)
        return true
    }

    private func restorePair(_ index: Int, _ fill: (StateBlock<Scalar>) -> Bool) -> Bool {
        let pair = history.nextPair()
        guard Self.blocks(ofPair: index, pair.step, pair.change).allSatisfy(fill) else { return false }
        history.remember(pair)
        return history.pairs.count == index + 1
    }
}
