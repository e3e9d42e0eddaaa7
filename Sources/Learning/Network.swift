import LinearAlgebra

/// An architecture built for inputs of one width and a number of classes: its layers and where their parameters lie.
public struct Network: Sendable {
    public let architecture: Architecture
    public let inputWidth: Int
    public let classes: Int
    public let layout: ParameterLayout
    /// Named hidden1, hidden2, … from the input on; their outputs after the ReLU can be probed.
    public let hiddenLayers: [HiddenLayer]
    /// Logits = W·features + b; W is (classes × featureWidth). Its slices are in `classifier.weight` and `.bias`.
    public let classifier: Dense

    public struct HiddenLayer: Sendable {
        public let name: String
        public let dense: Dense
        public var width: Int { dense.outputWidth }
    }

    /// Width of the last hidden layer, or of the input where there is none.
    public var featureWidth: Int { classifier.inputWidth }

    /// - Parameter classifierBias: whether the last layer has one; hidden layers always do.
    public init(_ architecture: Architecture, inputWidth: Int, classes: Int, classifierBias: Bool = true) {
        precondition(inputWidth > 0 && classes > 0, "empty network")
        self.architecture = architecture
        self.inputWidth = inputWidth
        self.classes = classes
        var layout = ParameterLayout()
        var layers: [HiddenLayer] = []
        var width = inputWidth
        switch architecture {
        case .multilayerPerceptron(let hiddenWidths):
            for (index, hiddenWidth) in hiddenWidths.enumerated() {
                let name = "hidden\(index + 1)"
                let dense = Dense(name, inputWidth: width, outputWidth: hiddenWidth, bias: true, in: &layout)
                layers.append(HiddenLayer(name: name, dense: dense))
                width = hiddenWidth
            }
        }
        classifier = Dense("classifier", inputWidth: width, outputWidth: classes, bias: classifierBias, in: &layout)
        hiddenLayers = layers
        self.layout = layout
    }

    /// Starting values as in PyTorch, a function of the seed alone.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func initialize<Scalar: BLASScalar>(_ parameters: ParameterBlock<Scalar>, seed: UInt64) {
        precondition(parameters.layout == layout, "parameters of another network")
        for layer in hiddenLayers { layer.dense.initialize(parameters, seed: seed) }
        classifier.initialize(parameters, seed: seed)
    }
}
