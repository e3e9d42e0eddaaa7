import CStartup

/// What this program is.
public enum Program {
    public static let version = "0.1.0"
    /// Git revision of the sources, "unknown" where they were no checkout.
    public static var revision: String { String(cString: ncsweep_revision()) }
    /// Instruction set the program was compiled for.
    public static var compiledFor: String { String(cString: ncsweep_compiled_cpu_level()) }
}
