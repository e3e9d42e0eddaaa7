import LinearAlgebra
import RandomNumbers

/// An affine map of each sample, y = W x + b, optionally followed by a ReLU.
///
/// Holds where its parameters lie, not the parameters: one layer serves every block of its layout.
public struct Dense: Sendable {
    public let inputWidth: Int
    public let outputWidth: Int
    /// W: (outputWidth × inputWidth), as in PyTorch.
    public let weight: ParameterLayout.Slice
    public let bias: ParameterLayout.Slice?
    /// Index of each slice in the layout: the stream of its initial values.
    private let weightIndex: Int

    /// Adds `name.weight`, and `name.bias` if wanted, to the layout.
    init(_ name: String, inputWidth: Int, outputWidth: Int, bias: Bool, in layout: inout ParameterLayout) {
        self.inputWidth = inputWidth
        self.outputWidth = outputWidth
        weightIndex = layout.slices.count
        weight = layout.add("\(name).weight", shape: [outputWidth, inputWidth])
        self.bias = bias ? layout.add("\(name).bias", shape: [outputWidth]) : nil
    }

    /// PyTorch's default for linear layers, kaiming_uniform with a = √5: uniform in ±1/√inputWidth, weight and bias.
    func initialize<Scalar: BLASScalar>(_ parameters: ParameterBlock<Scalar>, seed: UInt64) {
        let bound = 1 / Double(inputWidth).squareRoot()
        for (offset, slice) in [weight, bias].compactMap({ $0 }).enumerated() {
            let random = Philox(seed: seed, purpose: .initialization(weightIndex + offset))
            let target = parameters.pointer(to: slice)
            for i in 0..<slice.count { target[i] = Scalar((2 * random.uniform(at: UInt64(i)) - 1) * bound) }
        }
    }
}

// Hidden layers: activations are (samples × width), row by row.
extension Dense {
    /// output ← max(0, input·Wᵀ + b)
    ///
    /// input is (samples × inputWidth), output (samples × outputWidth).
    @inline(__always)
    func forwardReLU<Scalar: BLASScalar>(
        _ input: UnsafePointer<Scalar>, samples: Int, at parameters: ParameterBlock<Scalar>,
        into output: UnsafeMutablePointer<Scalar>
    ) {
        let (m, n, k) = (samples, outputWidth, inputWidth)
        Scalar.gemm(.no, .yes, m, n, k, 1, input, k, parameters.pointer(to: weight), k, 0, output, n)
        guard let bias else { preconditionFailure("hidden layer without bias") }
        let b = parameters.pointer(to: bias)
        for sample in 0..<samples {
            let row = output + sample * n
            for j in 0..<n {
                let value = row[j] + b[j]
                // max(0, value), exactly; a comparison became a branch here. NaN passes, so a diverged run shows.
                row[j] = 0.5 * (value + value.magnitude)
            }
        }
    }

    /// The gradients of W and b, added; `delta`, the gradient of the output, becomes that of the affine map.
    ///
    /// delta and output are (samples × outputWidth), input (samples × inputWidth).
    @inline(__always)
    func backwardReLU<Scalar: BLASScalar>(
        _ delta: UnsafeMutablePointer<Scalar>, output: UnsafePointer<Scalar>, input: UnsafePointer<Scalar>,
        samples: Int, addingTo gradients: ParameterBlock<Scalar>
    ) {
        let (m, n, k) = (samples, outputWidth, inputWidth)
        guard let bias else { preconditionFailure("hidden layer without bias") }
        let biasGradient = gradients.pointer(to: bias)
        for sample in 0..<m {
            let (row, active) = (delta + sample * n, output + sample * n)
            for j in 0..<n {
                let value = active[j] > 0 ? row[j] : 0
                row[j] = value
                biasGradient[j] += value
            }
        }
        Scalar.gemm(.yes, .no, n, k, m, 1, delta, n, input, k, 1, gradients.pointer(to: weight), k)
    }

    /// inputDelta ← delta·W: (samples × inputWidth) from (samples × outputWidth).
    @inline(__always)
    func backwardInput<Scalar: BLASScalar>(
        _ delta: UnsafePointer<Scalar>, samples: Int, at parameters: ParameterBlock<Scalar>,
        into inputDelta: UnsafeMutablePointer<Scalar>
    ) {
        Scalar.gemm(
            .no, .no, samples, inputWidth, outputWidth, 1, delta, outputWidth, parameters.pointer(to: weight),
            inputWidth, 0, inputDelta, inputWidth)
    }
}

// The classifier: its outputs are class-major, (classes × samples), as the losses want them.
extension Dense {
    /// logits ← W·featuresᵀ + b·1ᵀ; features are (samples × inputWidth), logits (outputWidth × samples).
    @inline(__always)
    func forwardClassMajor<Scalar: BLASScalar>(
        _ features: UnsafePointer<Scalar>, samples: Int, at parameters: ParameterBlock<Scalar>,
        into logits: UnsafeMutablePointer<Scalar>
    ) {
        let (m, n, k) = (outputWidth, samples, inputWidth)
        Scalar.gemm(.no, .yes, m, n, k, 1, parameters.pointer(to: weight), k, features, k, 0, logits, n)
        guard let bias else { return }
        let b = parameters.pointer(to: bias)
        for row in 0..<m {
            let (target, value) = (logits + row * n, b[row])
            for i in 0..<n { target[i] += value }
        }
    }

    /// The gradients of W and b, added, from those of the logits.
    @inline(__always)
    func backwardClassMajor<Scalar: BLASScalar>(
        _ logitGradient: UnsafePointer<Scalar>, features: UnsafePointer<Scalar>, samples: Int,
        addingTo gradients: ParameterBlock<Scalar>
    ) {
        let (m, n, k) = (outputWidth, inputWidth, samples)
        Scalar.gemm(.no, .no, m, n, k, 1, logitGradient, k, features, n, 1, gradients.pointer(to: weight), n)
        guard let bias else { return }
        let target = gradients.pointer(to: bias)
        for row in 0..<m { target[row] += fixedOrderSum(logitGradient + row * k, k) }
    }

    /// featureDelta ← logitGradientᵀ·W: (samples × inputWidth).
    @inline(__always)
    func backwardFeatures<Scalar: BLASScalar>(
        _ logitGradient: UnsafePointer<Scalar>, samples: Int, at parameters: ParameterBlock<Scalar>,
        into featureDelta: UnsafeMutablePointer<Scalar>
    ) {
        Scalar.gemm(
            .yes, .no, samples, inputWidth, outputWidth, 1, logitGradient, samples, parameters.pointer(to: weight),
            inputWidth, 0, featureDelta, inputWidth)
    }
}
