import ArgumentParser
import Learning
import LinearAlgebra
import MPI
import RandomNumbers
import Runner

/// A network, a batch of random images and how they are trained: the same on both sides of a comparison.
struct NetworkOptions: ParsableArguments {
    @Option var architecture = "resnet18"
    /// 0: the published one.
    @Option var width = 0
    @Option var batch = 128
    @Option var channels = 3
    @Option(help: "Pixels along one side of an image.") var size = 32

    /// As options of this program and of bench/network_torch.py.
    var arguments: [String] {
        [
            "--architecture", architecture, "--width", "\(width)", "--batch", "\(batch)", "--channels", "\(channels)",
            "--size", "\(size)",
        ]
    }

    /// "resnet18, width 64, batch 128"
    var description: String { architecture + (width > 0 ? ", width \(width)" : "") + ", batch \(batch)" }

    func network() throws -> Network {
        try Network(
            Architecture(parsing: architecture), input: FeatureShape(height: size, width: size, channels: channels),
            classes: 10, width: width > 0 ? width : nil)
    }
}

/// Training steps in float32, as `Runner` makes them: shards summed in the fixed tree, decay and momentum in one
/// update.
final class NetworkSteps {
    let parameters: ParameterBlock<Float>
    private let network: Network
    private let objective: NetworkObjective<Float>
    private let sums: BatchSums<Float>
    private let optimizer: SGD<Float>
    private let batch: Int
    private let shards: Int
    private let team: Communicator?
    /// The second shard's, or what the other ranks sent.
    private let other: BatchSums<Float>?
    private var steps = 0

    /// - Parameter shards: 1, or 2 that are trained one after the other or, one each, by two ranks.
    init(_ options: NetworkOptions, shards: Int = 1, team: Communicator? = nil) throws {
        network = try options.network()
        (batch, self.shards, self.team) = (options.batch, shards, team)
        let random = Philox(seed: 1, purpose: .test)
        let pixels = (0..<batch * network.input.count).map { UInt8(256 * random.uniform(at: UInt64($0))) }
        let data = DataSet(
            pixels: pixels, sampleShape: [options.size, options.size, options.channels],
            labels: (0..<batch).map { Int32($0 % 10) }, classes: 10)
        objective = NetworkObjective(
            network: network, loss: .crossEntropy, data: data,
            normalization: Normalization(mean: 0.5, standardDeviation: 0.289), weightDecay: .all(0),
            largestShard: (batch + shards - 1) / shards)
        parameters = ParameterBlock(layout: network.layout)
        sums = BatchSums(network)
        other = shards > 1 ? BatchSums(network) : nil
        optimizer = SGD(
            layout: network.layout, momentum: 0.9, weightDecay: WeightDecay(network.layout, 5e-4))
        objective.initialize(parameters, seed: 1)
    }

    /// Seconds of one step.
    func step() throws -> Double {
        let start = monotonicSeconds()
        var loss = 0.0
        if let team, let other {
            loss = evaluate(team.rank, into: sums)
            team.allReduceSum(sums.storage, scratch: other.storage)
        } else {
            loss = evaluate(0, into: sums)
            if let other {
                other.storage.zero()
                loss += evaluate(1, into: other)
                sums.add(other)
            }
        }
        optimizer.update(parameters, along: sums.gradients, learningRate: 0.01, clearingGradients: true)
        network.updateStatistics(objective.statistics, from: sums.statistics)
        sums.statistics.zero()
        steps += 1
        guard loss.isFinite else { throw BenchmarkError("the loss is not finite") }
        return monotonicSeconds() - start
    }

    private func evaluate(_ shard: Int, into sums: BatchSums<Float>) -> Double {
        let (first, end) = (shard * batch / shards, (shard + 1) * batch / shards)
        let samples = Array(first..<end)
        return objective.evaluate(
            BatchShard(samples: samples[...], batchSize: batch, first: first, step: steps), at: parameters,
            addingTo: sums.gradients, statistics: sums.statistics)
    }
}
