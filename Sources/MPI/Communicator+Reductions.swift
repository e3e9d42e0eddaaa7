import CMPI
import LinearAlgebra

extension Communicator {
    /// Sums over ranks in one fixed binary tree: rank r adds what rank r + s holds for s = 1, 2, 4, …, and rank 0 sends
    /// the total back. `MPI_Allreduce` changes its order of additions with the number of ranks and the size of the
    /// message, and so the bits; this order is a continuation of the tree in which each rank has summed its own shards.
    ///
    /// - Parameter scratch: as large as `values`.
    public func allReduceSum<Scalar: BLASScalar>(_ values: Buffer<Scalar>, scratch: Buffer<Scalar>) {
        precondition(scratch.count >= values.count, "scratch of an all-reduce too small")
        guard size > 1 else { return }
        let bytes = values.count * MemoryLayout<Scalar>.stride
        var step = 1
        while step < size {
            if rank % (2 * step) == step {
                send(values.start, bytes, to: rank - step)
                break
            }
            if rank + step < size {
                receive(scratch.start, bytes, from: rank + step)
                Scalar.axpy(values.count, 1, scratch.start, values.start)
            }
            step *= 2
        }
        Self.forEachPart(of: bytes) { offset, count in
            check(MPI_Bcast(UnsafeMutableRawPointer(values.start) + offset, count, byteType, 0, handle), "MPI_Bcast")
        }
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
