import RandomNumbers

/// The order in which an epoch visits the training samples: a function of (seed, epoch) alone, so a resumed trial needs
/// no state.
public struct BatchOrder: Sendable {
    private let samples: [Int]
    private let random: Philox
    private var order: [Int]

    public init(samples: [Int], seed: UInt64) {
        self.samples = samples
        order = samples
        random = Philox(seed: seed, purpose: .order)
    }

    /// All samples in the order of `epoch`, counted from 0.
    public mutating func shuffle(epoch: Int) {
        for index in samples.indices { order[index] = samples[index] }
        random.shuffle(&order, stream: UInt32(epoch))
    }

    /// Number of batches an epoch; the last one may be smaller.
    public func batches(ofSize size: Int) -> Int { (order.count + size - 1) / size }

    /// Batch `index` of the epoch shuffled last.
    public func batch(_ index: Int, size: Int) -> ArraySlice<Int> {
        order[index * size..<min((index + 1) * size, order.count)]
    }
}
