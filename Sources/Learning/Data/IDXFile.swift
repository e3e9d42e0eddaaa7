/// A file of unsigned bytes in the IDX format (LeCun, Cortes and Burges, "The MNIST database"), gzipped or plain.
///
/// Two zero bytes, a type byte, the number of dimensions, each dimension as a big-endian 32-bit number, then the data,
/// last dimension fastest.
public struct IDXFile: Sendable {
    public enum Content: Sendable {
        /// (samples × height × width), or any shape of two to four dimensions
        case images
        /// (samples)
        case labels
    }

    public let path: String
    /// The number of samples, then the shape of one.
    public let dimensions: [Int]

    public var samples: Int { dimensions[0] }
    public var sampleShape: [Int] { Array(dimensions.dropFirst()) }
    /// Bytes of data, header not counted.
    public var byteCount: Int { dimensions.reduce(1, *) }
    private var headerBytes: Int { 4 + 4 * dimensions.count }

    /// Reads and checks the header only.
    public init(path: String, content: Content) throws(DataError) {
        self.path = path
        let stream = try InputFile(path: path)
        dimensions = try Self.readHeader(stream)
        let (expected, fits) =
            switch content {
            case .images: ("images", (2...4).contains(dimensions.count))
            case .labels: ("labels", dimensions.count == 1)
            }
        guard fits else { throw .mislabelled(path: path, expected: expected, dimensions: dimensions) }
        guard byteCount > 0 else { throw .empty(path: path) }
    }

    /// Reads all data into `target`, which has `byteCount` bytes: the caller's, so that the ranks of a node can share
    /// one copy.
    public func read(into target: UnsafeMutableRawBufferPointer) throws(DataError) {
        precondition(target.count == byteCount, "size of the memory for an IDX file")
        let stream = try InputFile(path: path)
        guard try Self.readHeader(stream) == dimensions else {
            throw .unreadable(path: path, reason: "it changed while it was being read")
        }
        let expected = headerBytes + byteCount
        let found = try stream.read(into: target)
        guard found == byteCount else {
            throw .truncated(path: path, expectedBytes: expected, foundBytes: headerBytes + found)
        }
        guard try stream.isAtEnd() else { throw .trailingBytes(path: path, expectedBytes: expected) }
    }

    private static func readHeader(_ stream: InputFile) throws(DataError) -> [Int] {
        let magic = try readBytes(4, of: 4, from: stream)
        guard magic[0] == 0, magic[1] == 0 else {
            throw .notIDX(path: stream.path, reason: "it does not start with two zero bytes")
        }
        guard magic[2] == 8 else {
            throw .notIDX(path: stream.path, reason: "type byte \(magic[2]) instead of 8")
        }
        guard (1...4).contains(magic[3]) else {
            throw .notIDX(path: stream.path, reason: "\(magic[3]) dimensions")
        }
        let count = Int(magic[3])
        let bytes = try readBytes(4 * count, after: 4, of: 4 + 4 * count, from: stream)
        let dimensions = (0..<count).map { axis in (0..<4).reduce(0) { $0 << 8 | Int(bytes[4 * axis + $1]) } }
        var size = 1
        for dimension in dimensions {
            let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
            guard !overflow, product < 1 << 48 else {
                throw .notIDX(path: stream.path, reason: "its dimensions announce more data than any file holds")
            }
            size = product
        }
        return dimensions
    }

    private static func readBytes(
        _ count: Int, after already: Int = 0, of expected: Int, from stream: InputFile
    ) throws(DataError) -> [UInt8] {
        let memory = ByteMemory(byteCount: count)
        let found = try stream.read(into: memory.bytes)
        guard found == count else {
            throw .truncated(path: stream.path, expectedBytes: expected, foundBytes: already + found)
        }
        return Array(memory.bytes)
    }
}
