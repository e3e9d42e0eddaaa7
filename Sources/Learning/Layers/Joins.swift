import LinearAlgebra

/// The sum of two branches, as in a residual block; optionally followed by a ReLU.
public struct Addition: Layer {
    public let output: FeatureShape
    public var rectifies = false
    public var canRectify: Bool { true }

    public var description: String { "add" }
    public var state: [StateEntry] { [] }
    public var backwardReads: ActivationSet { rectifies ? .output : [] }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        guard let b = call.secondInput else { preconditionFailure("sum of one branch") }
        let (a, y, count) = (call.input, call.output, call.samples * output.count)
        if rectifies {
            for i in 0..<count { y[i] = rectified(a[i] + b[i]) }
        } else {
            for i in 0..<count { y[i] = a[i] + b[i] }
        }
    }

    /// Both inputs get the gradient as it is: mostly the memory itself is handed on.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        let (delta, count) = (call.outputGradient, call.samples * output.count)
        if rectifies { maskRectified(delta, output: call.output, count: count) }
        for target in [call.inputGradient, call.secondInputGradient].compactMap({ $0 }) where !target.isOutputGradient {
            target.write(count: count) { delta[$0] }
        }
    }
}

/// The channels of two branches side by side, as in a densely connected block.
public struct Concatenation: Layer {
    public let first: FeatureShape
    public let second: FeatureShape
    public var output: FeatureShape {
        FeatureShape(height: first.height, width: first.width, channels: first.channels + second.channels)
    }

    public var description: String { "concatenate" }
    public var state: [StateEntry] { [] }
    public var backwardReads: ActivationSet { [] }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        guard let other = call.secondInput else { preconditionFailure("concatenation of one branch") }
        let (m, n) = (first.channels, second.channels)
        for pixel in 0..<call.samples * first.pixels {
            let (a, b, y) = (call.input + pixel * m, other + pixel * n, call.output + pixel * (m + n))
            for c in 0..<m { y[c] = a[c] }
            for c in 0..<n { y[m + c] = b[c] }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        let (m, n) = (first.channels, second.channels)
        let pixels = call.samples * first.pixels
        if let target = call.inputGradient { split(call.outputGradient, pixels: pixels, from: 0, width: m, to: target) }
        if let target = call.secondInputGradient {
            split(call.outputGradient, pixels: pixels, from: m, width: n, to: target)
        }
    }

    @inline(__always)
    private func split<Scalar: BLASScalar>(
        _ delta: UnsafeMutablePointer<Scalar>, pixels: Int, from first: Int, width: Int,
        to target: InputGradient<Scalar>
    ) {
        for pixel in 0..<pixels {
            let (source, dx) = (delta + pixel * output.channels + first, target.start + pixel * width)
            if target.accumulates {
                for c in 0..<width { dx[c] += source[c] }
            } else {
                for c in 0..<width { dx[c] = source[c] }
            }
        }
    }
}
