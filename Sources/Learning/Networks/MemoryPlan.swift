/// Places arrays that live for a known time in one piece of memory, so that those that never live together share it.
///
/// Greedy by size (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020): the largest
/// first, each in the lowest gap that is free for all of its life.
struct MemoryPlan {
    struct Request {
        var count: Int
        /// First and last moment at which it is in use, both included.
        var life: ClosedRange<Int>
    }

    /// Where each request begins.
    let offsets: [Int]
    /// Numbers in all.
    let count: Int

    /// - Parameter margin: numbers behind each array that may be read.
    init(_ requests: [Request], margin: Int) {
        var offsets = [Int](repeating: 0, count: requests.count)
        var placed: [(range: Range<Int>, life: ClosedRange<Int>)] = []
        var total = 0
        let bySize = requests.indices.sorted { (requests[$0].count, $1) > (requests[$1].count, $0) }
        for index in bySize where requests[index].count > 0 {
            let size = (requests[index].count + margin + 15) & ~15
            let others = placed.filter { $0.life.overlaps(requests[index].life) }
                .map(\.range).sorted { $0.lowerBound < $1.lowerBound }
            var start = 0
            for other in others where other.upperBound > start {
                if other.lowerBound >= start + size { break }
                start = other.upperBound
            }
            offsets[index] = start
            placed.append((start..<start + size, requests[index].life))
            total = max(total, start + size)
        }
        self.offsets = offsets
        count = total
    }
}
