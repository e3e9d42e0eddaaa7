import Foundation

/// Named arrays and a few words of metadata in one file, in the safetensors format: the length of a JSON header (eight
/// bytes, little-endian), the header, the numbers (github.com/huggingface/safetensors).
public struct Safetensors: Equatable, Sendable {
    public var metadata: [String: String]
    /// In the order in which they were added, or lie in the file.
    public private(set) var names: [String] = []
    private var arrays: [String: NumericArray] = [:]

    public init(metadata: [String: String] = [:]) { self.metadata = metadata }

    /// The array of a name; setting one replaces it in its place, or adds it at the end.
    public subscript(name: String) -> NumericArray? {
        get { arrays[name] }
        set {
            if arrays[name] == nil, newValue != nil { names.append(name) }
            if newValue == nil { names.removeAll { $0 == name } }
            arrays[name] = newValue
        }
    }

    /// An array that must be there; `path` is for the message only.
    public func array(_ name: String, path: String) throws(ArrayFileError) -> NumericArray {
        guard let array = arrays[name] else {
            throw ArrayFileError(path: path, .missing(name: name, available: names))
        }
        return array
    }
}

// MARK: Writing

extension Safetensors {
    /// The file's bytes. Equal content in equal order gives equal bytes.
    public func encoded() throws(ArrayFileError) -> Data {
        var file = try head(path: "safetensors")
        for name in names { file.append(arrays[name]!.bytes) }
        return file
    }

    /// Writes a file, which appears when it is complete, without a copy of all arrays in memory.
    public func write(to path: String) throws(ArrayFileError) {
        let file = try AtomicFile(path: path)
        try file.write(try head(path: path))
        for name in names { try file.write(arrays[name]!.bytes) }
        try file.commit()
    }

    /// All that comes before the numbers.
    private func head(path: String) throws(ArrayFileError) -> Data {
        var header: [String: Any] = [:]
        if !metadata.isEmpty { header[Self.metadataKey] = metadata }
        var offset = 0
        for name in names {
            let array = arrays[name]!
            header[name] = [
                "dtype": Self.word(of: array.type), "shape": array.shape,
                "data_offsets": [offset, offset + array.bytes.count],
            ]
            offset += array.bytes.count
        }
        var text: Data
        do { text = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys]) } catch {
            throw ArrayFileError(path: path, .unwritable("its names or metadata are no text"))
        }
        // Readers map the numbers into memory: they start at a multiple of eight.
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
        var head = Data()
        head.append(text.count, 8)
        head.append(text)
        return head
    }
}

// MARK: Reading

extension Safetensors {
    static let metadataKey = "__metadata__"
    private static let format = "a safetensors file"

    /// Maps a file; arrays are slices of it.
    public init(path: String) throws(ArrayFileError) {
        try self.init(decoding: try FileBytes.read(path), path: path)
    }

    /// Decodes the bytes of a file; `path` is for messages only. As the format demands, the arrays must cover all that
    /// follows the header, without gaps and overlaps.
    public init(decoding file: Data, path: String) throws(ArrayFileError) {
        let (header, start) = try Self.header(of: file, path)
        metadata = [:]
        if let entry = header[Self.metadataKey] {
            guard let words = entry as? [String: String] else {
                throw ArrayFileError(path: path, .damaged("its metadata is not text"))
            }
            metadata = words
        }
        var found: [(name: String, range: Range<Int>, array: NumericArray)] = []
        for (name, entry) in header where name != Self.metadataKey {
            let (range, array) = try Self.array(name, entry, file, start, path)
            found.append((name, range, array))
        }
        // Arrays without numbers share their offset with others: the names decide.
        found.sort {
            ($0.range.lowerBound, $0.range.upperBound, $0.name) < ($1.range.lowerBound, $1.range.upperBound, $1.name)
        }
        var end = 0
        for (name, range, array) in found {
            guard range.lowerBound == end else {
                throw ArrayFileError(
                    path: path, array: name, .damaged("it does not start where the one before it ends"))
            }
            end = range.upperBound
            self[name] = array
        }
        guard end == file.count - start else {
            throw ArrayFileError(path: path, .damaged("\(file.count - start - end) bytes belong to no array"))
        }
    }

    private static func header(of file: Data, _ path: String) throws(ArrayFileError) -> ([String: Any], start: Int) {
        guard file.count >= 8 else {
            throw ArrayFileError(path: path, .truncated(expectedBytes: 8, foundBytes: file.count))
        }
        let length = file.number(8, at: 0)
        // The format's own limit, without which any eight bytes would announce a header.
        guard length <= 100_000_000 else {
            throw ArrayFileError(path: path, .notOfFormat(format, reason: "it announces a header of \(length) bytes"))
        }
        guard let text = file.slice(8, Int(length)) else {
            throw ArrayFileError(path: path, .truncated(expectedBytes: 8 + Int(length), foundBytes: file.count))
        }
        guard let header = try? JSONSerialization.jsonObject(with: text) as? [String: Any] else {
            throw ArrayFileError(path: path, .notOfFormat(format, reason: "its header is no JSON object"))
        }
        return (header, 8 + Int(length))
    }

    private static func array(
        _ name: String, _ entry: Any, _ file: Data, _ start: Int, _ path: String
    ) throws(ArrayFileError) -> (range: Range<Int>, array: NumericArray) {
        func failure(_ problem: ArrayFileError.Problem) -> ArrayFileError {
            ArrayFileError(path: path, array: name, problem)
        }
        guard let entry = entry as? [String: Any], let word = entry["dtype"] as? String,
            let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int], offsets.count == 2
        else { throw failure(.damaged("its header lacks dtype, shape or data_offsets")) }
        guard let type = ElementType.allCases.first(where: { Self.word(of: $0) == word }) else {
            throw failure(.unsupported("elements of type \(word)", advice: "save it in one of the types of NumPy"))
        }
        guard let count = NumericArray.count(of: shape, type) else {
            throw failure(.damaged("its shape announces more numbers than any file holds"))
        }
        guard offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] - offsets[0] == count * type.byteCount else {
            throw failure(.damaged("its shape and its offsets differ"))
        }
        guard offsets[1] <= file.count - start, let bytes = file.slice(start + offsets[0], offsets[1] - offsets[0])
        else {
            let (expected, overflow) = start.addingReportingOverflow(offsets[1])
            throw failure(.truncated(expectedBytes: overflow ? .max : expected, foundBytes: file.count))
        }
        return (offsets[0]..<offsets[1], NumericArray(type: type, shape: shape, bytes: bytes))
    }

    private static func word(of type: ElementType) -> String {
        switch type {
        case .bool: "BOOL"
        case .int8: "I8"
        case .int16: "I16"
        case .int32: "I32"
        case .int64: "I64"
        case .uint8: "U8"
        case .uint16: "U16"
        case .uint32: "U32"
        case .uint64: "U64"
        case .float16: "F16"
        case .bfloat16: "BF16"
        case .float32: "F32"
        case .float64: "F64"
        }
    }
}
