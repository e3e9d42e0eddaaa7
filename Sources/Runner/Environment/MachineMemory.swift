import Sweeps

#if canImport(Glibc)
    import Glibc
#endif

/// What fits into this machine.
enum MachineMemory {
    /// What there is, or what the process may have (`ulimit -v`), whichever is less.
    static var bytes: Double {
        let physical = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return physical }
        return min(physical, Double(limit.rlim_cur))
    }

    /// Refuses what could only end by a failed allocation.
    ///
    /// - Parameter key: of the sweep file, where the message is shown.
    static func check(bytes needed: Double, for key: String) throws(ParameterProblem) {
        guard needed > bytes else { return }
        func gibibytes(_ bytes: Double) -> String { String((bytes / 0x1p30 * 10).rounded() / 10) }
        throw ParameterProblem(
            name: key,
            message:
                "the trial needs about \(gibibytes(needed)) GiB and there are \(gibibytes(bytes)); make it smaller"
        )
    }
}
