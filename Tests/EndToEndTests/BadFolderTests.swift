import Foundation
import Programs
import Testing

extension EndToEndTests {
    /// Folders that cannot be written and stores that cannot be used: one line, and the folder stays as it was.
    @Suite(.serialized) struct BadFolderTests {
        private static let sweep =
            "problem: ufm\nK: 4\nd: 8\nn: 10\nlambda: 1e-3\nsolver: gradient_descent\nsteps: 300\nseeds: 20\n"

        @Test(arguments: [nil, 2]) func storesThatCannotBeUsed(ranks: Int?) throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(Self.sweep, to: "sweep.yaml")
            let good = folder.path + "/good"
            #expect(try Programs.sweep(file, to: good, ranks: ranks).code == 0)
            let content = try Data(contentsOf: URL(fileURLWithPath: good + "/results.sqlite"))
            var damaged = content
            // Behind the header and the schema.
            for index in stride(from: 8192, to: content.count, by: 97) { damaged[index] = 0xA5 }
            var otherVersion = content
            otherVersion[63] = 99
            let cases: [(says: String, content: Data)] = [
                ("is damaged", damaged), ("is damaged", content.prefix(content.count / 2)), ("format 99", otherVersion),
                ("not a results file", Data("something else altogether, of some length\n".utf8)), ("is empty", Data()),
            ]
            for (number, (says, content)) in cases.enumerated() {
                let directory = "\(folder.path)/bad-\(number)"
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
                let store = URL(fileURLWithPath: directory + "/results.sqlite")
                try content.write(to: store)
                let ending = try Programs.sweep(file, to: directory, ranks: ranks)
                try expectOneLine(ending, says: says)
                #expect(try Data(contentsOf: store) == content, "the store was changed")
            }
        }

        @Test(arguments: [nil, 2]) func foldersThatCannotBeMade(ranks: Int?) throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(Self.sweep, to: "sweep.yaml")
            _ = try folder.write("a file", to: "plain")
            try expectOneLine(try Programs.sweep(file, to: folder.path + "/plain", ranks: ranks), says: "plain")
            try expectOneLine(try Programs.sweep(file, to: folder.path + "/plain/below", ranks: ranks), says: "plain")
            try expectOneLine(try Programs.sweep(file, to: "/proc/nowhere", ranks: ranks), says: "/proc/nowhere")
        }

        @Test func foldersWithoutResults() throws {
            let folder = try TemporaryFolder()
            for command in ["results", "status", "measurements"] {
                try expectOneLine(try Programs.run("ncsweep", [command, folder.path]), says: "holds no results")
                try expectOneLine(
                    try Programs.run("ncsweep", [command, folder.path + "/none"]), says: "holds no results")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }

        /// Root may write anywhere but not to a full or read-only disk, which it can make.
        @Test(.enabled(if: SmallDisk.canMount)) func fullAndReadOnlyDisks() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(Self.sweep.replacing("seeds: 20", with: "seeds: 4000"), to: "sweep.yaml")
            for ranks in [nil, 2] {
                let disk = folder.path + "/disk"
                try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
                try #require(SmallDisk.run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk))
                defer { _ = SmallDisk.run("umount", "-l", disk) }
                let full = try Programs.sweep(file, to: disk + "/results", ranks: ranks)
                #expect(full.code == 1)
                let last = try #require(full.errorLines.last)
                #expect(last.hasPrefix("ncsweep: ") && last.contains("the disk is full"), "\(full.errors)")
                #expect(full.errorLines.count { $0.contains("full") } == 1)
                // What was stored is whole, and with room again the sweep goes on.
                #expect(try Programs.run("ncsweep", ["results", disk + "/results", "--format", "csv"]).code == 0)
                let stored = try Stored.starts(disk + "/results")
                try #require(SmallDisk.run("mount", "-o", "remount,size=64m", disk))
                let more = try Programs.startSweep(file, to: disk + "/results", ranks: ranks)
                try more.wait { try Stored.starts(disk + "/results").count > stored.count + 10 }
                more.signal(SIGTERM)
                _ = try more.wait(atMostSeconds: 20)
                let after = try Stored.starts(disk + "/results")
                for (trial, started) in stored { #expect(after[trial] == started) }
                // Refused while a rank, which mpirun may not have waited for, still has a file open.
                var isReadOnly = false
                for _ in 0..<100 where !isReadOnly {
                    isReadOnly = SmallDisk.run("mount", "-o", "remount,ro", disk)
                    if !isReadOnly { usleep(50_000) }
                }
                try #require(isReadOnly)
                let readOnly = try Programs.sweep(file, to: disk + "/results", ranks: ranks)
                try expectOneLine(readOnly, says: "cannot be written")
                try expectOneLine(
                    try Programs.sweep(file, to: disk + "/other", ranks: ranks), says: "cannot be written")
            }
        }

        private func expectOneLine(_ ending: RunningProgram.Ending, says: String) throws {
            #expect(ending.code != 0 && ending.code < 128, "\(ending.errors)")
            #expect(ending.output.isEmpty)
            #expect(ending.errorLines.count == 1, "\(ending.errors)")
            #expect(ending.errors.hasPrefix("ncsweep: ") && ending.errors.contains(says), "\(ending.errors)")
        }
    }

    private enum SmallDisk {
        static func run(_ command: String...) -> Bool {
            (try? Programs.run("/usr/bin/env", command).code == 0) ?? false
        }

        static var canMount: Bool {
            guard getuid() == 0, let folder = try? TemporaryFolder(),
                run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.path)
            else { return false }
            return run("umount", folder.path)
        }
    }
}
