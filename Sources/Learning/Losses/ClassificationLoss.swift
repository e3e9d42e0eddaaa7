import LinearAlgebra

/// A loss of logits z against a class label y, per sample.
///
/// Logits are class-major, a (classes × samples) matrix row by row, so that the loops run over samples and vectorise
/// whatever the number of classes.
public enum ClassificationLoss: String, Sendable, CaseIterable {
    /// −log softmax(z)_y = log(1 + Σ_{j≠y} e^{z_j − z_y})
    case crossEntropy
    /// ½‖z − e_y‖², summed over the classes
    case meanSquaredError

    /// scale · Σ of the losses; the logits are replaced by their gradient, scale included.
    ///
    /// - Parameters:
    ///   - logits: (classes × samples), rows `stride` apart.
    ///   - labels: one for each sample, in 0..<classes.
    ///   - workspace: reused; holds nothing between calls.
    /// - Returns: not finite as soon as one logit is NaN or +infinity, or a label's is −infinity. Summed in Float64 in
    ///   one order, so the same logits give the same bits.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func evaluate<Scalar: BLASScalar>(
        logits: UnsafeMutablePointer<Scalar>, classes: Int, samples: Int, stride: Int, labels: UnsafePointer<Int32>,
        scale: Scalar, workspace: LossWorkspace<Scalar>
    ) -> Double {
        var sum = 0.0
        var first = 0
        while first < samples {
            let tile = LossTile(
                logits: logits + first, stride: stride, classes: classes,
                count: min(samples - first, LossWorkspace<Scalar>.tile), labels: labels + first, workspace: workspace)
            switch self {
            case .crossEntropy: sum += tile.crossEntropy(gradientScale: scale)
            case .meanSquaredError: sum += tile.meanSquaredError(gradientScale: scale)
            }
            first += tile.count
        }
        return sum * Double(scale)
    }

    /// The same loss with the logits left as they are.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func value<Scalar: BLASScalar>(
        logits: UnsafePointer<Scalar>, classes: Int, samples: Int, stride: Int, labels: UnsafePointer<Int32>,
        scale: Scalar, workspace: LossWorkspace<Scalar>
    ) -> Double {
        var sum = 0.0
        var first = 0
        while first < samples {
            let tile = LossTile(
                // Read only: without a gradient scale nothing is written.
                logits: UnsafeMutablePointer(mutating: logits + first), stride: stride, classes: classes,
                count: min(samples - first, LossWorkspace<Scalar>.tile), labels: labels + first, workspace: workspace)
            switch self {
            case .crossEntropy: sum += tile.crossEntropy(gradientScale: nil)
            case .meanSquaredError: sum += tile.meanSquaredError(gradientScale: nil)
            }
            first += tile.count
        }
        return sum * Double(scale)
    }
}

/// Memory for one tile of samples, so that no evaluation allocates.
public final class LossWorkspace<Scalar: BLASScalar> {
    /// Samples handled at a time: few enough that the logits of a hundred classes stay in the cache between passes.
    @inline(__always)
    static var tile: Int { 128 }

    let perSample: Buffer<Scalar>
    let losses: Buffer<Double>

    public init() {
        perSample = Buffer(count: 3 * Self.tile)
        losses = Buffer(count: Self.tile)
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

    /// The logit of sample i's own class, into `target[i]`.
    @inline(__always)
    func gatherTargets(_ target: UnsafeMutablePointer<Scalar>) {
        for i in 0..<count {
            let label = Int(labels[i])
            precondition(label >= 0 && label < classes, "label out of range")
            target[i] = logits[label &* stride &+ i]
        }
    }

    /// Σ losses, in a fixed order.
    @inline(__always)
    func sumOfLosses() -> Double { fixedOrderSum(workspace.losses.start, count) }
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
