import LinearAlgebra
import MPI
import RandomNumbers

extension Checks {
    mutating func sums() {
        sums(Float.self)
        sums(Double.self)
    }

    /// The all-reduce against the tree over logical shards, bit for bit: the same for every number of ranks that
    /// shares the shards evenly.
    private mutating func sums<Scalar: BLASScalar>(_: Scalar.Type) {
        for count in [0, 1, 7, 63, 64, 1000, 1_000_003] {
            // As many shards as ranks, and, where they share them evenly, eight: the sum then is that of one rank.
            let shardCounts = [world.size] + (8 % world.size == 0 ? [8] : [])
            for shards in shardCounts {
                let shardsHere = shards / world.size
                let first = world.rank * shardsHere
                let values = Buffer(tree(first..<first + shardsHere, count, Scalar.self))
                world.allReduceSum(values, scratch: Buffer(count: count))
                let expected = tree(0..<shards, count, Scalar.self)
                expect(values.array == expected, "\(Scalar.self): sum of \(count) numbers over \(shards) shards")
                if count >= 1000, shards > 3 {
                    // Else no order would be told from another. Up to three the tree is the order of the ranks.
                    expect(expected != inOrder(shards, count, Scalar.self), "\(Scalar.self): too easy a sum")
                }
            }
        }
    }

    /// Numbers of such different sizes that the order of their additions shows.
    private func shard<Scalar: BLASScalar>(_ index: Int, _ count: Int, _: Scalar.Type) -> [Scalar] {
        let random = Philox(seed: 11, purpose: .test)
        return (0..<count).map {
            let number = random.normal(at: UInt64($0), stream: UInt32(index))
            return Scalar(number * number * number)
        }
    }

    /// The sum of the largest power of two of the shards that is fewer than all, plus the sum of the rest.
    private func tree<Scalar: BLASScalar>(_ shards: Range<Int>, _ count: Int, _: Scalar.Type) -> [Scalar] {
        guard shards.count > 1 else { return shard(shards.lowerBound, count, Scalar.self) }
        var power = 1
        while 2 * power < shards.count { power *= 2 }
        let middle = shards.lowerBound + power
        let left = tree(shards.lowerBound..<middle, count, Scalar.self)
        let right = tree(middle..<shards.upperBound, count, Scalar.self)
        return zip(left, right).map { $0 + $1 }
    }

    private func inOrder<Scalar: BLASScalar>(_ shards: Int, _ count: Int, _: Scalar.Type) -> [Scalar] {
        (1..<shards).reduce(shard(0, count, Scalar.self)) { sum, index in
            zip(sum, shard(index, count, Scalar.self)).map { $0 + $1 }
        }
    }
}
