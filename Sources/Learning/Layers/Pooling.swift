import LinearAlgebra

/// The largest or the mean number of each window, channel by channel.
public struct Pooling: Layer {
    public enum Kind: Sendable { case maximum, average }

    public let kind: Kind
    public let input: FeatureShape
    public let output: FeatureShape
    public let window: Int
    public let stride: Int
    /// Pixels around the image: never the largest; counted as zeros in a mean, as in PyTorch.
    public let padding: Int

    init(_ kind: Kind, input: FeatureShape, window: Int, stride: Int, padding: Int = 0) {
        (self.kind, self.input, self.window, self.stride, self.padding) = (kind, input, window, stride, padding)
        output = FeatureShape(
            height: Convolution.outputExtent(input.height, kernel: window, stride: stride, padding: padding),
            width: Convolution.outputExtent(input.width, kernel: window, stride: stride, padding: padding),
            channels: input.channels)
    }

    public var description: String { "\(kind == .maximum ? "max" : "average")_pool(\(window))" }
    public var state: [StateEntry] { [] }
    public var backwardReads: ActivationSet { [] }
    public var operations: Double { Double(output.count * window * window) }
    /// Of each maximum, how many pixels behind its window's first one it lies.
    public func savedCount(samples: Int) -> Int { kind == .maximum ? samples * output.count : 0 }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        let channels = output.channels
        let share = 1 / Scalar(window * window)
        forEachWindow(samples: call.samples) { pixel, rows, columns, image in
            let y = call.output + pixel * channels
            let first = image + rows.lowerBound * input.width + columns.lowerBound
            let place = places(call.saved) + pixel * channels
            if kind == .maximum {
                let x = call.input + first * channels
                if rows.count == 2, columns.count == 2 {
                    // The windows of most networks, in one loop: channels may be few.
                    let below = Int32(truncatingIfNeeded: input.width)
                    let (right, under) = (x + channels, x + input.width * channels)
                    let across = under + channels
                    for c in 0..<channels {
                        let isRight = replaces(right[c], x[c])
                        let isAcross = replaces(across[c], under[c])
                        let upper = isRight ? right[c] : x[c]
                        let lower = isAcross ? across[c] : under[c]
                        let isLower = replaces(lower, upper)
                        y[c] = isLower ? lower : upper
                        place[c] = isLower ? (isAcross ? below + 1 : below) : (isRight ? 1 : 0)
                    }
                    return
                }
                for c in 0..<channels { (y[c], place[c]) = (x[c], 0) }
            } else {
                for c in 0..<channels { y[c] = 0 }
            }
            for row in rows {
                for column in columns {
                    let offset = image + row * input.width + column - first
                    let x = call.input + (first + offset) * channels
                    if kind == .average {
                        for c in 0..<channels { y[c] += x[c] }
                    } else if offset > 0 {
                        let here = Int32(truncatingIfNeeded: offset)
                        for c in 0..<channels {
                            let isLarger = replaces(x[c], y[c])
                            place[c] = isLarger ? here : place[c]
                            y[c] = isLarger ? x[c] : y[c]
                        }
                    }
                }
            }
            if kind == .average { for c in 0..<channels { y[c] *= share } }
        }
    }

    /// The gradient of a maximum goes to the first pixel that has it.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        guard let target = call.inputGradient else { return }
        let channels = output.channels
        let share = 1 / Scalar(window * window)
        if !target.accumulates { target.start.update(repeating: 0, count: call.samples * input.count) }
        forEachWindow(samples: call.samples) { pixel, rows, columns, image in
            let dy = call.outputGradient + pixel * channels
            if kind == .maximum {
                let first = image + rows.lowerBound * input.width + columns.lowerBound
                let (dx, place) = (target.start + first * channels, places(call.saved) + pixel * channels)
                for c in 0..<channels { dx[Int(place[c]) &* channels &+ c] += dy[c] }
                return
            }
            for row in rows {
                for column in columns {
                    let dx = target.start + (image + row * input.width + column) * channels
                    for c in 0..<channels { dx[c] += dy[c] * share }
                }
            }
        }
    }

    /// Whether a number takes the place of the largest one so far. NaN passes: it is taken, and nothing is larger.
    @inline(__always)
    private func replaces<Scalar: BLASScalar>(_ x: Scalar, _ largest: Scalar) -> Bool { x > largest || x != x }

    /// Whole numbers of 32 bits in the memory of the pass, whose numbers are as wide at least.
    @inline(__always)
    private func places<Scalar>(_ saved: UnsafeMutablePointer<Scalar>) -> UnsafeMutablePointer<Int32> {
        UnsafeMutableRawPointer(saved).assumingMemoryBound(to: Int32.self)
    }

    /// Every output pixel with the input rows and columns it sees, and the first pixel of its image.
    @inline(__always)
    private func forEachWindow(
        samples: Int, _ body: (_ pixel: Int, _ rows: Range<Int>, _ columns: Range<Int>, _ image: Int) -> Void
    ) {
        var pixel = 0
        for sample in 0..<samples {
            for y in 0..<output.height {
                let top = y * stride - padding
                let rows = max(0, top)..<min(input.height, top + window)
                for x in 0..<output.width {
                    let left = x * stride - padding
                    body(pixel, rows, max(0, left)..<min(input.width, left + window), sample * input.pixels)
                    pixel += 1
                }
            }
        }
    }
}

/// The mean of each channel over all pixels.
public struct GlobalAveragePooling: Layer {
    public let input: FeatureShape
    public var output: FeatureShape { FeatureShape(vector: input.channels) }

    public var description: String { "global_pool" }
    public var state: [StateEntry] { [] }
    public var backwardReads: ActivationSet { [] }
    public var operations: Double { Double(input.count) }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        let channels = input.channels
        let share = 1 / Scalar(input.pixels)
        for sample in 0..<call.samples {
            let y = call.output + sample * channels
            for c in 0..<channels { y[c] = 0 }
            addColumnSums(call.input + sample * input.count, rows: input.pixels, columns: channels, to: y)
            for c in 0..<channels { y[c] *= share }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        guard let target = call.inputGradient else { return }
        let channels = input.channels
        let share = 1 / Scalar(input.pixels)
        for pixel in 0..<call.samples * input.pixels {
            let dy = call.outputGradient + pixel / input.pixels * channels
            let dx = target.start + pixel * channels
            if target.accumulates {
                for c in 0..<channels { dx[c] += dy[c] * share }
            } else {
                for c in 0..<channels { dx[c] = dy[c] * share }
            }
        }
    }
}
