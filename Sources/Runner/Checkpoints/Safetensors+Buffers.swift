import ArrayFiles
import Foundation
import LinearAlgebra

/// Parameter blocks and bytes in a checkpoint.
extension Safetensors {
    /// Adds all numbers of a buffer.
    mutating func add<Scalar: BLASScalar>(_ name: String, _ values: Buffer<Scalar>) {
        let bytes = Data(bytes: values.start, count: values.count * MemoryLayout<Scalar>.stride)
        self[name] = NumericArray(type: Self.type(of: Scalar.self), shape: [values.count], bytes: bytes)
    }

    mutating func add(_ name: String, _ bytes: [UInt8]) { self[name] = NumericArray(bytes) }

    /// Whether there is an array of a buffer's type and size.
    func holds<Scalar: BLASScalar>(_ name: String, for values: Buffer<Scalar>) -> Bool {
        guard let array = self[name] else { return false }
        return array.type == Self.type(of: Scalar.self) && array.count == values.count
    }

    /// Fills a buffer; false if there is no such array of its type and size.
    func read<Scalar: BLASScalar>(_ name: String, into values: Buffer<Scalar>) -> Bool {
        guard holds(name, for: values), let array = self[name] else { return false }
        array.copyBytes(to: UnsafeMutableRawBufferPointer(start: values.start, count: array.bytes.count))
        return true
    }

    func bytes(_ name: String) -> [UInt8]? { self[name]?.elements(as: UInt8.self) }

    private static func type<Scalar>(of _: Scalar.Type) -> ElementType {
        Scalar.self == Float.self ? .float32 : .float64
    }
}

extension Safetensors {
    /// FNV-1a over metadata and arrays, the arrays taken eight bytes at a time.
    var checksum: String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ word: UInt64) { hash = (hash ^ word) &* 0x0000_0100_0000_01B3 }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            for byte in (key + "=" + value).utf8 { add(UInt64(byte)) }
        }
        for name in names.sorted() {
            guard let array = self[name] else { continue }
            for byte in "\(name) \(array.type) \(array.shape)".utf8 { add(UInt64(byte)) }
            array.bytes.withUnsafeBytes { bytes in
                let whole = bytes.count & ~7
                for offset in stride(from: 0, to: whole, by: 8) {
                    add(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                }
                for offset in whole..<bytes.count { add(UInt64(bytes[offset])) }
            }
        }
        return String(hash, radix: 16)
    }
}
