import Foundation

extension NumericArray {
    /// The numbers as they are; nil if they are of another type.
    public func elements<Element: ArrayElement>(as _: Element.Type) -> [Element]? {
        guard type == Element.elementType else { return nil }
        return [Element](unsafeUninitializedCapacity: count) { target, initialized in
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(target).copyMemory(from: $0) }
            initialized = count
        }
    }

    /// Copies the numbers as they are to `target`, which has exactly their bytes.
    public func copyBytes(to target: UnsafeMutableRawBufferPointer) {
        precondition(target.count == bytes.count, "size of the memory for an array")
        bytes.withUnsafeBytes { target.copyMemory(from: $0) }
    }

    /// All numbers as Float32; those of wider types are rounded.
    public var floats: [Float] { converted() }

    /// All numbers as Float64; integers beyond 2⁵³ are rounded.
    public var doubles: [Double] { converted() }

    private func converted<Scalar: BinaryFloatingPoint & BitwiseCopyable>() -> [Scalar] {
        [Scalar](unsafeUninitializedCapacity: count) { target, initialized in
            // Memory that is written before it is read.
            convert(to: target)
            initialized = count
        }
    }

    /// Writes all numbers to `target`, which has room for `count` of them; types wider than `Scalar` are rounded.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func convert<Scalar: BinaryFloatingPoint & BitwiseCopyable>(to target: UnsafeMutableBufferPointer<Scalar>) {
        precondition(target.count >= count, "size of the memory for an array")
        bytes.withUnsafeBytes { source in
            switch type {
            case .bool: for i in 0..<count { target[i] = source[i] == 0 ? 0 : 1 }
            case .int8: for i in 0..<count { target[i] = Scalar(Int8(bitPattern: source[i])) }
            case .uint8: for i in 0..<count { target[i] = Scalar(source[i]) }
            case .int16: for i in 0..<count { target[i] = Scalar(load(source, i, Int16.self)) }
            case .uint16: for i in 0..<count { target[i] = Scalar(load(source, i, UInt16.self)) }
            case .int32: for i in 0..<count { target[i] = Scalar(load(source, i, Int32.self)) }
            case .uint32: for i in 0..<count { target[i] = Scalar(load(source, i, UInt32.self)) }
            case .int64: for i in 0..<count { target[i] = Scalar(load(source, i, Int64.self)) }
            case .uint64: for i in 0..<count { target[i] = Scalar(load(source, i, UInt64.self)) }
            case .float16: for i in 0..<count { target[i] = Scalar(float(half: load(source, i, UInt16.self))) }
            case .bfloat16:
                for i in 0..<count {
                    target[i] = Scalar(Float(bitPattern: UInt32(load(source, i, UInt16.self)) << 16))
                }
            case .float32: for i in 0..<count { target[i] = Scalar(load(source, i, Float.self)) }
            case .float64: for i in 0..<count { target[i] = Scalar(load(source, i, Double.self)) }
            }
        }
    }

    /// All numbers as integers, also those of a floating-point type that have no fraction; nil if one is no integer of
    /// 64 bits.
    public var integers: [Int]? {
        if type.isFloatingPoint {
            var integers: [Int] = []
            integers.reserveCapacity(count)
            for value in doubles {
                guard let integer = Int(exactly: value) else { return nil }
                integers.append(integer)
            }
            return integers
        }
        return bytes.withUnsafeBytes { source in
            var integers: [Int] = []
            integers.reserveCapacity(count)
            for i in 0..<count {
                switch type {
                case .bool: integers.append(source[i] == 0 ? 0 : 1)
                case .int8: integers.append(Int(Int8(bitPattern: source[i])))
                case .uint8: integers.append(Int(source[i]))
                case .int16: integers.append(Int(load(source, i, Int16.self)))
                case .uint16: integers.append(Int(load(source, i, UInt16.self)))
                case .int32: integers.append(Int(load(source, i, Int32.self)))
                case .uint32: integers.append(Int(load(source, i, UInt32.self)))
                case .uint64:
                    guard let integer = Int(exactly: load(source, i, UInt64.self)) else { return nil }
                    integers.append(integer)
                default: integers.append(Int(load(source, i, Int64.self)))
                }
            }
            return integers
        }
    }
}

/// Number i of a row of them that need not be aligned.
@inline(__always)
private func load<Element: BitwiseCopyable>(_ source: UnsafeRawBufferPointer, _ i: Int, _: Element.Type) -> Element {
    source.loadUnaligned(fromByteOffset: i * MemoryLayout<Element>.stride, as: Element.self)
}

/// The number that 16 bits of IEEE 754's half precision stand for. (`Float16` is not on every platform.)
private func float(half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let (exponent, fraction) = (UInt32(half >> 10 & 0x1F), UInt32(half & 0x3FF))
    switch exponent {
    case 0:
        // Subnormal: multiples of 2⁻²⁴.
        let magnitude = Float(fraction) * 0x1p-24
        return Float(bitPattern: sign | magnitude.bitPattern)
    case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
}
