import ArgumentParser
import LinearAlgebra
import MPI
import Runner

/// The all-reduce in its fixed order against MPI's own, in turns in one run.
struct AllReduceRanks: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "all-reduce-ranks", shouldDisplay: false)

    @Option var count = 1_000_000
    @Option var pairs = 100

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        try [1_000_000, 10_000_000].map { count in
            let readings = try ChildProcess.ranks(
                2, ["all-reduce-ranks", "--count", "\(count)", "--pairs", "\(max(10, 20 * options.pairs))"])
            let ratio = try readings.value("ratio")
            let own = Figure.text(1000 * (try readings.value("seconds")))
            let peer = Figure.text(1000 * (try readings.value("peer_seconds")))
            return Figure(
                "all-reduce of \(count) floats on two ranks: time over bare MPI_Allreduce's",
                "\(Figure.text(ratio)) (\(own) ms, MPI's \(peer) ms)", ratio, atMost: 1.2, "")
        }
    }

    func run() throws {
        try TrialRun.withRanks { world, _ in
            let team = world.duplicate()
            let (original, values) = (Buffer<Float>(count: count), Buffer<Float>(count: count))
            let (scratch, peerSum) = (Buffer<Float>(count: count), Buffer<Float>(count: count))
            for index in 0..<count { original[index] = Float((index &* 7 &+ team.rank) % 1000) }
            var (own, peer): ([Double], [Double]) = ([], [])
            // The first two warm up.
            for pair in 0..<pairs + 2 {
                values.copy(from: original)
                let seconds = time(on: team) { team.allReduceSum(values, scratch: scratch) }
                let peerSeconds = time(on: team) { team.allReduceSumInAnyOrder(original, into: peerSum) }
                guard pair >= 2 else { continue }
                own.append(seconds)
                peer.append(peerSeconds)
            }
            // Whole numbers: exact in any order.
            guard values.array == peerSum.array else { throw BenchmarkError("the sums differ") }
            guard team.rank == 0 else { return }
            print("seconds \(median(own))")
            print("peer_seconds \(median(peer))")
            print("ratio \(median(zip(own, peer).map { $0 / $1 }))")
        }
    }

    /// Seconds from the moment all ranks are there until this one is done.
    private func time(on team: Communicator, _ work: () -> Void) -> Double {
        team.barrier()
        let start = monotonicSeconds()
        work()
        return monotonicSeconds() - start
    }
}
