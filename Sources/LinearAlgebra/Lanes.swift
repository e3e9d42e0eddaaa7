/// Loads and stores of whole vector registers, for the kernels that the compiler does not vectorise by itself: those with
/// more streams of memory than it can prove disjoint.
///
/// Only +, −, × of `Lanes` become vector instructions; `rounded`, `max`, `sum` and the like are done one by one.
extension SIMD where Scalar: BLASScalar {
    @inlinable
    @inline(__always)
    public init(loading start: UnsafePointer<Scalar>) {
        self = UnsafeRawPointer(start).loadUnaligned(as: Self.self)
    }

    @inlinable
    @inline(__always)
    public init(loading start: UnsafeMutablePointer<Scalar>) {
        self = UnsafeRawPointer(start).loadUnaligned(as: Self.self)
    }

    @inlinable
    @inline(__always)
    public func store(to start: UnsafeMutablePointer<Scalar>) {
        UnsafeMutableRawPointer(start).storeBytes(of: self, as: Self.self)
    }

    /// The first `count` lanes alone.
    @inlinable
    @inline(__always)
    public func store(first count: Int, to start: UnsafeMutablePointer<Scalar>) {
        for lane in 0..<count { start[lane] = self[lane] }
    }
}
