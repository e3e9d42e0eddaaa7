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
    private let history: Int
    private let direction: ParameterBlock<Scalar>
    private var differences: [CurvaturePair<Scalar>] = []
    /// Dropped pairs, used again: nothing is allocated once the history is full.
    private var spare: [CurvaturePair<Scalar>] = []
    private var projections: [Double]

    /// `history` pairs of steps and gradient changes are remembered: in all 2·history + 4 blocks of the layout, on spheres
    /// one more. `evaluate` gives the gradient of the surrounding space.
    public init(
        layout: ParameterLayout, spheres: SphereProduct = SphereProduct(), history: Int = 20,
        evaluate: @escaping FullBatchEvaluation<Scalar, Failure>
    ) {
        precondition(history > 0, "L-BFGS without history")
        self.history = history
        search = WolfeLineSearch(layout: layout, spheres: spheres, flatness: 0.9, evaluate: evaluate)
        gradient = ParameterBlock(layout: layout)
        direction = ParameterBlock(layout: layout)
        projections = Array(repeating: 0, count: history)
    }

    /// Evaluates the starting point.
    public func start(at point: ParameterBlock<Scalar>) throws(Failure) {
        objective = try search.start(at: point, gradient: gradient)
    }

    /// One iteration: moves `point` to a better one.
    public func step(_ point: ParameterBlock<Scalar>) throws(Failure) -> SolverOutcome {
        guard objective.isFinite, gradient.norm.isFinite else { return .diverged }
        computeDirection()
        var slope = direction.dot(gradient)
        if !(slope < 0) {
            // Curvature pairs spoilt by rounding: forget them and go downhill.
            forget()
            computeDirection()
            slope = direction.dot(gradient)
            guard slope < 0 else { return .exhausted }
        }
        let first = differences.isEmpty ? min(1, 1 / gradient.norm) : 1
        let length = try search.search(
            from: point, objective: objective, along: direction, slope: slope, first: first)
        if let length {
            accept(length, point)
            return .improved
        }
        guard !differences.isEmpty else { return .exhausted }
        forget()
        return try step(point)
    }

    /// Drops all pairs. Whoever makes an interrupted step again comes to the same end without them: it would have
    /// dropped them too.
    private func forget() {
        spare += differences
        differences.removeAll()
    }

    /// direction ← −H·gradient by the two-loop recursion.
    private func computeDirection() {
        direction.copy(from: gradient)
        for index in differences.indices.reversed() {
            let pair = differences[index]
            let projection = pair.step.dot(direction) / pair.curvature
            projections[index] = projection
            direction.add(pair.change, scaledBy: -projection)
        }
        if let last = differences.last { direction.scale(by: last.curvature / last.change.dot(last.change)) }
        for index in differences.indices {
            let pair = differences[index]
            let projection = pair.change.dot(direction) / pair.curvature
            direction.add(pair.step, scaledBy: projections[index] - projection)
        }
        direction.scale(by: -1)
    }

    /// Takes over where the search arrived, and remembers the pair (step, change of gradient) as it is there.
    private func accept(_ length: Double, _ point: ParameterBlock<Scalar>) {
        let pair = differences.count == history ? differences.removeFirst() : emptyPair()
        point.copy(from: search.point)
        carryPairs(to: point)
        pair.step.copy(from: search.velocity(along: direction))
        pair.step.scale(by: length)
        search.spheres.project(gradient, at: point)
        pair.change.copy(from: search.gradient)
        pair.change.add(gradient, scaledBy: -1)
        remember(pair)
        gradient.copy(from: search.gradient)
        objective = search.objective
    }

    /// Projects the pairs to the tangent space of the point, and drops those that lose their curvature.
    private func carryPairs(to point: ParameterBlock<Scalar>) {
        guard !search.spheres.isEmpty else { return }
        let pairs = differences
        differences.removeAll(keepingCapacity: true)
        for pair in pairs {
            search.spheres.project(pair.step, at: point)
            search.spheres.project(pair.change, at: point)
            remember(pair)
        }
    }

    /// Where its curvature is positive.
    private func remember(_ pair: CurvaturePair<Scalar>) {
        pair.curvature = pair.step.dot(pair.change)
        if pair.curvature > 1e-12 * pair.step.norm * pair.change.norm {
            differences.append(pair)
        } else {
            spare.append(pair)
        }
    }

    // MARK: State

    public var progress: [String: Double] {
        ["objective": objective, "evaluations": Double(evaluations), "pairs": Double(differences.count)]
    }

    /// The gradient, then the pairs, oldest first.
    public var blocks: [StateBlock<Scalar>] {
        [StateBlock(name: "gradient", block: gradient)]
            + differences.enumerated().flatMap { Self.blocks(ofPair: $0, $1.step, $1.change) }
    }

    private static func blocks(
        ofPair index: Int, _ step: ParameterBlock<Scalar>, _ change: ParameterBlock<Scalar>
    ) -> [StateBlock<Scalar>] {
        [StateBlock(name: "step_\(index)", block: step), StateBlock(name: "change_\(index)", block: change)]
    }

    public func resume(from progress: [String: Double], fill: (StateBlock<Scalar>) -> Bool) -> Bool {
        forget()
        guard let stored = progress["objective"], stored.isFinite, let count = progress.count("evaluations"),
            let pairs = progress.count("pairs"), pairs <= history, fill(StateBlock(name: "gradient", block: gradient)),
            (0..<pairs).allSatisfy({ restorePair($0, fill) })
        else {
            (objective, search.evaluations) = (.nan, 0)
            gradient.zero()
            forget()
            return false
        }
        (objective, search.evaluations) = (stored, count)
        return true
    }

    private func restorePair(_ index: Int, _ fill: (StateBlock<Scalar>) -> Bool) -> Bool {
        let pair = emptyPair()
        guard Self.blocks(ofPair: index, pair.step, pair.change).allSatisfy(fill) else { return false }
        pair.curvature = pair.step.dot(pair.change)
        guard pair.curvature > 0 else { return false }
        differences.append(pair)
        return true
    }

    private func emptyPair() -> CurvaturePair<Scalar> { spare.popLast() ?? CurvaturePair(layout: gradient.layout) }
}

/// A step, the change of the gradient over it, and their product.
private final class CurvaturePair<Scalar: BLASScalar> {
    let step: ParameterBlock<Scalar>
    let change: ParameterBlock<Scalar>
    var curvature = 0.0

    init(layout: ParameterLayout) {
        step = ParameterBlock(layout: layout)
        change = ParameterBlock(layout: layout)
    }
}
