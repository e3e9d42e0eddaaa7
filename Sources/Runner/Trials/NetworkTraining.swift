import ArrayFiles
import Learning
import LinearAlgebra
import Results

/// One network in training, in one precision, on the ranks of a team.
///
/// A batch is cut into a fixed number of logical shards, whose gradients are summed in one fixed binary tree, first
/// within a rank and then over ranks; so the bits do not depend on how many ranks share the work.
final class NetworkTraining<Scalar: BLASScalar & ArrayElement> {
    private let problem: NetworkProblem
    private let samples: TrialSamples
    private let context: TrialContext
    private let method: TrainingMethod
    private let host: TeamHost
    private let objective: NetworkObjective<Scalar>
    private let parameters: ParameterBlock<Scalar>
    private let sums: BatchSums<Scalar>
    /// For the right branches of the tree, one a level.
    private let branches: [BatchSums<Scalar>]
    private let received: Buffer<Scalar>
    private let stepper: Stepper
    private var order: BatchOrder
    private let probe: CollapseProbe<Scalar>
    private var checkpoints: TrainingCheckpoints<Scalar>
    private var position = TrainingPosition()

    /// Batch by batch, or all samples at once.
    private enum Stepper {
        case batches(any Optimizer<Scalar>)
        case everything(LBFGS<Scalar, any Error>)
    }

    init(_ problem: NetworkProblem, _ samples: TrialSamples, _ context: TrialContext) {
        self.problem = problem
        self.samples = samples
        self.context = context
        method = problem.training
        let host = TeamHost(context.host, context.team)
        self.host = host
        let normalization = Normalization(of: samples.training, samples: samples.trainingSamples)
        let objective = NetworkObjective<Scalar>(
            network: problem.network, loss: problem.loss, data: samples.training, normalization: normalization,
            weightDecay: problem.decay, largestShard: method.largestShard, pad: samples.pad,
            augmentation: problem.augmentation)
        self.objective = objective
        parameters = ParameterBlock(layout: objective.layout)
        let sums = BatchSums<Scalar>(problem.network)
        self.sums = sums
        let shardsHere = method.shards / host.ranks
        let levels = shardsHere > 1 ? Int.bitWidth - (shardsHere - 1).leadingZeroBitCount : 0
        let branches = (0..<levels).map { _ in BatchSums<Scalar>(problem.network) }
        self.branches = branches
        let received = Buffer<Scalar>(count: host.ranks > 1 ? sums.storage.count : 0)
        self.received = received
        let resumable: any Resumable<Scalar>
        if method.optimizer == .lbfgs {
            let summation = ShardSummation(
                objective, sums, branches, received, host, shards: method.shards, largestPiece: method.largestShard)
            let all = samples.trainingSamples[...]
            let solver = LBFGS<Scalar, any Error>(layout: objective.layout) { (point, gradient) throws(any Error) in
                sums.storage.zero()
                let loss = try summation.addUp(all, at: point, step: 0, epoch: 0)
                gradient.storage.copy(from: sums.gradients.storage)
                return loss + objective.decay(at: point, addingTo: gradient)
            }
            (stepper, resumable) = (.everything(solver), solver)
        } else {
            let optimizer: any Optimizer<Scalar> = method.makeOptimizer(objective)
            (stepper, resumable) = (.batches(optimizer), optimizer)
        }
        checkpoints = TrainingCheckpoints(context, samples, parameters, objective.statistics, resumable)
        order = BatchOrder(samples: samples.trainingSamples, seed: UInt64(problem.seed))
        probe = CollapseProbe(
            problem, normalization: normalization, samples: samples, statistics: objective.statistics, host: host)
    }

    func run() throws -> TrialRecord {
        objective.initialize(parameters, seed: UInt64(problem.seed))
        var record = TrialRecord()
        let isResumed = checkpoints.restore(&position, &record)
        do {
            try train(&record, isResumed: isResumed)
        } catch let abandoned as Abandoned {
            checkpoints.save(position, record)
            throw abandoned
        }
        return record
    }

