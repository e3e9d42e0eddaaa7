import LinearAlgebra

/// Limited-memory BFGS (Nocedal 1980; Nocedal and Wright, "Numerical Optimization", algorithm 7.4) with a line search
/// for the strong Wolfe conditions.
///
/// Close to the minimum the decrease of the objective drowns in rounding long before the gradient is small. There the
/// line search turns to the approximate Wolfe conditions, which look at slopes only (Hager and Zhang, "A new conjugate
/// gradient method with guaranteed descent and an efficient line search", SIAM J. Optim. 16, 2005, equation 4.1).
public final class LBFGS<Scalar: BLASScalar, Failure: Error>: FullBatchSolver {
    public private(set) var objective = Double.nan
    public let gradient: ParameterBlock<Scalar>
    /// Without those of a step that threw: it will be made again.
    public private(set) var evaluations = 0

    private let evaluate: FullBatchEvaluation<Scalar, Failure>
    private let history: Int
    private let direction: ParameterBlock<Scalar>
    private let candidate: ParameterBlock<Scalar>
    private let candidateGradient: ParameterBlock<Scalar>
    private var differences: [(step: ParameterBlock<Scalar>, change: ParameterBlock<Scalar>, curvature: Double)] = []
    /// Blocks of dropped pairs, used again: nothing is allocated once the history is full.
    private var spare: [(ParameterBlock<Scalar>, ParameterBlock<Scalar>)] = []
    private var projections: [Double]

    /// `history` pairs of steps and gradient changes are remembered: in all 2·history + 4 blocks of the layout.
    public init(
        layout: ParameterLayout, history: Int = 20, evaluate: @escaping FullBatchEvaluation<Scalar, Failure>
    ) {
        precondition(history > 0, "L-BFGS without history")
        self.evaluate = evaluate
        self.history = history
        gradient = ParameterBlock(layout: layout)
        direction = ParameterBlock(layout: layout)
        candidate = ParameterBlock(layout: layout)
        candidateGradient = ParameterBlock(layout: layout)
        projections = Array(repeating: 0, count: history)
    }

