import LinearAlgebra

/// Puts layers one behind the other, and checks that they fit.
///
/// Each call adds a layer behind the one before; `current` can be kept and set to build branches.
struct NetworkBuilder {
    var layout = ParameterLayout()
    private(set) var statistics = ParameterLayout()
    private(set) var nodes: [Network.Node] = []
    private(set) var probes: [Network.Probe] = []
    /// The activation that the next layer reads: 0 is the data, i + 1 the output of node i.
    var current = 0
    private let input: FeatureShape
    private var dropouts = 0

    init(input: FeatureShape) { self.input = input }

    /// Of the current activation.
    var shape: FeatureShape { shape(of: current) }

    func shape(of activation: Int) -> FeatureShape { activation == 0 ? input : nodes[activation - 1].layer.output }

    private mutating func append(_ name: String, _ layer: any Layer, inputs: [Int]) {
        nodes.append(Network.Node(name: name, layer: layer, inputs: inputs))
        current = nodes.count
    }

    // MARK: Layers

    mutating func dense(_ name: String, _ outputs: Int, bias: Bool = true) throws(ArchitectureError) {
        guard shape.isVector else {
            throw ArchitectureError(
                "dense(\(outputs)) wants a vector and gets \(shape); put flatten or global_pool before it")
        }
        append(
            name, Dense(name, input: shape, outputs: outputs, bias: bias, in: &layout), inputs: [current])
    }

    /// - Parameter padding: nil for (kernel − 1)/2, which keeps the size of the image at stride 1.
    mutating func convolution(
        _ name: String, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int? = nil, bias: Bool = false
    ) throws(ArchitectureError) {
        let padding = padding ?? (kernel - 1) / 2
        try checkWindow(kernel, padding: padding, "conv(\(outputs),\(kernel))")
        let layer = Convolution(
            name, input: shape, outputs: outputs, kernel: kernel, stride: stride, padding: padding, bias: bias,
            in: &layout)
        append(name, layer, inputs: [current])
    }

    mutating func batchNorm(_ name: String) {
        append(
            name, BatchNormalization(name, input: shape, in: &layout, statistics: &statistics), inputs: [current])
    }

    mutating func layerNorm(_ name: String) {
        append(name, LayerNormalization(name, input: shape, in: &layout), inputs: [current])
    }

    /// A ReLU becomes part of the layer before it, if that has room and nothing else has read its output yet.
    mutating func activation(_ function: Activation.Function) {
        let readers = nodes.filter { $0.inputs.contains(current) }
        let isProbed = probes.contains { $0.activation == current }
        if function == .relu, current > 0, readers.isEmpty, !isProbed, nodes[current - 1].layer.canRectify,
            !nodes[current - 1].layer.rectifies
        {
            nodes[current - 1].layer.rectifies = true
        } else {
            append(function.rawValue, Activation(function: function, output: shape), inputs: [current])
        }
    }

    mutating func pool(_ kind: Pooling.Kind, _ window: Int, stride: Int? = nil, padding: Int = 0)
        throws(ArchitectureError)
    {
        let layer = "\(kind == .maximum ? "max" : "average")_pool(\(window))"
        try checkWindow(window, padding: padding, layer)
        guard 2 * padding <= window else {
            throw ArchitectureError("\(layer) has padding of more than half its window")
        }
        append(
            layer, Pooling(kind, input: shape, window: window, stride: stride ?? window, padding: padding),
            inputs: [current])
    }

    /// The layer before it is measured by its channels' means, which are what the pooling gives: it is not measured
    /// twice. A name of its own goes over to the pooling.
    mutating func globalAveragePool() {
        let before = probes.last?.activation == current ? probes.popLast() : nil
        append("global_pool", GlobalAveragePooling(input: shape), inputs: [current])
        if let before, !before.name.hasPrefix("layer") { probe(before.name) }
    }

    mutating func flatten() { append("flatten", Flatten(input: shape), inputs: [current]) }

    mutating func dropout(_ probability: Double) {
        append(
            "dropout", Dropout(output: shape, probability: probability, index: dropouts), inputs: [current])
        dropouts += 1
    }

    /// The current activation plus another.
    mutating func add(_ other: Int) throws(ArchitectureError) {
        guard shape == shape(of: other) else {
            throw ArchitectureError(
                "the branch of a residual block gives \(shape) and its shortcut \(shape(of: other)); "
                    + "both must be of one shape")
        }
        append("add", Addition(output: shape), inputs: [current, other])
    }

    /// Another activation with the channels of the current one behind its own.
    mutating func concatenate(behind other: Int) throws(ArchitectureError) {
        let first = shape(of: other)
        guard (first.height, first.width) == (shape.height, shape.width) else {
            throw ArchitectureError(
                "a concatenating block joins \(first) and \(shape); both must be of one height and width")
        }
        append("concatenate", Concatenation(first: first, second: shape), inputs: [other, current])
    }

    /// Every `stride`-th pixel of an activation, with zeros for new channels; for shortcuts.
    mutating func paddedShortcut(of other: Int, outputs: Int, stride: Int) {
        append(
            "shortcut", PaddedShortcut(input: shape(of: other), outputs: outputs, stride: stride), inputs: [other])
    }

    private func checkWindow(_ window: Int, padding: Int, _ layer: String) throws(ArchitectureError) {
        guard min(shape.height, shape.width) + 2 * padding >= window else {
            throw ArchitectureError(
                "\(layer) does not fit what comes before it, \(shape); use fewer or smaller windows, or larger images")
        }
    }

    // MARK: What is measured

    /// The current activation can be measured under this name.
    mutating func probe(_ name: String) {
        probes.append(Network.Probe(name: name, activation: current, shape: shape))
    }

    /// What the classifier reads is a vector, and measured.
    mutating func finishFeatures() throws(ArchitectureError) {
        guard shape.isVector else {
            throw ArchitectureError(
                "the layers end with images of \(shape), and the classifier wants a vector; end with global_pool or flatten"
            )
        }
        if probes.last?.activation != current { probe(current == 0 ? "input" : "features") }
    }
}
