import LinearAlgebra
import RandomNumbers

@testable import Learning

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The naive twin of a layer: Float64, one number at a time, written from the formula, sharing nothing with the layer
/// but its sizes and the places of its parameters.
struct NaiveLayer {
    let layer: any Layer
    let samples: Int
    /// The whole block.
    let parameters: [Double]
    /// Running statistics, the whole block.
    let statistics: [Double]
    var purpose = PassPurpose(isTraining: true)

    func values(_ slice: ParameterLayout.Slice) -> [Double] { Array(parameters[slice.range]) }

    /// Output of the layer; a ReLU of its own included.
    func forward(_ inputs: [[Double]]) -> [Double] {
        let output = affineForward(inputs)
        return layer.rectifies ? output.map { $0 > 0 ? $0 : 0 } : output
    }

    private func affineForward(_ inputs: [[Double]]) -> [Double] {
        let x = inputs[0]
        switch layer {
        case let layer as Dense: return dense(layer, x)
        case let layer as Convolution: return convolution(layer, x)
        case let layer as BatchNormalization: return batchNormalization(layer, x)
        case let layer as LayerNormalization: return layerNormalization(layer, x)
        case let layer as Activation: return x.map { activation(layer.function, $0) }
        case let layer as Pooling: return pooling(layer, x)
        case let layer as GlobalAveragePooling:
            return mapOutput(layer.output) { s, _, _, c in
                var sum = 0.0
                layer.input.forEachPixel { i, j in sum += x[layer.input.index(s, i, j, c)] }
                return sum / Double(layer.input.pixels)
            }
        case let layer as Flatten: return flattenOrder(layer).map { x[$0] }
        case let layer as Dropout: return zip(x, dropoutFactors(layer)).map { $0 * $1 }
        case is Addition: return zip(x, inputs[1]).map { $0 + $1 }
        case let layer as Concatenation:
            return mapOutput(layer.output) { s, i, j, c in
                c < layer.first.channels
                    ? x[layer.first.index(s, i, j, c)]
                    : inputs[1][layer.second.index(s, i, j, c - layer.first.channels)]
            }
        case let layer as PaddedShortcut:
            return mapOutput(layer.output) { s, i, j, c in
                paddedSource(layer, s, i, j, c).map { x[$0] } ?? 0
            }
        default: fatalError("layer without a naive twin")
        }
    }

    /// Gradients of the inputs; those of the parameters are added.
    ///
    /// - Parameter output: of the forward pass, which tells where a ReLU passes.
    func backward(
        _ inputs: [[Double]], output: [Double], _ outputGradient: [Double], addingTo gradients: inout [Double]
    )
        -> [[Double]]
    {
        let x = inputs[0]
        let dy = layer.rectifies ? zip(outputGradient, output).map { $1 > 0 ? $0 : 0 } : outputGradient
        switch layer {
        case let layer as Dense: return [denseBackward(layer, x, dy, &gradients)]
        case let layer as Convolution: return [convolutionBackward(layer, x, dy, &gradients)]
        case let layer as BatchNormalization: return [batchNormalizationBackward(layer, x, dy, &gradients)]
        case let layer as LayerNormalization: return [layerNormalizationBackward(layer, x, dy, &gradients)]
        case let layer as Activation: return [zip(x, dy).map { activationSlope(layer.function, $0) * $1 }]
        case let layer as Pooling: return [poolingBackward(layer, x, dy)]
        case let layer as GlobalAveragePooling:
            return [
                mapOutput(layer.input) { s, _, _, c in
                    dy[layer.output.index(s, 0, 0, c)] / Double(layer.input.pixels)
                }
            ]
        case let layer as Flatten:
            var dx = [Double](repeating: 0, count: x.count)
            for (place, source) in flattenOrder(layer).enumerated() { dx[source] = dy[place] }
            return [dx]
        case let layer as Dropout: return [zip(dy, dropoutFactors(layer)).map { $0 * $1 }]
        case is Addition: return [dy, dy]
        case let layer as Concatenation:
            return [
                mapOutput(layer.first) { dy[layer.output.index($0, $1, $2, $3)] },
                mapOutput(layer.second) { dy[layer.output.index($0, $1, $2, $3 + layer.first.channels)] },
            ]
        case let layer as PaddedShortcut:
            var dx = [Double](repeating: 0, count: x.count)
            forEachOutput(layer.output) { s, i, j, c in
                if let source = paddedSource(layer, s, i, j, c) { dx[source] += dy[layer.output.index(s, i, j, c)] }
            }
            return [dx]
        default: fatalError("layer without a naive twin")
        }
    }
}

// MARK: Walking through activations

