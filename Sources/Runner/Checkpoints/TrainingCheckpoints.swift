import ArrayFiles
import Foundation
import Learning
import LinearAlgebra
import MPI
import Results

/// Where a training run stands: `batch` batches of epoch `epoch` are done, both counted from 0.
struct TrainingPosition: Equatable {
    var epoch = 0
    var batch = 0
    /// The last epoch before which was measured; -1 for none.
    var measuredEpoch = -1
    /// No step changes the objective any more.
    var isExhausted = false
}

/// Checkpoints of one network in training: parameters, running statistics, the optimiser's state, position, and what
/// was measured so far. There is no random state: every random number is a function of seed and position.
///
/// Written by the first rank of a team, read back by all of them.
struct TrainingCheckpoints<Scalar: BLASScalar> {
    private let context: TrialContext
    private let parameters: ParameterBlock<Scalar>
    private let statistics: ParameterBlock<Scalar>
    private let optimizer: any Resumable<Scalar>
    private let samples: TrialSamples
    /// Asked for only where there is a checkpoint to be read or written.
    private lazy var dataChecksum = samples.checksum
    private let started = monotonicSeconds()
    private var next: Double
    private var hasFailed = false

    init(
        _ context: TrialContext, _ samples: TrialSamples, _ parameters: ParameterBlock<Scalar>,
        _ statistics: ParameterBlock<Scalar>, _ optimizer: any Resumable<Scalar>
    ) {
        self.context = context
        self.samples = samples
        self.parameters = parameters
        self.statistics = statistics
        self.optimizer = optimizer
        next = started + context.checkpointIntervalSeconds
    }

    private var isFirstRank: Bool { (context.team?.rank ?? 0) == 0 }

    /// A checkpoint that cannot be written costs no trial: the last one stays, the first failure is said, and training
    /// goes on, on all ranks of a team alike.
    mutating func save(_ position: TrainingPosition, _ record: TrialRecord) {
        // At the start there is nothing to keep, and a solver has no state yet.
        guard let folder = context.checkpoints, isFirstRank, position != TrainingPosition() else { return }
        var content = Safetensors()
        content.add("parameters", parameters.storage)
        content.add("statistics", statistics.storage)
        for state in optimizer.blocks { content.add("optimizer.\(state.name)", state.block.storage) }
        content.add("record", encode(record))
        for (name, value) in optimizer.progress { content.metadata["optimizer.\(name)"] = String(value) }
        content.metadata["data"] = dataChecksum
        content.metadata["position"] = [
            position.epoch, position.batch, position.measuredEpoch, position.isExhausted ? 1 : 0,
        ].map(String.init).joined(separator: " ")
        do { try folder.save(context.trial, content) } catch {
            if !hasFailed { warn("trial \(context.trial.id): \(error); it trains on without") }
            hasFailed = true
        }
    }

    mutating func saveIfDue(_ position: TrainingPosition, _ record: TrialRecord) {
        guard monotonicSeconds() >= next else { return }
        save(position, record)
        next = monotonicSeconds() + context.checkpointIntervalSeconds
    }

    /// Goes on where the last checkpoint was made; changes nothing, and returns false, where there is none.
    ///
    /// All ranks of a team take what its first rank could: the folder may not look the same everywhere at every moment.
    mutating func restore(_ position: inout TrainingPosition, _ record: inout TrialRecord) -> Bool {
        guard let folder = context.checkpoints else { return false }
        let own = isFirstRank ? folder.load(context.trial) { take($0, &position, &record) } : nil
        guard let team = context.team else { return own != nil }
        guard let bytes = try? own?.encoded() ?? Data() else { preconditionFailure("checkpoint that was just read") }
        let shared = team.broadcast([UInt8](bytes), from: 0)
        guard !shared.isEmpty else { return false }
        guard !isFirstRank else { return true }
        let path = "checkpoint of trial \(context.trial.id)"
        guard let content = try? Safetensors(decoding: Data(shared), path: path),
            take(content, &position, &record) == nil
        else { preconditionFailure("checkpoint that the first rank took") }
        return true
    }

    /// Takes a checkpoint over. Returns what is wrong with one that does not fit, and then leaves all as it is.
    private mutating func take(_ content: Safetensors, _ position: inout TrainingPosition, _ record: inout TrialRecord)
        -> String?
    {
        guard let numbers = content.metadata["position"]?.split(separator: " ").compactMap({ Int($0) }),
            numbers.count == 4, numbers[0] >= 0, numbers[1] >= 0, let bytes = content.bytes("record"),
            let stored = TrialResult(decoding: bytes)
        else { return "the checkpoint does not say where it was made" }
        guard content.metadata["data"] == dataChecksum else {
            return "the checkpoint was made with other data, the data set has changed since"
        }
        guard content.holds("parameters", for: parameters.storage), content.holds("statistics", for: statistics.storage)
        else { return "the checkpoint is of another architecture" }
        var progress: [String: Double] = [:]
        for (name, text) in content.metadata where name.hasPrefix("optimizer.") {
            progress[String(name.dropFirst("optimizer.".count))] = Double(text)
        }
        // The optimiser puts itself back to the start where something of it is missing; only then is the rest taken.
        guard
            optimizer.resume(from: progress, fill: { content.read("optimizer.\($0.name)", into: $0.block.storage) }),
            content.read("parameters", into: parameters.storage), content.read("statistics", into: statistics.storage)
        else { return "the checkpoint is of another optimizer" }
        position = TrainingPosition(
            epoch: numbers[0], batch: numbers[1], measuredEpoch: numbers[2], isExhausted: numbers[3] == 1)
        record.measurements = stored.measurements
        record.secondsBefore = stored.seconds
        return nil
    }

    private func encode(_ record: TrialRecord) -> [UInt8] {
        TrialResult(
            id: context.trial.id, state: .done, measurements: record.measurements, started: 0,
            seconds: record.secondsBefore + monotonicSeconds() - started, host: "", rank: 0
        ).encoded
    }
}
