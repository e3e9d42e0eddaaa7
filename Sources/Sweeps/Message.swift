/// What coordinator and workers say to each other, as bytes: no Codable, because a message must cost less than a
/// microsecond where trials do.
public enum Message: Equatable, Sendable {
    /// Worker: started up, waiting for work.
    case ready
    /// Coordinator: run this trial with these ranks of the world.
    case run(Assignment)
    /// Worker: the end of an attempt, with the encoded result.
    case ended(task: Int, attempt: Int, result: [UInt8])
    /// Coordinator: give up what runs and what waits.
    case abandon
    /// Worker: has given up, and reported before all it had finished.
    case abandoned
    /// Worker: got this signal.
    case signalled(Int)
    /// Coordinator: leave.
    case finish

    public struct Assignment: Equatable, Sendable {
        public let task: Int
        public let attempt: Int
        public let team: [Int]
        public let trial: Trial
        /// Seconds between checkpoints; nil for none.
        public let checkpointIntervalSeconds: Double?
        public let keepsWeights: Bool

        public init(
            task: Int, attempt: Int, team: [Int], trial: Trial, checkpointIntervalSeconds: Double? = nil,
            keepsWeights: Bool = false
        ) {
            self.task = task
            self.attempt = attempt
            self.team = team
            self.trial = trial
            self.checkpointIntervalSeconds = checkpointIntervalSeconds
            self.keepsWeights = keepsWeights
        }
    }
}

extension Message {
    /// Number of the kind; MPI's tag.
    public var tag: Int {
        switch self {
        case .ready: 1
        case .run: 2
        case .ended: 3
        case .abandon: 4
        case .abandoned: 5
        case .signalled: 6
        case .finish: 7
        }
    }

    public var bytes: [UInt8] {
        var writer = ByteWriter(reserving: 256)
        switch self {
        case .ready, .abandon, .abandoned, .finish:
            break
        case .signalled(let signal):
            writer.write(signal)
        case .run(let assignment):
            writer.write(assignment.task)
            writer.write(assignment.attempt)
            writer.write(UInt64(assignment.team.count))
            for rank in assignment.team { writer.write(rank) }
            writer.write(assignment.checkpointIntervalSeconds ?? -1)
            writer.write(assignment.keepsWeights ? 1 : 0)
            writer.write(assignment.trial)
        case .ended(let task, let attempt, let result):
            writer.write(task)
            writer.write(attempt)
            writer.write(bytes: result)
        }
        return writer.bytes
    }

    /// nil where the bytes are no such message.
    public init?(tag: Int, bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        switch tag {
        case 1: self = .ready
        case 2:
            guard let task = reader.integer(), let attempt = reader.integer(),
                let count = reader.count(ofElementsTaking: 1), count >= 1
            else { return nil }
            let team = (0..<count).compactMap { _ in reader.integer() }
            guard team.count == count, let interval = reader.real(), let keepsWeights = reader.integer(),
                (0...1).contains(keepsWeights), let trial = reader.trial()
            else { return nil }
            self = .run(
                Assignment(
                    task: task, attempt: attempt, team: team, trial: trial,
                    checkpointIntervalSeconds: interval >= 0 ? interval : nil, keepsWeights: keepsWeights == 1))
        case 3:
            guard let task = reader.integer(), let attempt = reader.integer() else { return nil }
            self = .ended(task: task, attempt: attempt, result: reader.remainingBytes())
        case 4: self = .abandon
        case 5: self = .abandoned
        case 6:
            guard let signal = reader.integer() else { return nil }
            self = .signalled(signal)
        case 7: self = .finish
        default: return nil
        }
        guard reader.isAtEnd else { return nil }
    }
}
