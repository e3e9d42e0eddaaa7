import ArgumentParser
import Reports
import Results
import Runner
import Sweeps

struct ClaimsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claims", abstract: "Judge again the claims of a sweep's file by its results.",
        discussion: """
            The file is the one that was last run, as it was then: with other claims, run the sweep again, which judges \
            them and runs no trial twice. The exit code is \(failureCode) if a claim fails.
            """)

    /// The exit code where results do not bear out a claim, or contradict theory.
    static let failureCode = 3

    @Argument(help: "The folder the sweep wrote to.")
    var directory: String

    func run() throws {
        let results = try StoredResults(directory: directory)
        guard let session = try results.sessions().last else {
            throw ReportError("\(directory): no session has begun; start the sweep with 'ncsweep run'")
        }
        let left = session.planned - session.counts.ended
        guard left <= 0 else {
            throw ReportError(
                "\(directory): \(left) of \(session.planned) trials have no result yet; claims are judged when all have"
            )
        }
        let file = try SweepFile.parse(session.info.sweepText, path: session.info.sweepPath)
        guard file.claimCount > 0 else {
            printLine("\(session.info.sweepPath) claims nothing; see 'Claims' in docs/SWEEPS.md")
            return
        }
        throw ExitCode(Int32(try Self.judge(file, by: results)))
    }

    /// Prints what contradicts theory and how the claims of a file fare, if there are any, and returns the exit code.
    static func judge(_ file: SweepFile, by results: StoredResults) throws -> Int {
        let contradictions = try ContradictionsReport(results)
        try StandardOutput.write { try $0.write(contradictions.text) }
        let code = try judgeClaims(of: file, by: results)
        return contradictions.count > 0 ? failureCode : code
    }

    private static func judgeClaims(of file: SweepFile, by results: StoredResults) throws -> Int {
        guard file.claimCount > 0 else { return 0 }
        let report = try ClaimsReport(file.claims(reporting: TrialBuilder.reports), on: results)
        try StandardOutput.write { try $0.write(report.text(width: StandardOutput.terminalWidth ?? 100)) }
        return report.failures == 0 ? 0 : failureCode
    }
}
