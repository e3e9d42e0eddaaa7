/// Densely connected networks for small images (Huang et al., CVPR 2017): three blocks whose every layer sees the
/// outputs of all before it, without bottlenecks.
public struct DenseNet: Equatable, Sendable {
    let name: String
    let layersPerBlock: Int

    static let named: [String: DenseNet] = ["densenet40": DenseNet(name: "densenet40", layersPerBlock: 12)]

    /// - Parameters:
    ///   - width: the growth rate, channels that each layer adds; 12 in the paper.
    ///   - featureDimension: channels that a last 1 × 1 convolution gives; nil for none.
    func build(
        _ builder: inout NetworkBuilder, width: Int?, featureDimension: Int?
    ) throws(ArchitectureError) {
        let growth = width ?? 12
        try builder.convolution("conv0", 16, kernel: 3)
        builder.probe("conv0")
        for block in 1...3 {
            for layer in 1...layersPerBlock {
                let name = "block\(block).layer\(layer)"
                let start = builder.current
                builder.batchNorm("\(name).norm")
                builder.activation(.relu)
                try builder.convolution("\(name).conv", growth, kernel: 3)
                try builder.concatenate(behind: start)
            }
            builder.probe("block\(block)")
            guard block < 3 || featureDimension != nil else { break }
            builder.batchNorm("transition\(block).norm")
            builder.activation(.relu)
            try builder.convolution(
                "transition\(block).conv", block < 3 ? builder.shape.channels : featureDimension ?? 0, kernel: 1)
            if block < 3 { try builder.pool(.average, 2) }
        }
        builder.batchNorm("norm")
        builder.activation(.relu)
        builder.globalAveragePool()
        builder.probe("features")
    }
}
