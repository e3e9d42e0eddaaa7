import ArgumentParser
import Reports
import Results

extension TableFormat: ExpressibleByArgument {}

struct ResultsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "results", abstract: "Show the results of a sweep, finished or not.")

    @Argument(help: "The folder the sweep wrote to.")
    var directory: String

    @Option(help: "table, csv or json.")
    var format: TableFormat = .table

    @Option(name: .customLong("where"), help: "Show only trials for which this holds, as in \"K == 4 and gap > 1e-6\".")
    var condition: String?

    @Option(help: "Which columns, in which order: \"K,d,gap\".")
    var columns: String?

    @Flag(help: "Fold trials that differ in the seed alone: means, standard errors, counts.")
    var seeds = false

    func run() throws {
        let results = try StoredResults(directory: directory)
        let report = ResultsReport(
            format: format,
            columns: columns?.split(separator: ",").map { $0.trimmingPrefix(while: \.isWhitespace) }.map(String.init),
            foldsSeeds: seeds, width: StandardOutput.terminalWidth)
        let predicate = try condition.map { try RowFilter(parsing: $0, columns: results.columns).keeps }
        try StandardOutput.write { output in try report.write(results, where: predicate) { try output.write($0) } }
    }
}
