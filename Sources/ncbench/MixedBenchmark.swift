import ArgumentParser
import Foundation
import MPI
import RandomNumbers
import Results
import Runner
import Sweeps

/// Trials of 50–500 ms on all cores, against the longest-first schedule that knows every duration.
struct MixedRanks: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "mixed-ranks", shouldDisplay: false)

    @Option var trials = 200
    @Option(help: "The largest relative error of a prediction.") var error = 0.0
    @Option(help: "Seconds of work between two polls.") var slice = 0.001
    @Option var seed: UInt64 = 1

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        var figures: [Figure] = []
        for (error, slice) in [(0.0, 0.001), (0.2, 0.001), (0.0, 0.02), (0.2, 0.02)] {
            var shares: [Double] = []
            for seed in 1...2 {
                let readings = try ChildProcess.ranks(
                    max(2, Machine.cores),
                    ["mixed-ranks", "--error", "\(error)", "--slice", "\(slice)", "--seed", "\(seed)"])
                shares.append(100 * (try readings.value("bound")) / (try readings.value("makespan")))
            }
            let costs = error == 0 ? "costs known" : "costs known to ±\(Int(100 * error)) %"
            figures.append(
                Figure(
                    "200 trials of 50–500 ms, steps of \(Int(1000 * slice)) ms, \(costs): share of the longest-first bound",
                    String(format: "%.1f %% (worse of 2: %.1f %%)", median(shares), shares.min()!), median(shares),
                    atLeast: 95, "%"))
        }
        return figures
    }

    func run() throws {
        try TrialRun.withRanks { world, signals in
            let planned = try TrialRun.plannedTrials(trials)
            let random = Philox(seed: seed, purpose: .sweep("mixed"))
            let durations = planned.indices.map { 0.05 + 0.45 * random.uniform(at: UInt64(2 * $0)) }
            let costs = durations.enumerated().map { index, seconds in
                let factor = 1 + error * (2 * random.uniform(at: UInt64(2 * index + 1)) - 1)
                // By its first guess of the operations a second, the scheduler predicts seconds right from the start.
                return Cost(family: "mixed", work: 2e9 * seconds * factor)
            }
            var worked: [Double] = []
            var run = TrialRun(
                world: world, signals: signals, trials: planned, costs: costs,
                execute: { [rank = world.rank, slice] (assignment, host) throws(Abandoned) in
                    let start = monotonicSeconds()
                    let seconds = try Self.work(durations[assignment.task], slice: slice, host)
                    return TrialRun.result(
                        of: assignment, rank: rank, seconds: monotonicSeconds() - start,
                        outcomes: [Outcome(name: "worked", value: .real(seconds))])
                })
            run.commit = { results, _ in
                for case .real(let seconds)? in results.map(\.outcomes.first?.value) { worked.append(seconds) }
            }
            let makespan = try run.run()
            guard world.rank == 0 else { return }
            guard worked.count == trials else { throw BenchmarkError("\(worked.count) of \(trials) trials ended") }
            print("makespan \(makespan)")
            print("bound \(Self.longestFirstMakespan(worked, ranks: world.size))")
        }
    }

    /// Computes for `seconds` in slices with a poll between them, as trials do. Returns the seconds of the slices
    /// alone: what the host does in between, and all waiting, counts against the scheduler.
    private static func work(_ seconds: Double, slice: Double, _ host: any TrialHost) throws(Abandoned) -> Double {
        var worked = 0.0
        while worked < seconds {
            try host.poll()
            let start = monotonicSeconds()
            var now = start
            let length = min(slice, seconds - worked)
            while now - start < length { now = monotonicSeconds() }
            worked += now - start
        }
        return worked
    }

    /// When the last rank ends if each trial, the longest first, goes to the rank that is free first.
    static func longestFirstMakespan(_ durations: [Double], ranks: Int) -> Double {
        var ends = Array(repeating: 0.0, count: ranks)
        for duration in durations.sorted(by: >) {
            let first = ends.indices.min { ends[$0] < ends[$1] }!
            ends[first] += duration
        }
        return ends.max()!
    }
}
