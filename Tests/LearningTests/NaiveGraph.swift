import LinearAlgebra
import RandomNumbers

@testable import Learning

/// A whole network by the naive twins of its layers, in Float64.
struct NaiveGraph {
    let network: Network
    let parameters: [Double]
    let statistics: [Double]
    let samples: Int
    var purpose = PassPurpose(isTraining: true)

    private func twin(_ node: Network.Node) -> NaiveLayer {
        NaiveLayer(
            layer: node.layer, samples: samples, parameters: parameters, statistics: statistics, purpose: purpose)
    }

    /// All activations: the data, then the output of each node.
    func activations(_ input: [Double]) -> [[Double]] {
        network.nodes.reduce(into: [input]) { all, node in
            all.append(twin(node).forward(node.inputs.map { all[$0] }))
        }
    }

    /// Rows of a (rows × columns) matrix, each over its length.
    private func units(_ a: [Double], columns: Int) -> [Double] {
        a.indices.map { i in
            let row = i / columns * columns
            return a[i] / (row..<row + columns).reduce(0) { $0 + a[$1] * a[$1] }.squareRoot()
        }
    }

    private var classifier: [Double] {
        network.head.weight.map { Array(parameters[$0.range]) } ?? network.head.fixedMatrix.elements
    }

    /// (classes × samples)
    func logits(_ features: [Double]) -> [[Double]] {
        let (head, d) = (network.head, network.featureWidth)
        let h = head.style.normalization == .none ? features : units(features, columns: d)
        let w = head.style.normalization == .both ? units(classifier, columns: d) : classifier
        return (0..<network.classes).map { k in
            (0..<samples).map { i in
                let product = (0..<d).reduce(0) { $0 + w[k * d + $1] * h[i * d + $1] }
                return head.style.temperature * product + (head.bias.map { parameters[$0.offset + k] } ?? 0)
            }
        }
    }

    /// Gradient of x/‖x‖ for every row, applied to that of the unit vectors, by the quotient rule.
    private func throughUnits(_ gradient: [Double], of a: [Double], columns: Int) -> [Double] {
        a.indices.map { i in
            let row = i / columns * columns
            let squares = (row..<row + columns).reduce(0) { $0 + a[$1] * a[$1] }
            let product = (row..<row + columns).reduce(0) { $0 + a[$1] * gradient[$1] }
            return (gradient[i] * squares - a[i] * product) / (squares * squares.squareRoot())
        }
    }

    /// - Parameter featureDecay: of λ/2 Σ‖h‖².
    func gradient(_ input: [Double], logits delta: [[Double]], featureDecay: Double = 0) -> [Double] {
        let all = activations(input)
        var gradients = [Double](repeating: 0, count: parameters.count)
        let (head, d, features) = (network.head, network.featureWidth, all[all.count - 1])
        let h = head.style.normalization == .none ? features : units(features, columns: d)
        let w = head.style.normalization == .both ? units(classifier, columns: d) : classifier
        var (dw, dh) = ([Double](repeating: 0, count: w.count), [Double](repeating: 0, count: h.count))
        for k in 0..<network.classes {
            for i in 0..<samples {
                if let bias = head.bias { gradients[bias.offset + k] += delta[k][i] }
                for j in 0..<d {
                    dw[k * d + j] += head.style.temperature * delta[k][i] * h[i * d + j]
                    dh[i * d + j] += head.style.temperature * delta[k][i] * w[k * d + j]
                }
            }
        }
        if head.style.normalization == .both { dw = throughUnits(dw, of: classifier, columns: d) }
        if head.style.normalization != .none { dh = throughUnits(dh, of: features, columns: d) }
        if let weight = head.weight { for (i, share) in dw.enumerated() { gradients[weight.offset + i] += share } }
        var deltas = all.map { [Double](repeating: 0, count: $0.count) }
        deltas[all.count - 1] = zip(dh, features).map { $0 + featureDecay * $1 }
        for (index, node) in network.nodes.enumerated().reversed() {
            let shares = twin(node).backward(
                node.inputs.map { all[$0] }, output: all[index + 1], deltas[index + 1], addingTo: &gradients)
            for (input, share) in zip(node.inputs, shares) {
                for (i, value) in share.enumerated() { deltas[input][i] += value }
            }
        }
        return gradients
    }
}

/// Images of random bytes, labels in turn.
func randomImages(_ shape: FeatureShape, samples: Int, classes: Int) -> DataSet {
    let random = Philox(seed: 12, purpose: .test)
    return DataSet(
        pixels: (0..<samples * shape.count).map { UInt8(random.integer(below: 256, at: UInt64($0))) },
        sampleShape: [shape.height, shape.width, shape.channels], labels: (0..<samples).map { Int32($0 % classes) },
        classes: classes)
}

let imageNormalization = Normalization(mean: 0.5, standardDeviation: 0.25)

/// What a network sees of these samples.
func normalizedInputs(_ data: DataSet, _ samples: [Int]) -> [Double] {
    samples.flatMap { sample in
        (0..<data.sampleWidth).map { (column: Int) -> Double in
            let byte = data.values[sample * data.sampleWidth + column]
            return (Double(byte) / 255 - 0.5) / 0.25
        }
    }
}

/// Starting values, and normalisations and biases that are not 1 and 0.
func randomParameters(_ network: Network, seed: UInt64 = 5) -> (parameters: [Double], statistics: [Double]) {
    let parameters = ParameterBlock<Double>(layout: network.layout)
    let statistics = ParameterBlock<Double>(layout: network.statistics)
    network.initialize(parameters, statistics, seed: seed)
    let random = Philox(seed: seed, purpose: .test)
    for i in 0..<parameters.count { parameters.storage[i] += 0.1 * random.normal(at: UInt64(i), stream: 7) }
    for i in 0..<statistics.count { statistics.storage[i] += 0.2 * random.uniform(at: UInt64(i), stream: 8) }
    return (
        parameters.storage.array.map { Double(Float($0)) }, statistics.storage.array.map { Double(Float($0)) }
    )
}

func block<Scalar: BLASScalar>(_ layout: ParameterLayout, _ values: [Double]) -> ParameterBlock<Scalar> {
    ParameterBlock(layout: layout, storage: Buffer(values.map { Scalar($0) }))
}
