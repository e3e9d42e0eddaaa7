import Foundation

/// The content of files, in and out.
enum FileBytes {
    /// The whole file, mapped into memory where the file system allows: read once, when it is used.
    static func read(_ path: String) throws(ArrayFileError) -> Data {
        // Foundation's errors do not say what the system said.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw ArrayFileError(path: path, .unreadable(String(cString: strerror(errno)))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ArrayFileError(path: path, .unreadable("it is no regular file"))
        }
        do { return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) } catch {
            throw ArrayFileError(path: path, .unreadable(error.localizedDescription))
        }
    }
}

/// A file that is not there, or still the old one, until it is complete: written beside its place, then renamed.
struct AtomicFile: ~Copyable {
    private let path: String
    private let temporary: String
    private let descriptor: Int32

    init(path: String) throws(ArrayFileError) {
        self.path = path
        temporary = "\(path).\(getpid()).partial"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        if descriptor < 0 { throw ArrayFileError(path: path, .unwritable(String(cString: strerror(errno)))) }
    }

    borrowing func write(_ bytes: Data) throws(ArrayFileError) {
        let code: Int32 = bytes.withUnsafeBytes { source in
            var done = 0
            while done < source.count {
                // Linux writes 2 GiB at most in one call.
                let written = Foundation.write(
                    descriptor, source.baseAddress! + done, min(source.count - done, 1 << 30))
                if written < 0 && errno == EINTR { continue }
                guard written > 0 else { return errno }
                done += written
            }
            return 0
        }
        guard code == 0 else { throw ArrayFileError(path: path, .unwritable(String(cString: strerror(code)))) }
    }

    /// Makes the file appear, complete and on the disk. To be called once, last.
    borrowing func commit() throws(ArrayFileError) {
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            throw ArrayFileError(path: path, .unwritable(String(cString: strerror(errno))))
        }
    }

    deinit {
        close(descriptor)
        // Gone if it was renamed.
        unlink(temporary)
    }
}

extension Data {
    /// The little-endian number of `count` ≤ 8 bytes at `offset` from the start. The caller has made sure they exist.
    func number(_ count: Int, at offset: Int) -> UInt64 {
        var number: UInt64 = 0
        for i in (0..<count).reversed() { number = number << 8 | UInt64(self[startIndex + offset + i]) }
        return number
    }

    /// The bytes from `offset` on, `count` of them, not copied; nil if there are not as many.
    func slice(_ offset: Int, _ count: Int) -> Data? {
        guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else { return nil }
        return self[startIndex + offset..<startIndex + offset + count]
    }

    /// Appends a number as `count` little-endian bytes.
    mutating func append(_ number: some BinaryInteger, _ count: Int) {
        let bits = UInt64(truncatingIfNeeded: number)
        for i in 0..<count { append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * i))) }
    }
}
