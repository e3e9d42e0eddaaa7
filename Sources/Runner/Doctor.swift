import CStartup
import Foundation
import LinearAlgebra
import MPI
import Results

/// One thing looked at on this machine, and what to do if it is not as it should be.
public struct Finding: Sendable {
    public let subject: String
    public let state: String
    /// nil where all is well.
    public let advice: String?

    init(_ subject: String, _ state: String, advice: String? = nil) {
        self.subject = subject
        self.state = state
        self.advice = advice
    }
}

/// Looks at the machine a sweep will run on.
public struct Doctor {
    private let directory: String
    private let dataSets: DataSetShelf
    /// As the user's environment let OpenBLAS choose, before any correction.
    private let kernelOfItself: String

    /// - Parameter directory: where results would go.
    public init(directory: String, dataSets: DataSetShelf) {
        self.directory = directory
        self.dataSets = dataSets
        kernelOfItself = OpenBLAS.kernel
    }

    public func examine(world: Communicator) -> [Finding] {
        [program, mpi(world), ranksAndCores(world), binding(world), blas, threads, fileSystem, data]
    }

    private var program: Finding {
        Finding(
            "program",
            "ncsweep \(Program.version) (\(Program.revision)), built for \(Program.compiledFor), on \(BLASKernel.cpuName)"
        )
    }

    private func mpi(_ world: Communicator) -> Finding {
        let version = MPIEnvironment.libraryVersion
        let launched =
            MPIEnvironment.isLaunched ? "\(world.size) rank\(world.size == 1 ? "" : "s")" : "not launched: one rank"
        return Finding(
            "MPI", "\(version), \(launched)",
            advice: version.contains("Open MPI")
                ? nil : "ncsweep is tested with Open MPI 4.1; results do not depend on it")
    }

    private func ranksAndCores(_ world: Communicator) -> Finding {
        let (ranks, cores) = (world.node().size, ProcessInfo.processInfo.activeProcessorCount)
        let state = "\(ranks) rank\(ranks == 1 ? "" : "s") on \(cores) cores of \(MPIEnvironment.processorName)"
        if ranks > cores {
            return Finding("ranks", state, advice: "more ranks than cores: start at most \(cores) a node")
        }
        if ranks < cores {
            return Finding(
                "ranks", state,
                advice:
                    "\(cores - ranks) core\(cores - ranks == 1 ? "" : "s") would idle: mpirun -n \(cores), or --ntasks-per-node=\(cores)"
            )
        }
        return Finding("ranks", state)
    }

    private func binding(_ world: Communicator) -> Finding {
        let allowed = Int(ncsweep_allowed_cores())
        let ranks = world.node().size
        let state = "this rank may run on \(allowed) core\(allowed == 1 ? "" : "s")"
        if allowed < 1 || (ranks > 1 && allowed == 1 && ranks > ProcessInfo.processInfo.activeProcessorCount) {
            return Finding("binding", state, advice: "several ranks are bound to one core: mpirun --bind-to none")
        }
        return Finding("binding", state)
    }

    /// The speed of each kernel family that OpenBLAS has for this CPU, each in a process of its own, as the choice is
    /// made when the library is loaded.
    private var blas: Finding {
        let used = BLASKernel.correction ?? kernelOfItself
        let speed = Self.measureInFreshProcess(kernel: BLASKernel.correction)
        let others = ["Haswell", "Zen", "SkylakeX", "SapphireRapids"].compactMap { name -> (String, Double)? in
            Self.measureInFreshProcess(kernel: name).map { (name, $0) }
        }
        guard let speed, let best = others.max(by: { $0.1 < $1.1 }) else {
            return Finding("BLAS", "\(OpenBLAS.configuration)", advice: "its speed could not be measured")
        }
        let expected = max(best.1, speed)
        func text(_ speed: Double) -> String { String(format: "%.0f", speed) }
        let unit = TileProduct.goes(with: used) ? " and the matrix unit (AMX)" : ""
        var state =
            "OpenBLAS \(used) kernels\(unit), \(text(speed)) GFLOP/s float32 on one thread; expected \(text(expected)) (\(best.0))"
        if let correction = BLASKernel.correction {
            state += "; OpenBLAS itself chose \(kernelOfItself), runs start again with OPENBLAS_CORETYPE=\(correction)"
        }
        return Finding(
            "BLAS", state,
            advice: speed >= 0.8 * expected
                ? nil : "set OPENBLAS_CORETYPE=\(best.0), or stop what else uses this core, and look again")
    }

    private var threads: Finding {
        Finding(
            "BLAS threads",
            "1 a rank, whatever OPENBLAS_NUM_THREADS says: a thread count would change the order of sums")
    }

    private var fileSystem: Finding {
        let parent = Self.existingParent(of: directory)
        let system = FileSystem.kind(of: parent)
        var state = "\(parent): \(system.name)"
        if let free = system.freeBytes { state += String(format: ", %.1f GiB free", Double(free) / Double(1 << 30)) }
        if system.isNetwork { state += "; results are stored without a write-ahead log there" }
        if system.isReadOnly { return Finding("output", state, advice: "read-only: choose another folder with --out") }
        if access(parent, W_OK) != 0 {
            return Finding("output", state, advice: "not writable: choose another with --out")
        }
        if let free = system.freeBytes, free < 1 << 30 {
            return Finding("output", state, advice: "less than 1 GiB is free: make room or choose another with --out")
        }
        return Finding("output", state)
    }

    private var data: Finding {
        do {
            let entry = try dataSets.entry("fashion-mnist")
            return Finding(
                "data",
                "fashion-mnist: \(entry.sizes.trainingSamples) training and \(entry.sizes.testSamples) test samples")
        } catch {
            return Finding("data", "fashion-mnist is missing", advice: error.message)
        }
    }

    private static func existingParent(of path: String) -> String {
        var path = URL(fileURLWithPath: path).standardizedFileURL
        while !FileManager.default.fileExists(atPath: path.path), path.path != "/" { path.deleteLastPathComponent() }
        return path.path
    }

    // MARK: Speed of products

    /// GFLOP/s of this program's sgemm with the given kernels; nil if it could not be started.
    private static func measureInFreshProcess(kernel: String?) -> Double? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["product-speed"]
        var environment = ProcessInfo.processInfo.environment
        if let kernel { environment["OPENBLAS_CORETYPE"] = kernel }
        process.environment = environment
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return nil }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return Double(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// The best of some float32 products of order 768, in GFLOP/s, on one thread.
    public static func productSpeed() -> Double {
        OpenBLAS.useOneThread()
        let order = 768
        let (a, b, c) = (
            Buffer<Float>(count: order * order), Buffer<Float>(count: order * order),
            Buffer<Float>(count: order * order)
        )
        for index in 0..<order * order { (a[index], b[index]) = (Float(index % 7), Float(index % 5)) }
        var best = Double.infinity
        for _ in 0..<12 {
            let start = monotonicSeconds()
            Float.gemm(.no, .no, order, order, order, 1, a.start, order, b.start, order, 0, c.start, order)
            best = min(best, monotonicSeconds() - start)
        }
        return 2e-9 * Double(order * order * order) / best
    }
}
