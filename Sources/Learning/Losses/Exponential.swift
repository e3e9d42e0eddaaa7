import LinearAlgebra

// exp and log1p as plain arithmetic, without branches or calls, so that a loop over them vectorises.
//
// Both are written for the arguments of a softmax and exact to a few units in the last place there; the tests hold
// them against libm. `addingProduct` is one instruction where the CPU has fused multiply-add (x86-64-v3, ARM).

/// e^x for x ≤ 0, within 2 ulp; 0 below the smallest normal result, NaN for NaN.
@inline(__always)
func exponential<Scalar: BLASScalar>(ofNonpositive x: Scalar) -> Scalar {
    // Decided when the caller is specialised; the casts then cost nothing.
    if Scalar.self == Float.self {
        return unsafeBitCast(exponential(single: unsafeBitCast(x, to: Float.self)), to: Scalar.self)
    }
    return unsafeBitCast(exponential(double: unsafeBitCast(x, to: Double.self)), to: Scalar.self)
}

// x = n log 2 + r with |r| ≤ ½ log 2 and e^x = 2ⁿ(1 + r + r² q(r)); q interpolates (e^r − 1 − r)/r² at Chebyshev's
// nodes. Adding 1.5·2^(mantissa bits) rounds to an integer and leaves n in the low bits, which are then moved to the
// exponent. log 2 is split in two, the first part short enough for an exact n·log 2.

/// Error of the polynomial: 8e-9.
@inline(__always)
func exponential(single x: Float) -> Float {
    let shifted = (0x1.8p23 as Float).addingProduct(x, 0x1.715476p0)
    let n = shifted - 0x1.8p23
    let r = x.addingProduct(n, -0x1.63p-1).addingProduct(n, 0x1.bd0106p-13)
    var q: Float = 0x1.6d110ap-10
    q = (0x1.120b6ep-7 as Float).addingProduct(q, r)
    q = (0x1.555520p-5 as Float).addingProduct(q, r)
    q = (0x1.5554dcp-3 as Float).addingProduct(q, r)
    q = (0.5 as Float).addingProduct(q, r)
    let power = Float(bitPattern: (shifted.bitPattern &<< 23) &+ 0x3F80_0000)
    let result = (1 + r.addingProduct(q, r * r)) * power
    return x < -87.33 ? 0 : result
}

/// Error of the polynomial: 1.3e-17.
@inline(__always)
func exponential(double x: Double) -> Double {
    let shifted = 0x1.8p52.addingProduct(x, 0x1.71547652b82fep0)
    let n = shifted - 0x1.8p52
    let r = x.addingProduct(n, -0x1.62e42fee00000p-1).addingProduct(n, -0x1.a39ef35793c76p-33)
    var q = 0x1.af38a9b0ec855p-26
    q = 0x1.289185613a3d6p-22.addingProduct(q, r)
    q = 0x1.71de0dae63bb3p-19.addingProduct(q, r)
    q = 0x1.a019b90d2ae7ap-16.addingProduct(q, r)
    q = 0x1.a01a01a7c41d5p-13.addingProduct(q, r)
    q = 0x1.6c16c1788bd90p-10.addingProduct(q, r)
    q = 0x1.11111111109b3p-7.addingProduct(q, r)
    q = 0x1.5555555553d63p-5.addingProduct(q, r)
    q = 0x1.5555555555556p-3.addingProduct(q, r)
    q = 0.5.addingProduct(q, r)
    let power = Double(bitPattern: (shifted.bitPattern &<< 52) &+ 0x3FF0_0000_0000_0000)
    let result = (1 + r.addingProduct(q, r * r)) * power
    return x < -708.39 ? 0 : result
}

/// log(1 + x) for 0 ≤ x ≤ 10³⁰⁰, within 2 ulp, relative to the result also where it is tiny; NaN for NaN and infinity.
///
/// The method and the coefficients are those of fdlibm's `log` and `log1p` (Sun Microsystems 1993): 1 + x = 2ᵏ(1 + f)
/// with √½ ≤ 1 + f < √2, and log(1 + f) = f − f²/2 + s(f²/2 + R(s²)), s = f/(2 + f).
@inline(__always)
func logarithm(ofOnePlus x: Double) -> Double {
    let u = 1 + x
    // Adding 1 − √½ in units of the mantissa carries into the exponent where the mantissa exceeds √2.
    let biased = u.bitPattern &+ 0x0009_5F62_0000_0000
    let exponent = biased &>> 52
    let mantissa = Double(bitPattern: (biased & 0x000F_FFFF_FFFF_FFFF) &+ 0x3FE6_A09E_0000_0000)
    // The exponent as a number, again by way of the mantissa of 2⁵².
    let k = Double(bitPattern: exponent | 0x4330_0000_0000_0000) - (0x1p52 + 1023)
    // 1 + x was rounded: exact without it where k = 0, and corrected to first order elsewhere.
    let f = k == 0 ? x : mantissa - 1
    let correction = k == 0 ? 0 : (x - (u - 1)) / u
    let s = f / (2 + f)
    let z = s * s
    var r = 1.479819860511658591e-01
    r = 1.531383769920937332e-01.addingProduct(r, z)
    r = 1.818357216161805012e-01.addingProduct(r, z)
    r = 2.222219843214978396e-01.addingProduct(r, z)
    r = 2.857142874366239149e-01.addingProduct(r, z)
    r = 3.999999999940941908e-01.addingProduct(r, z)
    r = 6.666666666666735130e-01.addingProduct(r, z)
    r *= z
    let half = 0.5 * f * f
    let low = correction.addingProduct(k, 1.90821492927058770002e-10)
    return k * 6.93147180369123816490e-01 - ((half - (low + s * (half + r))) - f)
}
