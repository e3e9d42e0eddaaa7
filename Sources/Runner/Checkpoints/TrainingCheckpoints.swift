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
}

/// Checkpoints of one network in training: parameters, momentum, position, and what was measured so far. There is no
/// random state: every random number is a function of seed and position.
///
/// Written by the first rank of a team, read back by all of them.
struct TrainingCheckpoints<Scalar: BLASScalar> {
    private let context: TrialContext
    private let parameters: ParameterBlock<Scalar>
    private let velocity: ParameterBlock<Scalar>
    private let statistics: ParameterBlock<Scalar>
    private let started = monotonicSeconds()
    private var next: Double
    private var hasFailed = false

    init(
        _ context: TrialContext, _ parameters: ParameterBlock<Scalar>, _ velocity: ParameterBlock<Scalar>,
        _ statistics: ParameterBlock<Scalar>
    ) {
        self.statistics = statistics
        self.context = context
        self.parameters = parameters
        self.velocity = velocity
        next = started + context.checkpointIntervalSeconds
    }

    private var isFirstRank: Bool { (context.team?.rank ?? 0) == 0 }

    /// A checkpoint that cannot be written costs no trial: the last one stays, the first failure is said, and training
    /// goes on, on all ranks of a team alike.
    mutating func save(_ position: TrainingPosition, _ record: TrialRecord) {
        guard let folder = context.checkpoints, isFirstRank else { return }
        var content = Safetensors()
        content.add("parameters", parameters.storage)
        content.add("velocity", velocity.storage)
        content.add("statistics", statistics.storage)
        content.add("record", encode(record))
        content.metadata["epoch"] = String(position.epoch)
        content.metadata["batch"] = String(position.batch)
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

    /// Goes on where the last checkpoint was made; changes nothing where there is none.
    func restore(_ position: inout TrainingPosition, _ record: inout TrialRecord) {
        guard context.checkpoints != nil, let content = loadForTeam(),
            let epoch = content.metadata["epoch"].flatMap({ Int($0) }),
            let batch = content.metadata["batch"].flatMap({ Int($0) }),
            let bytes = content.bytes("record"), let stored = TrialResult(decoding: bytes),
            content.read("velocity", into: velocity.storage),
            content.read("statistics", into: statistics.storage), content.read("parameters", into: parameters.storage)
        else { return }
        position = TrainingPosition(epoch: epoch, batch: batch)
        record.measurements = stored.measurements
        record.secondsBefore = stored.seconds
    }

    /// All ranks of a team take what its first rank reads: the folder may not look the same everywhere at every moment.
    private func loadForTeam() -> Safetensors? {
        let own = isFirstRank ? context.checkpoints?.load(context.trial) : nil
        guard let team = context.team else { return own }
        let bytes = team.broadcast((try? own?.encoded()).map { [UInt8]($0) } ?? [], from: 0)
        return try? Safetensors(decoding: Data(bytes), path: "checkpoint of trial \(context.trial.id)")
    }

    private func encode(_ record: TrialRecord) -> [UInt8] {
        TrialResult(
            id: context.trial.id, state: .done, measurements: record.measurements, started: 0,
            seconds: record.secondsBefore + monotonicSeconds() - started, host: "", rank: 0
        ).encoded
    }
}
