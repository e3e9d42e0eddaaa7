/// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
/// 1, 2, 3", SC 2011).
///
/// Each number is a pure function of (seed, purpose, index): no state is carried, so any part of a stream can be made
/// anywhere, in any order, and a resumed trial needs no random state at all.
public struct Philox: Sendable {
    private let key: (UInt32, UInt32)
    private let purpose: UInt32

    /// A stream of its own for each (seed, purpose).
    public init(seed: UInt64, purpose: Purpose) {
        key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        self.purpose = purpose.code
    }

    /// The 128 random bits at `index` of sub-stream `stream`.
    @inlinable
    public func bits(at index: UInt64, stream: UInt32 = 0) -> (UInt32, UInt32, UInt32, UInt32) {
        block(UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), stream)
    }

    @usableFromInline
    func block(_ c0: UInt32, _ c1: UInt32, _ c2: UInt32) -> (UInt32, UInt32, UInt32, UInt32) {
        Self.block(counter: (c0, c1, c2, purpose), key: key)
    }

    /// The ten rounds, open to the tests for the published known answers.
    public static func block(
        counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
    ) -> (UInt32, UInt32, UInt32, UInt32) {
        var x = counter
        var k = key
        for _ in 0..<10 {
            let p0 = UInt64(0xD251_1F53) &* UInt64(x.0)
            let p1 = UInt64(0xCD9E_8D57) &* UInt64(x.2)
            x = (
                UInt32(truncatingIfNeeded: p1 >> 32) ^ x.1 ^ k.0, UInt32(truncatingIfNeeded: p1),
                UInt32(truncatingIfNeeded: p0 >> 32) ^ x.3 ^ k.1, UInt32(truncatingIfNeeded: p0)
            )
            k = (k.0 &+ 0x9E37_79B9, k.1 &+ 0xBB67_AE85)
        }
        return x
    }
}

extension Philox {
    /// What a stream is for: two purposes with one seed are independent. The codes are part of every stored number;
    /// never reuse one.
    public enum Purpose: Sendable {
        /// Initial value of the parameter slice with this index in the layout.
        case initialization(Int)
        /// The order in which samples are visited.
        case order
        /// Which samples of a data set are kept.
        case subset
        /// Values of the sweep file's `random` part, one stream per key.
        case sweep(String)
        /// What the dropout with this index in its network drops.
        case dropout(Int)
        /// The rotation of a fixed classifier.
        case rotation
        /// Inputs of tests and benchmarks.
        case test
        /// Flips and crops of training samples.
        case augmentation
        /// Which training labels are wrong, and how.
        case labelNoise
        /// Samples of a Gaussian mixture.
        case mixture
        /// Where the search for an eigenvector starts.
        case eigenvector

        var code: UInt32 {
            switch self {
            case .initialization(let slice): 0x1000_0000 | UInt32(slice)
            case .order: 0x2000_0000
            case .subset: 0x3000_0000
            case .sweep(let name):
                // FNV-1a of the key, so that adding a key moves no other key's numbers.
                0x4000_0000 | (name.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 } & 0x0FFF_FFFF)
            case .test: 0x5000_0000
            case .dropout(let index): 0x6000_0000 | UInt32(index)
            case .rotation: 0x7000_0000
            case .augmentation: 0xA000_0000
            case .labelNoise: 0xB000_0000
            case .mixture: 0xC000_0000
            case .eigenvector: 0xF000_0000
            }
        }
    }
}
