import LinearAlgebra

/// Memory for one tile of samples, so that no evaluation allocates.
public final class LossWorkspace<Scalar: BLASScalar> {
    /// Samples handled at a time: few enough that the logits of a hundred classes stay in the cache between passes.
    @inline(__always)
    public static var tile: Int { 128 }

    /// Four vectors of a tile's length.
    let perSample: Buffer<Scalar>
    /// The losses of the last tile evaluated, one for each of its samples.
    public let losses: Buffer<Double>
    /// Two vectors of a tile's length, for the focal loss.
    let powers: Buffer<Double>
    /// Three vectors of a tile's length, for products with second derivatives.
    let curvature: Buffer<Scalar>

    public init() {
        perSample = Buffer(count: 4 * Self.tile)
        curvature = Buffer(count: 3 * Self.tile)
        losses = Buffer(count: Self.tile)
        powers = Buffer(count: 2 * Self.tile)
    }
}

/// The logits of some samples and the memory to work on them.
struct LossTile<Scalar: BLASScalar> {
    /// (classes × count), rows `stride` apart.
    let logits: UnsafeMutablePointer<Scalar>
    let stride: Int
    let classes: Int
    let count: Int
    let labels: UnsafePointer<Int32>
    let workspace: LossWorkspace<Scalar>
    /// Directions to multiply by the second derivatives, laid out as the logits.
    var tangents: UnsafeMutablePointer<Scalar>?

    /// The number of sample i's own class among `values`, laid out as the logits, into `target[i]`.
    @inline(__always)
    func gatherOwn(_ values: UnsafePointer<Scalar>, into target: UnsafeMutablePointer<Scalar>) {
        for i in 0..<count {
            let label = Int(labels[i])
            precondition(label >= 0 && label < classes, "label out of range")
            target[i] = values[label &* stride &+ i]
        }
    }

    /// Σ losses, in a fixed order.
    @inline(__always)
    func sumOfLosses() -> Double { fixedOrderSum(workspace.losses.start, count) }
}

/// maximum[i] = max over classes of sample i's logits; NaN in the first row stays, NaN elsewhere shows in the sums.
@inline(__always)
func findColumnMaxima<Scalar: BLASScalar>(
    of logits: UnsafePointer<Scalar>, stride: Int, classes: Int, count: Int,
    into maximum: UnsafeMutablePointer<Scalar>
) {
    for i in 0..<count { maximum[i] = logits[i] }
    for k in 1..<max(classes, 1) {
        let row = logits + k * stride
        for i in 0..<count { maximum[i] = row[i] > maximum[i] ? row[i] : maximum[i] }
    }
}

/// Σ x[i] with four running sums: faster than one by one, and the same bits every time.
@inlinable
@inline(__always)
public func fixedOrderSum<Scalar: BLASScalar>(_ x: UnsafePointer<Scalar>, _ count: Int) -> Scalar {
    var (s0, s1, s2, s3): (Scalar, Scalar, Scalar, Scalar) = (0, 0, 0, 0)
    var i = 0
    while i + 4 <= count {
        s0 += x[i]
        s1 += x[i + 1]
        s2 += x[i + 2]
        s3 += x[i + 3]
        i += 4
    }
    while i < count {
        s0 += x[i]
        i += 1
    }
    return (s0 + s1) + (s2 + s3)
}
