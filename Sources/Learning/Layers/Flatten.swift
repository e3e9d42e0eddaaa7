import LinearAlgebra

/// An image as a vector: channel after channel, so that the weights behind it are in PyTorch's order.
public struct Flatten: Layer {
    public let input: FeatureShape
    public var output: FeatureShape { FeatureShape(vector: input.count) }

    public var description: String { "flatten" }
    public var state: [StateEntry] { [] }
    public var backwardReads: ActivationSet { [] }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        let (pixels, channels) = (input.pixels, input.channels)
        for sample in 0..<call.samples {
            let (x, y) = (call.input + sample * input.count, call.output + sample * input.count)
            for c in 0..<channels { for p in 0..<pixels { y[c &* pixels &+ p] = x[p &* channels &+ c] } }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        guard let target = call.inputGradient else { return }
        let (pixels, channels) = (input.pixels, input.channels)
        for sample in 0..<call.samples {
            let dy = call.outputGradient + sample * input.count
            let dx = target.start + sample * input.count
            for p in 0..<pixels {
                for c in 0..<channels {
                    let share = dy[c &* pixels &+ p]
                    dx[p &* channels &+ c] = target.accumulates ? dx[p &* channels &+ c] + share : share
                }
            }
        }
    }
}
