import LinearAlgebra

/// Newton's method in a trust region, its steps from truncated conjugate gradients (Steihaug 1983; Toint 1981), on
/// spheres the Riemannian method of Absil, Baker and Gallivan ("Trust-region methods on Riemannian manifolds", Found.
/// Comput. Math. 7, 2007).
///
/// It ends in second-order points. Where the gradient is small, as `isStationary` says, or no step helps any more, the
/// smallest eigenvalue of the Hessian is looked for by Lanczos' method; if it is negative, the next step leaves along
/// its vector, also from the very saddle.
public final class TrustRegionNewton<Scalar: BLASScalar>: FullBatchSolver {
    public typealias Block = ParameterBlock<Scalar>

    public private(set) var objective = Double.nan
    public let gradient: Block
    public private(set) var smallestEigenvalue: Double?
    public private(set) var hasEscape = false
    /// Products with the Hessian so far.
    public private(set) var products = 0
    /// Searches for an eigenvalue so far; each has a random start of its own.
    private var searches = 0

    private let function: any TwiceDifferentiable<Scalar>
    private let isStationary: (_ gradient: Block, _ point: Block) -> Bool
    private let spheres: SphereProduct
    private let multipliers: Block
    private let candidate: Block
    private let candidateGradient: Block
    private let candidateMultipliers: Block
    /// A unit vector of negative curvature, downhill.
    private let escape: Block
    private let model: TrustRegionModel<Scalar>
    private var radius = 0.0
    /// The largest gradient so far: what a small one is held against.
    private var largestGradient = 0.0

    /// - Parameter isStationary: whether a gradient is small enough for the point to be taken for critical.
    public init(
        function: any TwiceDifferentiable<Scalar>,
        isStationary: @escaping (_ gradient: Block, _ point: Block) -> Bool
    ) {
        let (layout, spheres) = (function.layout, function.spheres)
        self.function = function
        self.isStationary = isStationary
        self.spheres = spheres
        gradient = Block(layout: layout)
        multipliers = Block(layout: spheres.multiplierLayout)
        candidate = Block(layout: layout)
        candidateGradient = Block(layout: layout)
        candidateMultipliers = Block(layout: spheres.multiplierLayout)
        escape = Block(layout: layout)
        model = TrustRegionModel(layout: layout)
    }

    public func start(at point: Block) {
        spheres.normalize(point)
        objective = function.evaluateOnSpheres(at: point, gradient: gradient, multipliers: multipliers)
        (radius, products, searches) = (0.1 * (1 + point.norm), 0, 0)
        largestGradient = gradient.norm
        model.norm = 0
        arrive(at: point)
    }

    public func step(_ point: Block) -> SolverOutcome {
        guard objective.isFinite, gradient.norm.isFinite else { return .diverged }
        if hasEscape { return leave(point) }
        if newtonStep(point) {
            arrive(at: point)
            return .improved
        }
        if smallestEigenvalue == nil { lookForEscape(at: point) }
        return hasEscape ? leave(point) : .exhausted
    }

    // MARK: Newton steps

    /// Changes of the objective below this are rounding.
    private var noise: Double { 16 * Double(Scalar.ulpOfOne) * max(abs(objective), .leastNormalMagnitude) }

    /// Moves the point by a step of the model that keeps what it promises; false if there is none.
    private func newtonStep(_ point: Block) -> Bool {
        let gradientNorm = gradient.norm
        guard gradientNorm > 0 else { return false }
        let ulp = Double(Scalar.ulpOfOne)
        // Quadratic convergence, but not beyond what rounding and symmetries leave of a system to be solved.
        var accuracy = gradientNorm * min(0.1, max(gradientNorm / largestGradient, 1e-4))
        if gradientNorm * gradientNorm < noise * model.norm {
            // About the rounding of the gradient itself. Beyond it, steps follow flat directions a long way for
            // nothing.
            let rounding = ulp * model.norm * point.norm
            guard gradientNorm > rounding else { return false }
            accuracy = max(accuracy, 16 * rounding)
        }
        let least = ulp * (point.norm + .leastNormalMagnitude)
        while radius > least {
            let step = model.minimize(gradient: gradient, radius: radius, accuracy: accuracy) { direction, product in
                self.multiply(at: point, direction, product)
            }
            guard step.decrease > 0 else { return false }
            let value = evaluateCandidate(point, along: model.step, by: 1)
            let isBetter: Bool
            if step.decrease > noise {
                let ratio = (objective - value) / step.decrease
                isBetter = ratio > 0.1
                if !(ratio >= 0.25) {
                    radius = 0.25 * min(radius, model.step.norm)
                } else if ratio > 0.75 && step.isAtBoundary {
                    radius *= 2
                }
            } else {
                // Where the decrease drowns in rounding, the gradient still tells.
                isBetter = value <= objective + noise && candidateGradient.norm <= 0.9 * gradientNorm
                if isBetter && step.isAtBoundary { radius *= 2 }
                if !isBetter {
                    // No shorter step changes the gradient enough.
                    if model.norm * model.step.norm < 0.1 * gradientNorm { return false }
                    radius = 0.25 * model.step.norm
                }
            }
            if isBetter {
                accept(value, point)
                return true
            }
        }
        return false
    }

