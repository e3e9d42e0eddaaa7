import LinearAlgebra

/// Some samples of a batch.
public struct BatchShard: Sendable {
    /// Positions in the data set.
    public var samples: ArraySlice<Int>
    /// Samples in the whole batch, which the loss is averaged over.
    public var batchSize: Int
    /// Position of the first sample in the batch.
    public var first: Int
    /// Steps made so far, and the epoch, both counted from 0.
    public var step: Int
    public var epoch: Int

    public init(samples: ArraySlice<Int>, batchSize: Int, first: Int = 0, step: Int = 0, epoch: Int = 0) {
        self.samples = samples
        self.batchSize = batchSize
        self.first = first
        self.step = step
        self.epoch = epoch
    }
}

/// How the parameters of a network are kept small.
public enum NetworkDecay: Sendable, Equatable {
    /// (λ/2)‖θ‖² over all parameters, biases included, as PyTorch's `weight_decay`.
    case all(Double)
    /// (λ_W/2)‖W‖² of the classifier and (λ_H/2) times the mean of ‖h‖² over the samples' features h, nothing else:
    /// an unconstrained feature model's, whose λ_H this is times N.
    case peeled(classifier: Double, features: Double)
}

/// The mean loss of a network on a data set, with its decays.
public final class NetworkObjective<Scalar: BLASScalar>: Objective {
    public let network: Network
    public let loss: ClassificationLoss
    public let data: DataSet
    public let normalization: Normalization
    public let weightDecay: NetworkDecay
    /// Running means and variances.
    public let statistics: ParameterBlock<Scalar>
    private let pass: NetworkPass<Scalar>
    private let workspace = LossWorkspace<Scalar>()
    private var seed: UInt64 = 0

    /// - Parameter largestShard: no evaluated shard has more samples.
    public init(
        network: Network, loss: ClassificationLoss, data: DataSet, normalization: Normalization,
        weightDecay: NetworkDecay, largestShard: Int
    ) {
        precondition(network.classes == data.classes, "classes of another data set")
        self.network = network
        self.loss = loss
        self.data = data
        self.normalization = normalization
        self.weightDecay = weightDecay
        statistics = ParameterBlock(layout: network.statistics)
        pass = NetworkPass(network, capacity: largestShard, trains: true)
    }

    public var layout: ParameterLayout { network.layout }

    public func evaluate(
        _ shard: BatchShard, at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>
    ) -> Double {
        evaluate(shard, at: parameters, addingTo: gradients, statistics: nil)
    }

    /// - Parameter batchStatistics: where the shard's means and variances are added, weighted by its share.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func evaluate(
        _ shard: BatchShard, at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>,
        statistics batchStatistics: ParameterBlock<Scalar>?
    ) -> Double {
        precondition(shard.batchSize > 0, "empty batch")
        pass.load(shard.samples, of: data, normalization: normalization)
        let share = Double(shard.samples.count) / Double(shard.batchSize)
        pass.forward(
            at: parameters, statistics, batchStatistics: batchStatistics,
            purpose: PassPurpose(
                isTraining: true, shareOfBatch: share, seed: seed, step: shard.step, firstSample: shard.first))
        let scale = 1 / Scalar(shard.batchSize)
        var value = loss.evaluate(
            logits: pass.logits, classes: network.classes, samples: pass.samples, stride: pass.samples,
            labels: pass.labels, scale: scale, workspace: workspace)
        var featureDecay: Scalar = 0
        if case .peeled(_, let lambda) = weightDecay, lambda > 0 {
            featureDecay = Scalar(lambda) * scale
            let squares = Scalar.dot(pass.samples * network.featureWidth, pass.features, pass.features)
            value += 0.5 * Double(featureDecay * squares)
        }
        pass.backward(at: parameters, addingTo: gradients, featureDecay: featureDecay)
        return value
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func decay(at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>) -> Double {
        switch weightDecay {
        case .all(let lambda):
            guard lambda > 0 else { return 0 }
            return addDecay(lambda, parameters.start, to: gradients.start, count: parameters.count)
        case .peeled(let lambda, _):
            guard lambda > 0, let weight = network.head.weight else { return 0 }
            return addDecay(
                lambda, parameters.pointer(to: weight), to: gradients.pointer(to: weight), count: weight.count)
        }
    }

    public func initialize(_ parameters: ParameterBlock<Scalar>, seed: UInt64) {
        self.seed = seed
        network.initialize(parameters, statistics, seed: seed)
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

/// What the shards of a batch add up to: the gradient, and the batch's statistics behind it in the same memory, so that
/// one sum over ranks serves both.
public final class BatchSums<Scalar: BLASScalar> {
    public let storage: Buffer<Scalar>
    public let gradients: ParameterBlock<Scalar>
    public let statistics: ParameterBlock<Scalar>

    /// All zeros.
    public init(_ network: Network) {
        let (first, second) = (network.layout.count, network.statistics.count)
        storage = Buffer(count: first + second)
        gradients = ParameterBlock(layout: network.layout, storage: Buffer(0..<first, of: storage))
        statistics = ParameterBlock(
            layout: network.statistics, storage: Buffer(first..<first + second, of: storage))
    }

    public func add(_ other: BatchSums) { Scalar.axpy(storage.count, 1, other.storage.start, storage.start) }
}
