import Foundation

/// The right to write to a folder of results, held by one process at a time.
///
/// The kernel's lock decides (it goes with the process, also at SIGKILL); the file's text only says who holds it. Where
/// the file system has no locks, or keeps them to one node, the text decides: it is emptied at release.
public final class StoreLock {
    /// Who holds a lock.
    public struct Holder: Hashable, Sendable, CustomStringConvertible {
        public let host: String
        public let pid: Int
        /// Unix time, in seconds.
        public let since: Double

        public var description: String { "process \(pid) on host \(host) since \(ClockTime.text(since))" }
    }

    /// Takes a lock without waiting: 0 or an `errno`.
    typealias Locking = (_ descriptor: CInt, _ operation: CInt) -> CInt

    public static let fileName = "results.lock"

    private var descriptor: CInt

    /// - Parameter directory: must exist.
    /// - Throws: `inUse` where another process holds it, `notWritable`.
    public convenience init(directory: String, at time: Double = ClockTime.now()) throws(StoreError) {
        try self.init(
            directory: directory, at: time, sharesLocks: FileSystem.kind(of: directory).sharesLocks,
            locking: Self.kernelLock)
    }

    init(
        directory: String, at time: Double, sharesLocks: Bool, locking: Locking
    ) throws(StoreError) {
        let path = directory + "/" + Self.fileName
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .notWritable(path: path, detail: errorText(errno)) }
        let own = Holder(host: Self.hostName, pid: Int(getpid()), since: time)
        var error = locking(descriptor, LOCK_EX | LOCK_NB)
        // A reader that asks who holds the lock has it for an instant.
        for _ in 0..<20 where error == EWOULDBLOCK {
            usleep(10_000)
            error = locking(descriptor, LOCK_EX | LOCK_NB)
        }
        let written = Self.content(of: descriptor)
        if error == EWOULDBLOCK {
            abandon()
            throw .inUse(directory: directory, holder: written?.description ?? "another process")
        }
        let isKernelLock = error == 0
        if !isKernelLock, !Self.isUnsupported(error) {
            abandon()
            throw .notWritable(path: path, detail: errorText(error))
        }
        if !(isKernelLock && sharesLocks), let written, Self.mayLive(written, whereUnlocked: !isKernelLock) {
            abandon()
            let advice = written.host == own.host ? "" : " (if it is gone, remove \(path))"
            throw .inUse(directory: directory, holder: written.description + advice)
        }
        do throws(StoreError) {
            try write(own, to: path)
            if !isKernelLock { try confirm(own, directory: directory) }
        } catch {
            abandon()
            throw error
        }
    }

    deinit { release() }

    /// Gives the folder free. Further calls do nothing.
    public func release() {
        guard descriptor >= 0 else { return }
        ftruncate(descriptor, 0)
        abandon()
    }

    private func abandon() {
        close(descriptor)
        descriptor = -1
    }

    private func write(_ holder: Holder, to path: String) throws(StoreError) {
        let text = Array("\(holder.pid) \(holder.since) \(holder.host)\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count,
            fsync(descriptor) == 0
        else {
            let code = errno
            throw code == ENOSPC || code == EDQUOT
                ? .full(path: path, freeBytes: FileSystem.kind(of: path).freeBytes)
                : .notWritable(path: path, detail: errorText(code))
        }
    }

    /// Without the kernel's help two processes may both have found the file empty; the one that wrote last has it.
    private func confirm(_ own: Holder, directory: String) throws(StoreError) {
        usleep(100_000)
        guard let written = Self.content(of: descriptor), written != own else { return }
        throw .inUse(directory: directory, holder: written.description)
    }

    /// Whether the process that wrote the file may still run; without locks a process of another host may.
    private static func mayLive(_ holder: Holder, whereUnlocked: Bool) -> Bool {
        guard holder.host == hostName else { return true }
        // Locks of one node's processes are seen on that node.
        guard whereUnlocked, holder.pid != Int(getpid()) else { return false }
        return kill(pid_t(truncatingIfNeeded: holder.pid), 0) == 0 || errno == EPERM
    }
}

extension StoreLock {
    /// The process that holds the folder's lock, if one does.
    public static func holder(of directory: String) -> Holder? {
        holder(of: directory, sharesLocks: FileSystem.kind(of: directory).sharesLocks, locking: kernelLock)
    }

    static func holder(of directory: String, sharesLocks: Bool, locking: Locking) -> Holder? {
        let descriptor = open(directory + "/" + fileName, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let error = locking(descriptor, LOCK_SH | LOCK_NB)
        let written = content(of: descriptor)
        if error == EWOULDBLOCK { return written ?? Holder(host: "?", pid: 0, since: 0) }
        if error == 0, sharesLocks { return nil }
        return written.flatMap { mayLive($0, whereUnlocked: error != 0) ? $0 : nil }
    }

    private static func content(of descriptor: CInt) -> Holder? {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let fields = String(decoding: bytes[..<count], as: UTF8.self).split { $0 == " " || $0 == "\n" }
        guard fields.count == 3, let pid = Int(fields[0]), let since = Double(fields[1]) else { return nil }
        return Holder(host: String(fields[2]), pid: pid, since: since)
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "?" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    static func kernelLock(_ descriptor: CInt, _ operation: CInt) -> CInt {
        flock(descriptor, operation) == 0 ? 0 : errno
    }

    static func isUnsupported(_ error: CInt) -> Bool {
        error == ENOSYS || error == ENOTSUP || error == ENOLCK || error == EINVAL
    }
}

func errorText(_ code: CInt) -> String { String(cString: strerror(code)) }
