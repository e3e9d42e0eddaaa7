import Sweeps

#if canImport(Glibc)
    import Glibc
#endif

/// What fits into this machine.
enum MachineMemory {
    static var bytes: Double { Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE))) }

    /// Refuses what could only end by a failed allocation.
    ///
    /// - Parameter key: of the sweep file, where the message is shown.
    static func check(bytes needed: Double, for key: String) throws(ParameterProblem) {
        guard needed > bytes else { return }
        func gibibytes(_ bytes: Double) -> String { String(Int((bytes / 0x1p30).rounded(.up))) }
        throw ParameterProblem(
            name: key,
            message:
                "the trial needs about \(gibibytes(needed)) GiB and this machine has \(gibibytes(bytes)); make it smaller"
        )
    }
}
