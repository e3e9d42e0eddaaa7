import CMPI
import LinearAlgebra

extension Communicator {
    /// Sums over ranks, number by number, in one fixed binary tree: rank r adds what rank r + s holds for s = 1, 2, 4,
    /// … `MPI_Allreduce` changes its order of additions with the number of ranks and the size of the message, and so
    /// the bits; this order is a continuation of the tree in which each rank has summed its own shards. Collective.
    ///
    /// Each rank sums one part of the numbers and sends it to the others, so that all share the work and no number
    /// travels more often than it must. A block at a time, which stays in the cache between arrival, sum and departure.
    ///
    /// - Parameter scratch: as large as `values`.
    public func allReduceSum<Scalar: BLASScalar>(_ values: Buffer<Scalar>, scratch: Buffer<Scalar>) {
        precondition(scratch.count >= values.count, "scratch of an all-reduce too small")
        guard size > 1 else { return }
        guard values.count >= size * max(size, 16) else { return sumFew(values) }
        func part(_ rank: Int) -> Range<Int> { rank * values.count / size..<(rank + 1) * values.count / size }
        let largest = (values.count + size - 1) / size
        // With at least size² numbers, a block from each other rank fits into the scratch memory.
        let block = min(largest, Self.blockCount)
        for first in stride(from: 0, to: largest, by: block) {
            func piece(_ rank: Int) -> Range<Int> {
                let part = part(rank)
                return min(
                    part.lowerBound + first, part.upperBound)..<min(part.lowerBound + first + block, part.upperBound)
            }
            let own = piece(rank)
            func received(_ source: Int) -> UnsafeMutablePointer<Scalar> {
                scratch.start + (source < rank ? source : source - 1) * block
            }
            for distance in 1..<size {
                let (to, from) = ((rank + distance) % size, (rank - distance + size) % size)
                exchange(
                    values.start + piece(to).lowerBound, piece(to).count, to: to, received(from), own.count, from: from)
            }
            sumTree(into: values.start + own.lowerBound, count: own.count, others: received)
            for distance in 1..<size {
                let (to, from) = ((rank + distance) % size, (rank - distance + size) % size)
                exchange(
                    values.start + own.lowerBound, own.count, to: to, values.start + piece(from).lowerBound,
                    piece(from).count, from: from)
            }
        }
    }

    /// Numbers of a block: 1 MiB of Float32.
    private static var blockCount: Int { 1 << 18 }

    /// The same for so few numbers that only the number of messages counts: every rank receives all and sums for
    /// itself.
    private func sumFew<Scalar: BLASScalar>(_ values: Buffer<Scalar>) {
        let count = values.count
        withUnsafeTemporaryAllocation(of: Scalar.self, capacity: max(1, size * count)) { all in
            let bytes = Int32(count * MemoryLayout<Scalar>.stride)
            check(
                MPI_Allgather(values.start, bytes, byteType, all.baseAddress, bytes, byteType, handle), "MPI_Allgather")
            sumTree(into: values.start, count: count) { all.baseAddress! + $0 * count }
        }
    }

    /// own ← the sum over ranks in the fixed tree. Whichever operand of an addition is this rank's own takes the sum:
    /// a + b has the bits of b + a.
    ///
    /// - Parameters:
    ///   - own: this rank's numbers.
    ///   - others: those of another rank, which are written over.
    private func sumTree<Scalar: BLASScalar>(
        into own: UnsafeMutablePointer<Scalar>, count: Int, others: (_ rank: Int) -> UnsafeMutablePointer<Scalar>
    ) {
        var step = 1
        while step < size {
            /// Where the sum over `step` ranks from this one on is.
            func sum(_ first: Int) -> UnsafeMutablePointer<Scalar> {
                (first..<first + step).contains(rank) ? own : others(first)
            }
            for first in stride(from: 0, to: size - step, by: 2 * step) {
                let (left, right) = (sum(first), sum(first + step))
                if right == own { Scalar.axpy(count, 1, left, right) } else { Scalar.axpy(count, 1, right, left) }
            }
            step *= 2
        }
    }

    /// Sends to one rank while receiving from another.
    private func exchange<Scalar: BLASScalar>(
        _ sent: UnsafePointer<Scalar>, _ sentCount: Int, to: Int, _ received: UnsafeMutablePointer<Scalar>,
        _ receivedCount: Int, from: Int
    ) {
        let width = MemoryLayout<Scalar>.stride
        check(
            MPI_Sendrecv(
                sent, Int32(sentCount * width), byteType, Int32(to), Self.reductionTag, received,
                Int32(receivedCount * width), byteType, Int32(from), Self.reductionTag, handle, ignoreStatus),
            "MPI_Sendrecv")
    }

    /// What `merge` makes of the ranks' numbers in the same tree, on every rank; all have equally many. Collective.
    public func allReduce(_ values: [Double], _ merge: (_ left: [Double], _ right: [Double]) -> [Double]) -> [Double] {
        let (own, other) = (Buffer(values), Buffer<Double>(count: values.count))
        let bytes = values.count * MemoryLayout<Double>.stride
        var step = 1
        while step < size {
            if rank % (2 * step) == step {
                send(own.start, bytes, to: rank - step)
                break
            }
            if rank + step < size {
                receive(other.start, bytes, from: rank + step)
                own.copy(from: Buffer(merge(own.array, other.array)))
            }
            step *= 2
        }
        Self.forEachPart(of: bytes) { offset, count in
            check(MPI_Bcast(UnsafeMutableRawPointer(own.start) + offset, count, byteType, 0, handle), "MPI_Bcast")
        }
        return own.array
    }

    /// MPI counts in 32 bits.
    private static func forEachPart(of bytes: Int, _ body: (_ offset: Int, _ count: Int32) -> Void) {
        let part = 1 << 30
        for offset in stride(from: 0, to: bytes, by: part) { body(offset, Int32(min(part, bytes - offset))) }
    }

    /// MPI's own sum over ranks, in whatever order: what the fixed order is measured against. Collective.
    public func allReduceSumInAnyOrder(_ values: Buffer<Float>, into sum: Buffer<Float>) {
        precondition(sum.count >= values.count, "result of an all-reduce too small")
        check(
            MPI_Allreduce(values.start, sum.start, Int32(values.count), floatType, sumOperation, handle),
            "MPI_Allreduce")
    }

    /// The least of the ranks' numbers, on every rank. Collective.
    public func minimum(_ value: Int) -> Int {
        var (own, least) = (Int64(value), Int64(0))
        check(MPI_Allreduce(&own, &least, 1, integerType, minimumOperation, handle), "MPI_Allreduce")
        return Int(least)
    }

    private static var reductionTag: Int32 { 77 }

    private func send(_ start: UnsafeRawPointer, _ bytes: Int, to rank: Int) {
        Self.forEachPart(of: bytes) { offset, count in
            check(MPI_Send(start + offset, count, byteType, Int32(rank), Self.reductionTag, handle), "MPI_Send")
        }
    }

    private func receive(_ start: UnsafeMutableRawPointer, _ bytes: Int, from rank: Int) {
        Self.forEachPart(of: bytes) { offset, count in
            check(
                MPI_Recv(start + offset, count, byteType, Int32(rank), Self.reductionTag, handle, ignoreStatus),
                "MPI_Recv")
        }
    }
}
