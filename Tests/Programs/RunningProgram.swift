import Foundation

/// A program under test, started alone or with its ranks under mpirun; what it prints goes to files of its own.
public final class RunningProgram {
    /// How a program ended.
    public struct Ending: Sendable {
        /// As a shell would say it: 128 and the signal's number where one ended it.
        public let code: Int
        public let output: String
        public let errors: String
        /// Since the start.
        public let seconds: Double

        public var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
    }

    /// The program ran longer than allowed and was ended by force.
    public struct TimedOut: Error, CustomStringConvertible {
        public let description: String
    }

    private let process = Process()
    private let folder: TemporaryFolder
    private let started = Date()
    private let command: String

    /// - Parameters:
    ///   - program: next to the test bundle, or a path.
    ///   - ranks: with mpirun that many; nil without mpirun.
    public init(
        _ program: String, _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:],
        directory: String? = nil
    ) throws {
        folder = try TemporaryFolder()
        let path = program.contains("/") ? program : Programs.folder + "/" + program
        var command = [path] + arguments
        if let ranks { command = ["mpirun", "--quiet", "--oversubscribe", "-n", "\(ranks)"] + command }
        self.command = command.joined(separator: " ")
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        var variables = ProcessInfo.processInfo.environment
        variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
        variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
        // What Open MPI leaves behind when it is killed (some 8 MB) goes with this folder.
        variables["OMPI_MCA_orte_tmpdir_base"] = folder.path
        variables["OMPI_MCA_btl_vader_backing_directory"] = folder.path
        process.environment = variables.merging(environment) { $1 }
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try Self.file(folder.path + "/output")
        process.standardError = try Self.file(folder.path + "/errors")
        try Self.withSignalsOpen { try process.run() }
    }

    /// The threads that run tests block signals, and a program inherits what its parent's thread blocks.
    private static func withSignalsOpen(_ body: () throws -> Void) rethrows {
        var (none, before) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    deinit { if process.isRunning { killEverything() } }

    private static func file(_ path: String) throws -> FileHandle {
        try Data().write(to: URL(fileURLWithPath: path))
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }

    public var id: Int32 { process.processIdentifier }
    public var isRunning: Bool { process.isRunning }
    public var secondsSinceStart: Double { Date().timeIntervalSince(started) }
    public var errorsSoFar: String { Self.text(folder.path + "/errors") }

    /// The processes mpirun has started.
    public var ranks: [Int32] { Processes.children(of: id) }

    public func signal(_ number: Int32) { if process.isRunning { kill(id, number) } }

    /// SIGKILL to mpirun and all its ranks, or to a lone process.
    public func killEverything() {
        let children = ranks
        kill(id, SIGKILL)
        for child in children { kill(child, SIGKILL) }
    }

    /// Waits for the end; a program that takes longer is killed.
    public func wait(atMostSeconds limit: Double = 60) throws -> Ending {
        let deadline = Date().addingTimeInterval(limit)
        while process.isRunning {
            guard Date() < deadline else {
                killEverything()
                throw TimedOut(description: "still running after \(limit) s: \(command)\n\(errorsSoFar)")
            }
            usleep(2_000)
        }
        let code = Int(process.terminationStatus) + (process.terminationReason == .uncaughtSignal ? 128 : 0)
        return Ending(
            code: code, output: Self.text(folder.path + "/output"), errors: errorsSoFar, seconds: secondsSinceStart)
    }

    /// Waits until `condition` holds; throws when it does not in time or the program ends before.
    public func wait(atMostSeconds limit: Double = 30, until condition: () throws -> Bool) throws {
        let deadline = Date().addingTimeInterval(limit)
        while try !condition() {
            guard process.isRunning, Date() < deadline else {
                throw TimedOut(description: "waited in vain for \(command)\n\(errorsSoFar)")
            }
            usleep(2_000)
        }
    }

    private static func text(_ path: String) -> String {
        (try? Data(contentsOf: URL(fileURLWithPath: path))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
