import ArgumentParser
import Foundation
import Reports
import Runner
import Sweeps

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what a sweep file asks for, without running it.")

    @Argument(help: "The sweep file.")
    var file: String

    @Option(help: "Ranks to predict the time for.")
    var ranks = 1

    @OptionGroup var data: DataOptions

    func validate() throws {
        guard ranks >= 1 else { throw ValidationError("--ranks \(ranks): give a whole number of at least 1") }
    }

    func run() throws {
        let sweep = try SweepFile.load(path: file)
        let builder = TrialBuilder(dataSets: data.shelf)
        let plan = try sweep.expand(check: builder.check, reporting: TrialBuilder.reports)
        try builder.checkExecution(of: plan, in: sweep, ranks: nil)
        let seconds = plan.trials.map { CostModel().seconds(builder.cost(of: $0.trial)) }
        let report = PlanReport(sweep, plan, seconds: seconds, ranks: ranks)
        try StandardOutput.write { try $0.write(report.text(width: StandardOutput.terminalWidth ?? 100)) }
    }
}

/// Where data sets are looked for.
struct DataOptions: ParsableArguments {
    @Option(
        name: .customLong("data"), help: "Folder of data sets, looked into before $NCSWEEP_DATA and the system's.")
    var folder: String?

    func validate() throws {
        guard let folder else { return }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw ValidationError("--data \(folder): there is no such folder; check the path")
        }
    }

    var shelf: DataSetShelf { DataSetShelf(folder: folder, environmentFolder: Environment.dataFolder) }
    var catalogue: DataSetCatalogue { DataSetCatalogue(folder: folder, environmentFolder: Environment.dataFolder) }
}
