/// Appends numbers and text to a message: whole numbers as LEB128 (small ones take one byte), real numbers as their
/// eight bytes, text as its length and its UTF-8.
public struct ByteWriter {
    public private(set) var bytes: [UInt8] = []

    public init(reserving capacity: Int = 64) { bytes.reserveCapacity(capacity) }

    public mutating func write(byte: UInt8) { bytes.append(byte) }

    public mutating func write(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Zigzag, so that small negative numbers are short too.
    public mutating func write(_ value: Int) { write(UInt64(bitPattern: Int64((value << 1) ^ (value >> 63)))) }

    public mutating func write(_ value: Double) { write(fixed: value.bitPattern) }

    public mutating func write(fixed value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    public mutating func write(_ text: String) {
        write(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }
}

extension ByteWriter {
    /// Bytes that end the message, so that they need no length.
    public mutating func write(bytes last: [UInt8]) { bytes.append(contentsOf: last) }
}

/// Reads what `ByteWriter` wrote; nil wherever the bytes are not that.
public struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public var isAtEnd: Bool { position == bytes.count }

    public mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    public mutating func unsigned() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = byte() else { return nil }
            // The tenth byte holds the last bit alone.
            guard shift < 63 || byte <= 1 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    public mutating func integer() -> Int? {
        unsigned().map { Int(truncatingIfNeeded: Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1)) }
    }

    /// The length of a list whose elements take at least `size` bytes, so that a damaged length reserves no memory.
    public mutating func count(ofElementsTaking size: Int) -> Int? {
        guard let count = unsigned(), count <= UInt64((bytes.count - position) / size) else { return nil }
        return Int(count)
    }

    public mutating func fixed() -> UInt64? {
        guard bytes.count - position >= 8 else { return nil }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        position += 8
        return value
    }

    public mutating func real() -> Double? { fixed().map { Double(bitPattern: $0) } }

    public mutating func text() -> String? {
        guard let count = count(ofElementsTaking: 1) else { return nil }
        defer { position += count }
        return String(validating: bytes[position..<(position + count)], as: UTF8.self)
    }

    /// All that is left.
    public mutating func remainingBytes() -> [UInt8] {
        defer { position = bytes.count }
        return Array(bytes[position...])
    }
}
