import CMPI

/// A group of ranks that talk to each other. A duplicate or subgroup is freed with its last reference.
public final class Communicator {
    let handle: MPI_Comm
    private let isOwned: Bool
    public let rank: Int
    public let size: Int

    init(handle: MPI_Comm, isOwned: Bool) {
        self.handle = handle
        self.isOwned = isOwned
        check(MPI_Comm_set_errhandler(handle, returnErrors), "MPI_Comm_set_errhandler")
        var (rank, size): (Int32, Int32) = (0, 0)
        check(MPI_Comm_rank(handle, &rank), "MPI_Comm_rank")
        check(MPI_Comm_size(handle, &size), "MPI_Comm_size")
        self.rank = Int(rank)
        self.size = Int(size)
    }

    deinit {
        var finalized: Int32 = 0
        MPI_Finalized(&finalized)
        guard isOwned, finalized == 0 else { return }
        var freed: MPI_Comm? = handle
        check(MPI_Comm_free(&freed), "MPI_Comm_free")
    }

    /// A communicator over `ranks` of this one, in that order; every one of them, and nobody else, must call it.
    /// `tag` tells apart groups that are made at the same time.
    ///
    /// Open MPI does this by messages with `tag` on this very communicator, where `receiveIfAny` would take them for
    /// its own: groups are made of a duplicate that carries no messages.
    public func group(of ranks: [Int], tag: Int) -> Communicator {
        var (all, part): (MPI_Group?, MPI_Group?) = (nil, nil)
        check(MPI_Comm_group(handle, &all), "MPI_Comm_group")
        let members = ranks.map(Int32.init)
        check(MPI_Group_incl(all, Int32(members.count), members, &part), "MPI_Group_incl")
        var made: MPI_Comm?
        check(MPI_Comm_create_group(handle, part, Int32(tag), &made), "MPI_Comm_create_group")
        check(MPI_Group_free(&part), "MPI_Group_free")
        check(MPI_Group_free(&all), "MPI_Group_free")
        guard let made else { preconditionFailure("group made by a rank outside it") }
        return Communicator(handle: made, isOwned: true)
    }

    /// The same ranks, whose messages never meet those of this communicator. Collective.
    public func duplicate() -> Communicator {
        var made: MPI_Comm?
        check(MPI_Comm_dup(handle, &made), "MPI_Comm_dup")
        return Communicator(handle: made!, isOwned: true)
    }

    /// The ranks of this communicator that share this machine's memory. Collective.
    public func node() -> Communicator {
        var made: MPI_Comm?
        check(
            MPI_Comm_split_type(handle, Int32(MPI_COMM_TYPE_SHARED), Int32(rank), nullInfo, &made),
            "MPI_Comm_split_type")
        return Communicator(handle: made!, isOwned: true)
    }

    /// Name of every rank's machine, by rank. Collective.
    public func processorNames() -> [String] {
        let width = Int(MPI_MAX_PROCESSOR_NAME)
        var own = Array(MPIEnvironment.processorName.utf8.prefix(width - 1))
        own += Array(repeating: 0, count: width - own.count)
        var all = [UInt8](repeating: 0, count: width * size)
        check(
            MPI_Allgather(own, Int32(width), byteType, &all, Int32(width), byteType, handle), "MPI_Allgather")
        return (0..<size).map { rank in
            String(decoding: all[rank * width..<(rank + 1) * width].prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    public func barrier() { check(MPI_Barrier(handle), "MPI_Barrier") }

    /// Ends every rank of the job at once.
    public func abort(code: Int) -> Never {
        MPI_Abort(handle, Int32(code))
        fatalError("MPI_Abort returned")
    }
}
