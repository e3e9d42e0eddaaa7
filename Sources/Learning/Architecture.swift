/// What a network is made of, before it is built for the inputs and classes of a data set.
public enum Architecture: Equatable, Sendable, CustomStringConvertible {
    /// A multi-layer perceptron: hidden layers of these widths, each an affine map and a ReLU, then the linear
    /// classifier. Without hidden layers it is a linear classifier.
    case multilayerPerceptron(hiddenWidths: [Int])

    private static let example = "mlp(512-512)"
    private static let largestWidth = 1 << 20

    /// From `mlp(512-512)`, the widths of the hidden layers in order, or `mlp()`.
    public init(parsing text: String) throws(SpecificationError) {
        let specification = try Specification(parsing: text, as: "architecture", example: Self.example)
        guard specification.name == "mlp" else {
            throw specification.unknownName("architecture", known: ["mlp"], example: Self.example)
        }
        guard let arguments = specification.arguments else {
            throw SpecificationError(
                "architecture 'mlp' lacks its hidden widths; write \(Self.example), or mlp() for a linear classifier")
        }
        var widths: [Int] = []
        if !arguments.isEmpty {
            for part in arguments.split(separator: "-", omittingEmptySubsequences: false) {
                let width = part.trimmed
                // Digits only: Int() would also take "+5".
                guard width.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), width.first != "0", let width = Int(width),
                    width > 0,
                    width <= Self.largestWidth
                else {
                    throw SpecificationError(
                        "architecture 'mlp(\(arguments))': hidden width '\(width)' is not a whole number from 1 to "
                            + "\(Self.largestWidth); write widths joined by '-', e.g. \(Self.example)")
                }
                widths.append(width)
            }
        }
        self = .multilayerPerceptron(hiddenWidths: widths)
    }

    /// The canonical text, which parses to the same architecture.
    public var description: String {
        switch self {
        case .multilayerPerceptron(let widths): "mlp(\(widths.map(String.init).joined(separator: "-")))"
        }
    }
}
