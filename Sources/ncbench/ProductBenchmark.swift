import ArgumentParser
import LinearAlgebra
import Runner

/// Speed of matrix products, as the program starts by itself and with each family of OpenBLAS's kernels.
struct ProductSpeed: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "product-speed", shouldDisplay: false)

    @Flag(help: "Keep the kernels that OpenBLAS chose.") var uncorrected = false

    private static let rounds = 7

    private static var kernels: [String] {
        #if arch(x86_64)
            [
                "Prescott", "Core2", "Nehalem", "Sandybridge", "Haswell", "Zen", "SkylakeX", "Cooperlake",
                "SapphireRapids",
            ]
        #else
            ["ARMV8", "CORTEXA57", "CORTEXA72", "NEOVERSEN1", "NEOVERSEN2", "NEOVERSEV1", "THUNDERX2T99"]
        #endif
    }

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        var own: [String: [Double]] = [:]
        var uncorrected: [String: [Double]] = [:]
        var each: [String: [String: [Double]]] = [:]
        for _ in 0..<rounds {
            let (plain, without) = (try speed(kernel: nil, []), try speed(kernel: nil, ["--uncorrected"]))
            // A family that this CPU cannot run dies of it, which is an answer too.
            let others = kernels.compactMap { name in (try? speed(kernel: name, [])).map { (name, $0) } }
            for precision in ["sgemm", "dgemm"] {
                own[precision, default: []].append(try plain.value(precision))
                uncorrected[precision, default: []].append(try without.value(precision))
                for (name, readings) in others {
                    each[precision, default: [:]][name, default: []].append(try readings.value(precision))
                }
            }
        }
        return ["sgemm", "dgemm"].map { precision in
            // The best of the rounds on both sides: neighbours on the machine only ever make a reading slower, and the
            // same kernels read 110 or 156 GFLOP/s from one process to the next.
            let speed = own[precision]!.max()!
            let fastest = kernels.compactMap { name in each[precision]?[name].map { (name, $0.max()!) } }
            let best = fastest.max { $0.1 < $1.1 } ?? ("its own choice", speed)
            let share = 100 * speed / max(best.1, speed)
            return Figure(
                "\(precision) of order 768, started plainly, against the best kernels (\(best.0))",
                "\(Figure.text(share)) %: \(Figure.text(speed)) GFLOP/s "
                    + "(OpenBLAS by itself: \(Figure.text(100 * uncorrected[precision]!.max()! / best.1)) %)",
                share, atLeast: 80, "%")
        }
    }

    private static func speed(kernel: String?, _ options: [String]) throws -> Readings {
        let text = try ChildProcess.run(
            ChildProcess.ownPath, ["product-speed"] + options,
            adding: kernel.map { ["OPENBLAS_CORETYPE": $0] } ?? [:],
            removing: kernel == nil ? ["OPENBLAS_CORETYPE"] : [])
        return Readings(parsing: text, from: "product-speed")
    }

    func run() throws {
        if !uncorrected { BLASKernel.correctOrContinue() }
        OpenBLAS.useOneThread()
        print("sgemm \(Self.gigaflops(of: Float.self))")
        print("dgemm \(Self.gigaflops(of: Double.self))")
    }

    /// The best of some products on one thread.
    private static func gigaflops<Scalar: BLASScalar>(of _: Scalar.Type) -> Double {
        let order = 768
        let (a, b) = (Buffer<Scalar>(count: order * order), Buffer<Scalar>(count: order * order))
        let c = Buffer<Scalar>(count: order * order)
        for index in 0..<order * order { (a[index], b[index]) = (Scalar(index % 7), Scalar(index % 5)) }
        var best = Double.infinity
        for _ in 0..<20 {
            let start = monotonicSeconds()
            Scalar.gemm(.no, .no, order, order, order, 1, a.start, order, b.start, order, 0, c.start, order)
            best = min(best, monotonicSeconds() - start)
        }
        return 2e-9 * Double(order * order * order) / best
    }
}
