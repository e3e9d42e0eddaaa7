import CMPI

#if canImport(Glibc)
    import Glibc
#endif

/// Runs `body` between `MPI_Init` and `MPI_Finalize`. Started without `mpirun` the world has one rank.
///
/// Nothing is finalised when `body` throws on some ranks only; `body` must therefore turn its errors into a common end.
public func withMPI<Result>(_ body: (_ world: Communicator) throws -> Result) rethrows -> Result {
    check(MPI_Init(nil, nil), "MPI_Init")
    let world = Communicator(handle: worldCommunicator, isOwned: false)
    let result = try body(world)
    check(MPI_Finalize(), "MPI_Finalize")
    return result
}

public enum MPIEnvironment {
    /// "Open MPI v4.1.4".
    public static var libraryVersion: String {
        var text = [CChar](repeating: 0, count: Int(MPI_MAX_LIBRARY_VERSION_STRING))
        var length: Int32 = 0
        guard MPI_Get_library_version(&text, &length) == MPI_SUCCESS else { return "unknown" }
        let whole = String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(whole.prefix { $0 != "," })
    }

    /// Whether a launcher (mpirun, or srun with PMIx or PMI) started this process: looked up without starting MPI.
    public static var isLaunched: Bool { variable != nil }

    /// Rank given by the launcher, 0 without one: looked up without starting MPI.
    public static var launchedRank: Int { variable.flatMap { Int($0) } ?? 0 }

    private static var variable: String? {
        for name in ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"] {
            if let value = getenv(name) { return String(cString: value) }
        }
        return nil
    }

    /// Name of this machine as MPI knows it.
    public static var processorName: String {
        var text = [CChar](repeating: 0, count: Int(MPI_MAX_PROCESSOR_NAME))
        var length: Int32 = 0
        check(MPI_Get_processor_name(&text, &length), "MPI_Get_processor_name")
        return String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Ends the job when MPI failed: prints rank, call and MPI's own text. There is no way to go on from such a failure,
/// and a collective that threw on one rank only would leave the others waiting.
func check(_ code: Int32, _ call: StaticString) {
    guard code != MPI_SUCCESS else { return }
    var text = [CChar](repeating: 0, count: Int(MPI_MAX_ERROR_STRING))
    var length: Int32 = 0
    MPI_Error_string(code, &text, &length)
    let reason = String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var rank: Int32 = -1
    MPI_Comm_rank(worldCommunicator, &rank)
    let line = "ncsweep: rank \(rank): \(call) failed: \(reason); the job ends, start it again to resume\n"
    write(STDERR_FILENO, line, line.utf8.count)
    MPI_Abort(worldCommunicator, 1)
    exit(1)
}
