import ArgumentParser
import Reports
import Results

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how far a sweep is, and whether it runs.")

    @Argument(help: "The folder the sweep writes to.")
    var directory: String

    func run() throws {
        let report = try StatusReport(StoredResults(directory: directory))
        try StandardOutput.write { try $0.write(report.text(width: StandardOutput.terminalWidth ?? .max)) }
    }
}
