import ArgumentParser
import Foundation
import Results
import Runner
import Sweeps

/// What a large sweep costs before and after its trials: planning, and a start with everything stored already.
struct FilledStore: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "filled-store", shouldDisplay: false)

    @Option var sweep: String
    @Option var directory: String

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        let files = FileManager.default
        let (finished, large) = (options.scratch + "/finished.yaml", options.scratch + "/large.yaml")
        let directory = options.scratch + "/finished"
        try files.createDirectory(atPath: options.scratch, withIntermediateDirectories: true)
        defer { for path in [finished, large, directory] { try? files.removeItem(atPath: path) } }
        try? files.removeItem(atPath: directory)
        try TrialRun.sweepText(100_000).write(toFile: finished, atomically: true, encoding: .utf8)
        let grid =
            "problem: ufm\nK: 4\nn: 10\ngrid:\n  d: range(3, 13)\n  lambda: logspace(1e-5, 1e-1, 100)\nseeds: 1000\n"
        try grid.write(toFile: large, atomically: true, encoding: .utf8)
        _ = try ChildProcess.run(
            ChildProcess.ownPath, ["filled-store", "--sweep", finished, "--directory", directory])
        return [
            Figure(
                "ncsweep run on a finished sweep of 100,000 trials",
                Figure.text(try seconds(["run", finished, "--out", directory])) + " s"),
            Figure("ncsweep plan of 10⁶ combinations", Figure.text(try seconds(["plan", large])) + " s"),
            Figure("ncsweep --version: starting the program", Figure.text(try seconds(["--version"])) + " s"),
        ]
    }

    /// Of the program, from start to end.
    private static func seconds(_ arguments: [String]) throws -> Double {
        try median(
            (0..<3).map { _ in
                let start = monotonicSeconds()
                _ = try ChildProcess.run(ChildProcess.ncsweepPath, arguments)
                return monotonicSeconds() - start
            })
    }

    /// Stores a result for every trial of the sweep file.
    func run() throws {
        let file = try SweepFile.load(path: sweep)
        let plan = try file.expand()
        let store = try Self.open(directory, plan, file)
        let outcomes = (0..<4).map { Outcome(name: "outcome_\($0)", value: .real(0.5 + Double($0))) }
        let results = plan.trials.map { planned in
            TrialResult(
                id: planned.trial.id, state: .done, outcomes: outcomes, started: wallSeconds(), seconds: 0.001,
                host: "bench", rank: 0)
        }
        try store.append(results)
        try store.finish(.finished)
        store.close()
    }

    /// A store with the plan of this sweep, ready for results.
    static func open(_ directory: String, _ plan: Plan, _ file: SweepFile) throws -> ResultsStore {
        let store = try ResultsStore(directory: directory)
        let info = SessionInfo(
            ranks: 1, host: "bench", pid: Int(ProcessInfo.processInfo.processIdentifier), program: Program.version,
            revision: Program.revision, mpi: "", blas: "", blasKernel: "", blasThreads: 1, cpu: BLASKernel.cpuName,
            sweepPath: file.path, sweepText: file.text)
        try store.begin(
            info,
            plan: plan.trials.map { planned in
                PlanEntry(trial: planned.trial, blocks: planned.blocks.map { file.blocks[$0].name })
            })
        return store
    }
}
