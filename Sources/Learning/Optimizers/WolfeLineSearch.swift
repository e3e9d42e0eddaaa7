import LinearAlgebra

/// Evaluates a function along curves, and finds lengths that fulfil the strong Wolfe conditions, by bracketing and
/// cubic interpolation (Nocedal and Wright, "Numerical Optimization", algorithms 3.5 and 3.6). The curves are straight
/// lines, or on spheres t ↦ R(x + t·d), R the normalisation.
///
/// Close to the minimum the decrease of the objective drowns in rounding long before the gradient is small. There it
/// turns to the approximate Wolfe conditions, which look at slopes only (Hager and Zhang, "A new conjugate gradient
/// method with guaranteed descent and an efficient line search", SIAM J. Optim. 16, 2005, equation 4.1).
final class WolfeLineSearch<Scalar: BLASScalar, Failure: Error> {
    typealias Block = ParameterBlock<Scalar>

    /// The last point tried: after a search that succeeded, where it arrived.
    let point: Block
    /// There, the Riemannian one.
    let gradient: Block
    private(set) var objective = 0.0
    /// Without those of a search that threw: it will be made again.
    var evaluations = 0

    let spheres: SphereProduct
    /// c₂ of the curvature condition |φ′(t)| ≤ c₂|φ′(0)|.
    private let flatness: Double
    private let evaluate: FullBatchEvaluation<Scalar, Failure>
    /// On spheres the curve's velocity at `point`.
    private let carried: Block?

    init(
        layout: ParameterLayout, spheres: SphereProduct, flatness: Double,
        evaluate: @escaping FullBatchEvaluation<Scalar, Failure>
    ) {
        self.spheres = spheres
        self.flatness = flatness
        self.evaluate = evaluate
        point = Block(layout: layout)
        gradient = Block(layout: layout)
        carried = spheres.isEmpty ? nil : Block(layout: layout)
    }

    /// Value and Riemannian gradient at a point, which is taken to the spheres first.
    func start(at point: Block, gradient: Block) throws(Failure) -> Double {
        spheres.normalize(point)
        let value = try evaluate(point, gradient)
        spheres.project(gradient, at: point)
        evaluations += 1
        return value
    }

    /// The direction that was searched, as it is at the point of arrival: the curve's velocity there.
    func velocity(along direction: Block) -> Block { carried ?? direction }

    /// A trial point on the search line: its length, objective and slope.
    private struct Probe {
        var length: Double
        var objective: Double
        var slope: Double
    }

    private func probe(_ length: Double, from origin: Block, along direction: Block) throws(Failure) -> Probe {
        point.copy(from: origin)
        point.add(direction, scaledBy: length)
        if let carried {
            carried.copy(from: direction)
            spheres.normalize(point, carrying: carried)
        }
        objective = try evaluate(point, gradient)
        spheres.project(gradient, at: point)
        evaluations += 1
        return Probe(
            length: length, objective: objective, slope: gradient.dot(velocity(along: direction)))
    }

    /// A step length from a point with this objective and slope that fulfils the (approximate) conditions; nil if there
    /// is none that rounding lets us see. A search that throws leaves nothing behind.
    func search(
        from origin: Block, objective: Double, along direction: Block, slope: Double, first: Double
    ) throws(Failure) -> Double? {
        let evaluationsBefore = evaluations
        do {
            return try findLength(
                from: origin, Probe(length: 0, objective: objective, slope: slope), along: direction, first: first)
        } catch {
            evaluations = evaluationsBefore
            throw error
        }
    }

    private func findLength(
        from start: Block, _ origin: Probe, along direction: Block, first: Double
    ) throws(Failure) -> Double? {
        let decrease = 1e-4
        let slope = origin.slope
        // Changes below this are rounding, not information.
        let noise = 16 * Double(Scalar.ulpOfOne) * max(abs(origin.objective), .leastNormalMagnitude)

        func isLowEnough(_ p: Probe) -> Bool {
            if p.objective <= origin.objective + decrease * p.length * slope { return true }
            return p.objective <= origin.objective + noise && p.slope <= (2 * decrease - 1) * slope
        }
        func isFlatEnough(_ p: Probe) -> Bool { abs(p.slope) <= -flatness * slope }

        var low = origin
        var high: Probe?
        var length = first
        for _ in 0..<60 {
            let p = try probe(length, from: start, along: direction)
            if !p.objective.isFinite || !p.slope.isFinite {
                high = Probe(length: length, objective: .infinity, slope: .infinity)
            } else if !isLowEnough(p) || (p.objective > low.objective + noise && low.length > 0) {
                high = p
            } else if isFlatEnough(p) {
                return length
            } else {
                // A minimum lies on the side of `low` that its slope goes down to; `high` may be on either.
                let side = (high?.length ?? .infinity) - low.length
                if p.slope * side >= 0 { high = low }
                low = p
            }
            guard let bound = high else {
                length *= 4
                continue
            }
            let width = bound.length - low.length
            guard abs(width) > 1e-14 * max(abs(bound.length), abs(low.length)) else { return nil }
            length = Self.interpolate(low, bound, noise: noise)
        }
        return nil
    }

    /// Minimiser of the cubic through two probes, kept off the ends of the interval; where their objectives differ by
    /// rounding alone, of the parabola through their slopes.
    private static func interpolate(_ a: Probe, _ b: Probe, noise: Double) -> Double {
        let width = b.length - a.length
        let middle = a.length + 0.5 * width
        guard b.objective.isFinite else { return a.length + 0.1 * width }
        if abs(b.objective - a.objective) <= noise, a.slope * b.slope < 0 {
            return a.length + width * min(max(a.slope / (a.slope - b.slope), 0.05), 0.95)
        }
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
