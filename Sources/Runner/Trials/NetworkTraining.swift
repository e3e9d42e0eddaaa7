import Learning
import LinearAlgebra
import Results

/// One network in training, in one precision, on the ranks of a team.
///
/// A batch is cut into a fixed number of logical shards, whose gradients are summed in one fixed binary tree, first
/// within a rank and then over ranks; so the bits do not depend on how many ranks share the work.
final class NetworkTraining<Scalar: BLASScalar> {
    private let problem: NetworkProblem
    private let host: TeamHost
    private let objective: NetworkObjective<Scalar>
    private let parameters: ParameterBlock<Scalar>
    private let sums: BatchSums<Scalar>
    /// For the right branches of the tree, one a level.
    private let branches: [BatchSums<Scalar>]
    private let received: Buffer<Scalar>
    private let optimizer: SGD<Scalar>
    private var order: BatchOrder
    private let probe: CollapseProbe<Scalar>
    private var checkpoints: TrainingCheckpoints<Scalar>
    private var position = TrainingPosition()

    init(
        _ problem: NetworkProblem, _ training: DataSet, _ test: DataSet, _ samples: [Int], _ context: TrialContext
    ) {
        self.problem = problem
        host = TeamHost(context.host, context.team)
        let normalization = Normalization(of: training, samples: samples)
        let batch = min(problem.batch, samples.count)
        objective = NetworkObjective(
            network: problem.network, loss: problem.loss, data: training, normalization: normalization,
            weightDecay: .all(problem.weightDecay), largestShard: (batch + problem.shards - 1) / problem.shards)
        let layout = objective.layout
        parameters = ParameterBlock(layout: layout)
        sums = BatchSums(problem.network)
        let shardsHere = problem.shards / host.ranks
        let levels = shardsHere > 1 ? Int.bitWidth - (shardsHere - 1).leadingZeroBitCount : 0
        branches = (0..<levels).map { _ in BatchSums(problem.network) }
        received = Buffer(count: host.ranks > 1 ? sums.storage.count : 0)
        optimizer = SGD(layout: layout, momentum: problem.momentum)
        checkpoints = TrainingCheckpoints(context, parameters, optimizer.velocity, objective.statistics)
        order = BatchOrder(samples: samples, seed: UInt64(problem.seed))
        probe = CollapseProbe(
            problem.network, loss: problem.loss, normalization: normalization, training: (training, samples), test: test,
            statistics: objective.statistics)
    }

    func run() throws -> TrialRecord {
        objective.initialize(parameters, seed: UInt64(problem.seed))
        var record = TrialRecord()
        checkpoints.restore(&position, &record)
        do {
            try train(&record)
        } catch let abandoned as Abandoned {
            checkpoints.save(position, record)
            throw abandoned
        }
        return record
    }

    private func train(_ record: inout TrialRecord) throws {
        var points = LogSpacedPoints(last: problem.epochs, count: problem.measurements)
        let batches = order.batches(ofSize: problem.batch)
        while true {
            let epoch = position.epoch
            if position.batch == 0, points.isDue(epoch), host.rank == 0,
                record.measurements.last?.epoch != Double(epoch)
            {
                record.measurements += try probe.measure(
                    at: parameters, step: epoch * batches, epoch: epoch, host: host)
            }
            guard epoch < problem.epochs else { break }
            order.shuffle(epoch: epoch)
            while position.batch < batches {
                let rate = problem.schedule.rate(
                    base: problem.learningRate, step: epoch * batches + position.batch, stepsPerEpoch: batches,
                    epochs: problem.epochs)
                guard try step(order.batch(position.batch, size: problem.batch), learningRate: rate).isFinite else {
                    record.diverge("the loss is not finite in epoch \(epoch + 1); lower the learning rate")
                    return
                }
                position.batch += 1
                checkpoints.saveIfDue(position, record)
            }
            position = TrainingPosition(epoch: epoch + 1)
        }
        finish(&record)
    }

    /// One step on one batch; returns its loss without decays.
    private func step(_ samples: ArraySlice<Int>, learningRate: Double) throws -> Double {
        try host.poll()
        let shardsHere = problem.shards / host.ranks
        let first = host.rank * shardsHere
        let loss = try host.sum(addUp(first..<first + shardsHere, of: samples, into: sums, level: 0))
        host.team?.allReduceSum(sums.storage, scratch: received)
        _ = objective.decay(at: parameters, addingTo: sums.gradients)
        optimizer.update(parameters, along: sums.gradients, learningRate: learningRate, clearingGradients: true)
        problem.network.updateStatistics(objective.statistics, from: sums.statistics)
        sums.statistics.zero()
        return loss
    }

    /// target ← the sums over these shards of a batch: those of the largest power of two of them that is fewer than all,
    /// plus those of the rest. `Communicator.allReduceSum` goes on with the same tree over ranks.
    private func addUp(
        _ shards: Range<Int>, of samples: ArraySlice<Int>, into target: BatchSums<Scalar>, level: Int
    ) -> Double {
        guard shards.count > 1 else {
            // The sums of the whole step were cleared by the update before.
            if target !== sums { target.storage.zero() }
            let (index, count) = (shards.lowerBound, samples.count)
            let first = index * count / problem.shards
            let shard = samples[samples.startIndex + first..<samples.startIndex + (index + 1) * count / problem.shards]
            // The last batch may have fewer samples than shards.
            guard !shard.isEmpty else { return 0 }
            return objective.evaluate(
                BatchShard(
                    samples: shard, batchSize: count, first: first,
                    step: position.epoch * order.batches(ofSize: problem.batch) + position.batch, epoch: position.epoch),
                at: parameters, addingTo: target.gradients, statistics: target.statistics)
        }
        let middle = shards.lowerBound + 1 << (Int.bitWidth - 1 - (shards.count - 1).leadingZeroBitCount)
        let left = addUp(shards.lowerBound..<middle, of: samples, into: target, level: level + 1)
        let right = addUp(middle..<shards.upperBound, of: samples, into: branches[level], level: level + 1)
        target.add(branches[level])
        return left + right
    }

    private func finish(_ record: inout TrialRecord) {
        guard host.rank == 0 else { return }
        let decay = objective.decay(at: parameters, addingTo: sums.gradients)
        if let trainLoss = probe.last["train_loss"] { record.set("objective", trainLoss + decay) }
        for name in ["train_loss", "test_loss", "train_accuracy", "test_accuracy"] {
            record.set(name, probe.last[name])
        }
        for (metric, value) in probe.lastMetrics { record.set(metric.rawValue, value) }
    }
}
