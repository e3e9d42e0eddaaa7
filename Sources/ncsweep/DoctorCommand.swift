import ArgumentParser
import LinearAlgebra
import MPI
import Reports
import Runner

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look at the machine: what is wrong for a sweep, and what to do about it.")

    @Option(name: .customLong("out"), help: "Folder that results would go to.")
    var directory = "runs"

    @OptionGroup var data: DataOptions

    func run() throws {
        let doctor = Doctor(directory: directory, dataSets: data.shelf)
        let isWell = withMPI { world in
            let findings = doctor.examine(world: world)
            guard world.rank == 0 else { return true }
            for finding in findings {
                print("\(finding.advice == nil ? "ok   " : "CHECK") \(finding.subject): \(finding.state)")
                if let advice = finding.advice { print("      \(advice)") }
            }
            return findings.allSatisfy { $0.advice == nil }
        }
        if !isWell { throw ExitCode(1) }
    }
}

/// What `doctor` starts in processes of their own, to try OpenBLAS's kernels.
struct ProductSpeedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "product-speed", shouldDisplay: false)

    func run() throws { print(Doctor.productSpeed()) }
}
