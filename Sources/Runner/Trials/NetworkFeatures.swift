import ArrayFiles
import Learning
import LinearAlgebra

/// What the layers of a trained network give for the samples of its trial, as a file for `ncsweep measure` and for
/// other programs: the very numbers that were measured when the trial ended.
struct NetworkFeatures<Scalar: BLASScalar & ArrayElement> {
    private let network: Network
    private let samples: TrialSamples
    /// By their index among the network's probes; the last one gives the features.
    private let layers: [Int]
    private let parameters: ParameterBlock<Scalar>
    private let statistics: ParameterBlock<Scalar>

    /// - Throws: `StateError` where the weights are not this network's.
    init(
        _ network: Network, _ samples: TrialSamples, layers: [Int], weights: Safetensors
    ) throws(StateError) {
        self.network = network
        self.samples = samples
        self.layers = layers
        parameters = ParameterBlock(layout: network.layout)
        statistics = ParameterBlock(layout: network.statistics)
        try network.load(state: weights.names, into: parameters, statistics) { name in
            guard let array = weights[name] else { return ([], []) }
            return (array.shape, array.doubles)
        }
    }

    /// `features`, `labels`, `test_features`, `test_labels`, `weight`, `bias`; of other layers `NAME.features` and
    /// `NAME.test_features`. What else it takes to feed the network: `input_mean` and `input_std`, and which samples
    /// these are, `samples` and `test_samples`.
    func arrays() -> [(name: String, array: NumericArray)] {
        let normalization = Normalization(of: samples.training, samples: samples.trainingSamples)
        var arrays: [(name: String, array: NumericArray)] = []
        for (prefix, data, positions) in [
            ("", samples.training, samples.trainingSamples), ("test_", samples.test, samples.testSamples),
        ] {
            for (layer, values) in zip(layers, values(of: positions, in: data, normalization)) {
                let probe = network.probes[layer]
                let name = layer == network.probes.count - 1 ? "\(prefix)features" : "\(probe.name).\(prefix)features"
                arrays.append((name, NumericArray(values, shape: [positions.count, probe.width])))
            }
            arrays.append(("\(prefix)labels", NumericArray(positions.map { Int64(data.labels[$0]) })))
            arrays.append(("\(prefix)samples", NumericArray(positions.map { Int64($0) })))
        }
        arrays.append(("input_mean", NumericArray(normalization.mean)))
        arrays.append(("input_std", NumericArray(normalization.standardDeviation)))
        let weight = network.head.classifierMatrix(at: parameters)
        arrays.append(("weight", NumericArray(weight.elements, shape: [weight.rows, weight.columns])))
        if let slice = network.head.bias {
            arrays.append(("bias", NumericArray((0..<slice.count).map { Double(parameters.pointer(to: slice)[$0]) })))
        }
        return arrays
    }

    /// (samples × width) for each layer, row after row.
    private func values(of positions: [Int], in data: DataSet, _ normalization: Normalization) -> [[Scalar]] {
        let chunk = CollapseProbe<Scalar>.chunk(network, samples: positions.count)
        let pass = NetworkPass<Scalar>(network, capacity: chunk, trains: false)
        let means = Buffer<Scalar>(count: chunk * (network.probes.map(\.width).max() ?? 0))
        var values = layers.map { _ in [Scalar]() }
        for (index, layer) in layers.enumerated() {
            values[index].reserveCapacity(positions.count * network.probes[layer].width)
        }
        for first in stride(from: 0, to: positions.count, by: chunk) {
            pass.load(
                positions[first..<min(first + chunk, positions.count)], of: data, normalization: normalization,
                pad: samples.pad)
            pass.forward(at: parameters, statistics) { probe, output in
                guard let index = layers.firstIndex(of: probe) else { return }
                let rows = pass.channelMeans(of: probe, output, into: means)
                values[index] += (0..<rows.rows * rows.columns).map { rows.start[$0] }
            }
        }
        return values
    }
}
