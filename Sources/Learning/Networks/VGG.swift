/// VGG with batch normalisation (Simonyan and Zisserman 2015; the names of torchvision's `vgg11_bn`), and one linear
/// classifier behind the convolutions, as for small images.
public struct VGG: Equatable, Sendable {
    let name: String
    /// Convolutions of each stage; a stage ends by taking maxima of 2 × 2 pixels.
    let stages: [Int]

    static let named: [String: VGG] = [
        "vgg11": VGG(name: "vgg11", stages: [1, 1, 2, 2, 2]),
        "vgg13": VGG(name: "vgg13", stages: [2, 2, 2, 2, 2]),
    ]

    /// - Parameters:
    ///   - width: channels of the first stage, doubled up to eight times; 64 in the paper.
    ///   - featureDimension: channels of the last convolution.
    func build(
        _ builder: inout NetworkBuilder, width: Int?, featureDimension: Int?
    ) throws(ArchitectureError) {
        let width = width ?? 64
        let smallest = 1 << stages.count
        guard builder.shape.height >= smallest, builder.shape.width >= smallest else {
            throw ArchitectureError(
                "\(name) halves its images \(stages.count) times, so they are \(smallest)×\(smallest) at least, and these are "
                    + "\(builder.shape); enlarge them with pad:")
        }
        var index = 0
        for (stage, count) in stages.enumerated() {
            for layer in 0..<count {
                let isLast = stage == stages.count - 1 && layer == count - 1
                let channels = width * min(1 << stage, 8)
                try builder.convolution(
                    "features.\(index)", isLast ? featureDimension ?? channels : channels, kernel: 3, bias: true)
                builder.batchNorm("features.\(index + 1)")
                builder.activation(.relu)
                if layer < count - 1 { builder.probe("features.\(index + 2)") }
                index += 3
            }
            try builder.pool(.maximum, 2)
            if stage < stages.count - 1 { builder.probe("features.\(index)") }
            index += 1
        }
        if !builder.shape.isVector { builder.globalAveragePool() }
        builder.probe("features")
    }
}
