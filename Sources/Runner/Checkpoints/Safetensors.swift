import Foundation
import LinearAlgebra

/// Named arrays and a few words of metadata in one file, in the safetensors format: the length of a JSON header (eight
/// bytes, little-endian), the header, the numbers. Python's `safetensors` reads it.
struct Safetensors {
    enum ElementType: String {
        case float32 = "F32"
        case float64 = "F64"
        case byte = "U8"
    }

    struct Tensor {
        let name: String
        let type: ElementType
        let shape: [Int]
        let bytes: Data
    }

    var metadata: [String: String] = [:]
    private(set) var tensors: [Tensor] = []

    init() {}

    /// Adds all numbers of a buffer.
    mutating func add<Scalar: BLASScalar>(_ name: String, _ values: Buffer<Scalar>) {
        let bytes = Data(bytes: values.start, count: values.count * MemoryLayout<Scalar>.stride)
        tensors.append(Tensor(name: name, type: Self.type(of: Scalar.self), shape: [values.count], bytes: bytes))
    }

    mutating func add(_ name: String, _ bytes: [UInt8]) {
        tensors.append(Tensor(name: name, type: .byte, shape: [bytes.count], bytes: Data(bytes)))
    }

    /// Fills a buffer; false if there is no such array of its type and size.
    func read<Scalar: BLASScalar>(_ name: String, into values: Buffer<Scalar>) -> Bool {
        guard let tensor = tensors.first(where: { $0.name == name }), tensor.type == Self.type(of: Scalar.self),
            tensor.bytes.count == values.count * MemoryLayout<Scalar>.stride
        else { return false }
        tensor.bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            UnsafeMutableRawPointer(values.start).copyMemory(from: start, byteCount: source.count)
        }
        return true
    }

    func bytes(_ name: String) -> [UInt8]? {
        tensors.first { $0.name == name && $0.type == .byte }.map { [UInt8]($0.bytes) }
    }

    private static func type<Scalar>(of _: Scalar.Type) -> ElementType {
        Scalar.self == Float.self ? .float32 : .float64
    }
}

extension Safetensors {
    /// The file's bytes. Keys are sorted, so that equal content gives equal bytes.
    func encoded() throws -> Data {
        var header: [String: Any] = ["__metadata__": metadata]
        var offset = 0
        for tensor in tensors {
            header[tensor.name] = [
                "dtype": tensor.type.rawValue, "shape": tensor.shape,
                "data_offsets": [offset, offset + tensor.bytes.count],
            ]
            offset += tensor.bytes.count
        }
        var text = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys])
        // Readers map the numbers into memory: they start at a multiple of eight.
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
        var file = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
        file.append(text)
        for tensor in tensors { file.append(tensor.bytes) }
        return file
    }

    /// nil where the bytes are no such file, or end too early.
    init?(decoding bytes: some Collection<UInt8>) {
        // A slice keeps the indices of the whole; here they start at zero.
        let file = Data(bytes)
        guard file.count >= 8 else { return nil }
        let length = file.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
        guard length <= UInt64(file.count - 8) else { return nil }
        let start = 8 + Int(length)
        guard let header = try? JSONSerialization.jsonObject(with: file[8..<start]) as? [String: Any] else {
            return nil
        }
        metadata = header["__metadata__"] as? [String: String] ?? [:]
        for (name, entry) in header.sorted(by: { $0.key < $1.key }) where name != "__metadata__" {
            guard let entry = entry as? [String: Any], let word = entry["dtype"] as? String,
                let type = ElementType(rawValue: word), let shape = entry["shape"] as? [Int],
                let offsets = entry["data_offsets"] as? [Int], offsets.count == 2, offsets[0] >= 0,
                offsets[0] <= offsets[1], offsets[1] <= file.count - start
            else { return nil }
            tensors.append(
                Tensor(name: name, type: type, shape: shape, bytes: file[start + offsets[0]..<start + offsets[1]]))
        }
    }
}
