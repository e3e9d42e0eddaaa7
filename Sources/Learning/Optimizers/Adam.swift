import LinearAlgebra

/// Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019) in PyTorch's form: at step t = 1, 2, …, with g the
/// gradient,
///
///     u ← u + (1 − β₁)(g − u),    s ← β₂·s + (1 − β₂)g²,
///     θ ← θ − η/(1 − β₁ᵗ) · u/(√s/√(1 − β₂ᵗ) + ε)
///
/// Weight decay λθ is added to g, or decoupled from it: θ ← (1 − ηλ)θ before the step.
public final class Adam<Scalar: BLASScalar>: Optimizer {
    public let beta1: Double
    public let beta2: Double
    public let epsilon: Double
    public let weightDecay: WeightDecay
    /// AdamW.
    public let decouplesDecay: Bool
    /// t, the steps made so far.
    public private(set) var steps = 0
    private let firstMoment: ParameterBlock<Scalar>
    /// u, the running mean of the gradients.
    public var velocity: ParameterBlock<Scalar> { firstMoment }
    private let secondMoment: ParameterBlock<Scalar>

    /// - Parameter weightDecay: made for the same layout; nil for none.
    public init(
        layout: ParameterLayout, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        weightDecay: WeightDecay? = nil, decouplesDecay: Bool
    ) {
        precondition(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1, "beta outside 0..<1")
        precondition(epsilon > 0, "epsilon not positive")
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay ?? WeightDecay(layout, 0)
        self.decouplesDecay = decouplesDecay
        firstMoment = ParameterBlock(layout: layout)
        secondMoment = ParameterBlock(layout: layout)
        precondition(self.weightDecay.count == layout.count, "weight decay of another layout")
    }

    public var progress: [String: Double] { ["steps": Double(steps)] }

    public var blocks: [StateBlock<Scalar>] {
        [
            StateBlock(name: "first_moment", block: firstMoment),
            StateBlock(name: "second_moment", block: secondMoment),
        ]
    }

    public func resume(from progress: [String: Double], fill: (StateBlock<Scalar>) -> Bool) -> Bool {
        guard let steps = progress.count("steps"), blocks.allSatisfy(fill) else {
            self.steps = 0
            for state in blocks { state.block.zero() }
            return false
        }
        self.steps = steps
        return true
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func update(
        _ parameters: ParameterBlock<Scalar>, along gradients: ParameterBlock<Scalar>, learningRate: Double,
        clearingGradients: Bool = false
    ) {
        let count = firstMoment.count
        precondition(parameters.count >= count && gradients.count >= count, "parameter block sizes differ")
        steps += 1
        let (theta, g) = (parameters.start, gradients.start)
        let (u, s) = (firstMoment.start, secondMoment.start)
        let (gain1, keep2, gain2) = (Scalar(1 - beta1), Scalar(beta2), Scalar(1 - beta2))
        let rate = Scalar(learningRate / (1 - power(beta1, steps)))
        // A product is quicker than a division, and the difference is one rounding.
        let correction = Scalar(1 / (1 - power(beta2, steps)).squareRoot())
        let epsilon = Scalar(epsilon)
        let isDecoupled = decouplesDecay
        forEachPiece(of: weightDecay, gradients: g, clearing: clearingGradients) { start, end, lambda in
            if lambda > 0, isDecoupled {
                let factor = Scalar(1 - learningRate * lambda)
                for i in start..<end { theta[i] *= factor }
            } else if lambda > 0 {
                let factor = Scalar(lambda)
                for i in start..<end { g[i] += factor * theta[i] }
            }
            for i in start..<end {
                let mean = u[i] + gain1 * (g[i] - u[i])
                let square = keep2 * s[i] + gain2 * g[i] * g[i]
                u[i] = mean
                s[i] = square
                theta[i] -= rate * (mean / (Scalar.squareRoot(of: square) * correction + epsilon))
            }
        }
    }
}

/// xⁿ by repeated squaring, n ≥ 0: the same bits everywhere, which a library's `pow` does not promise.
private func power(_ x: Double, _ n: Int) -> Double {
    var (result, square, rest) = (1.0, x, n)
    while rest > 0 {
        if rest & 1 == 1 { result *= square }
        square *= square
        rest >>= 1
    }
    return result
}
