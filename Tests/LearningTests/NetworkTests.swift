import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

/// A small data set of random bytes.
func randomData(samples: Int, width: Int, classes: Int) -> DataSet {
    let random = Philox(seed: 11, purpose: .test)
    return DataSet(
        pixels: (0..<samples * width).map { UInt8(random.integer(below: 256, at: UInt64($0))) },
        sampleShape: [width], labels: (0..<samples).map { Int32($0 % classes) }, classes: classes)
}

/// The naive twin of a perceptron's forward pass, loss and backward pass: Float64, one number at a time, written from
/// the formulas.
struct NaiveNetwork {
    struct Layer {
        let weight: ParameterLayout.Slice
        let bias: ParameterLayout.Slice?
        var outputWidth: Int { weight.shape[0] }
        var inputWidth: Int { weight.shape[1] }
    }

    let network: Network
    let parameters: [Double]

    /// The hidden layers, then the classifier.
    var layers: [Layer] {
        let slices = network.layout.slices
        return slices.filter { $0.name.hasSuffix(".weight") }.map { weight in
            Layer(weight: weight, bias: slices.first { $0.name == weight.name.dropLast(6) + "bias" })
        }
    }

    private func weight(_ layer: Layer, _ row: Int, _ column: Int) -> Double {
        parameters[layer.weight.offset + row * layer.inputWidth + column]
    }

    private func affine(_ layer: Layer, _ input: [Double]) -> [Double] {
        (0..<layer.outputWidth).map { row in
            (0..<layer.inputWidth).reduce(layer.bias.map { parameters[$0.offset + row] } ?? 0) {
                $0 + weight(layer, row, $1) * input[$1]
            }
        }
    }

    /// The outputs of the hidden layers, then the logits.
    func forward(_ input: [Double]) -> [[Double]] {
        var outputs: [[Double]] = []
        for layer in layers.dropLast() {
            outputs.append(affine(layer, outputs.last ?? input).map { max($0, 0) })
        }
        return outputs + [affine(layers[layers.count - 1], outputs.last ?? input)]
    }

    func lossAndGradient(
        _ loss: ClassificationLoss, inputs: [[Double]], labels: [Int32], batchSize: Int
    ) -> (value: Double, gradient: [Double]) {
        var gradient = [Double](repeating: 0, count: parameters.count)
        var value = 0.0
        let layers = layers
        for (input, label) in zip(inputs, labels) {
            let outputs = forward(input)
            let sample = naiveLoss(
                loss, logits: outputs.last!.map { [$0] }, labels: [label], scale: 1 / Double(batchSize))
            value += sample.value
            var delta = sample.gradient.map { $0[0] }
            for index in layers.indices.reversed() {
                let layer = layers[index]
                let below = index > 0 ? outputs[index - 1] : input
                for row in 0..<layer.outputWidth {
                    if let bias = layer.bias { gradient[bias.offset + row] += delta[row] }
                    for column in 0..<layer.inputWidth {
                        gradient[layer.weight.offset + row * layer.inputWidth + column] += delta[row] * below[column]
                    }
                }
                delta = (0..<layer.inputWidth).map { column in
                    below[column] > 0
                        ? (0..<layer.outputWidth).reduce(0) { $0 + weight(layer, $1, column) * delta[$1] } : 0
                }
            }
        }
        return (value, gradient)
    }
}

private let normalization = Normalization(mean: 0.4, standardDeviation: 0.3)

private func objective<Scalar: BLASScalar>(
    _ scalar: Scalar.Type, _ architecture: String, _ loss: ClassificationLoss, bias: Bool = true, decay: Double = 0,
    data: DataSet
) throws -> NetworkObjective<Scalar> {
    let network = try Network(
        Architecture(parsing: architecture), input: FeatureShape(sample: data.sampleShape), classes: data.classes,
        head: ClassifierHead.Style(bias: bias))
    return NetworkObjective(
        network: network, loss: loss, data: data, normalization: normalization, weightDecay: .all(decay),
        largestShard: 20)
}

private func inputs(_ data: DataSet, _ indices: ArraySlice<Int>) -> [[Double]] {
    indices.map { sample in
        (0..<data.sampleWidth).map {
            (Double(data.values[sample * data.sampleWidth + $0]) / 255 - normalization.mean[0])
                / normalization.standardDeviation[0]
        }
    }
}