    /// Evaluates the starting point.
    public func start(at point: ParameterBlock<Scalar>) throws(Failure) {
        objective = try evaluate(point, gradient)
        evaluations += 1
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
        if let length = try undisturbedLineSearch(from: point, slope: slope, first: first) {
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
        for pair in differences { spare.append((pair.step, pair.change)) }
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

    /// Takes over the candidate and remembers the pair (step, change of gradient).
    private func accept(_ length: Double, _ point: ParameterBlock<Scalar>) {
        let (step, change) =
            differences.count == history
            ? {
                let oldest = differences.removeFirst()
                return (oldest.step, oldest.change)
            }()
            : emptyPair()
        step.copy(from: direction)
        step.scale(by: length)
        change.copy(from: candidateGradient)
        change.add(gradient, scaledBy: -1)
        let curvature = step.dot(change)
        if curvature > 1e-12 * step.norm * change.norm {
            differences.append((step, change, curvature))
        } else {
            spare.append((step, change))
        }
        point.copy(from: candidate)
        gradient.copy(from: candidateGradient)
        objective = candidateObjective
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
            (objective, evaluations) = (.nan, 0)
            gradient.zero()
            forget()
            return false
        }
        (objective, evaluations) = (stored, count)
        return true
    }

    private func restorePair(_ index: Int, _ fill: (StateBlock<Scalar>) -> Bool) -> Bool {
        let (step, change) = emptyPair()
        guard Self.blocks(ofPair: index, step, change).allSatisfy(fill) else { return false }
        let curvature = step.dot(change)
        guard curvature > 0 else { return false }
        differences.append((step, change, curvature))
        return true
    }

    private func emptyPair() -> (ParameterBlock<Scalar>, ParameterBlock<Scalar>) {
        spare.popLast() ?? (ParameterBlock(layout: gradient.layout), ParameterBlock(layout: gradient.layout))
    }

    // MARK: Line search

    private var candidateObjective = 0.0

    /// A trial point on the search line: its length, objective and slope along the direction.
    private struct Probe {
        var length: Double
        var objective: Double
        var slope: Double
    }

    private func probe(_ length: Double, from point: ParameterBlock<Scalar>) throws(Failure) -> Probe {
        candidate.copy(from: point)
        candidate.add(direction, scaledBy: length)
        candidateObjective = try evaluate(candidate, candidateGradient)
        evaluations += 1
        return Probe(length: length, objective: candidateObjective, slope: candidateGradient.dot(direction))
    }

    /// A line search that leaves nothing behind when it is interrupted.
    private func undisturbedLineSearch(
        from point: ParameterBlock<Scalar>, slope: Double, first: Double
    ) throws(Failure) -> Double? {
        let evaluationsBefore = evaluations
        do {
            return try lineSearch(from: point, slope: slope, first: first)
        } catch {
            evaluations = evaluationsBefore
            throw error
        }
    }

    /// A step length that fulfils the (approximate) strong Wolfe conditions, by bracketing and cubic interpolation
    /// (Nocedal and Wright, algorithms 3.5 and 3.6). nil if there is none that rounding lets us see.
    private func lineSearch(
        from point: ParameterBlock<Scalar>, slope: Double, first: Double
    ) throws(Failure) -> Double? {
        let (decrease, flatness) = (1e-4, 0.9)
        let origin = Probe(length: 0, objective: objective, slope: slope)
        // Changes below this are rounding, not information.
        let noise = 16 * Double(Scalar.ulpOfOne) * max(abs(objective), .leastNormalMagnitude)

        func isLowEnough(_ p: Probe) -> Bool {
            if p.objective <= origin.objective + decrease * p.length * slope { return true }
            return p.objective <= origin.objective + noise && p.slope <= (2 * decrease - 1) * slope
        }
        func isFlatEnough(_ p: Probe) -> Bool { abs(p.slope) <= -flatness * slope }

        var low = origin
        var high: Probe?
        var length = first
        for _ in 0..<60 {
            let p = try probe(length, from: point)
            if !p.objective.isFinite || !p.slope.isFinite {
                high = Probe(length: length, objective: .infinity, slope: .infinity)
            } else if !isLowEnough(p) || (p.objective > low.objective + noise && low.length > 0) {
                high = p
            } else if isFlatEnough(p) {
                return length
            } else if p.slope >= 0 {
                high = p
                if p.objective < low.objective { (high, low) = (low, p) }
            } else {
                low = p
            }
            guard let bound = high else {
                length *= 4
                continue
            }
            let width = bound.length - low.length
            guard abs(width) > 1e-14 * max(abs(bound.length), abs(low.length)) else { return nil }
            length = Self.interpolate(low, bound)
        }
        return nil
    }

    /// Minimiser of the cubic through two probes, kept off the ends of the interval.
    private static func interpolate(_ a: Probe, _ b: Probe) -> Double {
        let width = b.length - a.length
        let middle = a.length + 0.5 * width
        guard b.objective.isFinite else { return a.length + 0.1 * width }
        let d1 = a.slope + b.slope - 3 * (a.objective - b.objective) / (a.length - b.length)
        let discriminant = d1 * d1 - a.slope * b.slope
        guard discriminant >= 0 else { return middle }
        let d2 = (width > 0 ? 1 : -1) * discriminant.squareRoot()
        let denominator = b.slope - a.slope + 2 * d2
        guard denominator != 0 else { return middle }
        let minimiser = b.length - width * (b.slope + d2 - d1) / denominator
        guard minimiser.isFinite else { return middle }
        let (lowest, highest) = (min(a.length, b.length), max(a.length, b.length))
        let margin = 0.05 * (highest - lowest)
        return min(max(minimiser, lowest + margin), highest - margin)
    }
}
