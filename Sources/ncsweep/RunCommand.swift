import ArgumentParser
import LinearAlgebra
import MPI
import Reports
import Results
import Runner
import Sweeps

#if canImport(Glibc)
    import Glibc
#endif

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Start a sweep, or go on with one; alone or under mpirun or srun.",
        discussion: """
            Trials that have a result in the folder are not run again. SIGINT and SIGTERM stop the sweep with all \
            finished trials stored; the exit code is then 130 or 143. When all trials have ended, the claims under \
            'expect' in the sweep file are judged; the exit code is \(ClaimsCommand.failureCode) if one fails, \
            or a trial contradicts theory.
            """)

    @Argument(help: "The sweep file.")
    var file: String

    @Option(name: .customLong("out"), help: "Folder of the results (default: runs/<name of the sweep>).")
    var directory: String?

    @OptionGroup var data: DataOptions

    @Flag(help: "Stop at the first trial that fails or diverges.")
    var failFast = false

    @Option(help: "Stop when more trials than this have failed or diverged: a number, or a share such as 5%.")
    var maxFails: MaxFails?

    @Flag(help: "Run trials again that failed or diverged in an earlier run.")
    var retryFailed = false

    func validate() throws {
        guard !failFast || maxFails == nil else {
            throw ValidationError("--fail-fast is --max-fails 0; give one of them")
        }
        guard directory != "" else { throw ValidationError("--out is empty; name a folder") }
    }

    func run() throws {
        let signals = StopSignals(isLaunched: MPIEnvironment.isLaunched)
        BLASKernel.correctOrContinue()
        signals.watch()
        OpenBLAS.useOneThread()
        guard OpenBLAS.reserveMemory() else {
            printLine("no room for matrix products: a limit leaves less than 144 MB of memory; raise it (ulimit -v)")
            throw ExitCode(1)
        }
        let options = options
        let code = withMPI { world in
            do {
                return try runSweep(options, world, signals)
            } catch let failure as SweepFailure {
                printError(failure.error)
                if failure.hasLostRanks { world.abort(code: 1) }
                return 1
            } catch {
                // The same error on all ranks.
                if world.rank == 0 { printError(error) }
                return 1
            }
        }
        throw ExitCode(Int32(code))
    }

    private var options: RunOptions {
        var options = RunOptions(sweepPath: file)
        options.directory = directory
        options.dataFolder = data.folder
        options.environmentDataFolder = Environment.dataFolder
        options.limit = failFast ? .count(0) : maxFails?.limit ?? .none
        options.retriesFailed = retryFailed
        return options
    }

    /// The exit code.
    private func runSweep(_ options: RunOptions, _ world: Communicator, _ signals: StopSignals) throws -> Int {
        let display = ProgressDisplay()
        let outcome = try SweepRun(options, world: world, signals: signals).run(
            announce: { display.announce($0, ranks: world.size) }, report: display.show)
        display.end()
        guard let outcome else { return 0 }
        let results = try StoredResults(directory: outcome.directory)
        let summary = SummaryReport(results)
        try StandardOutput.write { try $0.write(summary.text(width: StandardOutput.terminalWidth ?? 100)) }
        let code = try explain(outcome, world) ?? ClaimsCommand.judge(outcome.file, by: results)
        if outcome.hasLostRanks { world.abort(code: code) }
        return code
    }

    /// Says why the sweep ended before all trials had, and returns the exit code; nil where they have.
    private func explain(_ outcome: RunOutcome, _ world: Communicator) -> Int? {
        if outcome.end != .complete, outcome.file.claimCount > 0 {
            printLine("the claims of \(file) are not judged before all trials have ended")
        }
        switch outcome.end {
        case .complete:
            return nil
        case .signalled(let signal):
            // mpirun makes SIGTERM of ctrl-C.
            let name = signal == SIGINT ? "SIGINT" : "SIGTERM"
            printLine(
                "stopped by \(name), with all that had finished stored; to go on: \(resumeCommand(ranks: world.size))")
            return 128 + signal
        case .tooManyFailures:
            let count = outcome.progress.failed + outcome.progress.diverged
            printLine("stopped: \(count) trial\(count == 1 ? "" : "s") failed or diverged")
            return 1
        }
    }

    private func resumeCommand(ranks: Int) -> String {
        (ranks > 1 ? "mpirun -n \(ranks) " : "") + "ncsweep run \(file)" + (directory.map { " --out \($0)" } ?? "")
    }
}
