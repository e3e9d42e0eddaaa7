import COpenBLAS

/// A precision that OpenBLAS computes in: Float or Double. (Large products of Floats are `TileProduct`'s where it can.)
///
/// All matrices are row-major. The pointers are raw on purpose: these are the innermost calls of the kernels, and
/// `Matrix` is the safe face of the same routines.
public protocol BLASScalar: BinaryFloatingPoint, Codable, SIMDScalar, Sendable, BitwiseCopyable {
    /// As many numbers as a vector register of the CPUs compiled for holds: 64 bytes with AVX-512, otherwise 32.
    associatedtype Lanes: SIMD<Self>

    /// C ← α·op(A)·op(B) + β·C; C is (m × n), op(A) is (m × k), op(B) is (k × n).
    static func gemm(
        _ transposeA: Transpose, _ transposeB: Transpose, _ m: Int, _ n: Int, _ k: Int, _ alpha: Self,
        _ a: UnsafePointer<Self>, _ lda: Int, _ b: UnsafePointer<Self>, _ ldb: Int, _ beta: Self,
        _ c: UnsafeMutablePointer<Self>, _ ldc: Int)

    /// Σ x[i]·y[i].
    static func dot(_ n: Int, _ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>) -> Self

    /// y ← y + α·x.
    static func axpy(_ n: Int, _ alpha: Self, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>)

    /// x ← α·x.
    static func scale(_ n: Int, _ alpha: Self, _ x: UnsafeMutablePointer<Self>)

    /// √x, correctly rounded, NaN for x < 0: in loops that are to vectorise, where `squareRoot()` is a call.
    static func squareRoot(of x: Self) -> Self

    /// The larger number of each lane; `a` where one is NaN.
    static func maximum(_ a: Lanes, _ b: Lanes) -> Lanes
}

public enum Transpose: Sendable {
    case no, yes

    @usableFromInline
    var cblas: CBLAS_TRANSPOSE { self == .no ? CblasNoTrans : CblasTrans }
}

extension Float: BLASScalar {
    public typealias Lanes = ncsweep_float_lanes

    @inlinable
    public static func gemm(
        _ transposeA: Transpose, _ transposeB: Transpose, _ m: Int, _ n: Int, _ k: Int, _ alpha: Float,
        _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int, _ beta: Float,
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int
    ) {
        if TileProduct.isInUse, alpha == 1, beta == 0 || beta == 1, TileProduct.suits(m, n, k) {
            return TileProduct.multiply(transposeA, transposeB, m, n, k, a, lda, b, ldb, adding: beta == 1, c, ldc)
        }
        cblas_sgemm(
            CblasRowMajor, transposeA.cblas, transposeB.cblas, blasint(m), blasint(n), blasint(k), alpha, a,
            blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
    }

    public static func dot(_ n: Int, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>) -> Float {
        cblas_sdot(blasint(n), x, 1, y, 1)
    }

    public static func axpy(_ n: Int, _ alpha: Float, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
        cblas_saxpy(blasint(n), alpha, x, 1, y, 1)
    }

    public static func scale(_ n: Int, _ alpha: Float, _ x: UnsafeMutablePointer<Float>) {
        cblas_sscal(blasint(n), alpha, x, 1)
    }

    @inlinable
    @inline(__always)
    public static func squareRoot(of x: Float) -> Float { ncsweep_square_root_float(x) }

    @inlinable
    @inline(__always)
    public static func maximum(_ a: Lanes, _ b: Lanes) -> Lanes { ncsweep_maximum_float(a, b) }
}

extension Double: BLASScalar {
    public typealias Lanes = ncsweep_double_lanes

    @inlinable
    public static func gemm(
        _ transposeA: Transpose, _ transposeB: Transpose, _ m: Int, _ n: Int, _ k: Int, _ alpha: Double,
        _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int, _ beta: Double,
        _ c: UnsafeMutablePointer<Double>, _ ldc: Int
    ) {
        cblas_dgemm(
            CblasRowMajor, transposeA.cblas, transposeB.cblas, blasint(m), blasint(n), blasint(k), alpha, a,
            blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
    }

    public static func dot(_ n: Int, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>) -> Double {
        cblas_ddot(blasint(n), x, 1, y, 1)
    }

    public static func axpy(_ n: Int, _ alpha: Double, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>) {
        cblas_daxpy(blasint(n), alpha, x, 1, y, 1)
    }

    public static func scale(_ n: Int, _ alpha: Double, _ x: UnsafeMutablePointer<Double>) {
        cblas_dscal(blasint(n), alpha, x, 1)
    }

    @inlinable
    @inline(__always)
    public static func squareRoot(of x: Double) -> Double { ncsweep_square_root_double(x) }

    @inlinable
    @inline(__always)
    public static func maximum(_ a: Lanes, _ b: Lanes) -> Lanes { ncsweep_maximum_double(a, b) }
}
