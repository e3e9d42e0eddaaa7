import ArgumentParser
import LinearAlgebra
import Runner

/// Speed of matrix products, as the program starts by itself and with each family of OpenBLAS's kernels.
struct ProductSpeed: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "product-speed", shouldDisplay: false)

    @Flag(help: "Keep the kernels that OpenBLAS chose.") var uncorrected = false

    private static let rounds = 3

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
        var shares: [String: [Double]] = [:]
        var speeds: [String: [Double]] = [:]
        var best: [String: [String]] = [:]
        var without: [String: [Double]] = [:]
        for _ in 0..<rounds {
            let plain = try speed(kernel: nil, [])
            let uncorrected = try speed(kernel: nil, ["--uncorrected"])
            // A family that this CPU cannot run dies of it, which is an answer too.
            let others = kernels.compactMap { name in (try? speed(kernel: name, [])).map { (name, $0) } }
            for precision in ["sgemm", "dgemm"] {
                let own = try plain.value(precision)
                let all = try others.map { ($0.0, try $0.1.value(precision)) } + [("its own choice", own)]
                let fastest = all.max { $0.1 < $1.1 }!
                shares[precision, default: []].append(100 * own / fastest.1)
                speeds[precision, default: []].append(own)
                best[precision, default: []].append(fastest.0)
                without[precision, default: []].append(100 * (try uncorrected.value(precision)) / fastest.1)
            }
        }
        return ["sgemm", "dgemm"].map { precision in
            let share = median(shares[precision]!)
            return Figure(
                "\(precision) of order 768, started plainly, against the best kernels (\(best[precision]!.last!))",
                "\(Figure.text(share)) %: \(Figure.text(median(speeds[precision]!))) GFLOP/s "
                    + "(OpenBLAS by itself: \(Figure.text(median(without[precision]!))) %)",
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
