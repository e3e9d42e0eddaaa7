import ArgumentParser
import MPI
import Runner
import Sweeps

#if canImport(Glibc)
    import Glibc
#endif

/// Processor time of a rank that has nothing to run while another one works.
struct IdleRanks: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "idle-ranks", shouldDisplay: false)

    @Option(help: "The rank that has nothing to do.") var idle = 0
    @Option var seconds = 5.0

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        try [(0, "coordinator"), (1, "worker")].map { rank, name in
            var shares: [Double] = []
            for _ in 0..<3 {
                let readings = try ChildProcess.ranks(2, ["idle-ranks", "--idle", "\(rank)"])
                shares.append(100 * (try readings.value("share")))
            }
            return Figure(
                "processor time of an idle \(name)", Figure.text(median(shares)) + " % of a core", median(shares),
                atMost: 5, "%")
        }
    }

    func run() throws {
        try TrialRun.withRanks { world, signals in
            guard world.size == 2 else { throw BenchmarkError("idle-ranks needs two ranks") }
            // The longer one goes to the first rank that is ready, which is the coordinator.
            let planned = try TrialRun.plannedTrials(2)
            let costs = [Cost(family: "idle", work: 2e9), Cost(family: "idle", work: 1e9)]
            let run = TrialRun(
                world: world, signals: signals, trials: planned, costs: costs,
                execute: { [rank = world.rank, idle, seconds] (assignment, host) throws(Abandoned) in
                    let start = monotonicSeconds()
                    // On the idle rank as long as the other one may need to start up, or this rank would run both.
                    while monotonicSeconds() - start < (rank == idle ? 0.3 : seconds) {
                        try host.poll()
                        if rank == idle { usleep(1000) }
                    }
                    return TrialRun.result(of: assignment, rank: rank, seconds: monotonicSeconds() - start)
                })
            let before = clock()
            let elapsed = try run.run()
            let share = Double(clock() - before) / Double(CLOCKS_PER_SEC) / elapsed
            guard world.rank == idle else { return }
            guard elapsed > 0.9 * seconds else { throw BenchmarkError("both trials went to the idle rank") }
            print("share \(share)")
        }
    }
}
