import Foundation

/// A benchmark that could not be run, in one line.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What a child process measured: lines of a name and a number.
struct Readings {
    private let values: [String: Double]
    private let source: String

    init(parsing text: String, from source: String) {
        var values: [String: Double] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let value = Double(words[1]) { values[String(words[0])] = value }
        }
        self.values = values
        self.source = source
    }

    func value(_ name: String) throws -> Double {
        guard let value = values[name] else { throw BenchmarkError("\(source) printed no '\(name)'") }
        return value
    }
}

/// Starts programs and waits for them. Everything is measured in a process of its own, as users run it.
enum ChildProcess {
    static let ownPath = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path

    /// The program under test, built beside this one.
    static var ncsweepPath: String {
        URL(fileURLWithPath: ownPath).deletingLastPathComponent().appendingPathComponent("ncsweep").path
    }

    /// This program's readings of sides that take turns, all of them on one core: the cores of a shared machine slow down
    /// one by one, and sides that meet different ones are not compared.
    static func onOneCore(_ arguments: [String], removing: [String] = []) throws -> Readings {
        let text = try run("taskset", ["--cpu-list", Machine.lastCore, ownPath] + arguments, removing: removing)
        return Readings(parsing: text, from: arguments.first ?? "ncbench")
    }

    /// This program's readings on `ranks` ranks.
    ///
    /// - Parameter options: of `mpirun`.
    static func ranks(_ ranks: Int, _ arguments: [String], options: [String] = []) throws -> Readings {
        try mpirun(ranks, [ownPath] + arguments, options: options)
    }

    static func mpirun(_ ranks: Int, _ command: [String], options: [String] = []) throws -> Readings {
        let text = try run("mpirun", ["--quiet", "--oversubscribe"] + options + ["-n", "\(ranks)"] + command)
        return Readings(parsing: text, from: command.joined(separator: " "))
    }

    /// Standard output of a program that must succeed.
    ///
    /// - Parameter removing: variables its environment shall not have.
    static func run(
        _ program: String, _ arguments: [String], adding variables: [String: String] = [:], removing: [String] = []
    ) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        var environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        for name in removing { environment[name] = nil }
        process.environment = environment
        let (output, errors) = (
            Pipe(), FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        )
        _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: errors) }
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let said = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
            let last = said.split(separator: "\n").last.map { ": \($0)" } ?? ""
            throw BenchmarkError(
                "'\(program) \(arguments.joined(separator: " "))' ended with \(process.terminationStatus)\(last)")
        }
        return text
    }
}
