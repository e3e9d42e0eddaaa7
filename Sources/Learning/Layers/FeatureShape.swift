/// The shape of one sample's activations: height × width × channels, channels last. A vector is 1 × 1 × width.
public struct FeatureShape: Equatable, Sendable, CustomStringConvertible {
    public let height: Int
    public let width: Int
    public let channels: Int

    public init(height: Int, width: Int, channels: Int) {
        precondition(height > 0 && width > 0 && channels > 0, "empty feature shape")
        self.height = height
        self.width = width
        self.channels = channels
    }

    public init(vector width: Int) { self.init(height: 1, width: 1, channels: width) }

    /// From the shape of a data set's samples: [width], [height, width] or [height, width, channels].
    public init(sample shape: [Int]) {
        switch shape.count {
        case 2: self.init(height: shape[0], width: shape[1], channels: 1)
        case 3: self.init(height: shape[0], width: shape[1], channels: shape[2])
        default: self.init(vector: shape.reduce(1, *))
        }
    }

    /// Numbers a sample.
    public var count: Int { pixels * channels }
    public var pixels: Int { height * width }
    public var isVector: Bool { pixels == 1 }

    public var description: String { isVector ? "\(channels)" : "\(height)×\(width)×\(channels)" }
}
