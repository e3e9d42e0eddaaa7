import Learning
import LinearAlgebra

/// The loss and gradient of a batch, from its logical shards.
///
/// Each rank of a team has as many neighbouring shards as the others. It adds theirs in a binary tree, and
/// `Communicator.allReduceSum` goes on with the same tree over ranks: so one rank adds exactly what several do.
struct ShardSummation<Scalar: BLASScalar> {
    private let objective: NetworkObjective<Scalar>
    private let sums: BatchSums<Scalar>
    private let branches: [BatchSums<Scalar>]
    private let received: Buffer<Scalar>
    private let host: TeamHost
    private let shards: Int
    private let largestPiece: Int

    /// - Parameters:
    ///   - sums: zeros, where the result goes, on every rank alike.
    ///   - branches: for the right branches of the tree, one a level.
    ///   - largestPiece: a shard with more samples is evaluated piece by piece.
    init(
        _ objective: NetworkObjective<Scalar>, _ sums: BatchSums<Scalar>, _ branches: [BatchSums<Scalar>],
        _ received: Buffer<Scalar>, _ host: TeamHost, shards: Int, largestPiece: Int
    ) {
        (self.objective, self.sums, self.branches, self.received) = (objective, sums, branches, received)
        (self.host, self.shards, self.largestPiece) = (host, shards, largestPiece)
    }

    /// The mean loss over the samples, without decays of parameters; its gradient and the batch's statistics in `sums`.
    func addUp(
        _ samples: ArraySlice<Int>, at parameters: ParameterBlock<Scalar>, step: Int, epoch: Int
    ) throws -> Double {
        try host.poll()
        let shardsHere = shards / host.ranks
        let first = host.rank * shardsHere
        let batch = Batch(samples: samples, parameters: parameters, step: step, epoch: epoch)
        let loss = try host.sum(addUp(first..<first + shardsHere, of: batch, into: sums, level: 0))
        host.team?.allReduceSum(sums.storage, scratch: received)
        return loss
    }

    private struct Batch {
        let samples: ArraySlice<Int>
        let parameters: ParameterBlock<Scalar>
        let step: Int
        let epoch: Int
    }

    /// target ← the sums over these shards of a batch: those of the largest power of two of them that is fewer than
    /// all, plus those of the rest.
    private func addUp(
        _ shards: Range<Int>, of batch: Batch, into target: BatchSums<Scalar>, level: Int
    ) throws -> Double {
        guard shards.count > 1 else {
            // The sums of the whole step were cleared before.
            if target !== sums { target.storage.zero() }
            return try evaluate(shards.lowerBound, of: batch, into: target)
        }
        let middle = shards.middleOfTree
        let left = try addUp(shards.lowerBound..<middle, of: batch, into: target, level: level + 1)
        let right = try addUp(middle..<shards.upperBound, of: batch, into: branches[level], level: level + 1)
        target.add(branches[level])
        return left + right
    }

    private func evaluate(_ index: Int, of batch: Batch, into target: BatchSums<Scalar>) throws -> Double {
        let count = batch.samples.count
        // The last batch may have fewer samples than shards.
        let (first, end) = (index * count / shards, (index + 1) * count / shards)
        var loss = 0.0
        for piece in stride(from: first, to: end, by: largestPiece) {
            if piece > first { try host.poll() }
            let start = batch.samples.startIndex + piece
            let samples = batch.samples[start..<min(start + largestPiece, batch.samples.startIndex + end)]
            loss += objective.evaluate(
                BatchShard(samples: samples, batchSize: count, first: piece, step: batch.step, epoch: batch.epoch),
                at: batch.parameters, addingTo: target.gradients, statistics: target.statistics)
        }
        return loss
    }
}

extension Range<Int> {
    /// Where the tree of sums parts: after the largest power of two that is fewer than all. `Communicator` goes on with
    /// the same tree over ranks.
    var middleOfTree: Int { lowerBound + 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount) }
}
