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
            DoctorCommand.self, ProductSpeedCommand.self,
        ])

    static func main() {
        // Every rank reads the same command line; what is wrong with it is said once.
        if MPIEnvironment.launchedRank != 0 { silenceStandardError() }
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error where isOfTheCommandLine(error) {
            exit(withError: error)
        } catch {
            printError(error)
            Foundation.exit(1)
        }
    }

    /// Whether ArgumentParser made the error: a wrong option, a request for help, an exit code.
    private static func isOfTheCommandLine(_ error: any Error) -> Bool {
        let type = String(reflecting: type(of: error))
        return type.hasPrefix("ArgumentParser.")
    }

    private static func silenceStandardError() {
        let nowhere = open("/dev/null", O_WRONLY)
        if nowhere >= 0 { dup2(nowhere, STDERR_FILENO) }
    }
}
