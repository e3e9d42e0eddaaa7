import CZlib
import Foundation

extension ZipDirectory {
    /// The bytes of an entry, checked against their checksum; a slice of the archive where they are not compressed.
    static func content(of entry: Entry, in archive: Data) throws(ZipProblem) -> Data {
        guard let packed = archive.slice(entry.start, entry.compressedSize) else {
            throw ZipProblem("it ends too early")
        }
        let content: Data
        switch entry.method {
        case 0:
            guard entry.size == entry.compressedSize else { throw ZipProblem("its two sizes differ") }
            content = packed
        case 8: content = try inflate(packed, to: entry.size)
        default: throw ZipProblem("compressed by method \(entry.method), neither stored nor deflated")
        }
        guard checksum(content) == entry.checksum else { throw ZipProblem("its checksum does not match") }
        return content
    }

    /// CRC-32 of some bytes, after that of what came before.
    static func checksum(_ bytes: Data, after previous: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { bytes in
            // zlib takes no address for the start: it would give the checksum of nothing.
            guard let start = bytes.baseAddress else { return previous }
            return UInt32(crc32_z(uLong(previous), start.assumingMemoryBound(to: Bytef.self), bytes.count))
        }
    }

    /// Undoes a deflation whose size is known.
    private static func inflate(_ packed: Data, to size: Int) throws(ZipProblem) -> Data {
        // Deflation saves a factor of 1032 at most: a larger size is no reason to ask for memory.
        guard size / 1032 <= packed.count else { throw ZipProblem("it is too short for its size") }
        var content = Data(count: size)
        var stream = z_stream()
        let setUp = inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard setUp == Z_OK else { throw ZipProblem("no memory to inflate it") }
        defer { inflateEnd(&stream) }
        let isWhole = content.withUnsafeMutableBytes { target in
            packed.withUnsafeBytes { source in inflate(source, target, &stream) }
        }
        guard isWhole else { throw ZipProblem("its deflated data is damaged") }
        return content
    }

    /// Whether all of `source` was inflated and filled all of `target`. zlib counts in 32 bits.
    private static func inflate(
        _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer, _ stream: inout z_stream
    ) -> Bool {
        let most = 1 << 30
        // zlib wants an address for the output also where there is none.
        var nowhere: Bytef = 0
        return withUnsafeMutablePointer(to: &nowhere) { nowhere in
            var (taken, given) = (0, 0)
            while true {
                let (inputs, outputs) = (min(most, source.count - taken), min(most, target.count - given))
                stream.next_in = source.baseAddress.map {
                    UnsafeMutablePointer(mutating: ($0 + taken).assumingMemoryBound(to: Bytef.self))
                }
                stream.next_out =
                    outputs == 0 ? nowhere : (target.baseAddress! + given).assumingMemoryBound(to: Bytef.self)
                (stream.avail_in, stream.avail_out) = (UInt32(inputs), UInt32(outputs))
                let code = CZlib.inflate(&stream, Z_NO_FLUSH)
                taken += inputs - Int(stream.avail_in)
                given += outputs - Int(stream.avail_out)
                if code == Z_STREAM_END { return taken == source.count && given == target.count }
                // Z_BUF_ERROR: it cannot go on.
                guard code == Z_OK else { return false }
            }
        }
    }
}
