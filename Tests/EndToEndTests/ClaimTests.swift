import Foundation
import Programs
import Testing

extension EndToEndTests {
    /// `expect`: claims that hold, claims that do not, and sweeps that are not far enough to tell.
    @Suite(.serialized) struct ClaimTests {
        private static let sweep =
            "problem: ufm\nn: 5\ngrid: {K: [3, 4], d: [2, 4], loss: [cross_entropy, mse]}\n"
            + "lambda: 1e-3\nseeds: 2\nexpect:\n"

        private func file(_ claims: [String], in folder: TemporaryFolder) throws -> String {
            try folder.write(Self.sweep + claims.map { "  - \($0)\n" }.joined(), to: "sweep.yaml")
        }

        @Test(arguments: [nil, 2]) func claimsThatHold(ranks: Int?) throws {
            let folder = try TemporaryFolder()
            let directory = folder.path + "/results"
            let file = try file(
                [
                    "abs(gap) <= 1e-8 where d >= K - 1", "count(stop == \"steps\") == 0",
                    "objective <= min(objective) + 1e-6 by K, d, loss",
                    "slope(log(objective), step) < 0", "'stop in [\"gradient\", precision]'",
                ], in: folder)
            let ending = try Programs.sweep(file, to: directory, ranks: ranks)
            #expect(ending.code == 0, "\(ending.output)\(ending.errors)")
            #expect(ending.output.contains("passed abs(gap) <= 1e-8 where d >= K - 1: 12 trials\n"))
            #expect(ending.output.hasSuffix("\n5 claims passed\n"))
            let again = try Programs.run("ncsweep", ["claims", directory])
            #expect(again.code == 0 && again.output.hasPrefix("Claims\n") && ending.output.hasSuffix(again.output))
            // Other claims on the same trials: nothing runs.
            let before = try Stored.starts(directory)
            let changed = try self.file(["objective < 0", "gap < 1 where K == 7"], in: folder)
            let other = try Programs.sweep(changed, to: directory, ranks: ranks)
            #expect(other.code == 3 && other.output.hasSuffix("\n2 of 2 claims failed\n"), "\(other.output)")
            #expect(other.output.contains("FAILED objective < 0: 16 of 16 trials fail\n"))
            #expect(
                other.output.contains("FAILED gap < 1 where K == 7: selects none of 16 trials, and so says nothing\n"))
            #expect(try Stored.starts(directory) == before)
            #expect(try Programs.run("ncsweep", ["claims", directory]).code == 3)
        }

        /// The command shown for a claim that fails can be typed as it is.
        @Test func theCommandShownShowsTheTrials() throws {
            let folder = try TemporaryFolder()
            let directory = folder.path + "/results"
            let ending = try Programs.sweep(
                file(["loss == \"mse\" where K == 3"], in: folder), to: directory)
            #expect(ending.code == 3)
            let line = try #require(
                ending.output.split(separator: "\n").first {
                    $0.contains(" ncsweep results ") && $0.contains("--where")
                })
            let command = line.trimmingCharacters(in: .whitespaces).dropFirst("ncsweep ".count) + " --format csv"
            let shown = try Programs.run("/bin/sh", ["-c", "'\(Programs.folder)/ncsweep' \(command)"])
            #expect(CSV.rows(shown.output).count == 1 + 4, "\(line)\n\(shown.output)\(shown.errors)")
        }

        /// Slopes over layers are those of the law of separation.
        @Test func slopesOfANetwork() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(
                """
                problem: network
                architecture: mlp(16-16-16)
                dataset: gaussian(K=3, d=8, n=30)
                lambda: 1e-3
                epochs: 8
                batch: 30
                seeds: 2
                expect:
                  - abs(slope(log(nc1_unscaled), layer) - separation_slope) < 1e-9
                  - slope(log(loss), epoch) < 0 and slope(loss, step) < 0
                  - slope(nc1, epoch, test) < 1e9
                  - test_accuracy > 1/3
                """, to: "sweep.yaml")
            let ending = try Programs.sweep(file, to: folder.path + "/results")
            #expect(ending.code == 0, "\(ending.output)\(ending.errors)")
        }

        @Test func claimsWaitForAllTrials() throws {
            let folder = try TemporaryFolder()
            let directory = folder.path + "/results"
            let file = try folder.write(
                "problem: ufm\nsolver: gradient_descent\nloss: mse\nK: 3\nd: 4\nn: 5\nsteps: 50\nlambda: 1e-3\n"
                    + "grid: {learning_rate: [1e9, 0.1]}\nexpect: [objective < 1]\n", to: "sweep.yaml")
            let stopped = try Programs.sweep(file, to: directory, ["--fail-fast"])
            #expect(stopped.code == 1 && !stopped.output.contains("Claims"))
            #expect(stopped.errors.contains("the claims of \(file) are not judged before all trials have ended\n"))
            let early = try Programs.run("ncsweep", ["claims", directory])
            #expect(early.code == 1 && early.output.isEmpty)
            #expect(
                early.errorLines == [
                    "ncsweep: \(directory): 1 of 2 trials have no result yet; claims are judged when all have"
                ])
            // A trial that diverged bears nothing out.
            let ended = try Programs.sweep(file, to: directory)
            #expect(ended.code == 3 && ended.output.contains("it diverged; 'where state == done'"), "\(ended.output)")
        }

        @Test func noClaims() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write("problem: ufm\nK: 3\nd: 4\nn: 5\nlambda: 1e-3\n", to: "sweep.yaml")
            let ending = try Programs.sweep(file, to: folder.path + "/results")
            #expect(ending.code == 0 && !ending.output.contains("laim"))
            let claims = try Programs.run("ncsweep", ["claims", folder.path + "/results"])
            #expect(claims.code == 0 && claims.errorLines.count == 1 && claims.output.isEmpty)
        }

        /// Told with its place, on one rank and on two, before there is a folder; by `plan` too.
        @Test(arguments: [nil, 2]) func unknownColumnsAreToldBeforeTheRun(ranks: Int?) throws {
            let folder = try TemporaryFolder()
            let file = try file(["gapp <= 1e-8", "slope(nc, layer) < 0"], in: folder)
            let directory = folder.path + "/results"
            let ending = try Programs.sweep(file, to: directory, ranks: ranks)
            #expect(ending.code == 1 && Stored.isUntouched(directory))
            let expected = [
                "ncsweep: \(file):7:5: expect: unknown name 'gapp'; did you mean 'gap'?",
                "ncsweep: \(file):8:11: expect: there is no metric 'nc'; did you mean 'nc1'?",
            ]
            #expect(ending.errorLines == expected)
            #expect(try Programs.run("ncsweep", ["plan", file]).errorLines == expected)
            let good = try self.file(["gap <= 1e-8", "nc1 < 1"], in: folder)
            let plan = try Programs.run("ncsweep", ["plan", good])
            #expect(plan.output.contains("\n2 claims, judged when all trials have ended\n"))
        }
    }
}
