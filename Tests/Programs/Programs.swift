import Foundation

public enum Programs {
    /// Where the built programs lie: beside the test bundle.
    public static var folder: String {
        let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().path
    }

    /// Runs a program to its end.
    public static func run(
        _ program: String, _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:],
        directory: String? = nil, atMostSeconds limit: Double = 60
    ) throws -> RunningProgram.Ending {
        try RunningProgram(program, arguments, ranks: ranks, environment: environment, directory: directory)
            .wait(atMostSeconds: limit)
    }
}

/// What the kernel knows of processes.
public enum Processes {
    public static func children(of parent: Int32) -> [Int32] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { Int32($0) }.filter { statistics(of: $0)?[1] == "\(parent)" }.sorted()
    }

    /// Whether the process is there and no zombie.
    public static func isAlive(_ id: Int32) -> Bool { statistics(of: id).map { $0[0] != "Z" } ?? false }

    /// CPU time used so far, in seconds.
    public static func cpuSeconds(of id: Int32) -> Double? {
        guard let fields = statistics(of: id), let user = Double(fields[11]), let system = Double(fields[12]) else {
            return nil
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The fields of /proc/ID/stat after the name, from the state on.
    private static func statistics(of id: Int32) -> [Substring]? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(id)/stat") else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        guard let name = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: name)...].split(separator: " ")
    }
}

/// A folder of one test, removed with it.
public final class TemporaryFolder: Sendable {
    public let path: String

    public init() throws {
        path = NSTemporaryDirectory() + "ncsweep-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// Writes a file and returns its path.
    public func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: path + "/" + name, atomically: false, encoding: .utf8)
        return path + "/" + name
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
