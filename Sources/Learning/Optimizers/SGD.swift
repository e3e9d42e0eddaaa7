import LinearAlgebra

/// Stochastic gradient descent with heavy-ball momentum in PyTorch's form: v ← m·v + g, θ ← θ − η·v.
public final class SGD<Scalar: BLASScalar> {
    public let momentum: Double
    /// v. All of the optimiser's state: save and restore it with the parameters.
    public let velocity: ParameterBlock<Scalar>

    /// Starts at rest.
    public init(layout: ParameterLayout, momentum: Double) {
        precondition(momentum >= 0 && momentum < 1, "momentum outside 0..<1")
        self.momentum = momentum
        velocity = ParameterBlock(layout: layout)
    }

    /// One step against `gradients`, in one pass over memory.
    ///
    /// - Parameter clearingGradients: leaves zeros in `gradients`, ready for the next step, while they are in the
    ///   cache: cheaper than a `zero()` of its own.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func update(
        _ parameters: ParameterBlock<Scalar>, along gradients: ParameterBlock<Scalar>, learningRate: Double,
        clearingGradients: Bool = false
    ) {
        precondition(
            parameters.count == velocity.count && gradients.count == velocity.count, "parameter block sizes differ")
        let (theta, g, v) = (parameters.start, gradients.start, velocity.start)
        let (m, rate) = (Scalar(momentum), Scalar(learningRate))
        if clearingGradients {
            for i in 0..<velocity.count {
                let direction = m * v[i] + g[i]
                v[i] = direction
                theta[i] -= rate * direction
                g[i] = 0
            }
        } else {
            for i in 0..<velocity.count {
                let direction = m * v[i] + g[i]
                v[i] = direction
                theta[i] -= rate * direction
            }
        }
    }
}
