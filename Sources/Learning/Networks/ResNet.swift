/// Residual networks (He et al., "Deep residual learning", CVPR 2016), with the names of torchvision's parameters.
public struct ResNet: Equatable, Sendable {
    /// As in a sweep file, but for the stem.
    let family: String
    /// Blocks of each stage.
    let blocks: [Int]
    let isBottleneck: Bool
    /// Channels of the first stage.
    let width: Int
    /// The three-stage networks for CIFAR, whose shortcuts have no parameters (option A).
    let hasPaddedShortcuts: Bool
    /// A 7 × 7 convolution of stride 2 and pooling in front, for large images, in place of a 3 × 3 convolution.
    var hasImageNetStem = false

    static let named = Dictionary(
        uniqueKeysWithValues: [
            ResNet("resnet18", [2, 2, 2, 2], isBottleneck: false, width: 64, hasPaddedShortcuts: false),
            ResNet("resnet34", [3, 4, 6, 3], isBottleneck: false, width: 64, hasPaddedShortcuts: false),
            ResNet("resnet50", [3, 4, 6, 3], isBottleneck: true, width: 64, hasPaddedShortcuts: false),
            ResNet("resnet20", [3, 3, 3], isBottleneck: false, width: 16, hasPaddedShortcuts: true),
        ].map { ($0.family, $0) })

    private init(_ family: String, _ blocks: [Int], isBottleneck: Bool, width: Int, hasPaddedShortcuts: Bool) {
        (self.family, self.blocks, self.isBottleneck) = (family, blocks, isBottleneck)
        (self.width, self.hasPaddedShortcuts) = (width, hasPaddedShortcuts)
    }

    var name: String { family + (hasImageNetStem ? "(imagenet)" : "") }

    /// - Parameter featureDimension: the channels that the last block gives, through a projected shortcut.
    func build(
        _ builder: inout NetworkBuilder, width: Int?, featureDimension: Int?
    ) throws(ArchitectureError) {
        let width = width ?? self.width
        if hasImageNetStem {
            try builder.convolution("conv1", width, kernel: 7, stride: 2)
        } else {
            try builder.convolution("conv1", width, kernel: 3)
        }
        builder.batchNorm("bn1")
        builder.activation(.relu)
        if hasImageNetStem { try builder.pool(.maximum, 3, stride: 2, padding: 1) }
        builder.probe("stem")
        for (stage, count) in blocks.enumerated() {
            for block in 0..<count {
                let name = "layer\(stage + 1).\(block)"
                let isLast = stage == blocks.count - 1 && block == count - 1
                let inner = width << stage
                let outer = isLast ? featureDimension ?? inner * (isBottleneck ? 4 : 1) : inner * (isBottleneck ? 4 : 1)
                try add(name, inner: inner, outer: outer, stride: stage > 0 && block == 0 ? 2 : 1, to: &builder)
                if !isLast { builder.probe(name) }
            }
        }
        builder.globalAveragePool()
        builder.probe("features")
    }

    private func add(
        _ name: String, inner: Int, outer: Int, stride: Int, to builder: inout NetworkBuilder
    ) throws(ArchitectureError) {
        let (start, input) = (builder.current, builder.shape)
        if isBottleneck {
            try builder.convolution("\(name).conv1", inner, kernel: 1)
            builder.batchNorm("\(name).bn1")
            builder.activation(.relu)
            try builder.convolution("\(name).conv2", inner, kernel: 3, stride: stride)
            builder.batchNorm("\(name).bn2")
            builder.activation(.relu)
            try builder.convolution("\(name).conv3", outer, kernel: 1)
            builder.batchNorm("\(name).bn3")
        } else {
            try builder.convolution("\(name).conv1", inner, kernel: 3, stride: stride)
            builder.batchNorm("\(name).bn1")
            builder.activation(.relu)
            try builder.convolution("\(name).conv2", outer, kernel: 3)
            builder.batchNorm("\(name).bn2")
        }
        let branch = builder.current
        var shortcut = start
        if stride != 1 || input.channels != outer {
            if hasPaddedShortcuts, outer >= input.channels {
                builder.paddedShortcut(of: start, outputs: outer, stride: stride)
            } else {
                builder.current = start
                try builder.convolution("\(name).downsample.0", outer, kernel: 1, stride: stride, padding: 0)
                builder.batchNorm("\(name).downsample.1")
            }
            shortcut = builder.current
        }
        builder.current = branch
        try builder.add(shortcut)
        builder.activation(.relu)
    }
}
