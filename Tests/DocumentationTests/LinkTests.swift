import Foundation
import Testing

/// What the documents point to exists.
@Suite struct LinkTests {
    @Test func everyRelativeLinkResolves() throws {
        var count = 0
        for document in try Repository.documents() {
            let folder = Repository.root.appendingPathComponent(document).deletingLastPathComponent()
            for match in try Repository.text(document).matches(of: /\]\(([^)\s]+)\)/) {
                let target = String(match.1)
                guard !target.contains("://") else { continue }
                count += 1
                let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let file =
                    parts[0].isEmpty
                    ? Repository.root.appendingPathComponent(document)
                    : folder.appendingPathComponent(String(parts[0]))
                #expect(FileManager.default.fileExists(atPath: file.path), "\(document): no \(target)")
                guard parts.count == 2, let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
                #expect(Self.anchors(of: text).contains(String(parts[1])), "\(document): no heading \(target)")
            }
        }
        #expect(count >= 10)
    }

    /// As GitHub makes them from headings.
    static func anchors(of text: String) -> [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("#") }.map { heading in
            heading.drop { $0 == "#" || $0 == " " }.lowercased().filter {
                $0.isLetter || $0.isNumber || " -_".contains($0)
            }
            .replacingOccurrences(of: " ", with: "-")
        }
    }

    /// Paths in code, such as `Sources/Sweeps/Message.swift`, or `Sweeps/Message.swift` for short.
    @Test func everyFileNamedExists() throws {
        var count = 0
        let folders = ["", "Sources/", "docs/"]
        for document in try Repository.documents() {
            for match in try Repository.text(document).matches(of: /`([A-Za-z][\w+.\-]*(?:\/[\w+.\-]+)+)`/) {
                let path = String(match.1)
                // `runs/<name>` and the like are not of the repository.
                guard
                    [
                        "Sources", "Tests", "docs", "scripts", "slurm", "sweeps", "bench", "Sweeps", "Results",
                        "Reports",
                        "Runner", "Learning", "NeuralCollapse", "UnconstrainedFeatures", "MPI", "LinearAlgebra",
                    ].contains(path.prefix { $0 != "/" }), path != "sweeps/x.yaml"
                else { continue }
                count += 1
                #expect(
                    folders.contains {
                        FileManager.default.fileExists(atPath: Repository.root.appendingPathComponent($0 + path).path)
                    }, "\(document): no \(path)")
            }
        }
        #expect(count >= 10)
    }

    /// Of `ncsweep`, of the right command where one is named on the same line.
    @Test func everyOptionNamedExists() throws {
        try #require(
            FileManager.default.isExecutableFile(atPath: Repository.program.path), "no program: run 'make build' first")
        let commands = [
            "plan", "run", "status", "results", "claims", "measurements", "measure", "export", "data", "doctor",
        ]
        func help(_ command: String) throws -> Set<String> {
            let text = try ShellCommand("ncsweep \(command) --help", in: Repository.root).output
            return Set(text.matches(of: /--[a-z][a-z-]*/).map { String($0.0) })
        }
        var known = try Dictionary(uniqueKeysWithValues: commands.map { ($0, try help($0)) })
        // Its options are those of its own commands.
        known["data", default: []].formUnion(try help("data list").union(help("data fetch")))
        let all = known.values.reduce(into: Set<String>()) { $0.formUnion($1) }
        var count = 0
        for document in try Repository.documents() {
            for line in try Repository.text(document).split(separator: "\n") {
                // Options before the program's name are mpirun's, srun's or sbatch's.
                for match in line.matches(
                    of: /ncsweep (plan|run|status|results|claims|measurements|measure|export|data|doctor)([^`|;]*)/)
                {
                    for option in match.2.matches(of: /--[a-z][a-z-]*/) {
                        count += 1
                        #expect(
                            known[String(match.1)]!.contains(String(option.0)), "\(document): \(option.0) in '\(line)'")
                    }
                }
            }
        }
        #expect(count >= 10)
        // The table of commands: each option in its row.
        for line in try Repository.text("README.md").split(separator: "\n") where line.hasPrefix("| `ncsweep ") {
            let command = String(line.dropFirst("| `ncsweep ".count).prefix { $0.isLetter })
            let named = Set(line.matches(of: /--[a-z][a-z-]*/).map { String($0.0) })
            let expected = try #require(known[command]).subtracting(["--help", "--version"])
            #expect(named == expected, "README.md: the row of '\(command)'")
        }
        #expect(all.contains("--retry-failed"))
    }
}
