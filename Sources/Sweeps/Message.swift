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

        public init(task: Int, attempt: Int, team: [Int], trial: Trial, checkpointIntervalSeconds: Double? = nil) {
            self.task = task
            self.attempt = attempt
            self.team = team
            self.trial = trial
            self.checkpointIntervalSeconds = checkpointIntervalSeconds
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
        var writer = ByteWriter()
        switch self {
        case .ready, .abandon, .abandoned, .finish:
            break
        case .signalled(let signal):
            writer.write(signal)
        case .run(let assignment):
            writer.write(assignment.task)
            writer.write(assignment.attempt)
            writer.write(assignment.team.count)
            for rank in assignment.team { writer.write(rank) }
            writer.write(assignment.checkpointIntervalSeconds ?? -1)
            writer.write(assignment.trial.canonicalText)
        case .ended(let task, let attempt, let result):
            writer.write(task)
            writer.write(attempt)
            writer.write(result)
        }
        return writer.bytes
    }

    /// nil where the bytes are no such message.
    public init?(tag: Int, bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        switch tag {
        case 1: self = .ready
        case 2:
            guard let task = reader.readInt(), let attempt = reader.readInt(), let count = reader.readInt(),
                count >= 1, count <= bytes.count
            else { return nil }
            let team = (0..<count).compactMap { _ in reader.readInt() }
            guard team.count == count, let interval = reader.readDouble(), let text = reader.readString(),
                let trial = Trial(canonicalText: text)
            else { return nil }
            self = .run(
                Assignment(
                    task: task, attempt: attempt, team: team, trial: trial,
                    checkpointIntervalSeconds: interval >= 0 ? interval : nil))
        case 3:
            guard let task = reader.readInt(), let attempt = reader.readInt(), let result = reader.readBytes() else {
                return nil
            }
            self = .ended(task: task, attempt: attempt, result: result)
        case 4: self = .abandon
        case 5: self = .abandoned
        case 6:
            guard let signal = reader.readInt() else { return nil }
            self = .signalled(signal)
        case 7: self = .finish
        default: return nil
        }
        guard reader.isAtEnd else { return nil }
    }
}

/// Numbers and texts one after the other, little-endian.
public struct ByteWriter {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func write(_ value: Int) { append(UInt64(bitPattern: Int64(value))) }
    public mutating func write(_ value: Double) { append(value.bitPattern) }

    public mutating func write(_ value: [UInt8]) {
        write(value.count)
        bytes.append(contentsOf: value)
    }

    public mutating func write(_ value: String) {
        write(value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    private mutating func append(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

/// Reads back what `ByteWriter` wrote; nil at anything malformed.
public struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public var isAtEnd: Bool { position == bytes.count }

    public mutating func readInt() -> Int? { readUInt64().map { Int(Int64(bitPattern: $0)) } }
    public mutating func readDouble() -> Double? { readUInt64().map { Double(bitPattern: $0) } }

    public mutating func readBytes() -> [UInt8]? {
        guard let count = readInt(), count >= 0, count <= bytes.count - position else { return nil }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    public mutating func readString() -> String? { readBytes().map { String(decoding: $0, as: UTF8.self) } }

    private mutating func readUInt64() -> UInt64? {
        guard bytes.count - position >= 8 else { return nil }
        defer { position += 8 }
        return bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt64.self)) }
    }
}