    private func train(_ record: inout TrialRecord, isResumed: Bool) throws {
        let points = LogSpacedPoints(last: method.epochs, count: problem.measurements)
        let batches = method.optimizer == .lbfgs ? 1 : order.batches(ofSize: method.batch)
        if case .everything(let solver) = stepper, !isResumed { try solver.start(at: parameters) }
        while true {
            let epoch = position.epoch
            let isDue = points.isDue(epoch) || position.isExhausted
            if position.batch == 0, isDue, position.measuredEpoch != epoch {
                record.measurements += try probe.measure(at: parameters, step: epoch * batches, epoch: epoch)
                position.measuredEpoch = epoch
            }
            guard epoch < method.epochs, !position.isExhausted else { break }
            order.shuffle(epoch: epoch)
            while position.batch < batches {
                guard try step(number: epoch * batches + position.batch, batches: batches) else {
                    record.diverge(
                        "the loss is not finite in epoch \(epoch + 1); "
                            + (method.optimizer == .lbfgs ? "try another optimizer" : "lower the learning rate"))
                    return
                }
                position.batch += 1
                checkpoints.saveIfDue(position, record)
            }
            position = TrainingPosition(
                epoch: epoch + 1, measuredEpoch: position.measuredEpoch, isExhausted: position.isExhausted)
        }
        finish(&record)
        if host.rank == 0 {
            context.weights?.save(context.trial, problem.network, parameters, objective.statistics, samples)
        }
    }

    /// One step; false if the loss is not finite.
    private func step(number: Int, batches: Int) throws -> Bool {
        switch stepper {
        case .batches(let optimizer):
            let rate = method.schedule.rate(
                base: method.learningRate, step: number, stepsPerEpoch: batches, epochs: method.epochs)
            // The gradients are zeros: the update before has cleared them.
            sums.statistics.zero()
            let summation = ShardSummation(
                objective, sums, branches, received, host, shards: method.shards, largestPiece: method.largestShard)
            let loss = try summation.addUp(
                order.batch(position.batch, size: method.batch), at: parameters, step: number, epoch: position.epoch)
            guard loss.isFinite else { return false }
            optimizer.update(parameters, along: sums.gradients, learningRate: rate, clearingGradients: true)
        case .everything(let solver):
            switch try solver.step(parameters) {
            case .improved: break
            case .exhausted: position.isExhausted = true
            case .diverged: return false
            }
        }
        problem.network.updateStatistics(objective.statistics, from: sums.statistics)
        return true
    }

    private func finish(_ record: inout TrialRecord) {
        guard host.rank == 0 else { return }
        record.set("parameters", problem.network.parameterCount)
        record.set("trained_parameters", problem.network.layout.count)
        if let trainLoss = probe.last["train_loss"] {
            let features = 0.5 * objective.featureDecay * (probe.last["feature_square"] ?? 0)
            record.set("objective", trainLoss + features + objective.weightDecay.penalty(at: parameters))
        }
        for name in ["train_loss", "test_loss", "train_accuracy", "test_accuracy"] {
            record.set(name, probe.last[name])
        }
        for (name, value) in probe.lastOutcomes { record.set(name, value) }
    }
}

extension TrainingMethod {
    func makeOptimizer<Scalar: BLASScalar>(_ objective: NetworkObjective<Scalar>) -> any Optimizer<Scalar> {
        let (layout, decay) = (objective.layout, objective.weightDecay)
        return switch optimizer {
        case .adam, .adamw:
            Adam<Scalar>(
                layout: layout, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay,
                decouplesDecay: optimizer == .adamw)
        case .sgd, .nesterov, .lbfgs:
            SGD<Scalar>(
                layout: layout, momentum: momentum, isNesterov: optimizer == .nesterov, weightDecay: decay)
        }
    }
}
