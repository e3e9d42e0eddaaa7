import CMPI

/// Memory that the ranks of one machine share: one copy of a data set a node. It goes with the last of them, also when
/// they are killed.
public final class NodeMemory {
    public let bytes: UnsafeMutableRawBufferPointer
    private var window: MPI_Win?
    private let node: Communicator

    /// `byteCount` bytes on the first rank of `node`, seen by all of them. Collective over `node`.
    public init(byteCount: Int, on node: Communicator) {
        self.node = node
        var base: UnsafeMutableRawPointer?
        let own = node.rank == 0 ? byteCount : 0
        check(
            MPI_Win_allocate_shared(MPI_Aint(own), 1, nullInfo, node.handle, &base, &window), "MPI_Win_allocate_shared")
        var (size, unit): (MPI_Aint, Int32) = (0, 0)
        check(MPI_Win_shared_query(window, 0, &size, &unit, &base), "MPI_Win_shared_query")
        bytes = UnsafeMutableRawBufferPointer(start: base, count: byteCount)
    }

    /// Makes what the first rank wrote visible to the others. Collective over the node.
    public func publish() { check(MPI_Win_fence(0, window), "MPI_Win_fence") }
}
