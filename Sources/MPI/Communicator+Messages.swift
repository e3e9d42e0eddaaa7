import CMPI

#if canImport(Glibc)
    import Glibc
#endif

/// A message as it arrived.
public struct IncomingMessage {
    public let source: Int
    public let tag: Int
    public let bytes: [UInt8]
}

extension Communicator {
    /// The next message from anyone, if one has arrived; never waits.
    public func receiveIfAny() -> IncomingMessage? {
        var arrived: Int32 = 0
        var status = MPI_Status()
        check(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, handle, &arrived, &status), "MPI_Iprobe")
        guard arrived != 0 else { return nil }
        var count: Int32 = 0
        check(MPI_Get_count(&status, byteType, &count), "MPI_Get_count")
        let (source, tag) = (status.MPI_SOURCE, status.MPI_TAG)
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, initialized in
            check(MPI_Recv(buffer.baseAddress, count, byteType, source, tag, handle, ignoreStatus), "MPI_Recv")
            initialized = Int(count)
        }
        return IncomingMessage(source: Int(source), tag: Int(tag), bytes: bytes)
    }

    /// The same bytes on every rank: those of `root`. Collective.
    public func broadcast(_ bytes: [UInt8], from root: Int) -> [UInt8] {
        var count = Int64(bytes.count)
        check(MPI_Bcast(&count, 8, byteType, Int32(root), handle), "MPI_Bcast")
        var bytes = rank == root ? bytes : [UInt8](repeating: 0, count: Int(count))
        // MPI counts in 32 bits.
        let part = 1 << 30
        bytes.withUnsafeMutableBytes { buffer in
            for start in stride(from: 0, to: buffer.count, by: part) {
                let length = min(part, buffer.count - start)
                check(
                    MPI_Bcast(buffer.baseAddress! + start, Int32(length), byteType, Int32(root), handle), "MPI_Bcast")
            }
        }
        return bytes
    }
}

/// Messages on their way out. A send never waits for the receiver: the bytes are kept here until they are gone, and
/// large ones move only while `progress` is called, so callers do that between steps of their work.
public final class Outbox {
    private struct Pending {
        var request: MPI_Request?
        let bytes: UnsafeMutableBufferPointer<UInt8>
    }

    private let communicator: Communicator
    private var pending: [Pending] = []

    public init(_ communicator: Communicator) { self.communicator = communicator }

    public var isEmpty: Bool { pending.isEmpty }

    public func send(_ bytes: [UInt8], to rank: Int, tag: Int) {
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = copy.initialize(from: bytes)
        var request: MPI_Request?
        check(
            MPI_Isend(
                copy.baseAddress, Int32(bytes.count), byteType, Int32(rank), Int32(tag), communicator.handle, &request),
            "MPI_Isend")
        // Most have left by now. The others are left to `progress`: to test all of them here would make a burst of
        // sends quadratic.
        let message = Pending(request: request, bytes: copy)
        if !Self.hasLeft(message) { pending.append(message) }
    }

    /// Lets go of what has left.
    public func progress() {
        guard !pending.isEmpty else { return }
        pending.removeAll(where: Self.hasLeft)
    }

    /// Frees its bytes if so.
    private static func hasLeft(_ message: Pending) -> Bool {
        var request = message.request
        var isDone: Int32 = 0
        check(MPI_Test(&request, &isDone, ignoreStatus), "MPI_Test")
        guard isDone != 0 else { return false }
        message.bytes.deallocate()
        return true
    }
}

/// Waiting that costs little: it spins for a moment, because most answers come within microseconds, and then sleeps
/// for longer and longer up to a millisecond. Blocking receives would keep a core at 100 %.
public struct AdaptiveWait {
    private var idleRounds = 0
    /// Rounds of about half a microsecond each before the first sleep.
    private static let spins = 200
    private static let longestSleepNanoseconds = 1_000_000

    public init() {}

    /// Something arrived: be quick again.
    public mutating func reset() { idleRounds = 0 }

    /// Nothing arrived: wait a little.
    public mutating func pause() {
        idleRounds += 1
        guard idleRounds > Self.spins else { return }
        let doublings = min((idleRounds - Self.spins) / 8, 5)
        var time = timespec(tv_sec: 0, tv_nsec: min(50_000 << doublings, Self.longestSleepNanoseconds))
        nanosleep(&time, nil)
    }
}
