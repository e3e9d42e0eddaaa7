import LinearAlgebra
import Testing

@testable import Learning

/// Starting values have PyTorch's distributions: torch.nn.Linear and Conv2d draw weight and bias uniformly from
/// ±1/√fan_in, fan_in being kernel² × inputs; normalisations begin with 1 and 0.
@Suite struct InitializationTests {
    private func values(_ network: Network, seed: UInt64) -> (parameters: [Double], statistics: [Double]) {
        let parameters = ParameterBlock<Float>(layout: network.layout)
        let statistics = ParameterBlock<Float>(layout: network.statistics)
        network.initialize(parameters, statistics, seed: seed)
        return (parameters.storage.array.map { Double($0) }, statistics.storage.array.map { Double($0) })
    }

    private func isUniform(_ values: [Double], bound: Double) -> Bool {
        let n = Double(values.count)
        let mean = values.reduce(0, +) / n
        let variance = values.reduce(0) { $0 + $1 * $1 } / n
        // Mean 0 with variance b²/3n; x² has mean b²/3 and variance 4b⁴/45. Five standard deviations of either.
        return values.allSatisfy { abs($0) <= bound } && abs(mean) < 5 * bound / (3 * n).squareRoot()
            && abs(variance - bound * bound / 3) < 5 * bound * bound * (4 / 45 / n).squareRoot()
    }

    @Test(arguments: [("resnet18", 16), ("vgg11", 8), ("densenet40", 6), ("lenet", 6), ("resnet50", 8)])
    func everyLayerIsPyTorchs(_ name: String, _ width: Int) throws {
        let network = try Network(
            Architecture(parsing: name), input: FeatureShape(height: 32, width: 32, channels: 3), classes: 10,
            width: width)
        let (parameters, statistics) = values(network, seed: 6)
        var seen = 0
        func check(_ slice: ParameterLayout.Slice?, fanIn: Int) {
            guard let slice else { return }
            seen += slice.count
            let bound = 1 / Double(fanIn).squareRoot()
            #expect(isUniform(Array(parameters[slice.range]), bound: bound), "\(slice.name)")
        }
        for node in network.nodes {
            switch node.layer {
            case let layer as Convolution:
                let fanIn = layer.kernel * layer.kernel * layer.input.channels
                check(layer.weight, fanIn: fanIn)
                check(layer.bias, fanIn: fanIn)
            case let layer as Dense:
                check(layer.weight, fanIn: layer.input.count)
                check(layer.bias, fanIn: layer.input.count)
            case let layer as BatchNormalization:
                seen += 2 * layer.scale.count
                #expect(parameters[layer.scale.range].allSatisfy { $0 == 1 })
                #expect(parameters[layer.shift.range].allSatisfy { $0 == 0 })
                #expect(statistics[layer.runningMean.range].allSatisfy { $0 == 0 })
                #expect(statistics[layer.runningVariance.range].allSatisfy { $0 == 1 })
            default: #expect(!node.layer.hasParameters)
            }
        }
        check(network.head.weight, fanIn: network.featureWidth)
        check(network.head.bias, fanIn: network.featureWidth)
        #expect(seen == parameters.count)
    }

    @Test func layersDrawNumbersOfTheirOwn() throws {
        let network = try Network(
            Architecture(parsing: "resnet18"), input: FeatureShape(height: 8, width: 8, channels: 3), classes: 10,
            width: 4)
        let (first, _) = values(network, seed: 6)
        #expect(values(network, seed: 6).parameters == first)
        let (other, _) = values(network, seed: 7)
        let drawn = network.layout.slices.filter { $0.name.contains("conv") || $0.name.hasPrefix("fc") }
        for slice in drawn { #expect(zip(first[slice.range], other[slice.range]).allSatisfy { $0 != $1 }) }
        // No two layers start with the same numbers.
        #expect(Set(drawn.map { Array(first[$0.range].prefix(8)).map(Float.init) }).count == drawn.count)
    }

    @Test func layerNormStartsAsOneAndZero() throws {
        let network = try Network(
            Architecture(parsing: "mlp(5,layer_norm)"), input: FeatureShape(vector: 4), classes: 2)
        let (parameters, _) = values(network, seed: 1)
        let slices = network.layout.slices.filter { $0.name.contains("norm") }
        #expect(slices.map { Array(parameters[$0.range]) } == [[1, 1, 1, 1, 1], [0, 0, 0, 0, 0]])
    }
}
