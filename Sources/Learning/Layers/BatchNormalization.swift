import LinearAlgebra

/// Batch normalisation (Ioffe and Szegedy 2015): every channel is shifted and scaled to mean 0 and variance 1 over the
/// samples and pixels of the shard, then y = γ x̂ + β; optionally followed by a ReLU.
///
/// When measuring, the running mean and variance take the shard's place. They are statistics, not parameters: each
/// training pass adds the shard's own, weighted by its share of the batch, to the batch's; `Network.updateStatistics`
/// does the rest. As in PyTorch the running variance is the unbiased one, and ε is 1e-5.
public struct BatchNormalization: Layer {
    public let output: FeatureShape
    public var rectifies = false
    public var canRectify: Bool { true }
    public let scale: ParameterLayout.Slice
    public let shift: ParameterLayout.Slice
    public let runningMean: ParameterLayout.Slice
    public let runningVariance: ParameterLayout.Slice

    static let epsilon = 1e-5

    init(_ name: String, input: FeatureShape, in layout: inout ParameterLayout, statistics: inout ParameterLayout) {
        output = input
        scale = layout.add("\(name).weight", shape: [input.channels])
        shift = layout.add("\(name).bias", shape: [input.channels])
        runningMean = statistics.add("\(name).running_mean", shape: [input.channels])
        runningVariance = statistics.add("\(name).running_var", shape: [input.channels])
    }

    public var description: String { "batch_norm" }
    public var state: [StateEntry] {
        [StateEntry(scale), StateEntry(shift), .statistics(runningMean), .statistics(runningVariance)]
    }
    public var backwardReads: ActivationSet { rectifies ? [.inputs, .output] : .inputs }
    public var operations: Double { 10 * Double(output.count) }
    /// Mean and 1/deviation of each channel.
    public func savedCount(samples: Int) -> Int { 2 * output.channels }
    /// Two sums a channel in Float64, and five rows of numbers.
    public func workspaceCount(samples: Int) -> Int { 4 * output.channels + 5 * row }

    public func initialize<Scalar: BLASScalar>(
        _ parameters: ParameterBlock<Scalar>, _ statistics: ParameterBlock<Scalar>, seed: UInt64
    ) {
        for channel in 0..<output.channels {
            parameters.pointer(to: scale)[channel] = 1
            statistics.pointer(to: runningVariance)[channel] = 1
        }
    }

    /// A few pixels are taken as one row, so that loops over a row are long also with few channels.
    private var pixelsPerRow: Int { max(1, 128 / output.channels) }
    private var row: Int { pixelsPerRow * output.channels }
    /// Numbers whose sums are taken in the precision of the network before they go on in Float64: few enough to stay in
    /// the first-level cache for a second look.
    private var block: Int { max(1, 8192 / row) * row }

    /// Memory for rows of numbers, behind that for sums in Float64.
    @inline(__always)
    private func scratch<Scalar>(_ workspace: UnsafeMutablePointer<Scalar>, _ index: Int) -> UnsafeMutablePointer<
        Scalar
    > {
        workspace + 4 * output.channels + index * row
    }

    /// The first pixel of a row, copied to the others.
    @inline(__always)
    private func repeatPixel<Scalar>(_ values: UnsafeMutablePointer<Scalar>) {
        for j in output.channels..<max(row, output.channels) { values[j] = values[j - output.channels] }
    }

