extension Architecture: CustomStringConvertible {
    private static let example = "mlp(512-512)"
    private static let largestWidth = 1 << 20

    /// The words that name an architecture.
    public static let names =
        ["mlp", "linear", "lenet"] + VGG.named.keys.sorted() + ResNet.named.keys.sorted() + DenseNet.named.keys.sorted()
        + ["layers"]

    /// From `mlp(512-512)`, `mlp(512-512,batch_norm,tanh)`, `linear(64-64)`, `resnet18`, `resnet18(imagenet)`,
    /// `layers(conv(16,3),relu,flatten)`, ….
    public init(parsing text: String) throws(SpecificationError) {
        let specification = try Specification(parsing: text, as: "architecture", example: Self.example)
        let (name, arguments) = (specification.name, specification.arguments)
        switch name {
        case "mlp": self = try Self.perceptron(arguments)
        case "linear": self = .deepLinear(hiddenWidths: try Self.widths(arguments, of: name))
        case "layers":
            guard let arguments, !arguments.isEmpty else {
                throw SpecificationError(
                    "architecture 'layers' lacks its layers; write e.g. layers(flatten,dense(64),relu)")
            }
            self = .layers(try LayerItem.list(parsing: arguments))
        default:
            if var resnet = ResNet.named[name] {
                guard arguments == nil || arguments == "imagenet" && !resnet.hasPaddedShortcuts else {
                    throw SpecificationError(
                        "architecture '\(text)': write \(name)"
                            + (resnet.hasPaddedShortcuts ? "" : ", or \(name)(imagenet) for large images"))
                }
                resnet.hasImageNetStem = arguments != nil
                self = .resnet(resnet)
                return
            }
            let plain: Architecture? =
                name == "lenet"
                ? .lenet : VGG.named[name].map { .vgg($0) } ?? DenseNet.named[name].map { .denselyConnected($0) }
            guard let plain else {
                throw specification.unknownName("architecture", known: Self.names, example: Self.example)
            }
            guard arguments == nil else {
                throw SpecificationError("architecture '\(text)': \(name) takes nothing in parentheses; write \(name)")
            }
            self = plain
        }
    }

    private static func perceptron(_ arguments: String?) throws(SpecificationError) -> Architecture {
        var parts = (arguments ?? "").split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed)
        let first = parts.isEmpty ? "" : parts.removeFirst()
        let widths = try widths(arguments == nil ? nil : first, of: "mlp")
        var (normalization, activation) = (HiddenNormalization.none, Activation.Function.relu)
        for part in parts {
            if part != "none", normalization == .none, let word = HiddenNormalization(rawValue: part) {
                normalization = word
            } else if activation == .relu, let word = Activation.Function(rawValue: part) {
                activation = word
            } else {
                throw SpecificationError(
                    "architecture 'mlp(\(arguments ?? ""))': '\(part)' is not one normalisation, batch_norm or layer_norm, and one activation, gelu or tanh; "
                        + "write e.g. mlp(512-512) or mlp(512-512,batch_norm)")
            }
        }
        return .multilayerPerceptron(hiddenWidths: widths, normalization: normalization, activation: activation)
    }

    private static func widths(_ text: String?, of name: String) throws(SpecificationError) -> [Int] {
        guard let text else {
            throw SpecificationError(
                "architecture '\(name)' lacks its hidden widths; write \(name)(512-512), or \(name)() for a linear classifier"
            )
        }
        var widths: [Int] = []
        guard !text.isEmpty else { return [] }
        for part in text.split(separator: "-", omittingEmptySubsequences: false) {
            let width = part.trimmed
            // Digits only: Int() would also take "+5".
            guard width.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), width.first != "0", let width = Int(width),
                width > 0, width <= Self.largestWidth
            else {
                throw SpecificationError(
                    "architecture '\(name)(\(text))': hidden width '\(width)' is not a whole number from 1 to "
                        + "\(Self.largestWidth); write widths joined by '-', e.g. \(name)(512-512)")
            }
            widths.append(width)
        }
        return widths
    }

    /// The canonical text, which parses to the same architecture.
    public var description: String {
        switch self {
        case .multilayerPerceptron(let widths, let normalization, let activation):
            "mlp("
                + ([widths.map(String.init).joined(separator: "-")]
                + (normalization == .none ? [] : [normalization.rawValue])
                + (activation == .relu ? [] : [activation.rawValue])).joined(separator: ",") + ")"
        case .deepLinear(let widths): "linear(\(widths.map(String.init).joined(separator: "-")))"
        case .lenet: "lenet"
        case .vgg(let vgg): vgg.name
        case .resnet(let resnet): resnet.name
        case .denselyConnected(let net): net.name
        case .layers(let items): "layers(\(items.map(\.description).joined(separator: ",")))"
        }
    }
}
