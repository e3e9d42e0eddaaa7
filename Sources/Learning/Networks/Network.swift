import LinearAlgebra

/// An architecture built for inputs of one shape and a number of classes: its layers in the order they run, and where
/// their parameters lie.
public struct Network: Sendable {
    public let architecture: Architecture
    public let input: FeatureShape
    public let classes: Int
    /// What is trained.
    public let layout: ParameterLayout
    /// What is kept besides: running means and variances of batch normalisation.
    public let statistics: ParameterLayout
    /// Each reads the data or outputs of nodes before it.
    public let nodes: [Node]
    /// The layers that can be measured, from the input on; the last one gives the features.
    public let probes: [Probe]
    /// From the features, the output of the last node, to the logits.
    public let head: ClassifierHead

    public struct Node: Sendable {
        public let name: String
        public internal(set) var layer: any Layer
        /// Activations it reads: 0 is the data, i + 1 the output of node i.
        public let inputs: [Int]
    }

    public struct Probe: Sendable {
        public let name: String
        /// 0 is the data, i + 1 the output of node i.
        public let activation: Int
        public let shape: FeatureShape
        /// Numbers a sample that are measured: the channels, each averaged over the pixels.
        public var width: Int { shape.channels }
    }

    /// Width of the features.
    public var featureWidth: Int { head.inputWidth }

    /// Numbers the network consists of, a fixed classifier included, running statistics not: what papers count.
    public var parameterCount: Int { layout.count + head.fixedCount }

    /// Floating-point operations of a forward pass of one sample.
    public var operations: Double {
        nodes.reduce(2 * Double(classes * featureWidth)) { $0 + $1.layer.operations }
    }

    /// - Parameters:
    ///   - width: of architectures that have one: the channels of the first stage; nil for the published one.
    ///   - featureDimension: the width of the features; nil for the architecture's own.
    /// - Throws: `ArchitectureError` where a layer does not fit what comes before it.
    public init(
        _ architecture: Architecture, input: FeatureShape, classes: Int, width: Int? = nil,
        featureDimension: Int? = nil, head: ClassifierHead.Style = ClassifierHead.Style()
    ) throws(ArchitectureError) {
        precondition(classes > 0, "network without classes")
        self.architecture = architecture
        // One channel flattens to itself.
        let input = architecture.readsVectors && input.channels == 1 ? FeatureShape(vector: input.count) : input
        self.input = input
        self.classes = classes
        var builder = NetworkBuilder(input: input)
        try architecture.build(&builder, width: width, featureDimension: featureDimension)
        try builder.finishFeatures()
        self.head = ClassifierHead(
            architecture.headName, inputWidth: builder.shape.count, classes: classes, style: head, in: &builder.layout)
        layout = builder.layout
        statistics = builder.statistics
        nodes = builder.nodes
        probes = builder.probes
    }

    /// The shape of an activation: 0 is the data, i + 1 the output of node i.
    func shape(ofActivation index: Int) -> FeatureShape { index == 0 ? input : nodes[index - 1].layer.output }

    /// Starting values as in PyTorch, a function of the seed alone.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func initialize<Scalar: BLASScalar>(
        _ parameters: ParameterBlock<Scalar>, _ statistics: ParameterBlock<Scalar>, seed: UInt64
    ) {
        precondition(parameters.layout == layout, "parameters of another network")
        for node in nodes { node.layer.initialize(parameters, statistics, seed: seed) }
        head.initialize(parameters, seed: seed)
    }

    /// running ← 0.9 running + 0.1 batch, as PyTorch's momentum of 0.1.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func updateStatistics<Scalar: BLASScalar>(
        _ running: ParameterBlock<Scalar>, from batch: ParameterBlock<Scalar>
    ) {
        let (r, b) = (running.start, batch.start)
        for i in 0..<running.count { r[i] = 0.9 * r[i] + 0.1 * b[i] }
    }
}

/// A network that cannot be built.
public struct ArchitectureError: Error, Equatable, CustomStringConvertible {
    public let description: String
    /// Which item of a list of layers, counted from 0; nil for named architectures.
    public var item: Int?

    init(_ description: String, item: Int? = nil) {
        self.description = description
        self.item = item
    }
}
