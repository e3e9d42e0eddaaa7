import LinearAlgebra

/// Limited-memory BFGS (Nocedal 1980; Nocedal and Wright, "Numerical Optimization", algorithm 7.4) with a line search
/// for the strong Wolfe conditions.
///
/// Close to the minimum the decrease of the objective drowns in rounding long before the gradient is small. There the
/// line search turns to the approximate Wolfe conditions, which look at slopes only (Hager and Zhang, "A new conjugate
/// gradient method with guaranteed descent and an efficient line search", SIAM J. Optim. 16, 2005, equation 4.1).
public final class LBFGS<Scalar: BLASScalar>: FullBatchSolver {
    public private(set) var objective = Double.nan
    public let gradient: ParameterBlock<Scalar>
    public private(set) var evaluations = 0

    private let evaluate: FullBatchEvaluation<Scalar>
    private let history: Int
    private let direction: ParameterBlock<Scalar>
    private let candidate: ParameterBlock<Scalar>
    private let candidateGradient: ParameterBlock<Scalar>
    private var differences: [(step: ParameterBlock<Scalar>, change: ParameterBlock<Scalar>, curvature: Double)] = []
    /// Blocks of dropped pairs, used again: nothing is allocated once the history is full.
    private var spare: [(ParameterBlock<Scalar>, ParameterBlock<Scalar>)] = []
    private var projections: [Double]

    /// `history` pairs of steps and gradient changes are remembered.
    public init(layout: ParameterLayout, history: Int = 20, evaluate: @escaping FullBatchEvaluation<Scalar>) {
        self.evaluate = evaluate
        self.history = history
        gradient = ParameterBlock(layout: layout)
        direction = ParameterBlock(layout: layout)
        candidate = ParameterBlock(layout: layout)
        candidateGradient = ParameterBlock(layout: layout)
        projections = Array(repeating: 0, count: history)
    }

    /// Evaluates the starting point.
    public func start(at point: ParameterBlock<Scalar>) {
        objective = evaluate(point, gradient)
        evaluations += 1
    }

    /// One iteration: moves `point` to a better one.
    public func step(_ point: ParameterBlock<Scalar>) -> SolverOutcome {
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
        if let length = lineSearch(from: point, slope: slope, first: first) {
            accept(length, point)
            return .improved
        }
        guard !differences.isEmpty else { return .exhausted }
        forget()
        return step(point)
    }

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
            : spare.popLast() ?? (ParameterBlock(layout: point.layout), ParameterBlock(layout: point.layout))
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

    // MARK: Line search

    private var candidateObjective = 0.0

    /// A trial point on the search line: its length, objective and slope along the direction.
    private struct Probe {
        var length: Double
        var objective: Double
        var slope: Double
    }

    private func probe(_ length: Double, from point: ParameterBlock<Scalar>) -> Probe {
        candidate.copy(from: point)
        candidate.add(direction, scaledBy: length)
        candidateObjective = evaluate(candidate, candidateGradient)
        evaluations += 1
        return Probe(length: length, objective: candidateObjective, slope: candidateGradient.dot(direction))
    }

    /// A step length that fulfils the (approximate) strong Wolfe conditions, by bracketing and cubic interpolation
    /// (Nocedal and Wright, algorithms 3.5 and 3.6). nil if there is none that rounding lets us see.
    private func lineSearch(from point: ParameterBlock<Scalar>, slope: Double, first: Double) -> Double? {
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
            let p = probe(length, from: point)
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
