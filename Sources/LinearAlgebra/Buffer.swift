#if canImport(Glibc)
    import Glibc
#endif

/// Numbers in one piece of memory, aligned to 64 bytes (a cache line, an AVX-512 register), owned by one object.
///
/// A class, so that kernels and MPI hold the same memory without copies; the address never changes.
public final class Buffer<Scalar: BLASScalar> {
    public let count: Int
    public let start: UnsafeMutablePointer<Scalar>
    /// Whose memory this is a part of; nil for memory of its own.
    private let owner: Buffer?

    /// Bytes of a large page on x86-64 and most ARM systems.
    private static var hugePage: Int { 1 << 21 }

    /// `count` zeros.
    public init(count: Int) {
        precondition(count >= 0, "negative buffer size")
        self.count = count
        owner = nil
        let bytes = max(64, (count * MemoryLayout<Scalar>.stride + 63) / 64 * 64)
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: bytes, alignment: bytes >= 2 * Self.hugePage ? Self.hugePage : 64)
        #if canImport(Glibc)
            // Products read rows that lie pages apart, and a processor knows the places of few pages at a time. A wish:
            // nothing is wrong where the kernel has no such pages.
            if bytes >= 2 * Self.hugePage { madvise(memory, bytes, MADV_HUGEPAGE) }
        #endif
        // Bytes, as this is not specialised: their zeros are those of every number.
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        start = memory.bindMemory(to: Scalar.self, capacity: max(count, 1))
    }

    public convenience init(_ values: [Scalar]) {
        self.init(count: values.count)
        for (index, value) in values.enumerated() { start[index] = value }
    }

    /// A part of another buffer, in its memory.
    public init(_ range: Range<Int>, of owner: Buffer) {
        precondition(range.lowerBound >= 0 && range.upperBound <= owner.count, "part outside a buffer")
        self.owner = owner
        count = range.count
        start = owner.start + range.lowerBound
    }

    deinit { if owner == nil { UnsafeMutableRawPointer(start).deallocate() } }

    public subscript(index: Int) -> Scalar {
        get {
            precondition(index >= 0 && index < count, "buffer index out of range")
            return start[index]
        }
        set {
            precondition(index >= 0 && index < count, "buffer index out of range")
            start[index] = newValue
        }
    }

    public func zero() { start.update(repeating: 0, count: count) }

    public func copy(from other: Buffer) {
        precondition(count == other.count, "buffer sizes differ")
        start.update(from: other.start, count: count)
    }

    public var array: [Scalar] { Array(UnsafeBufferPointer(start: start, count: count)) }
}