    private func multiply(at point: Block, _ direction: Block, _ product: Block) {
        function.multiplyTangentHessian(at: point, multipliers: multipliers, by: direction, into: product)
        products += 1
    }

    /// The objective at the retraction of length·direction, with gradient and multipliers there.
    private func evaluateCandidate(_ point: Block, along direction: Block, by length: Double) -> Double {
        candidate.copy(from: point)
        candidate.add(direction, scaledBy: length)
        spheres.normalize(candidate)
        return function.evaluateOnSpheres(
            at: candidate, gradient: candidateGradient, multipliers: candidateMultipliers)
    }

    private func accept(_ value: Double, _ point: Block) {
        objective = value
        point.copy(from: candidate)
        gradient.copy(from: candidateGradient)
        multipliers.copy(from: candidateMultipliers)
        largestGradient = max(largestGradient, gradient.norm)
    }

    // MARK: Negative curvature

    private func arrive(at point: Block) {
        (smallestEigenvalue, hasEscape) = (nil, false)
        if objective.isFinite && isStationary(gradient, point) { lookForEscape(at: point) }
    }

    /// Finds the smallest eigenvalue, and its vector if that is negative beyond √ε times the norm of the Hessian.
    private func lookForEscape(at point: Block) {
        let dimension = spheres.tangentDimension(of: gradient.layout)
        guard dimension > 0 else { return }
        let relative = Double(Scalar.ulpOfOne).squareRoot()
        let lanczos = Lanczos<Scalar>(
            layout: gradient.layout, dimension: dimension, stream: UInt32(searches),
            multiply: { self.multiply(at: point, $0, $1) }, project: { self.spheres.project($0, at: point) })
        searches += 1
        let lowest = lanczos.extremes(productLimit: 4000) { lowest, _, norm in
            // A negative value is one whatever its residual; a smaller residual makes a better direction.
            lowest.residual <= max(relative * norm, lowest.value < 0 ? 0.01 * -lowest.value : 0)
        }.smallest
        guard lowest.value.isFinite else { return }
        smallestEigenvalue = lowest.value
        hasEscape = lowest.value < -relative * lanczos.norm
        guard hasEscape else { return }
        escape.copy(from: lowest.vector)
        if gradient.dot(escape) > 0 { escape.scale(by: -1) }
    }

    /// A step along the direction of negative curvature λ, halved until the objective falls by a fifth of the ½|λ|t²
    /// that the model promises.
    private func leave(_ point: Block) -> SolverOutcome {
        guard let curvature = smallestEigenvalue else { return .exhausted }
        var length = max(radius, 0.1 * (1 + point.norm))
        while -0.5 * curvature * length * length > noise {
            let value = evaluateCandidate(point, along: escape, by: length)
            if value <= objective + 0.1 * curvature * length * length {
                accept(value, point)
                radius = length
                arrive(at: point)
                return .improved
            }
            length *= 0.5
        }
        // Nothing to be gained along it that rounding would let us see.
        hasEscape = false
        return .exhausted
    }

    // MARK: State

    public var progress: [String: Double] {
        var progress = [
            "objective": objective, "radius": radius, "largest_gradient": largestGradient,
            "hessian_norm": model.norm,
            "products": Double(products), "searches": Double(searches), "has_escape": hasEscape ? 1 : 0,
        ]
        progress["smallest_eigenvalue"] = smallestEigenvalue
        return progress
    }

    public var blocks: [StateBlock<Scalar>] {
        [StateBlock(name: "gradient", block: gradient)]
            + (spheres.isEmpty ? [] : [StateBlock(name: "multipliers", block: multipliers)])
            + (hasEscape ? [StateBlock(name: "escape", block: escape)] : [])
    }

    public func resume(from progress: [String: Double], fill: (StateBlock<Scalar>) -> Bool) -> Bool {
        hasEscape = progress["has_escape"] == 1
        guard let objective = progress["objective"], objective.isFinite, let radius = progress["radius"], radius > 0,
            let largest = progress["largest_gradient"], largest >= 0, let products = progress.count("products"),
            let norm = progress["hessian_norm"], norm >= 0, let searches = progress.count("searches"),
            searches <= UInt32.max,
            !hasEscape || progress["smallest_eigenvalue"].map({ $0 < 0 }) == true, blocks.allSatisfy(fill)
        else {
            (self.objective, self.radius, largestGradient, self.products, model.norm) = (.nan, 0, 0, 0, 0)
            (smallestEigenvalue, hasEscape, self.searches) = (nil, false, 0)
            for block in [gradient, multipliers, escape] { block.zero() }
            return false
        }
        (self.objective, self.radius, largestGradient, self.products) = (objective, radius, largest, products)
        model.norm = norm
        (smallestEigenvalue, self.searches) = (progress["smallest_eigenvalue"], searches)
        return true
    }
}
