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
            usleep(2_000_000)
            let (after, seconds) = (try ranks.map(cpuSeconds), Date().timeIntervalSince(started))
            let shares = zip(after, before).map { ($0 - $1) / seconds }.sorted()
            #expect(shares[0] < 0.1 && shares[1] < 0.1, "shares of a core: \(shares)")
            #expect(shares[2] > 0.1, "nobody works: \(shares)")
            program.signal(SIGTERM)
            _ = try program.wait(atMostSeconds: 20)
        }

        private func cpuSeconds(_ id: Int32) throws -> Double { try #require(Processes.cpuSeconds(of: id)) }
    }
}
