import LinearAlgebra

/// Stochastic gradient descent with momentum m in PyTorch's form (`torch.optim.SGD` without dampening), g the gradient
/// with weight decay:
///
///     v ← m·v + g,    θ ← θ − η·v,    with Nesterov's correction θ ← θ − η·(g + m·v)
public final class SGD<Scalar: BLASScalar>: Optimizer {
    public let momentum: Double
    public let isNesterov: Bool
    public let weightDecay: WeightDecay
    /// v. All of the optimiser's state: save and restore it with the parameters.
    public let velocity: ParameterBlock<Scalar>

    /// Starts at rest.
    ///
    /// - Parameter weightDecay: made for the same layout; nil for none.
    public init(
        layout: ParameterLayout, momentum: Double, isNesterov: Bool = false, weightDecay: WeightDecay? = nil
    ) {
        precondition(momentum >= 0 && momentum < 1, "momentum outside 0..<1")
        self.momentum = momentum
        self.isNesterov = isNesterov
        self.weightDecay = weightDecay ?? WeightDecay(layout, 0)
        velocity = ParameterBlock(layout: layout)
        precondition(self.weightDecay.count == layout.count, "weight decay of another layout")
    }

    public var progress: [String: Double] { [:] }

    public var blocks: [StateBlock<Scalar>] { [StateBlock(name: "velocity", block: velocity)] }

    public func resume(from _: [String: Double], fill: (StateBlock<Scalar>) -> Bool) -> Bool {
        guard blocks.allSatisfy(fill) else {
            velocity.zero()
            return false
        }
        return true
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func update(
        _ parameters: ParameterBlock<Scalar>, along gradients: ParameterBlock<Scalar>, learningRate: Double,
        clearingGradients: Bool = false
    ) {
        precondition(
            parameters.count >= velocity.count && gradients.count >= velocity.count, "parameter block sizes differ")
        let (theta, g, v) = (parameters.start, gradients.start, velocity.start)
        let (m, rate) = (Scalar(momentum), Scalar(learningRate))
        forEachPiece(of: weightDecay, gradients: g, clearing: clearingGradients) { start, end, lambda in
            if lambda > 0 {
                let factor = Scalar(lambda)
                for i in start..<end { g[i] += factor * theta[i] }
            }
            if isNesterov {
                for i in start..<end {
                    let direction = m * v[i] + g[i]
                    v[i] = direction
                    theta[i] -= rate * (g[i] + m * direction)
                }
            } else {
                for i in start..<end {
                    let direction = m * v[i] + g[i]
                    v[i] = direction
                    theta[i] -= rate * direction
                }
            }
        }
    }
}
