import ArgumentParser
import Foundation
import Runner

/// Measures what ncsweep promises of its speed, each figure beside its bar.
@main
struct NCBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ncbench", abstract: "Measure ncsweep against its bars, its peers and this machine's own bounds.",
        subcommands: [
            MeasureCommand.self, DispatchRanks.self, StoreRanks.self, MixedRanks.self, IdleRanks.self,
            ProductSpeed.self, EpochPairs.self, NetworkPairs.self, TeamRanks.self, AllReduceRanks.self,
            MetricsPairs.self, FilledStore.self, DescentPairs.self,
            AnswerPairs.self,
        ], defaultSubcommand: MeasureCommand.self)

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as BenchmarkError {
            FileHandle.standardError.write(Data("ncbench: \(error)\n".utf8))
            Foundation.exit(1)
        } catch {
            exit(withError: error)
        }
    }
}

/// The benchmarks, by the names of the command line.
enum Benchmark: String, CaseIterable, ExpressibleByArgument {
    case blas, dispatch, store, mixed, idle, mlp, networks, ranks, allreduce, metrics, startup, ufm

    func figures(_ options: MeasureOptions) throws -> [Figure] {
        switch self {
        case .blas: try ProductSpeed.figures(options)
        case .dispatch: try DispatchRanks.figures(options)
        case .store: try StoreRanks.figures(options)
        case .mixed: try MixedRanks.figures(options)
        case .idle: try IdleRanks.figures(options)
        case .metrics: try MetricsPairs.figures(options)
        case .mlp: try EpochPairs.figures(options)
        case .networks: try NetworkPairs.figures(options)
        case .ranks: try TeamRanks.figures(options)
        case .allreduce: try AllReduceRanks.figures(options)
        case .ufm: try DescentPairs.figures(options) + AnswerPairs.figures(options)
        case .startup: try FilledStore.figures(options)
        }
    }
}

struct MeasureOptions: ParsableArguments {
    @Option(help: "Python with torch and mpi4py, for the peers; without it they are left out.")
    var python: String?

    @Option(help: "The folder of the peers' scripts.")
    var scripts = "bench"

    @Option(help: "A folder on a real disk for stores and sweep files.")
    var scratch = "runs/bench"

    @Option(help: "Alternating repetitions of each comparison.")
    var pairs = 5
}

struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Measure; one line a figure, in the columns of a Markdown table.")

    @Argument(
        help: "\(Benchmark.allCases.map(\.rawValue).joined(separator: ", ")); all without a name.")
    var benchmarks: [Benchmark] = []

    @OptionGroup var options: MeasureOptions

    func validate() throws {
        guard options.pairs >= 1 else { throw ValidationError("--pairs \(options.pairs): give at least 1") }
    }

    func run() throws {
        Machine.describe()
        Figure.printHeader()
        var missed = 0
        for benchmark in benchmarks.isEmpty ? Benchmark.allCases : benchmarks {
            for figure in try benchmark.figures(options) {
                figure.print()
                if figure.isReached == false { missed += 1 }
            }
        }
        print("")
        print("\(missed == 0 ? "Every bar is reached" : "\(missed) missed"); \(Machine.load).")
    }
}
