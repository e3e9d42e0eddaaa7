import LinearAlgebra

/// Some samples of a batch.
public struct BatchShard: Sendable {
    /// Positions in the data set.
    public var samples: ArraySlice<Int>
    /// Samples in the whole batch, which the loss is averaged over.
    public var batchSize: Int

    public init(samples: ArraySlice<Int>, batchSize: Int) {
        self.samples = samples
        self.batchSize = batchSize
    }
}

/// The mean loss of a network on a data set, with weight decay (λ/2)‖θ‖² over all parameters, biases included, as
/// PyTorch's `weight_decay`.
public final class NetworkObjective<Scalar: BLASScalar>: Objective {
    public let network: Network
    public let loss: ClassificationLoss
    public let data: DataSet
    public let normalization: PixelNormalization
    public let weightDecay: Double
    private let pass: NetworkPass<Scalar>
    private let workspace = LossWorkspace<Scalar>()

    /// - Parameter largestShard: no evaluated shard has more samples.
    public init(
        network: Network, loss: ClassificationLoss, data: DataSet, normalization: PixelNormalization,
        weightDecay: Double, largestShard: Int
    ) {
        precondition(network.classes == data.classes, "classes of another data set")
        precondition(weightDecay >= 0, "negative weight decay")
        self.network = network
        self.loss = loss
        self.data = data
        self.normalization = normalization
        self.weightDecay = weightDecay
        pass = NetworkPass(network, capacity: largestShard)
    }

    public var layout: ParameterLayout { network.layout }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func evaluate(
        _ shard: BatchShard, at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>
    ) -> Double {
        precondition(shard.batchSize > 0, "empty batch")
        pass.load(shard.samples, of: data, normalization: normalization)
        pass.forward(at: parameters)
        let value = loss.evaluate(
            logits: pass.logits, classes: network.classes, samples: pass.samples, stride: pass.samples,
            labels: pass.labels, scale: 1 / Scalar(shard.batchSize), workspace: workspace)
        pass.backward(at: parameters, addingTo: gradients)
        return value
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func decay(at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>) -> Double {
        guard weightDecay > 0 else { return 0 }
        return addDecay(
            weightDecay, parameters.start, to: gradients.start, count: parameters.count)
    }

    public func initialize(_ parameters: ParameterBlock<Scalar>, seed: UInt64) {
        network.initialize(parameters, seed: seed)
    }
}

/// (λ/2)‖θ‖², its gradient λθ added to g.
///
/// In pieces that stay in the first-level cache between the two loops; the squares of a piece are summed in Scalar by
/// BLAS, the pieces in Float64.
@inline(__always)
func addDecay<Scalar: BLASScalar>(
    _ lambda: Double, _ theta: UnsafePointer<Scalar>, to g: UnsafeMutablePointer<Scalar>, count: Int
) -> Double {
    let factor = Scalar(lambda)
    var squares = 0.0
    for start in stride(from: 0, to: count, by: 1024) {
        let end = min(start + 1024, count)
        for i in start..<end { g[i] += factor * theta[i] }
        squares += Double(Scalar.dot(end - start, theta + start, theta + start))
    }
    return 0.5 * lambda * squares
}
