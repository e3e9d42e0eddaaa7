import CZlib

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The bytes of a file from front to back, decompressed where it is gzipped.
///
/// zlib's own `gzread` takes what follows the compressed data for padding and says nothing; here it is an error.
final class InputFile {
    let path: String
    private let descriptor: Int32
    /// nil for a plain file.
    private var inflater: UnsafeMutablePointer<z_stream>?
    private let buffer = ByteMemory(byteCount: 1 << 17)
    /// Bytes of the buffer that are not used yet.
    private var pending: Range<Int> = 0..<0
    private var isAtEndOfFile = false
    /// Whether a compressed member has ended and none begun.
    private var isBetweenMembers = false

    init(path: String) throws(DataError) {
        self.path = path
        // A pipe would wait for a writer, and a device may never end.
        descriptor = open(path, O_RDONLY | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG || status.st_mode & S_IFMT == S_IFDIR
        else { throw .unreadable(path: path, reason: "not a file") }
        try fill()
        if startsWithMagic { inflater = try makeInflater() }
    }

    deinit {
        if let inflater {
            inflateEnd(inflater)
            inflater.deallocate()
        }
        if descriptor >= 0 { close(descriptor) }
    }

    /// Bytes read: fewer than asked for only at the end of the data.
    func read(into target: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
        var done = 0
        while done < target.count {
            let got = try readSome(into: UnsafeMutableRawBufferPointer(rebasing: target[done...]))
            if got == 0 { break }
            done += got
        }
        return done
    }

    /// Whether nothing follows. A byte of what does is lost.
    func isAtEnd() throws(DataError) -> Bool {
        var extra: UInt8 = 0
        return try withUnsafeMutableBytes(of: &extra) { (byte) throws(DataError) in try read(into: byte) } == 0
    }

    /// All that is left.
    func readAll() throws(DataError) -> [UInt8] {
        var bytes: [UInt8] = []
        let piece = ByteMemory(byteCount: 1 << 20)
        while true {
            let got = try read(into: piece.bytes)
            bytes += piece.bytes[..<got]
            if got < piece.bytes.count { return bytes }
        }
    }

    private func readSome(into target: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
        if pending.isEmpty { try fill() }
        guard let inflater else {
            let count = min(pending.count, target.count)
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer.bytes[pending].prefix(count)))
            pending.removeFirst(count)
            return count
        }
        return try inflate(inflater, into: target)
    }

    private func inflate(
        _ inflater: UnsafeMutablePointer<z_stream>, into target: UnsafeMutableRawBufferPointer
    ) throws(DataError) -> Int {
        // zlib counts in 32 bits.
        let wanted = min(target.count, 1 << 30)
        inflater.pointee.next_out = target.baseAddress!.assumingMemoryBound(to: UInt8.self)
        inflater.pointee.avail_out = uInt(wanted)
        while inflater.pointee.avail_out > 0 {
            if pending.isEmpty { try fill() }
            if isBetweenMembers {
                if pending.isEmpty { break }
                guard startsWithMagic else {
                    throw .corrupted(path: path, reason: "other bytes follow the compressed data")
                }
                inflateReset(inflater)
                isBetweenMembers = false
            }
            guard !pending.isEmpty else { throw .corrupted(path: path, reason: "unexpected end of file") }
            inflater.pointee.next_in = (buffer.bytes.baseAddress! + pending.lowerBound)
                .assumingMemoryBound(to: UInt8.self)
            inflater.pointee.avail_in = uInt(pending.count)
            let code = CZlib.inflate(inflater, Z_NO_FLUSH)
            pending = pending.upperBound - Int(inflater.pointee.avail_in)..<pending.upperBound
            switch code {
            case Z_STREAM_END: isBetweenMembers = true
            case Z_OK, Z_BUF_ERROR: break
            default:
                throw .corrupted(path: path, reason: inflater.pointee.msg.map { String(cString: $0) } ?? "code \(code)")
            }
        }
        return wanted - Int(inflater.pointee.avail_out)
    }

    /// The next bytes of the file, behind those that are pending.
    private func fill() throws(DataError) {
        guard !isAtEndOfFile, pending.isEmpty else { return }
        var got = 0
        repeat { got = readBytes(descriptor, buffer.bytes) } while got < 0 && errno == EINTR
        guard got >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
        pending = 0..<got
        isAtEndOfFile = got == 0
    }

    /// Of gzip, as far as there are bytes.
    private var startsWithMagic: Bool {
        pending.count >= 2 && buffer.bytes[pending.lowerBound] == 0x1F && buffer.bytes[pending.lowerBound + 1] == 0x8B
    }

    private func makeInflater() throws(DataError) -> UnsafeMutablePointer<z_stream> {
        let inflater = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        inflater.initialize(to: z_stream())
        // 15 bits of window, and 16 for the header and trailer of gzip.
        guard inflateInit2_(inflater, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            inflater.deallocate()
            throw .unreadable(path: path, reason: "out of memory")
        }
        return inflater
    }
}

/// The system's `read`, by a name that no method of the class has.
private func readBytes(_ descriptor: Int32, _ target: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, target.baseAddress!, target.count)
}
