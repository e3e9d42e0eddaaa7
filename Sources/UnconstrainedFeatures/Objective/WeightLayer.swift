import Learning
import LinearAlgebra

/// A matrix of weights and what it makes of all samples at once, A = σ(γ·V·X) for inputs X (columns × N), forward and
/// back, with derivatives along a direction.
final class WeightLayer<Scalar: BLASScalar> {
    // Places of variables are held as plain offsets here and in `OutputNetwork`: slices count references.
    enum Weights {
        /// V (rows × columns) among the variables, and where.
        case variable(offset: Int)
        case fixed(Buffer<Scalar>)
    }

    let weights: Weights
    let rows: Int
    let columns: Int
    /// N.
    let samples: Int
    /// γ.
    let gain: Scalar
    /// Whether σ is max(0, ·), whose derivative at 0 is 0.
    let rectifies: Bool
    /// A (rows × N).
    let output: Buffer<Scalar>
    /// Ȧ, the derivative of A along a direction; made when first asked for.
    private(set) lazy var tangent = Buffer<Scalar>(count: rows * samples)

    init(_ weights: Weights, rows: Int, columns: Int, samples: Int, gain: Scalar, rectifies: Bool) {
        self.weights = weights
        self.rows = rows
        self.columns = columns
        self.samples = samples
        self.gain = gain
        self.rectifies = rectifies
        output = Buffer(count: rows * samples)
    }

    /// V.
    @inline(__always)
    func weights(at point: ParameterBlock<Scalar>) -> UnsafePointer<Scalar> {
        switch weights {
        case .variable(let offset): UnsafePointer(point.start + offset)
        case .fixed(let buffer): UnsafePointer(buffer.start)
        }
    }

    /// The part of a gradient or direction that belongs to V; nil where V is fixed.
    @inline(__always)
    func part(of block: ParameterBlock<Scalar>) -> UnsafeMutablePointer<Scalar>? {
        if case .variable(let offset) = weights { block.start + offset } else { nil }
    }

    /// A ← σ(γ·V·X + b1ᵀ).
    @inline(__always)
    func forward(
        _ input: UnsafePointer<Scalar>, at point: ParameterBlock<Scalar>, bias: UnsafePointer<Scalar>?
    ) {
        let start = output.start
        if let bias {
            for row in 0..<rows { (start + row * samples).update(repeating: bias[row], count: samples) }
        }
        Scalar.gemm(
            .no, .no, rows, samples, columns, gain, weights(at: point), columns, input, samples, bias == nil ? 0 : 1,
            start, samples)
        guard rectifies else { return }
        for i in 0..<output.count { start[i] = start[i] > 0 ? start[i] : 0 }
    }

    /// Ȧ ← σ'·(γ(V̇·X + V·Ẋ) + ḃ1ᵀ), after `forward` at the same point.
    @inline(__always)
    func forwardTangent(
        _ input: UnsafePointer<Scalar>, _ inputTangent: UnsafePointer<Scalar>, at point: ParameterBlock<Scalar>,
        along direction: ParameterBlock<Scalar>, bias: UnsafePointer<Scalar>?
    ) {
        let start = tangent.start
        if let bias {
            for row in 0..<rows { (start + row * samples).update(repeating: bias[row], count: samples) }
        }
        Scalar.gemm(
            .no, .no, rows, samples, columns, gain, weights(at: point), columns, inputTangent, samples,
            bias == nil ? 0 : 1, start, samples)
        if let change = part(of: direction) {
            Scalar.gemm(
                .no, .no, rows, samples, columns, gain, UnsafePointer(change), columns, input, samples, 1, start,
                samples)
        }
        maskInactive(start)
    }

    /// target ← γ·G·Xᵀ + β·target (rows × columns), G (rows × N).
    @inline(__always)
    func weightGradient(
        _ gradient: UnsafePointer<Scalar>, _ input: UnsafePointer<Scalar>, beta: Scalar,
        into target: UnsafeMutablePointer<Scalar>
    ) {
        Scalar.gemm(
            .no, .yes, rows, columns, samples, gain, gradient, samples, input, samples, beta, target, columns)
    }

    /// target ← γ·Vᵀ·G + β·target (columns × N), G (rows × N), V given.
    @inline(__always)
    func inputGradient(
        _ weights: UnsafePointer<Scalar>, _ gradient: UnsafePointer<Scalar>, beta: Scalar,
        into target: UnsafeMutablePointer<Scalar>
    ) {
        Scalar.gemm(
            .yes, .no, columns, samples, rows, gain, weights, columns, gradient, samples, beta, target, samples)
    }

    /// What is behind an inactive unit becomes 0.
    @inline(__always)
    func maskInactive(_ values: UnsafeMutablePointer<Scalar>) {
        guard rectifies else { return }
        let active = output.start
        for i in 0..<output.count { values[i] = active[i] > 0 ? values[i] : 0 }
    }
}
