/// Ranks that have nothing to do, the lowest first: a handful as long as there is work, all of them at the start.
struct IdleRanks: Sendable {
    /// Descending, so that the lowest is removed at the end.
    private var ranks: [Int] = []

    var count: Int { ranks.count }

    mutating func insert(_ rank: Int) {
        let position = position(of: rank)
        guard position == ranks.endIndex || ranks[position] != rank else { return }
        ranks.insert(rank, at: position)
    }

    mutating func remove(_ rank: Int) {
        let position = position(of: rank)
        if position < ranks.endIndex, ranks[position] == rank { ranks.remove(at: position) }
    }

    mutating func removeAll() { ranks.removeAll() }

    /// The lowest `count` ranks, ascending; nil, and nothing removed, where there are fewer.
    mutating func removeFirst(_ count: Int) -> [Int]? {
        guard ranks.count >= count else { return nil }
        defer { ranks.removeLast(count) }
        return ranks.suffix(count).reversed()
    }

    /// Of the first rank that is not above `rank`.
    private func position(of rank: Int) -> Int {
        var (low, high) = (0, ranks.count)
        while low < high {
            let middle = (low + high) / 2
            if ranks[middle] > rank { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
