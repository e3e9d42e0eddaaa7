import LinearAlgebra

/// One network's activations for up to `capacity` samples: the memory of a forward and a backward pass.
///
/// `load`, then `forward`, then read activations and logits; for training replace the logits by their gradient, then
/// `backward`. Everything is allocated at the start.
public final class NetworkPass<Scalar: BLASScalar> {
    public let network: Network
    public let capacity: Int
    /// Samples loaded last.
    public private(set) var samples = 0

    private let inputs: Buffer<Scalar>
    private let outputs: [Buffer<Scalar>]
    private let logitBuffer: Buffer<Scalar>
    private let labelStorage: UnsafeMutablePointer<Int32>
    /// Gradients of a layer's output and of its input, in turns; made by the first backward pass.
    private lazy var deltas = (
        Buffer<Scalar>(count: capacity * widestLayer), Buffer<Scalar>(count: capacity * widestLayer)
    )
    private var widestLayer: Int { network.hiddenLayers.map(\.width).max() ?? 0 }

    public init(_ network: Network, capacity: Int) {
        precondition(capacity > 0, "empty network pass")
        self.network = network
        self.capacity = capacity
        inputs = Buffer(count: capacity * network.inputWidth)
        outputs = network.hiddenLayers.map { Buffer(count: capacity * $0.width) }
        logitBuffer = Buffer(count: capacity * network.classes)
        labelStorage = .allocate(capacity: capacity)
        labelStorage.initialize(repeating: 0, count: capacity)
    }

    deinit { labelStorage.deallocate() }

    /// (samples × inputWidth)
    public var input: UnsafePointer<Scalar> { UnsafePointer(inputs.start) }

    /// (samples × width): the output of hidden layer `index`, after its ReLU.
    public func output(ofHiddenLayer index: Int) -> UnsafePointer<Scalar> { UnsafePointer(outputs[index].start) }

    /// (samples × featureWidth): what the classifier sees.
    public var features: UnsafePointer<Scalar> { outputs.last.map { UnsafePointer($0.start) } ?? input }

    /// (classes × samples), rows `samples` apart: the logits, or after a loss their gradient.
    public var logits: UnsafeMutablePointer<Scalar> { logitBuffer.start }

    /// (samples)
    public var labels: UnsafePointer<Int32> { UnsafePointer(labelStorage) }

    /// Takes these samples of the data set, normalised, as input.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func load(_ indices: ArraySlice<Int>, of data: DataSet, normalization: PixelNormalization) {
        precondition(indices.count <= capacity, "more samples than the network pass holds")
        precondition(data.sampleWidth == network.inputWidth, "input width of another data set")
        samples = indices.count
        data.gather(indices, normalization: normalization, into: inputs.start)
        data.gatherLabels(indices, into: labelStorage)
    }

    /// All outputs and the logits, for the loaded samples.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward(at parameters: ParameterBlock<Scalar>) {
        precondition(parameters.count == network.layout.count, "parameters of another network")
        guard samples > 0 else { return }
        var current = input
        for (index, layer) in network.hiddenLayers.enumerated() {
            let output = outputs[index].start
            layer.dense.forwardReLU(current, samples: samples, at: parameters, into: output)
            current = UnsafePointer(output)
        }
        network.classifier.forwardClassMajor(current, samples: samples, at: parameters, into: logitBuffer.start)
    }

    /// The gradients of all parameters, added, from the gradient that `logits` holds.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func backward(at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>) {
        precondition(
            parameters.count == network.layout.count && gradients.count == network.layout.count,
            "parameters of another network")
        guard samples > 0 else { return }
        network.classifier.backwardClassMajor(
            logits, features: features, samples: samples, addingTo: gradients)
        guard !outputs.isEmpty else { return }
        var (delta, next) = (deltas.0.start, deltas.1.start)
        network.classifier.backwardFeatures(logits, samples: samples, at: parameters, into: delta)
        for index in outputs.indices.reversed() {
            let layer = network.hiddenLayers[index].dense
            let layerInput = index > 0 ? output(ofHiddenLayer: index - 1) : input
            layer.backwardReLU(
                delta, output: outputs[index].start, input: layerInput, samples: samples, addingTo: gradients)
            // The gradient of the data is of no use.
            guard index > 0 else { break }
            layer.backwardInput(delta, samples: samples, at: parameters, into: next)
            swap(&delta, &next)
        }
    }
}
