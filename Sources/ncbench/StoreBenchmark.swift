import ArgumentParser
import Foundation
import MPI
import Results
import Runner
import Sweeps

/// No-op trials on all cores with a real store that commits to a real disk.
struct StoreRanks: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "store-ranks", shouldDisplay: false)

    @Option var trials = 50_000
    @Option var outcomes = 4
    @Option var directory: String

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        let ranks = max(2, Machine.cores)
        var rates: [Double] = []
        let directory = options.scratch + "/store"
        for _ in 0..<options.pairs {
            try? FileManager.default.removeItem(atPath: directory)
            let readings = try ChildProcess.ranks(ranks, ["store-ranks", "--directory", directory])
            rates.append(try readings.value("trials_per_second"))
        }
        let system = FileSystem.kind(of: directory).name
        try? FileManager.default.removeItem(atPath: directory)
        return [
            Figure(
                "no-op trials on \(ranks) ranks with the store committing (\(system))",
                "\(Int(median(rates))) trials/s", median(rates), atLeast: 10_000, "trials/s")
        ]
    }

    func run() throws {
        try TrialRun.withRanks { world, signals in
            let file = try TrialRun.sweep(trials)
            let plan = try file.expand()
            let outcomes = (0..<outcomes).map { Outcome(name: "outcome_\($0)", value: .real(0.5 + Double($0))) }
            var run = TrialRun(
                world: world, signals: signals, trials: plan.trials,
                costs: plan.trials.map { _ in Cost(family: "no-op", work: 1) },
                execute: { [rank = world.rank] (assignment, _) throws(Abandoned) in
                    TrialRun.result(of: assignment, rank: rank, outcomes: outcomes)
                })
            guard world.rank == 0 else {
                _ = try run.run()
                return
            }
            let store = try FilledStore.open(directory, plan, file)
            run.commit = { results, progress in
                try store.append(
                    results,
                    running: progress.running.map {
                        RunningTrial(id: $0.trial, rank: $0.rank, host: "bench", since: $0.since)
                    }, secondsLeft: progress.secondsLeft)
            }
            let seconds = try run.run()
            let stored = try store.storedTrials().count
            store.close()
            guard stored == trials else { throw BenchmarkError("\(stored) of \(trials) results were stored") }
            print("trials_per_second \(Double(trials) / seconds)")
        }
    }
}
