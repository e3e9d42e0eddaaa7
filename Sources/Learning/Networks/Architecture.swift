/// What a network is made of, before it is built for the images and classes of a data set.
public enum Architecture: Equatable, Sendable {
    /// Hidden layers of these widths, each an affine map, perhaps a normalisation, and an activation; then the
    /// classifier. Without hidden layers it is a linear classifier.
    case multilayerPerceptron(hiddenWidths: [Int], normalization: HiddenNormalization, activation: Activation.Function)
    /// Hidden layers that are matrices and nothing else: the deep linear networks of theory.
    case deepLinear(hiddenWidths: [Int])
    case lenet
    case vgg(VGG)
    case resnet(ResNet)
    case denselyConnected(DenseNet)
    /// A list of layers from the sweep file.
    case layers([LayerItem])

    public enum HiddenNormalization: String, Sendable {
        case none
        case batch = "batch_norm"
        case layer = "layer_norm"
    }

    /// The classifier's name among the parameters, as in torchvision.
    var headName: String {
        switch self {
        case .resnet: "fc"
        case .lenet: "fc3"
        default: "classifier"
        }
    }

    /// Whether `width:` and `feature_dimension:` mean something; the others name their widths themselves.
    public var hasWidth: Bool {
        switch self {
        case .multilayerPerceptron, .deepLinear, .layers: false
        case .lenet, .vgg, .resnet, .denselyConnected: true
        }
    }

    /// Whether its layers read images as vectors from the start.
    var readsVectors: Bool {
        switch self {
        case .multilayerPerceptron, .deepLinear: true
        default: false
        }
    }

    /// Adds all layers but the classifier.
    func build(
        _ builder: inout NetworkBuilder, width: Int?, featureDimension: Int?
    ) throws(ArchitectureError) {
        if !hasWidth, width != nil || featureDimension != nil {
            throw ArchitectureError(
                "'\(width != nil ? "width" : "feature_dimension")' is for named architectures such as resnet18; "
                    + "\(description) names its widths itself")
        }
        switch self {
        case .multilayerPerceptron(let widths, let normalization, let activation):
            try builder.multilayerPerceptron(widths, normalization, activation)
        case .deepLinear(let widths): try builder.deepLinear(widths)
        case .lenet: try builder.lenet(width: width, featureDimension: featureDimension)
        case .vgg(let vgg): try vgg.build(&builder, width: width, featureDimension: featureDimension)
        case .resnet(let resnet): try resnet.build(&builder, width: width, featureDimension: featureDimension)
        case .denselyConnected(let net): try net.build(&builder, width: width, featureDimension: featureDimension)
        case .layers(let items): try builder.layers(items)
        }
    }
}

extension NetworkBuilder {
    mutating func multilayerPerceptron(
        _ widths: [Int], _ normalization: Architecture.HiddenNormalization, _ function: Activation.Function
    ) throws(ArchitectureError) {
        flattenIfImage()
        for (index, width) in widths.enumerated() {
            let name = "hidden\(index + 1)"
            try dense(name, width)
            switch normalization {
            case .none: break
            case .batch: batchNorm("\(name).norm")
            case .layer: layerNorm("\(name).norm")
            }
            activation(function)
            probe(name)
        }
    }

    mutating func deepLinear(_ widths: [Int]) throws(ArchitectureError) {
        flattenIfImage()
        for (index, width) in widths.enumerated() {
            try dense("hidden\(index + 1)", width, bias: false)
            probe("hidden\(index + 1)")
        }
    }

    mutating func flattenIfImage() {
        if !shape.isVector { flatten() }
    }

    /// LeNet-5 (LeCun et al. 1998) as it is trained today: ReLU, maxima, a full second convolution. Images below
    /// 32 × 32 are seen with a margin of 2.
    mutating func lenet(width: Int?, featureDimension: Int?) throws(ArchitectureError) {
        let width = width ?? 6
        try convolution("conv1", width, kernel: 5, padding: shape.height < 32 ? 2 : 0, bias: true)
        activation(.relu)
        try pool(.maximum, 2)
        probe("conv1")
        try convolution("conv2", width * 16 / 6, kernel: 5, padding: 0, bias: true)
        activation(.relu)
        try pool(.maximum, 2)
        probe("conv2")
        flatten()
        try dense("fc1", width * 20)
        activation(.relu)
        probe("fc1")
        try dense("fc2", featureDimension ?? width * 14)
        activation(.relu)
        probe("fc2")
    }
}