@Suite struct NetworkTests {
    @Test(arguments: ["mlp()", "mlp(9)", "mlp(12-7)", "mlp(8-8-8)"], ClassificationLoss.allCases)
    func lossAndGradientAgreeWithTheNaiveTwin(_ architecture: String, _ loss: ClassificationLoss) throws {
        let data = randomData(samples: 23, width: 13, classes: 5)
        let shard = BatchShard(samples: [3, 1, 22, 7, 7, 15, 0, 4, 9, 12, 19][...], batchSize: 16)
        for bias in [true, false] {
            let double = try objective(Double.self, architecture, loss, bias: bias, data: data)
            let parameters = ParameterBlock<Double>(layout: double.layout)
            let gradients = ParameterBlock<Double>(layout: double.layout)
            double.initialize(parameters, seed: 3)
            let naive = NaiveNetwork(network: double.network, parameters: parameters.storage.array).lossAndGradient(
                loss, inputs: inputs(data, shard.samples), labels: shard.samples.map { data.labels[$0] }, batchSize: 16)
            // Gradients are added to what is there.
            for index in 0..<gradients.count { gradients.storage[index] = 1 }
            let value = double.evaluate(shard, at: parameters, addingTo: gradients)
            #expect(abs(value - naive.value) < 1e-13)
            #expect(zip(gradients.storage.array, naive.gradient).allSatisfy { abs($0 - 1 - $1) < 1e-13 })

            let single = try objective(Float.self, architecture, loss, bias: bias, data: data)
            let singleParameters = ParameterBlock<Float>(layout: single.layout)
            let singleGradients = ParameterBlock<Float>(layout: single.layout)
            single.initialize(singleParameters, seed: 3)
            let singleValue = single.evaluate(shard, at: singleParameters, addingTo: singleGradients)
            #expect(abs(singleValue - naive.value) < 1e-5)
            #expect(zip(singleGradients.storage.array, naive.gradient).allSatisfy { abs(Double($0) - $1) < 1e-5 })
        }
    }

    @Test(arguments: ClassificationLoss.allCases)
    func gradientsMatchCentralDifferences(_ loss: ClassificationLoss) throws {
        let data = randomData(samples: 12, width: 6, classes: 4)
        let objective = try objective(Double.self, "mlp(7-5)", loss, decay: 0.03, data: data)
        let shard = BatchShard(samples: Array(0..<12)[...], batchSize: 12)
        let parameters = ParameterBlock<Double>(layout: objective.layout)
        let gradients = ParameterBlock<Double>(layout: objective.layout)
        let ignored = ParameterBlock<Double>(layout: objective.layout)
        objective.initialize(parameters, seed: 8)
        func value(_ gradients: ParameterBlock<Double>) -> Double {
            objective.evaluate(shard, at: parameters, addingTo: gradients)
                + objective.decay(at: parameters, addingTo: gradients)
        }
        _ = value(gradients)
        let largest = gradients.storage.array.map(abs).max()!
        let step = 1e-5
        for index in 0..<parameters.count {
            let kept = parameters.storage[index]
            parameters.storage[index] = kept + step
            let above = value(ignored)
            parameters.storage[index] = kept - step
            let below = value(ignored)
            parameters.storage[index] = kept
            #expect(abs((above - below) / (2 * step) - gradients.storage[index]) < 1e-6 * largest)
        }
    }

    @Test func shardsOfABatchAddUp() throws {
        let data = randomData(samples: 20, width: 9, classes: 3)
        let objective = try objective(Double.self, "mlp(6)", .crossEntropy, data: data)
        let parameters = ParameterBlock<Double>(layout: objective.layout)
        let (whole, parts) = (
            ParameterBlock<Double>(layout: objective.layout), ParameterBlock<Double>(layout: objective.layout)
        )
        objective.initialize(parameters, seed: 1)
        let batch = Array(0..<20)
        let value = objective.evaluate(BatchShard(samples: batch[...], batchSize: 20), at: parameters, addingTo: whole)
        let sum = [batch[..<7], batch[7..<20], batch[20...]].reduce(0) {
            $0 + objective.evaluate(BatchShard(samples: $1, batchSize: 20), at: parameters, addingTo: parts)
        }
        #expect(abs(value - sum) < 1e-14)
        #expect(zip(whole.storage.array, parts.storage.array).allSatisfy { abs($0 - $1) < 1e-14 })
    }

