import Foundation
import Programs
import Testing

extension EndToEndTests {
    @Suite(.serialized) struct IdleTests {
        /// One long trial for two ranks: the one without work must sleep, whichever it is.
        @Test func aRankWithoutWorkSleeps() throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let file = try folder.write(
                "problem: network\ndataset: small\nepochs: 1000000\nbatch: 32\nlambda: 1e-3\narchitecture: mlp(256)\n",
                to: "long.yaml")
            let program = try Programs.startSweep(file, to: folder.path + "/results", data: folder.path, ranks: 3)
            try program.wait { program.errorsSoFar.contains("trials;") || program.errorsSoFar.contains("trial;") }
            usleep(1_000_000)
            let ranks = program.ranks
            #expect(ranks.count == 3)
            let (before, started) = (try ranks.map(cpuSeconds), Date())
            // On a busy machine the rank at work may have to wait for its second: what counts is what it got.
            var used = [0.0, 0, 0]
            var seconds = 0.0
            while used[2] < 1, seconds < 60 {
                usleep(500_000)
                used = zip(try ranks.map(cpuSeconds), before).map { $0 - $1 }.sorted()
                seconds = Date().timeIntervalSince(started)
            }
            #expect(used[0] < 0.1 * seconds && used[1] < 0.1 * seconds, "in \(seconds) s: \(used)")
            #expect(used[2] >= 1, "nobody works: \(used)")
            program.signal(SIGTERM)
            _ = try program.wait(atMostSeconds: 20)
        }

        private func cpuSeconds(_ id: Int32) throws -> Double { try #require(Processes.cpuSeconds(of: id)) }
    }
}
