@testable import Learning

// Layers with parameters.
extension NaiveLayer {
    func dense(_ layer: Dense, _ x: [Double]) -> [Double] {
        let (weights, bias) = (values(layer.weight), layer.bias.map(values))
        let width = layer.input.count
        return mapOutput(layer.output) { s, _, _, o in
            (0..<width).reduce(bias?[o] ?? 0) { $0 + weights[o * width + $1] * x[s * width + $1] }
        }
    }

    func denseBackward(_ layer: Dense, _ x: [Double], _ dy: [Double], _ gradients: inout [Double]) -> [Double] {
        let weights = values(layer.weight)
        let width = layer.input.count
        var dx = [Double](repeating: 0, count: x.count)
        for s in 0..<samples {
            for o in 0..<layer.output.count {
                let delta = dy[s * layer.output.count + o]
                if let bias = layer.bias { gradients[bias.offset + o] += delta }
                for i in 0..<width {
                    gradients[layer.weight.offset + o * width + i] += delta * x[s * width + i]
                    dx[s * width + i] += delta * weights[o * width + i]
                }
            }
        }
        return dx
    }

    /// Every product of the convolution: output number, its weight, its input number.
    private func forEachProduct(_ layer: Convolution, _ body: (_ y: Int, _ w: Int, _ x: Int) -> Void) {
        let (kernel, inputs, outputs) = (layer.kernel, layer.input.channels, layer.output.channels)
        forEachOutput(layer.output) { s, i, j, o in
            let y = layer.output.index(s, i, j, o)
            for u in 0..<kernel {
                for v in 0..<kernel {
                    let row = i * layer.stride - layer.padding + u
                    let column = j * layer.stride - layer.padding + v
                    guard layer.input.contains(row, column) else { continue }
                    for c in 0..<inputs {
                        body(y, ((u * kernel + v) * inputs + c) * outputs + o, layer.input.index(s, row, column, c))
                    }
                }
            }
        }
    }

    func convolution(_ layer: Convolution, _ x: [Double]) -> [Double] {
        let weights = values(layer.weight)
        var y = [Double](repeating: 0, count: samples * layer.output.count)
        if let bias = layer.bias.map(values) { for i in y.indices { y[i] = bias[i % layer.output.channels] } }
        forEachProduct(layer) { y[$0] += weights[$1] * x[$2] }
        return y
    }

    func convolutionBackward(
        _ layer: Convolution, _ x: [Double], _ dy: [Double], _ gradients: inout [Double]
    ) -> [Double] {
        let weights = values(layer.weight)
        var (dx, dw) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: weights.count))
        forEachProduct(layer) { y, w, x0 in
            dw[w] += dy[y] * x[x0]
            dx[x0] += dy[y] * weights[w]
        }
        for (i, share) in dw.enumerated() { gradients[layer.weight.offset + i] += share }
        if let bias = layer.bias {
            for (i, share) in dy.enumerated() { gradients[bias.offset + i % layer.output.channels] += share }
        }
        return dx
    }

    /// Mean and biased variance of a channel over samples and pixels.
    private func moments(_ layer: BatchNormalization, _ x: [Double], _ channel: Int) -> (mean: Double, variance: Double)
    {
        let numbers = stride(from: channel, to: x.count, by: layer.output.channels).map { x[$0] }
        let mean = numbers.reduce(0, +) / Double(numbers.count)
        return (mean, numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(numbers.count))
    }

    func batchNormalization(_ layer: BatchNormalization, _ x: [Double]) -> [Double] {
        let (gamma, beta) = (values(layer.scale), values(layer.shift))
        var y = x
        for c in 0..<layer.output.channels {
            let (mean, variance) =
                purpose.isTraining
                ? moments(layer, x, c)
                : (statistics[layer.runningMean.offset + c], statistics[layer.runningVariance.offset + c])
            for i in stride(from: c, to: x.count, by: layer.output.channels) {
                y[i] = (x[i] - mean) / (variance + 1e-5).squareRoot() * gamma[c] + beta[c]
            }
        }
        return y
    }

    /// The shard's own mean and unbiased variance, by their places among the statistics.
    func batchStatistics(_ layer: BatchNormalization, _ x: [Double]) -> [Int: Double] {
        var result: [Int: Double] = [:]
        let pixels = Double(x.count / layer.output.channels)
        for c in 0..<layer.output.channels {
            let (mean, variance) = moments(layer, x, c)
            result[layer.runningMean.offset + c] = mean
            result[layer.runningVariance.offset + c] = pixels > 1 ? variance * pixels / (pixels - 1) : 0
        }
        return result
    }

    /// Through y(x) = γ x̂ + β, x̂ = (x − m)/σ, with ∂m/∂x_i = 1/n and ∂σ/∂x_i = x̂_i/n.
    func batchNormalizationBackward(
        _ layer: BatchNormalization, _ x: [Double], _ dy: [Double], _ gradients: inout [Double]
    ) -> [Double] {
        let gamma = values(layer.scale)
        var dx = x
        for c in 0..<layer.output.channels {
            let (mean, variance) = moments(layer, x, c)
            let places = Array(stride(from: c, to: x.count, by: layer.output.channels))
            let shares = normalizationBackward(
                places.map { x[$0] }, places.map { dy[$0] * gamma[c] }, mean: mean, variance: variance)
            for (place, share) in zip(places, shares) {
                dx[place] = share
                gradients[layer.scale.offset + c] += dy[place] * (x[place] - mean) / (variance + 1e-5).squareRoot()
                gradients[layer.shift.offset + c] += dy[place]
            }
        }
        return dx
    }

    /// Gradient of the numbers from that of their normalised values.
    private func normalizationBackward(
        _ x: [Double], _ gradient: [Double], mean: Double, variance: Double
    ) -> [Double] {
        let deviation = (variance + 1e-5).squareRoot()
        let normalized = x.map { ($0 - mean) / deviation }
        let sum = gradient.reduce(0, +)
        let product = zip(gradient, normalized).reduce(0) { $0 + $1.0 * $1.1 }
        return x.indices.map { (gradient[$0] - (sum + normalized[$0] * product) / Double(x.count)) / deviation }
    }

    func layerNormalization(_ layer: LayerNormalization, _ x: [Double]) -> [Double] {
        let (gamma, beta, width) = (values(layer.scale), values(layer.shift), layer.output.count)
        return (0..<samples).flatMap { s in
            let row = Array(x[s * width..<(s + 1) * width])
            let mean = row.reduce(0, +) / Double(width)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            return row.indices.map { (row[$0] - mean) / (variance + 1e-5).squareRoot() * gamma[$0] + beta[$0] }
        }
    }

    func layerNormalizationBackward(
        _ layer: LayerNormalization, _ x: [Double], _ dy: [Double], _ gradients: inout [Double]
    ) -> [Double] {
        let (gamma, width) = (values(layer.scale), layer.output.count)
        var dx: [Double] = []
        for s in 0..<samples {
            let row = Array(x[s * width..<(s + 1) * width])
            let delta = Array(dy[s * width..<(s + 1) * width])
            let mean = row.reduce(0, +) / Double(width)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            for i in 0..<width {
                gradients[layer.scale.offset + i] += delta[i] * (row[i] - mean) / (variance + 1e-5).squareRoot()
                gradients[layer.shift.offset + i] += delta[i]
            }
            dx += normalizationBackward(row, zip(delta, gamma).map { $0 * $1 }, mean: mean, variance: variance)
        }
        return dx
    }
}
