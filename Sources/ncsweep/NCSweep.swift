import ArgumentParser
import Foundation
import MPI
import Runner

@main
struct NCSweep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ncsweep",
        abstract: "Sweeps of neural-collapse experiments over MPI, checked against theory.",
        version: "ncsweep \(Program.version) (\(Program.revision), \(Program.compiledFor))",
        subcommands: [
            PlanCommand.self, RunCommand.self, StatusCommand.self, ResultsCommand.self, MeasurementsCommand.self,
            ClaimsCommand.self, DataCommand.self, MeasureCommand.self, ExportCommand.self, DoctorCommand.self,
            ProductSpeedCommand.self,
        ])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            // Every rank meets the same mistake; it is said once.
            guard MPIEnvironment.launchedRank == 0 else { Foundation.exit(exitCode(of: error)) }
            if isOfTheCommandLine(error) { exit(withError: error) }
            printError(error)
            Foundation.exit(exitCode(of: error))
        }
    }

    private static func exitCode(of error: any Error) -> Int32 {
        isOfTheCommandLine(error) ? exitCode(for: error).rawValue : 1
    }

    /// Whether ArgumentParser made the error: a wrong option, a request for help, an exit code.
    private static func isOfTheCommandLine(_ error: any Error) -> Bool {
        let type = String(reflecting: type(of: error))
        return type.hasPrefix("ArgumentParser.")
    }
}
