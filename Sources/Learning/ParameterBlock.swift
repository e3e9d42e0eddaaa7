import LinearAlgebra

/// Where each parameter lies in one contiguous block: name, shape and offset of every slice, in order.
public struct ParameterLayout: Equatable, Sendable {
    public struct Slice: Equatable, Sendable {
        public let name: String
        /// Row-major.
        public let shape: [Int]
        public let offset: Int
        public var count: Int { shape.reduce(1, *) }
        public var range: Range<Int> { offset..<offset + count }
    }

    public private(set) var slices: [Slice] = []

    public init() {}

    /// Numbers in the whole block.
    public var count: Int { slices.last?.range.upperBound ?? 0 }

    /// Adds a slice behind the others and returns it.
    @discardableResult
    public mutating func add(_ name: String, shape: [Int]) -> Slice {
        let slice = Slice(name: name, shape: shape, offset: count)
        slices.append(slice)
        return slice
    }
}

/// All trainable numbers of an objective in one piece of memory; gradients and optimiser moments are further blocks of
/// the same layout. So there is one all-reduce a step, one loop an optimiser, one array a checkpoint.
public final class ParameterBlock<Scalar: BLASScalar> {
    public let layout: ParameterLayout
    public let storage: Buffer<Scalar>

    /// All zeros.
    public init(layout: ParameterLayout) {
        self.layout = layout
        storage = Buffer(count: layout.count)
    }

    /// A block in memory of someone else's, as large as the layout.
    public init(layout: ParameterLayout, storage: Buffer<Scalar>) {
        precondition(storage.count == layout.count, "memory of another layout")
        self.layout = layout
        self.storage = storage
    }

    public var count: Int { storage.count }
    public var start: UnsafeMutablePointer<Scalar> { storage.start }

    /// First number of a slice.
    public func pointer(to slice: ParameterLayout.Slice) -> UnsafeMutablePointer<Scalar> {
        storage.start + slice.offset
    }

    public func zero() { storage.zero() }
    public func copy(from other: ParameterBlock) { storage.copy(from: other.storage) }
}