extension FeatureShape {
    /// Of a number of sample s in an activation (samples × height × width × channels).
    func index(_ s: Int, _ i: Int, _ j: Int, _ c: Int) -> Int { ((s * height + i) * width + j) * channels + c }

    func contains(_ i: Int, _ j: Int) -> Bool { i >= 0 && i < height && j >= 0 && j < width }

    func forEachPixel(_ body: (_ i: Int, _ j: Int) -> Void) {
        for i in 0..<height { for j in 0..<width { body(i, j) } }
    }
}

extension NaiveLayer {
    func forEachOutput(_ shape: FeatureShape, _ body: (_ s: Int, _ i: Int, _ j: Int, _ c: Int) -> Void) {
        for s in 0..<samples { shape.forEachPixel { i, j in for c in 0..<shape.channels { body(s, i, j, c) } } }
    }

    func mapOutput(_ shape: FeatureShape, _ value: (_ s: Int, _ i: Int, _ j: Int, _ c: Int) -> Double) -> [Double] {
        var result: [Double] = []
        result.reserveCapacity(samples * shape.count)
        forEachOutput(shape) { result.append(value($0, $1, $2, $3)) }
        return result
    }
}

// MARK: Layers without parameters

extension NaiveLayer {
    fileprivate func activation(_ function: Activation.Function, _ x: Double) -> Double {
        switch function {
        case .relu: x > 0 ? x : 0
        case .tanh: (exp(2 * x) - 1) / (exp(2 * x) + 1)
        case .gelu: x * (1 + erf(x / 2.0.squareRoot())) / 2
        }
    }

    fileprivate func activationSlope(_ function: Activation.Function, _ x: Double) -> Double {
        switch function {
        case .relu: x > 0 ? 1 : 0
        case .tanh: 4 / ((exp(x) + exp(-x)) * (exp(x) + exp(-x)))
        case .gelu: (1 + erf(x / 2.0.squareRoot())) / 2 + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
        }
    }

    /// For each place of the flat vectors, the number of the images that goes there.
    fileprivate func flattenOrder(_ layer: Flatten) -> [Int] {
        (0..<samples).flatMap { s in
            (0..<layer.input.channels).flatMap { c in
                (0..<layer.input.height).flatMap { i in
                    (0..<layer.input.width).map { j in layer.input.index(s, i, j, c) }
                }
            }
        }
    }

    fileprivate func dropoutFactors(_ layer: Dropout) -> [Double] {
        guard purpose.isTraining else { return Array(repeating: 1, count: samples * layer.output.count) }
        let random = Philox(seed: purpose.seed, purpose: .dropout(layer.index))
        return (0..<samples * layer.output.count).map { place in
            let inBatch = UInt64(purpose.firstSample * layer.output.count + place)
            return random.uniform(at: inBatch, stream: UInt32(purpose.step)) < layer.probability
                ? 0 : 1 / (1 - layer.probability)
        }
    }

    fileprivate func paddedSource(_ layer: PaddedShortcut, _ s: Int, _ i: Int, _ j: Int, _ c: Int) -> Int? {
        let channel = c - (layer.output.channels - layer.input.channels) / 2
        guard channel >= 0, channel < layer.input.channels else { return nil }
        return layer.input.index(s, i * layer.stride, j * layer.stride, channel)
    }

    /// The pixels of the image that a window sees.
    private func window(_ layer: Pooling, _ i: Int, _ j: Int) -> [(i: Int, j: Int)] {
        (0..<layer.window).flatMap { u in
            (0..<layer.window).map { v in
                (i * layer.stride - layer.padding + u, j * layer.stride - layer.padding + v)
            }
        }.filter { layer.input.contains($0.0, $0.1) }
    }

    fileprivate func pooling(_ layer: Pooling, _ x: [Double]) -> [Double] {
        mapOutput(layer.output) { s, i, j, c in
            let seen = window(layer, i, j).map { x[layer.input.index(s, $0.i, $0.j, c)] }
            return layer.kind == .maximum
                ? seen.max()! : seen.reduce(0, +) / Double(layer.window * layer.window)
        }
    }

    fileprivate func poolingBackward(_ layer: Pooling, _ x: [Double], _ dy: [Double]) -> [Double] {
        var dx = [Double](repeating: 0, count: x.count)
        forEachOutput(layer.output) { s, i, j, c in
            let places = window(layer, i, j).map { layer.input.index(s, $0.i, $0.j, c) }
            let share = dy[layer.output.index(s, i, j, c)]
            if layer.kind == .maximum {
                let largest = places.map { x[$0] }.max()!
                dx[places.first { x[$0] == largest }!] += share
            } else {
                for place in places { dx[place] += share / Double(layer.window * layer.window) }
            }
        }
        return dx
    }
}
