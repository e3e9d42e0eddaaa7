public enum VectorRegister {
    /// Numbers that one holds in the precision of which it holds most: rows that kernels of either precision walk are
    /// padded to multiples of it.
    @inlinable
    @inline(__always)
    public static var numbers: Int { Float.Lanes.scalarCount }

    @inlinable
    @inline(__always)
    public static func roundUp(_ count: Int) -> Int { (count + numbers - 1) / numbers * numbers }
}

/// Loads and stores of whole vector registers, for the kernels that the compiler does not vectorise by itself: those
/// with more streams of memory than it can prove disjoint.
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
