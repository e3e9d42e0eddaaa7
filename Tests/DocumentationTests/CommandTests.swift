import Foundation
import Testing

/// Every command that README.md tells the reader to type is run, in order, in one folder.
@Suite struct CommandTests {
    /// Commands that cannot be run here, by their first words, and what is looked at instead.
    enum Exception: String, CaseIterable {
        /// They build and test this very checkout; that they work is what continuous integration shows.
        case make
        /// Needs gnuplot, which the program does not. Where there is gnuplot it is run.
        case plot = "scripts/plot-collapse.sh"
        /// Needs a batch system; `make slurm-test` has one.
        case sbatch

        func check(_ command: String, in folder: URL) throws {
            let words = command.split(separator: " ").map(String.init)
            switch self {
            case .make:
                let result = try ShellCommand("\(words[0]) -n \(words[1])", in: Repository.root)
                #expect(result.exitCode == 0, "\(command): \(result.output)")
            case .plot:
                let hasGnuplot = try ShellCommand("command -v gnuplot", in: folder).exitCode == 0
                let result = try ShellCommand(hasGnuplot ? command : "sh -n \(words[0])", in: folder)
                #expect(result.exitCode == 0, "\(command): \(result.output)")
            case .sbatch:
                let template = try #require(words.first { $0.hasSuffix(".sbatch") })
                let result = try ShellCommand("bash -n \(template)", in: Repository.root)
                #expect(result.exitCode == 0, "\(command): \(result.output)")
            }
        }
    }

    /// The lines of `sh` blocks, those that end in a backslash joined.
    static func commands(of block: CodeBlock) -> [String] {
        block.lines.joined(separator: "\n").replacingOccurrences(of: "\\\n", with: " ").split(separator: "\n")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
    }

    @Test func everyCommandOfTheReadmeWorks() throws {
        try #require(
            FileManager.default.isExecutableFile(atPath: Repository.program.path), "no program: run 'make build' first")
        let folder = try ScratchFolder()
        for name in ["sweeps", "scripts", "slurm"] {
            try FileManager.default.createSymbolicLink(
                at: folder.url.appendingPathComponent(name),
                withDestinationURL: Repository.root.appendingPathComponent(name))
        }
        var (commands, files) = (0, 0)
        for block in CodeBlock.all(in: try Repository.text("README.md")) {
            if block.language == "yaml" {
                let name = try #require(block.fileName, "a sweep file's first line is '# name.yaml'")
                let text = block.lines.joined(separator: "\n") + "\n"
                try text.write(to: folder.url.appendingPathComponent(name), atomically: true, encoding: .utf8)
                files += 1
            }
            guard block.language == "sh" else { continue }
            for command in Self.commands(of: block) {
                commands += 1
                if let exception = Exception.allCases.first(where: { command.hasPrefix($0.rawValue + " ") }) {
                    try exception.check(command, in: folder.url)
                } else {
                    let result = try ShellCommand(command, in: folder.url)
                    #expect(result.exitCode == 0, "\(command)\n\(result.output)")
                }
            }
        }
        #expect(commands >= 15 && files >= 2, "the README has lost its commands")
    }

    /// The table after the first `results` command has the lines it shows, dots aside.
    @Test func theResultsShownAreTheResultsGiven() throws {
        let folder = try ScratchFolder()
        let blocks = CodeBlock.all(in: try Repository.text("README.md"))
        let sweep = try #require(blocks.first { $0.fileName == "width.yaml" })
        try (sweep.lines.joined(separator: "\n") + "\n").write(
            to: folder.url.appendingPathComponent("width.yaml"), atomically: true, encoding: .utf8)
        let shown = try #require(blocks.first { $0.language == "text" })
        let command = try #require(
            blocks.filter { $0.language == "sh" }.flatMap(Self.commands).first { $0.hasPrefix("ncsweep results") })
        #expect(try ShellCommand("ncsweep run width.yaml", in: folder.url).exitCode == 0)
        let given = try ShellCommand(command, in: folder.url).output
        // Of a gap of rounding and a metric of 1e-22 the digits depend on the machine; what is before them does not.
        func settled(_ line: String) -> [Substring] { Array(line.split(separator: " ").prefix(5)) }
        let lines = given.split(separator: "\n").map { settled(String($0)) }
        for line in shown.lines where line != "…" {
            #expect(lines.contains(settled(line)), "'\(line)' is not among\n\(given)")
        }
    }
}
