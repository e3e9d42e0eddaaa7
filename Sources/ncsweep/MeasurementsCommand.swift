import ArgumentParser
import Reports
import Results
import Sweeps

extension TrialID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

struct MeasurementsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measurements", abstract: "Show what was measured during the trials of a sweep.")

    @Argument(help: "The folder the sweep wrote to.")
    var directory: String

    @Option(help: "Only this trial: 16 hexadecimal digits, as 'ncsweep results' shows them.")
    var trial: TrialID?

    @Option(help: "Only this metric.")
    var metric: String?

    @Option(help: "Only this layer.")
    var layer: String?

    @Option(help: "Only this split: train or test.")
    var split: String?

    @Option(help: "table, csv or json.")
    var format: TableFormat = .table

    func run() throws {
        let results = try StoredResults(directory: directory)
        let report = MeasurementsReport(
            format: format, filter: MeasurementFilter(trial: trial, metric: metric, layer: layer, split: split),
            width: StandardOutput.terminalWidth)
        try StandardOutput.write { output in try report.write(results) { try output.write($0) } }
    }
}
