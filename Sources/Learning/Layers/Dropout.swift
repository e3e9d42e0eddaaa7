import LinearAlgebra
import RandomNumbers

/// In training, sets each number to zero with this probability and divides the others by what remains (Srivastava et
/// al. 2014, in PyTorch's scaling). Which ones follows from seed, step and the sample's place in its batch, so not from
/// how the batch is cut.
public struct Dropout: Layer {
    public let output: FeatureShape
    public let probability: Double
    /// Tells one dropout of a network from another.
    let index: Int

    public var description: String { "dropout(\(canonical(probability)))" }
    public var state: [StateEntry] { [] }
    public var backwardReads: ActivationSet { [] }
    /// The factor of each number.
    public func savedCount(samples: Int) -> Int { samples * output.count }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        let (x, y, count) = (call.input, call.output, call.samples * output.count)
        guard call.purpose.isTraining, probability > 0 else {
            for i in 0..<count {
                call.saved[i] = 1
                y[i] = x[i]
            }
            return
        }
        let random = Philox(seed: call.purpose.seed, purpose: .dropout(index))
        let kept = Scalar(1 / (1 - probability))
        let first = UInt64(call.purpose.firstSample * output.count)
        for i in 0..<count {
            let drops =
                random.uniform(at: first + UInt64(i), stream: UInt32(truncatingIfNeeded: call.purpose.step))
                < probability
            call.saved[i] = drops ? 0 : kept
            y[i] = x[i] * call.saved[i]
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        let (dy, factor) = (call.outputGradient, call.saved)
        call.inputGradient?.write(count: call.samples * output.count) { dy[$0] * factor[$0] }
    }
}