    @Test func decayIsHalfTheSquaredNormOfEverything() throws {
        let data = randomData(samples: 20, width: 60, classes: 3)
        let objective = try objective(Float.self, "mlp(40)", .crossEntropy, decay: 0.5, data: data)
        let parameters = ParameterBlock<Float>(layout: objective.layout)
        let gradients = ParameterBlock<Float>(layout: objective.layout)
        objective.initialize(parameters, seed: 1)
        for index in 0..<gradients.count { gradients.storage[index] = 2 }
        let value = objective.decay(at: parameters, addingTo: gradients)
        let squares = parameters.storage.array.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(parameters.count > 2048)
        #expect(abs(value / (0.25 * squares) - 1) < 1e-6)
        #expect(zip(gradients.storage.array, parameters.storage.array).allSatisfy { $0 == 2 + 0.5 * $1 })
    }

    @Test func activationsAreProbedByLayer() throws {
        let data = randomData(samples: 9, width: 5, classes: 3)
        let network = try Network(Architecture(parsing: "mlp(6-4)"), input: FeatureShape(vector: 5), classes: 3)
        #expect(network.probes.map(\.name) == ["hidden1", "hidden2"])
        #expect(network.probes.map(\.width) == [6, 4])
        #expect(network.featureWidth == 4)
        #expect(
            network.layout.slices.map(\.name) == [
                "hidden1.weight", "hidden1.bias", "hidden2.weight", "hidden2.bias", "classifier.weight",
                "classifier.bias",
            ])
        #expect(network.head.weight?.shape == [3, 4])
        let parameters = ParameterBlock<Double>(layout: network.layout)
        let statistics = ParameterBlock<Double>(layout: network.statistics)
        network.initialize(parameters, statistics, seed: 4)
        let pass = NetworkPass<Double>(network, capacity: 9, trains: false)
        let indices = [8, 2, 5][...]
        pass.load(indices, of: data, normalization: normalization)
        var seen: [[Double]] = [[], []]
        pass.forward(at: parameters, statistics) { probe, output in
            seen[probe] = (0..<3 * network.probes[probe].width).map { output[$0] }
        }
        let naive = NaiveNetwork(network: network, parameters: parameters.storage.array)
        for (row, input) in inputs(data, indices).enumerated() {
            let expected = naive.forward(input)
            for j in 0..<6 { #expect(abs(seen[0][row * 6 + j] - expected[0][j]) < 1e-14) }
            for j in 0..<4 {
                #expect(
                    abs(seen[1][row * 4 + j] - expected[1][j]) < 1e-14
                        && pass.features[row * 4 + j] == seen[1][row * 4 + j])
            }
            for k in 0..<3 { #expect(abs(pass.logits[k * 3 + row] - expected[2][k]) < 1e-14) }
            #expect(pass.labels[row] == data.labels[indices[row]])
        }
    }

    @Test func initialValuesAreBoundedUniformAndOfTheSeedAlone() throws {
        let network = try Network(Architecture(parsing: "mlp(50)"), input: FeatureShape(vector: 100), classes: 10)
        let blocks = [1, 1, 2].map { (seed: UInt64) in
            let block = ParameterBlock<Float>(layout: network.layout)
            network.initialize(block, ParameterBlock(layout: network.statistics), seed: seed)
            return block
        }
        #expect(blocks[0].storage.array == blocks[1].storage.array)
        #expect(zip(blocks[0].storage.array, blocks[2].storage.array).allSatisfy { $0 != $1 })
        for slice in network.layout.slices {
            let values = blocks[0].storage.array[slice.range].map(Double.init)
            let bound = 1 / Double(slice.name.hasPrefix("hidden1") ? 100 : 50).squareRoot()
            #expect(values.allSatisfy { abs($0) <= bound })
            // Uniform: variance bound²/3, its estimate off by 5 standard errors at most.
            let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
            #expect(abs(variance / (bound * bound / 3) - 1) < 5 * 0.9 / Double(values.count).squareRoot())
        }
    }

    @Test func aDivergedNetworkShows() throws {
        let data = randomData(samples: 4, width: 5, classes: 3)
        let objective = try objective(Float.self, "mlp(6-4)", .crossEntropy, data: data)
        let parameters = ParameterBlock<Float>(layout: objective.layout)
        objective.initialize(parameters, seed: 1)
        parameters.storage[0] = .nan
        let value = objective.evaluate(
            BatchShard(samples: [0, 1, 2, 3][...], batchSize: 4), at: parameters,
            addingTo: ParameterBlock(layout: objective.layout))
        #expect(value.isNaN)
    }
}
