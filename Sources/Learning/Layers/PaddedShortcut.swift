import LinearAlgebra

/// A shortcut without parameters: every `stride`-th pixel, and zeros for the channels that come new, as many before the
/// old ones as behind (He et al. 2016, option A).
public struct PaddedShortcut: Layer {
    public let input: FeatureShape
    public let output: FeatureShape
    let stride: Int

    init(input: FeatureShape, outputs: Int, stride: Int) {
        precondition(outputs >= input.channels, "shortcut that loses channels")
        self.input = input
        self.stride = stride
        output = FeatureShape(
            height: (input.height + stride - 1) / stride, width: (input.width + stride - 1) / stride, channels: outputs)
    }

    public var description: String { "padded_shortcut" }
    public var state: [StateEntry] { [] }
    public var backwardReads: ActivationSet { [] }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        call.output.update(repeating: 0, count: call.samples * output.count)
        forEachPixel(samples: call.samples) { source, target in
            for c in 0..<input.channels { call.output[target + c] = call.input[source + c] }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        guard let target = call.inputGradient else { return }
        if !target.accumulates { target.start.update(repeating: 0, count: call.samples * input.count) }
        forEachPixel(samples: call.samples) { source, place in
            for c in 0..<input.channels { target.start[source + c] += call.outputGradient[place + c] }
        }
    }

    /// Where each kept pixel's first channel is in the input and in the output.
    @inline(__always)
    private func forEachPixel(samples: Int, _ body: (_ source: Int, _ target: Int) -> Void) {
        let before = (output.channels - input.channels) / 2
        for sample in 0..<samples {
            for y in 0..<output.height {
                for x in 0..<output.width {
                    let pixel = (sample * input.height + y * stride) * input.width + x * stride
                    let place = (sample * output.height + y) * output.width + x
                    body(pixel * input.channels, place * output.channels + before)
                }
            }
        }
    }
}
