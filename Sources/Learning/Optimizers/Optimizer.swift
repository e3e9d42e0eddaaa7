import LinearAlgebra

/// A first-order method: turns gradients into steps, one at a time.
///
/// It acts on the numbers of the layout it was made for, which may be the first part of a longer block: what lies
/// behind is not touched.
public protocol Optimizer<Scalar>: Resumable {
    /// The gradients of past steps as it remembers them: a direction, which turns with the point where that moves on
    /// spheres.
    var velocity: ParameterBlock<Scalar> { get }

    /// One step against `gradients`, in one pass over memory, weight decay included.
    ///
    /// - Parameters:
    ///   - gradients: without weight decay; where that is coupled, it is added to them.
    ///   - clearingGradients: leaves zeros in `gradients`, ready for the next step, while they are in the cache: cheaper
    ///     than a `zero()` of its own.
    func update(
        _ parameters: ParameterBlock<Scalar>, along gradients: ParameterBlock<Scalar>, learningRate: Double,
        clearingGradients: Bool)
}

/// Calls `body(range, λ)` for consecutive ranges that stay in the first-level cache (1024 numbers of four arrays are
/// 32 KiB at most), and clears the gradients of each behind it if told to. What `body` does in several loops is still
/// one pass over memory.
@inline(__always)
func forEachPiece<Scalar: BLASScalar>(
    of decay: WeightDecay, gradients: UnsafeMutablePointer<Scalar>, clearing: Bool,
    _ body: (_ start: Int, _ end: Int, _ lambda: Double) -> Void
) {
    for part in decay.parts {
        for start in stride(from: part.range.lowerBound, to: part.range.upperBound, by: 1024) {
            let end = min(start + 1024, part.range.upperBound)
            body(start, end, part.lambda)
            if clearing { (gradients + start).update(repeating: 0, count: end - start) }
        }
    }
}
