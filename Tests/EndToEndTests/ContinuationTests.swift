import Foundation
import Programs
import Testing

extension EndToEndTests {
    /// Starting again: what is stored is kept, what is new is run, what failed is run again only when asked to.
    @Suite(.serialized) struct ContinuationTests {
        private func sweep(lambdas: String, extra: String = "") -> String {
            "problem: ufm\nK: 3\nd: 4\nn: 5\nsteps: 200\ngrid: {lambda: \(lambdas)\(extra)}\nseeds: 2\n"
        }

        @Test func wideningRunsOnlyWhatIsNew() throws {
            let folder = try TemporaryFolder()
            let directory = folder.path + "/results"
            let narrow = try folder.write(sweep(lambdas: "[1e-3, 1e-2]"), to: "sweep.yaml")
            #expect(try Programs.sweep(narrow, to: directory, ranks: 2).code == 0)
            let before = try Stored.starts(directory)
            #expect(before.count == 4)
            // The same values otherwise written, more of them, and a default written out.
            let wide = try folder.write(
                sweep(lambdas: "[1e-4, 0.001, 0.010, 1e-1]", extra: ", loss: [cross_entropy, mse]"), to: "sweep.yaml")
            let ending = try Programs.sweep(wide, to: directory)
            #expect(ending.code == 0)
            #expect(ending.errors.contains("16 trials, 4 of them stored already"))
            let after = try Stored.starts(directory)
            #expect(after.count == 16)
            for (trial, started) in before { #expect(after[trial] == started) }
            // A third start has nothing to do, alone or on ranks.
            for ranks in [nil, 2] {
                #expect(try Programs.sweep(wide, to: directory, ranks: ranks).code == 0)
                #expect(try Stored.starts(directory) == after)
            }
        }

        @Test func equalTrialsAreRunOnce() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(
                """
                blocks:
                  - {problem: ufm, K: 3, d: 4, n: 5, steps: 50, grid: {lambda: [1e-3, 0.001, 1e-2]}}
                  - {problem: ufm, K: 3, d: 4, n: 5, steps: 50, lambda_W: 1e-2, lambda_H: 0.01, bias: free}
                """, to: "sweep.yaml")
            let directory = folder.path + "/results"
            #expect(try Programs.sweep(file, to: directory, ranks: 2).code == 0)
            #expect(try Stored(directory).trials.count == 2)
        }

        /// Descents with too large a step diverge.
        private func diverging(_ rates: String) -> String {
            "problem: ufm\nsolver: gradient_descent\nloss: mse\nK: 3\nd: 4\nn: 5\nsteps: 200\nlambda: 1e-3\n"
                + "grid: {learning_rate: \(rates)}\n"
        }

        @Test func limitsOfFailures() throws {
            let folder = try TemporaryFolder()
            // Ten diverge, ten do not. The one rank meets them in the order of the file, as all cost the same.
            let bad = (0..<10).map { "1e\(6 + $0)" }
            let good = (1...10).map { "0.0\($0 + 10)" }
            let mixed = zip(bad, good).flatMap { [$0, $1] }.joined(separator: ", ")
            let file = try folder.write(diverging("[\(mixed)]"), to: "sweep.yaml")
            let cases: [(options: [String], diverged: Int, code: Int)] = [
                ([], 10, 0), (["--fail-fast"], 1, 1), (["--max-fails", "3"], 4, 1), (["--max-fails", "20%"], 5, 1),
                (["--max-fails", "50%"], 10, 0), (["--max-fails", "10"], 10, 0), (["--max-fails", "0"], 1, 1),
            ]
            for (number, (options, diverged, code)) in cases.enumerated() {
                let directory = "\(folder.path)/\(number)"
                let ending = try Programs.sweep(file, to: directory, options)
                #expect(ending.code == code, "\(options) \(ending.errors)")
                let states = try Stored(directory).rows.values.map { $0["state"] ?? "" }
                #expect(states.count { $0 == "diverged" } == diverged, "\(options)")
                // Of those that run side by side the others may not have ended.
                let ended = code == 0 ? 20...20 : diverged...2 * diverged - 1
                #expect(ended.contains(states.count), "\(options)")
                #expect(ending.errors.contains("failed or diverged") == (code == 1), "\(options)")
                #expect(try Stored.ending(directory) == (code == 0 ? "finished" : "interrupted"))
            }
            // On several ranks a few more may end before the order to give up reaches them.
            let directory = folder.path + "/ranks"
            let ending = try Programs.sweep(file, to: directory, ["--fail-fast"], ranks: 3)
            #expect(ending.code == 1, "\(ending.errors)")
            #expect(try Stored(directory).rows.count < 20)
        }

        @Test func retriesWhatFailedWhenAskedTo() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(diverging("[1e6, 0.1, 1e7]"), to: "sweep.yaml")
            let directory = folder.path + "/results"
            #expect(try Programs.sweep(file, to: directory).code == 0)
            let before = try Stored.starts(directory)
            let rows = try Stored(directory).rows
            #expect(before.count == 3)
            #expect(try Programs.sweep(file, to: directory).code == 0)
            #expect(try Stored.starts(directory) == before)
            let ending = try Programs.sweep(file, to: directory, ["--retry-failed"])
            #expect(ending.code == 0 && ending.errors.contains("3 trials, 1 of them stored already"))
            let after = try Stored.starts(directory)
            for (trial, row) in rows { #expect((after[trial] == before[trial]) == (row["state"] == "done")) }
            #expect(try Stored(directory).rows == rows)
        }

        @Test func aSecondCoordinatorIsRefusedByName() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(
                "problem: ufm\nK: 10\nd: 16\nn: 20\nlambda: 1e-3\nsolver: gradient_descent\nsteps: 300\ntolerance: 0\n"
                    + "seeds: 10000\n", to: "sweep.yaml")
            let directory = folder.path + "/results"
            let first = try Programs.startSweep(file, to: directory)
            try first.wait { try !Stored.starts(directory).isEmpty }
            for ranks in [nil, 2] {
                let second = try Programs.sweep(file, to: directory, ranks: ranks)
                #expect(second.code == 1)
                #expect(second.errorLines.count == 1)
                let host = ProcessInfo.processInfo.hostName
                #expect(
                    second.errors.hasPrefix("ncsweep: \(directory) is in use by process \(first.id) on host \(host)"),
                    "\(second.errors)")
            }
            // It is still at work, and can be looked at.
            let count = try Stored.starts(directory).count
            try first.wait { try Stored.starts(directory).count > count }
            #expect(try Programs.run("ncsweep", ["status", directory]).code == 0)
            first.signal(SIGTERM)
            #expect(try first.wait(atMostSeconds: 10).code == 143)
        }
    }
}
