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
    case lastLayer(classifier: Double, features: Double)
}

extension NetworkDecay {
    /// What decays among the parameters.
    public func ofParameters(_ network: Network) -> WeightDecay {
        switch self {
        case .all(let lambda): WeightDecay(network.layout, lambda)
        case .lastLayer(let lambda, _): WeightDecay(network.layout) { $0 == network.head.weight ? lambda : 0 }
        }
    }

    /// λ_H.
    public var ofFeatures: Double {
        if case .lastLayer(_, let lambda) = self { lambda } else { 0 }
    }
}

/// The mean loss of a network on a data set, with its decays.
public final class NetworkObjective<Scalar: BLASScalar> {
    public let network: Network
    public let loss: ClassificationLoss
    public let data: DataSet
    public let normalization: Normalization
    /// Of the parameters.
    public let weightDecay: WeightDecay
    /// λ_H of the features.
    public let featureDecay: Double
    public let pad: Int
    public let augmentation: Augmentation
    /// Running means and variances.
    public let statistics: ParameterBlock<Scalar>
    private let pass: NetworkPass<Scalar>
    private let workspace = LossWorkspace<Scalar>()
    private var seed: UInt64 = 0

    /// - Parameter largestShard: no evaluated shard has more samples.
    public init(
        network: Network, loss: ClassificationLoss, data: DataSet, normalization: Normalization,
        weightDecay: NetworkDecay, largestShard: Int, pad: Int = 0, augmentation: Augmentation = .none
    ) {
        precondition(network.classes == data.classes, "classes of another data set")
        self.network = network
        self.loss = loss
        self.data = data
        self.normalization = normalization
        self.pad = pad
        self.augmentation = augmentation
        self.weightDecay = weightDecay.ofParameters(network)
        featureDecay = weightDecay.ofFeatures
        statistics = ParameterBlock(layout: network.statistics)
        pass = NetworkPass(network, capacity: largestShard, trains: true)
    }

    public var layout: ParameterLayout { network.layout }

    /// Loss of the shard without decays, its gradient added to `gradients`: normalised by the batch the shard is part
    /// of, so that the shards of a batch add up to it.
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
        pass.load(
            shard.samples, of: data, normalization: normalization, pad: pad,
            augmentation: augmentation.draws(seed: seed, epoch: shard.epoch))
        let share = Double(shard.samples.count) / Double(shard.batchSize)
        pass.forward(
            at: parameters, statistics, batchStatistics: batchStatistics,
            purpose: PassPurpose(
                isTraining: true, shareOfBatch: share, seed: seed, step: shard.step, firstSample: shard.first))
        let scale = 1 / Scalar(shard.batchSize)
        var value = loss.evaluate(
            logits: pass.logits, classes: network.classes, samples: pass.samples, stride: pass.samples,
            labels: pass.labels, scale: scale, workspace: workspace)
        let decay = Scalar(featureDecay) * scale
        if decay > 0 {
            let squares = Scalar.dot(pass.samples * network.featureWidth, pass.features, pass.features)
            value += 0.5 * Double(decay * squares)
        }
        pass.backward(at: parameters, addingTo: gradients, featureDecay: decay)
        return value
    }

    /// The decays of parameters, their gradient added to `gradients`: once a step, whatever the number of shards.
    public func decay(at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>) -> Double {
        weightDecay.evaluate(at: parameters, addingTo: gradients)
    }

    /// Starting values, a function of the seed alone.
    public func initialize(_ parameters: ParameterBlock<Scalar>, seed: UInt64) {
        self.seed = seed
        network.initialize(parameters, statistics, seed: seed)
    }
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
