import CStartup
import LinearAlgebra

#if canImport(Glibc)
    import Glibc
#endif

/// Sees to it that OpenBLAS uses the kernels this CPU deserves.
///
/// On a CPU newer than itself OpenBLAS falls back to kernels for SSE3, five times slower. The choice is made while the
/// library is loaded, from the environment, so it can only be corrected by starting the program once more.
public enum BLASKernel {
    /// The value of `OPENBLAS_CORETYPE` to start again with; nil where the loaded kernels are as good as the CPU, or
    /// the user has chosen them.
    public static var correction: String? {
        guard getenv("OPENBLAS_CORETYPE") == nil, !best.isEmpty, rank(OpenBLAS.kernel) < rank(best) else { return nil }
        return best
    }

    /// Replaces this process by itself where OpenBLAS was loaded badly: with better kernels if there are any, and without
    /// threads of its own. Before `MPI_Init`; arguments, environment, blocked signals and process number stay. Returns
    /// when nothing is to be corrected, or the system does not let it.
    ///
    /// OpenBLAS starts its threads before the program begins, so they block no signals: one of them would take what
    /// `StopSignals` waits for, and the process would die of it.
    public static func correctOrContinue() {
        var variables: [String: String] = [:]
        variables["OPENBLAS_CORETYPE"] = correction
        if OpenBLAS.threads > 1, getenv("OPENBLAS_NUM_THREADS").map({ String(cString: $0) }) != "1" {
            variables["OPENBLAS_NUM_THREADS"] = "1"
        }
        guard !variables.isEmpty else {
            // Started by way of /proc/self/exe a process is called `exe`, which `top` and `pkill` would go by.
            let name = CommandLine.arguments.first.flatMap { $0.split(separator: "/").last } ?? "ncsweep"
            ncsweep_set_process_name(String(name))
            return
        }
        // OpenBLAS without kernels for this name would warn and fall back again; then the second start changes nothing,
        // and the variable keeps it from a third.
        for (name, value) in variables { setenv(name, value, 1) }
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }

    /// The best kernels OpenBLAS 0.3 has for the instructions of this CPU; empty on other architectures.
    public static var best: String {
        #if arch(x86_64)
            let features = cpuFeatures
            if features.contains("avx512f"), features.contains("avx512vl"), features.contains("avx512bw"),
                features.contains("avx512dq")
            {
                // The newer names have bfloat16 kernels besides; their single and double ones are SkylakeX's or better.
                return features.contains("avx512_bf16") ? "SapphireRapids" : "SkylakeX"
            }
            if features.contains("avx2"), features.contains("fma") {
                return cpuVendor == "AuthenticAMD" ? "Zen" : "Haswell"
            }
        #endif
        return ""
    }

    /// How far up the ladder of instruction sets a kernel's name stands.
    private static func rank(_ kernel: String) -> Int {
        switch kernel.lowercased() {
        case "sapphirerapids", "cooperlake", "skylakex": 3
        case "haswell", "zen", "excavator": 2
        case "sandybridge", "bulldozer", "piledriver", "steamroller": 1
        default: 0
        }
    }

    private static var cpuFeatures: Set<String> { Set((field("flags") ?? "").split(separator: " ").map(String.init)) }
    private static var cpuVendor: String { field("vendor_id") ?? "" }
    /// "Intel(R) Xeon(R) Processor".
    public static var cpuName: String { field("model name") ?? "unknown CPU" }

    private static func field(_ name: String) -> String? {
        guard let file = fopen("/proc/cpuinfo", "r") else { return nil }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0 {
            let text = String(cString: line!)
            guard text.hasPrefix(name), let colon = text.firstIndex(of: ":") else { continue }
            return String(text[text.index(after: colon)...].drop { $0 == " " }.prefix { $0 != "\n" })
        }
        return nil
    }
}
