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
