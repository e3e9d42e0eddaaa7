import LinearAlgebra

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A function of each number by itself.
///
/// A ReLU behind an affine or normalising layer becomes part of it (`Layer.rectifies`); this one is for the other
/// places.
public struct Activation: Layer {
    public enum Function: String, Sendable, CaseIterable {
        case relu
        /// x Φ(x), exactly, not by tanh (Hendrycks and Gimpel 2016).
        case gelu
        case tanh
    }

    public let function: Function
    public let output: FeatureShape

    public var description: String { function.rawValue }
    public var state: [StateEntry] { [] }
    public var backwardReads: ActivationSet { function == .gelu ? .inputs : .output }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        let (x, y, count) = (call.input, call.output, call.samples * output.count)
        switch function {
        case .relu: for i in 0..<count { y[i] = rectified(x[i]) }
        case .tanh: for i in 0..<count { y[i] = Scalar(Glibc.tanh(Double(x[i]))) }
        case .gelu: for i in 0..<count { y[i] = Scalar(Double(x[i]) * normalDistribution(Double(x[i]))) }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        guard let target = call.inputGradient else { return }
        let (x, y, dy, count) = (call.input, call.output, call.outputGradient, call.samples * output.count)
        switch function {
        case .relu: target.write(count: count) { y[$0] > 0 ? dy[$0] : 0 }
        case .tanh: target.write(count: count) { dy[$0] * (1 - y[$0] * y[$0]) }
        case .gelu:
            target.write(count: count) { i in
                let x = Double(x[i])
                let density = exp(-0.5 * x * x) * 0.398_942_280_401_432_7
                return dy[i] * Scalar(normalDistribution(x) + x * density)
            }
        }
    }
}

/// Φ(x) of the standard normal distribution.
@inline(__always)
private func normalDistribution(_ x: Double) -> Double { 0.5 * erfc(-x * 0.707_106_781_186_547_5) }
