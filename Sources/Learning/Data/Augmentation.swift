import RandomNumbers

/// Random changes of training images that keep their class.
///
/// What happens to a sample is a function of (seed, epoch, sample) alone, so it depends neither on the batch the sample
/// is in nor on the rank that reads it.
public struct Augmentation: Equatable, Sendable, CustomStringConvertible {
    /// Mirrored left to right with probability 1/2.
    public let flips: Bool
    /// Moved by −4…4 pixels in each direction, as is a random crop after padding with 4 zeros.
    public let crops: Bool

    public static let none = Augmentation(flips: false, crops: false)
    /// What `init(named:)` takes.
    public static let names = ["none", "flips", "crops", "flips_and_crops"]
    static let cropPadding = 4

    public init(flips: Bool, crops: Bool) {
        self.flips = flips
        self.crops = crops
    }

    /// From one of `names`.
    public init(named name: String) throws(SpecificationError) {
        guard let index = Self.names.firstIndex(of: name) else {
            throw SpecificationError("unknown augmentation '\(name)' (known: \(Self.names.joined(separator: ", ")))")
        }
        self.init(flips: index & 1 != 0, crops: index & 2 != 0)
    }

    public var description: String { Self.names[(flips ? 1 : 0) + (crops ? 2 : 0)] }

    /// What is done to each sample in one epoch; nil where nothing is.
    public func draws(seed: UInt64, epoch: Int) -> AugmentationDraws? {
        self == .none ? nil : AugmentationDraws(self, seed: seed, epoch: epoch)
    }
}

/// The changes of one epoch.
public struct AugmentationDraws: Sendable {
    private let augmentation: Augmentation
    private let random: Philox
    private let epoch: UInt32

    init(_ augmentation: Augmentation, seed: UInt64, epoch: Int) {
        self.augmentation = augmentation
        random = Philox(seed: seed, purpose: .augmentation)
        self.epoch = UInt32(truncatingIfNeeded: epoch)
    }

    struct Change: Equatable {
        var flip = false
        /// Pixel (y, x) is taken from (y + dy, x + dx).
        var dy = 0
        var dx = 0
    }

    /// What is done to this sample of the data set.
    func change(ofSample sample: Int) -> Change {
        let bits = random.bits(at: UInt64(sample), stream: epoch)
        var change = Change()
        if augmentation.flips { change.flip = bits.0 >> 31 == 1 }
        if augmentation.crops {
            let (positions, most) = (2 * Augmentation.cropPadding + 1, Augmentation.cropPadding)
            change.dy = Int(bits.1.multipliedFullWidth(by: UInt32(positions)).high) - most
            change.dx = Int(bits.2.multipliedFullWidth(by: UInt32(positions)).high) - most
        }
        return change
    }
}
