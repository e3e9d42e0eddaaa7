#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Philox {
    /// Uniform in [0, 1) with 53 random bits.
    public func uniform(at index: UInt64, stream: UInt32 = 0) -> Double {
        let (a, b, _, _) = bits(at: index, stream: stream)
        return Double((UInt64(a) << 32 | UInt64(b)) >> 11) * 0x1p-53
    }

    /// Standard normal by the Box–Muller transform (Box and Muller 1958).
    public func normal(at index: UInt64, stream: UInt32 = 0) -> Double {
        let (a, b, c, d) = bits(at: index, stream: stream)
        // 1 − u lies in (0, 1], where the logarithm is finite.
        let radius = 1 - Double((UInt64(a) << 32 | UInt64(b)) >> 11) * 0x1p-53
        let angle = Double((UInt64(c) << 32 | UInt64(d)) >> 11) * 0x1p-53
        return (-2 * log(radius)).squareRoot() * cos(2 * Double.pi * angle)
    }

    /// Uniform in 0..<bound by Lemire's multiplication, with a bias below bound/2⁶⁴.
    public func integer(below bound: Int, at index: UInt64, stream: UInt32 = 0) -> Int {
        precondition(bound > 0, "bound of a random integer not positive")
        let (a, b, _, _) = bits(at: index, stream: stream)
        return Int((UInt64(a) << 32 | UInt64(b)).multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Fisher–Yates shuffle of `items`; `stream` numbers the shuffle, e.g. the epoch.
    @specialized(where Item == Int)
    public func shuffle<Item>(_ items: inout [Item], stream: UInt32 = 0) {
        guard items.count > 1 else { return }
        for last in stride(from: items.count - 1, to: 0, by: -1) {
            items.swapAt(last, integer(below: last + 1, at: UInt64(last), stream: stream))
        }
    }
}
