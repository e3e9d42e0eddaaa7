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

/// Checkpoints of one network in training: parameters, running statistics, the optimiser's state, position, and what was
/// measured so far. There is no random state: every random number is a function of seed and position.
///
/// Written by the first rank of a team, read back by all of them.
struct TrainingCheckpoints<Scalar: BLASScalar> {
    private let context: TrialContext
    private let parameters: ParameterBlock<Scalar>
    private let statistics: ParameterBlock<Scalar>
    private let optimizer: any Resumable<Scalar>
    private let started = monotonicSeconds()
    private var next: Double
    private var hasFailed = false

    init(
        _ context: TrialContext, _ parameters: ParameterBlock<Scalar>, _ statistics: ParameterBlock<Scalar>,
        _ optimizer: any Resumable<Scalar>
    ) {
        self.context = context
        self.parameters = parameters
        self.statistics = statistics
        self.optimizer = optimizer
        next = started + context.checkpointIntervalSeconds
    }

    private var isFirstRank: Bool { (context.team?.rank ?? 0) == 0 }

    /// A checkpoint that cannot be written costs no trial: the last one stays, the first failure is said, and training
    /// goes on, on all ranks of a team alike.
    mutating func save(_ position: TrainingPosition, _ record: TrialRecord) {
        guard let folder = context.checkpoints, isFirstRank else { return }
        var content = Safetensors()
        content.add("parameters", parameters.storage)
        content.add("statistics", statistics.storage)
        for state in optimizer.blocks { content.add("optimizer.\(state.name)", state.block.storage) }
        content.add("record", encode(record))
        for (name, value) in optimizer.progress { content.metadata["optimizer.\(name)"] = String(value) }
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
    func restore(_ position: inout TrainingPosition, _ record: inout TrialRecord) -> Bool {
        guard context.checkpoints != nil, let content = loadForTeam(),
            let numbers = content.metadata["position"]?.split(separator: " ").compactMap({ Int($0) }),
            numbers.count == 4, let bytes = content.bytes("record"), let stored = TrialResult(decoding: bytes),
            content["parameters"]?.count == parameters.count, content["statistics"]?.count == statistics.count
        else { return false }
        var progress: [String: Double] = [:]
        for (name, text) in content.metadata where name.hasPrefix("optimizer.") {
            progress[String(name.dropFirst("optimizer.".count))] = Double(text)
        }
        // The optimiser puts itself back to the start where something of it is missing; only then is the rest taken.
        guard
            optimizer.resume(from: progress, fill: { content.read("optimizer.\($0.name)", into: $0.block.storage) }),
            content.read("parameters", into: parameters.storage), content.read("statistics", into: statistics.storage)
        else { return false }
        position = TrainingPosition(
            epoch: numbers[0], batch: numbers[1], measuredEpoch: numbers[2], isExhausted: numbers[3] == 1)
        record.measurements = stored.measurements
        record.secondsBefore = stored.seconds
        return true
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
