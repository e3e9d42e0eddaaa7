import ArgumentParser
import Foundation
import Reports
import Results
import Runner
import Sweeps

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

    @Flag(help: "Fold trials that differ in the seed alone: means, standard errors (…_se), numbers of trials (…_n).")
    var seeds = false

    @Flag(help: "Show also trials that are not in the sweep as last run.")
    var all = false

    func run() throws {
        let results = try StoredResults(directory: directory)
        let report = ResultsReport(
            format: format, columns: columns.map(columnNames), possible: TrialBuilder.reportedColumns,
            foldsSeeds: seeds, scope: all ? .all : .lastPlan,
            width: StandardOutput.terminalWidth)
        let predicate = try condition.map { try rowFilter($0, of: results).keeps }
        try StandardOutput.write { output in try report.write(results, where: predicate) { try output.write($0) } }
        if !all { try tellLeftOut(of: results) }
    }
}

/// A condition over the columns that the results have or may yet have, in the words of the sweep file as last run.
func rowFilter(_ condition: String, of results: StoredResults) throws -> RowFilter {
    let info = try results.sessions().last?.info
    return try RowFilter(
        parsing: condition, columns: results.columns, possible: TrialBuilder.reportedColumns,
        file: info.flatMap { try? SweepFile.parse($0.sweepText, path: $0.sweepPath) })
}

/// The names in a list such as "K, d,gap".
func columnNames(_ list: String) -> [String] {
    list.split(separator: ",").map { name in
        name.trimmingCharacters(in: .whitespaces)
    }
}

/// Says that trials were left out, where some were.
func tellLeftOut(of results: StoredResults) throws {
    let count = try results.unplannedCount()
    guard count > 0 else { return }
    let trials = count == 1 ? "1 stored trial is" : "\(count) stored trials are"
    printLine("\(trials) not in the sweep as last run; --all shows \(count == 1 ? "it" : "them")")
}
