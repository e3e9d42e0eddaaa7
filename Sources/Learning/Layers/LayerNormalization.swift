import LinearAlgebra

/// Layer normalisation (Ba, Kiros and Hinton 2016): every sample is shifted and scaled to mean 0 and variance 1 over
/// all its numbers, then y = γ x̂ + β with γ and β of the sample's shape. ε is 1e-5, as in PyTorch.
public struct LayerNormalization: Layer {
    public let output: FeatureShape
    public let scale: ParameterLayout.Slice
    public let shift: ParameterLayout.Slice

    private static let epsilon = 1e-5

    init(_ name: String, input: FeatureShape, in layout: inout ParameterLayout) {
        output = input
        scale = layout.add("\(name).weight", shape: [input.count])
        shift = layout.add("\(name).bias", shape: [input.count])
    }

    public var description: String { "layer_norm" }
    public var state: [StateEntry] {
        [scale, shift].map { output.isVector ? StateEntry($0) : .image($0, output) }
    }
    public var backwardReads: ActivationSet { .inputs }
    /// Mean and 1/deviation of each sample.
    public func savedCount(samples: Int) -> Int { 2 * samples }
    public var operations: Double { 10 * Double(output.count) }

    public func initialize<Scalar: BLASScalar>(
        _ parameters: ParameterBlock<Scalar>, _ statistics: ParameterBlock<Scalar>, seed: UInt64
    ) {
        for i in 0..<output.count { parameters.pointer(to: scale)[i] = 1 }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        let count = output.count
        let (gamma, beta) = (call.parameters.pointer(to: scale), call.parameters.pointer(to: shift))
        for sample in 0..<call.samples {
            let (x, y) = (call.input + sample * count, call.output + sample * count)
            let mean = fixedOrderSum(x, count) / Scalar(count)
            for i in 0..<count { y[i] = x[i] - mean }
            let variance = Scalar.dot(count, y, y) / Scalar(count)
            let inverse = 1 / (variance + Scalar(Self.epsilon)).squareRoot()
            (call.saved[2 * sample], call.saved[2 * sample + 1]) = (mean, inverse)
            for i in 0..<count { y[i] = y[i] * inverse * gamma[i] + beta[i] }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        let count = output.count
        let gamma = call.parameters.pointer(to: scale)
        let (dGamma, dBeta) = (call.gradients.pointer(to: scale), call.gradients.pointer(to: shift))
        for sample in 0..<call.samples {
            let (x, dy) = (call.input + sample * count, call.outputGradient + sample * count)
            let (mean, inverse) = (call.saved[2 * sample], call.saved[2 * sample + 1])
            var (sum, product) = (0.0, 0.0)
            for i in 0..<count {
                let normalized = (x[i] - mean) * inverse
                dBeta[i] += dy[i]
                dGamma[i] += dy[i] * normalized
                sum += Double(dy[i] * gamma[i])
                product += Double(dy[i] * gamma[i] * normalized)
            }
            guard let target = call.inputGradient else { continue }
            let (shift, slope) = (Scalar(sum / Double(count)), Scalar(product / Double(count)))
            InputGradient(
                start: target.start + sample * count, accumulates: target.accumulates, isOutputGradient: false
            ).write(count: count) { inverse * (dy[$0] * gamma[$0] - shift - (x[$0] - mean) * inverse * slope) }
        }
    }
}