    /// The pixels of a row, added up in its first one.
    @inline(__always)
    private func foldPixels<Scalar: BLASScalar>(_ values: UnsafeMutablePointer<Scalar>) {
        for pixel in 1..<max(pixelsPerRow, 1) {
            let other = values + pixel * output.channels
            for c in 0..<output.channels { values[c] += other[c] }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        let (count, channels) = (call.samples * output.count, output.channels)
        let (mean, inverse) = (call.saved, call.saved + channels)
        if call.purpose.isTraining {
            takeStatistics(call, count: count, mean: mean, inverse: inverse)
        } else {
            let running = call.statistics
            let (m, v) = (running.pointer(to: runningMean), running.pointer(to: runningVariance))
            for c in 0..<channels {
                mean[c] = m[c]
                inverse[c] = 1 / (v[c] + Scalar(Self.epsilon)).squareRoot()
            }
        }
        // y = a x + b
        let (a, b) = (scratch(call.workspace, 0), scratch(call.workspace, 1))
        let (gamma, beta) = (call.parameters.pointer(to: scale), call.parameters.pointer(to: shift))
        for c in 0..<channels {
            a[c] = gamma[c] * inverse[c]
            b[c] = beta[c] - mean[c] * a[c]
        }
        repeatPixel(a)
        repeatPixel(b)
        for start in stride(from: 0, to: count, by: row) {
            let (x, y) = (call.input + start, call.output + start)
            if rectifies {
                for j in 0..<min(row, count - start) { y[j] = rectified(x[j] * a[j] + b[j]) }
            } else {
                for j in 0..<min(row, count - start) { y[j] = x[j] * a[j] + b[j] }
            }
        }
    }

    /// Mean and 1/deviation of each channel; blocks are merged as in Chan, Golub and LeVeque 1983.
    @inline(__always)
    private func takeStatistics<Scalar: BLASScalar>(
        _ call: ForwardCall<Scalar>, count: Int, mean: UnsafeMutablePointer<Scalar>,
        inverse: UnsafeMutablePointer<Scalar>
    ) {
        let channels = output.channels
        let totalMean = doubles(in: call.workspace)
        let squares = totalMean + channels
        let (sum, square) = (scratch(call.workspace, 0), scratch(call.workspace, 1))
        for c in 0..<channels { (totalMean[c], squares[c]) = (0, 0) }
        for first in stride(from: 0, to: count, by: block) {
            let end = min(first + block, count)
            for j in 0..<row { (sum[j], square[j]) = (0, 0) }
            for start in stride(from: first, to: end, by: row) {
                let x = call.input + start
                for j in 0..<min(row, end - start) { sum[j] += x[j] }
            }
            foldPixels(sum)
            let (before, pixels) = (Double(first / channels), Double((end - first) / channels))
            for c in 0..<channels { sum[c] /= Scalar(pixels) }
            repeatPixel(sum)
            for start in stride(from: first, to: end, by: row) {
                let x = call.input + start
                for j in 0..<min(row, end - start) {
                    let deviation = x[j] - sum[j]
                    square[j] += deviation * deviation
                }
            }
            foldPixels(square)
            let weight = pixels / (before + pixels)
            for c in 0..<channels {
                let step = Double(sum[c]) - totalMean[c]
                totalMean[c] += step * weight
                squares[c] += Double(square[c]) + step * step * weight * before
            }
        }
        let batch = call.batchStatistics
        let (batchMean, batchVariance) = (
            batch?.pointer(to: runningMean), batch?.pointer(to: runningVariance)
        )
        let (share, pixels) = (call.purpose.shareOfBatch, count / channels)
        for c in 0..<channels {
            mean[c] = Scalar(totalMean[c])
            inverse[c] = Scalar(1 / (squares[c] / Double(pixels) + Self.epsilon).squareRoot())
            batchMean?[c] += Scalar(share * totalMean[c])
            batchVariance?[c] += Scalar(share * squares[c] / Double(max(pixels - 1, 1)))
        }
    }

    /// With s = γ/deviation and sums over the n pixels: dβ = Σ dy, dγ = Σ dy x̂, dx = s (dy − dβ/n − x̂ dγ/n).
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        let (count, channels) = (call.samples * output.count, output.channels)
        let (mean, inverse) = (call.saved, call.saved + channels)
        let totals = doubles(in: call.workspace)
        addUpGradient(call, count: count, mean: mean, totals)
        let (gamma, dGamma) = (call.parameters.pointer(to: scale), call.gradients.pointer(to: scale))
        let dBeta = call.gradients.pointer(to: shift)
        let (a, b, e) = (scratch(call.workspace, 0), scratch(call.workspace, 1), scratch(call.workspace, 2))
        let pixels = Double(count / channels)
        for c in 0..<channels {
            let (sum, product) = (totals[c], totals[channels + c] * Double(inverse[c]))
            dBeta[c] += Scalar(sum)
            dGamma[c] += Scalar(product)
            // dx = a dy + b x + e
            let s = Double(gamma[c]) * Double(inverse[c])
            let slope = -s * product * Double(inverse[c]) / pixels
            a[c] = Scalar(s)
            b[c] = Scalar(slope)
            e[c] = Scalar(-s * sum / pixels - slope * Double(mean[c]))
        }
        guard let target = call.inputGradient else { return }
        repeatPixel(a)
        repeatPixel(b)
        repeatPixel(e)
        for start in stride(from: 0, to: count, by: row) {
            let (x, dy, dx) = (call.input + start, call.outputGradient + start, target.start + start)
            if target.accumulates {
                for j in 0..<min(row, count - start) { dx[j] += a[j] * dy[j] + (b[j] * x[j] + e[j]) }
            } else {
                for j in 0..<min(row, count - start) { dx[j] = a[j] * dy[j] + (b[j] * x[j] + e[j]) }
            }
        }
    }

    /// totals ← Σ dy, then Σ dy (x − mean), of each channel; dy is masked on the way.
    @inline(__always)
    private func addUpGradient<Scalar: BLASScalar>(
        _ call: BackwardCall<Scalar>, count: Int, mean: UnsafeMutablePointer<Scalar>,
        _ totals: UnsafeMutablePointer<Double>
    ) {
        let channels = output.channels
        let (sum, product, centre) = (
            scratch(call.workspace, 0), scratch(call.workspace, 1), scratch(call.workspace, 2)
        )
        for c in 0..<channels { centre[c] = mean[c] }
        repeatPixel(centre)
        for c in 0..<2 * channels { totals[c] = 0 }
        for first in stride(from: 0, to: count, by: block) {
            for j in 0..<row { (sum[j], product[j]) = (0, 0) }
            let end = min(first + block, count)
            if rectifies { maskRectified(call.outputGradient + first, output: call.output + first, count: end - first) }
            for start in stride(from: first, to: end, by: row) {
                let (x, dy) = (call.input + start, call.outputGradient + start)
                for j in 0..<min(row, end - start) {
                    sum[j] += dy[j]
                    product[j] += dy[j] * (x[j] - centre[j])
                }
            }
            foldPixels(sum)
            foldPixels(product)
            for c in 0..<channels {
                totals[c] += Double(sum[c])
                totals[channels + c] += Double(product[c])
            }
        }
    }
}
