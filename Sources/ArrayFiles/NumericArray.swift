import Foundation

/// The type of the numbers of an array in a file.
public enum ElementType: String, CaseIterable, Sendable {
    /// One byte, 0 or 1.
    case bool
    case int8, int16, int32, int64
    case uint8, uint16, uint32, uint64
    /// IEEE 754 with 5 bits of exponent.
    case float16
    /// The upper half of a float32.
    case bfloat16
    case float32, float64

    /// Bytes of one number.
    public var byteCount: Int {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    public var isFloatingPoint: Bool {
        switch self {
        case .float16, .bfloat16, .float32, .float64: true
        default: false
        }
    }
}

/// A number type of Swift that arrays in files have too.
public protocol ArrayElement: BitwiseCopyable, Sendable {
    static var elementType: ElementType { get }
}

extension Int8: ArrayElement { public static var elementType: ElementType { .int8 } }
extension Int16: ArrayElement { public static var elementType: ElementType { .int16 } }
extension Int32: ArrayElement { public static var elementType: ElementType { .int32 } }
extension Int64: ArrayElement { public static var elementType: ElementType { .int64 } }
extension UInt8: ArrayElement { public static var elementType: ElementType { .uint8 } }
extension UInt16: ArrayElement { public static var elementType: ElementType { .uint16 } }
extension UInt32: ArrayElement { public static var elementType: ElementType { .uint32 } }
extension UInt64: ArrayElement { public static var elementType: ElementType { .uint64 } }
extension Float: ArrayElement { public static var elementType: ElementType { .float32 } }
extension Double: ArrayElement { public static var elementType: ElementType { .float64 } }

/// Numbers of one type in a rectangle of any number of dimensions, as the bytes of the file they come from or go to.
///
/// Nothing is converted until it is asked for: the bytes of an array read from a file are, where they can be, the
/// mapped file itself, so that gigabytes are copied once, to where they are wanted.
public struct NumericArray: Equatable, Sendable {
    public let type: ElementType
    /// Empty for a single number.
    public let shape: [Int]
    /// The product of the shape.
    public let count: Int
    /// All numbers, last dimension fastest (C order), little-endian. Not aligned, and possibly a slice.
    public let bytes: Data

    /// An array of numbers that are already as `bytes` describes.
    public init(type: ElementType, shape: [Int], bytes: Data) {
        guard let count = Self.count(of: shape, type) else { preconditionFailure("shape of an array") }
        precondition(bytes.count == count * type.byteCount, "number of bytes of an array")
        self.type = type
        self.shape = shape
        self.count = count
        self.bytes = bytes
    }

    /// A copy of `values`; one dimension where no shape is given.
    public init<Element: ArrayElement>(_ values: [Element], shape: [Int]? = nil) {
        let bytes = values.withUnsafeBytes { Data($0) }
        self.init(type: Element.elementType, shape: shape ?? [values.count], bytes: bytes)
    }

    /// A copy of `count` numbers from `start`, `count` being the product of the shape.
    public init<Element: ArrayElement>(copying start: UnsafePointer<Element>, shape: [Int]) {
        guard let count = Self.count(of: shape, Element.elementType) else { preconditionFailure("shape of an array") }
        let bytes = Data(bytes: start, count: count * Element.elementType.byteCount)
        self.init(type: Element.elementType, shape: shape, bytes: bytes)
    }

    /// How many numbers an array of this shape holds; nil if a dimension is negative, or no memory could hold what the
    /// dimensions that are not zero announce.
    static func count(of shape: [Int], _ type: ElementType) -> Int? {
        var product = type.byteCount
        for dimension in shape {
            guard dimension >= 0 else { return nil }
            let (next, overflow) = product.multipliedReportingOverflow(by: max(1, dimension))
            guard !overflow, next < 1 << 56 else { return nil }
            product = next
        }
        return shape.contains(0) ? 0 : product / type.byteCount
    }

    /// The same numbers in another shape of as many.
    public func reshaped(to shape: [Int]) -> NumericArray { NumericArray(type: type, shape: shape, bytes: bytes) }
}
