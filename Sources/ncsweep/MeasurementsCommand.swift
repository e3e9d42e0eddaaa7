import ArgumentParser
import Reports
import Results
import Runner
import Sweeps

struct MeasurementsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measurements", abstract: "Show what was measured during the trials of a sweep.")

    @Argument(help: "The folder the sweep wrote to.")
    var directory: String

    @Option(help: "Only this trial: its id as 'ncsweep results' shows it, or the beginning of it.")
    var trial: String?

    @Option(help: "Only this metric.")
    var metric: String?

    @Option(help: "Only this layer.")
    var layer: String?

    @Option(help: "Only this split: train or test.")
    var split: String?

    @Option(name: .customLong("where"), help: "Only of trials for which this holds, as in \"K == 4 and gap > 1e-6\".")
    var condition: String?

    @Option(help: "Columns of the trial to show beside its name: \"architecture,lambda\".")
    var columns: String?

    @Option(help: "table, csv or json.")
    var format: TableFormat = .table

    @Flag(help: "Show also trials that are not in the sweep as last run.")
    var all = false

    func run() throws {
        let results = try StoredResults(directory: directory)
        let trial = try trial.map { try results.trial(named: $0).id }
        // A trial asked for by name is shown whatever the sweep file asks for.
        let showsAll = all || trial != nil
        let report = MeasurementsReport(
            format: format, filter: MeasurementFilter(trial: trial, metric: metric, layer: layer, split: split),
            trialColumns: columns.map(columnNames) ?? [], scope: showsAll ? .all : .lastPlan,
            width: StandardOutput.terminalWidth)
        let predicate = try condition.map { try rowFilter($0, of: results).keeps }
        try StandardOutput.write { output in try report.write(results, where: predicate) { try output.write($0) } }
        if !showsAll { try tellLeftOut(of: results) }
    }
}
