import Foundation
import Programs

/// The checkout these tests are part of, and its documents.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Paths of all documents, README.md first.
    static func documents() throws -> [String] {
        let docs = try FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("docs").path)
        return ["README.md", "CHANGELOG.md"] + docs.filter { $0.hasSuffix(".md") }.sorted().map { "docs/" + $0 }
    }

    /// The program, built before the tests are run.
    static var program: URL { URL(fileURLWithPath: Programs.folder).appendingPathComponent("ncsweep") }
}

/// A fenced block of a document.
struct CodeBlock {
    let language: String
    let lines: [String]

    /// All blocks of a text, in order.
    static func all(in text: String) -> [CodeBlock] {
        var blocks: [CodeBlock] = []
        var open: (language: String, lines: [String])?
        for line in text.components(separatedBy: "\n") {
            if line.hasPrefix("```") {
                if let block = open {
                    blocks.append(CodeBlock(language: block.language, lines: block.lines))
                    open = nil
                } else {
                    open = (String(line.dropFirst(3)), [])
                }
            } else {
                open?.lines.append(line)
            }
        }
        return blocks
    }

    /// The name of the file the block shows, from a first line `# name.yaml`.
    var fileName: String? {
        guard let first = lines.first, first.hasPrefix("# "), first.hasSuffix(".yaml") else { return nil }
        return String(first.dropFirst(2))
    }
}

/// A new folder that goes with the value.
final class ScratchFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("ncsweep-documents-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}

/// A command as the reader of a document would type it.
struct ShellCommand {
    let exitCode: Int32
    /// Standard output and standard error.
    let output: String

    /// Runs `text` with `sh -c` in `folder`; the program under test comes first on PATH.
    init(_ text: String, in folder: URL) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", text]
        process.currentDirectoryURL = folder
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = Repository.program.deletingLastPathComponent().path + ":" + (environment["PATH"] ?? "")
        // Open MPI refuses root, and more ranks than cores.
        environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
        environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
        environment["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
        process.environment = environment
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        exitCode = process.terminationStatus
    }
}
