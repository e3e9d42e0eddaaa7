import Foundation
import Programs
import Testing

extension EndToEndTests {
    /// SIGINT and SIGTERM: an end within 5 seconds with all finished trials stored.
    @Suite(.serialized) struct StopTests {
        private static let many = """
            problem: ufm
            n: 20
            K: 10
            d: 16
            solver: gradient_descent
            steps: 300
            tolerance: 0
            grid: {lambda: logspace(1e-4, 1e-1, 20)}
            seeds: 500
            """

        /// Trials that take minutes.
        private static let long = """
            problem: network
            dataset: small
            epochs: 1000000
            batch: 32
            lambda: 1e-3
            architecture: mlp(512-512)
            seeds: 3
            """

        /// Also where OpenBLAS's kernels need no correction, and its threads alone are why the program starts again.
        @Test(
            arguments: [
                (SIGINT, nil, nil), (SIGTERM, nil, nil), (SIGTERM, 1, nil), (SIGINT, 3, nil), (SIGINT, 3, "Haswell"),
                (SIGTERM, nil, "Haswell"),
            ] as [(Int32, Int?, String?)])
        func storesWhatHasFinished(signal: Int32, ranks: Int?, kernels: String?) throws {
            let environment = kernels.map { ["OPENBLAS_CORETYPE": $0] } ?? [:]
            let folder = try TemporaryFolder()
            let file = try folder.write(Self.many, to: "many.yaml")
            let directory = folder.path + "/results"
            let program = try Programs.startSweep(file, to: directory, ranks: ranks, environment: environment)
            try program.wait { try Stored.starts(directory).count >= 5 }
            let before = try Stored.starts(directory)
            // Less than the interval of commits, and some trials long.
            usleep(150_000)
            try expectStop(program, signal, ranks: ranks)
            let after = try Stored.starts(directory)
            #expect(after.count > before.count, "what finished between the look and the signal is stored")
            #expect(after.count < 10_000, "the sweep was over before the signal")
            for (trial, started) in before { #expect(after[trial] == started) }
            #expect(try Stored.ending(directory) == "interrupted")
            // It can be taken up again.
            let again = try Programs.startSweep(file, to: directory, ranks: ranks, environment: environment)
            try again.wait { try Stored.starts(directory).count > after.count }
            try expectStop(again, signal, ranks: ranks)
            for (trial, started) in after { #expect(try Stored.starts(directory)[trial] == started) }
        }

        @Test(arguments: [nil, 2]) func givesUpALongTrial(ranks: Int?) throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let file = try folder.write(Self.long, to: "long.yaml")
            let directory = folder.path + "/results"
            let program = try Programs.startSweep(file, to: directory, data: folder.path, ranks: ranks)
            try program.wait { program.errorsSoFar.contains("trials;") }
            usleep(500_000)
            try expectStop(program, SIGTERM, ranks: ranks)
            #expect(try Stored.starts(directory).isEmpty)
            #expect(try Stored.ending(directory) == "interrupted")
        }

        /// Amid a computation that is made in one piece: here the decomposition of large matrices.
        @Test(arguments: [nil, 2]) func endsALongStep(ranks: Int?) throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(
                "problem: ufm\nK: 2\nd: 6000\nn: 1\nlambda: 1e-3\nsteps: 100\nmeasurements: 100\nseeds: 4\n",
                to: "large.yaml")
            let directory = folder.path + "/results"
            let program = try Programs.startSweep(file, to: directory, ranks: ranks)
            try program.wait { program.errorsSoFar.contains("trials;") }
            usleep(300_000)
            try expectStop(program, SIGTERM, ranks: ranks)
            // What is stored can be read and gone on with.
            #expect(try Programs.run("ncsweep", ["status", directory]).code == 0)
        }

        /// A team gives up together.
        @Test func givesUpATrialOfATeam() throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let file = try folder.write(Self.long + "\nshards: 2\nexecution: {ranks: 2}\n", to: "team.yaml")
            let directory = folder.path + "/results"
            let program = try Programs.startSweep(file, to: directory, data: folder.path, ranks: 3)
            try program.wait { program.errorsSoFar.contains("trials;") }
            usleep(500_000)
            try expectStop(program, SIGTERM, ranks: 3)
            #expect(try Stored.ending(directory) == "interrupted")
        }

        /// To one rank that is not the coordinator, as `kill` by hand or a batch system may send it.
        @Test func aSignalToAWorkerStopsAll() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(Self.many, to: "many.yaml")
            let directory = folder.path + "/results"
            let program = try Programs.startSweep(file, to: directory, ranks: 2)
            try program.wait { try Stored.starts(directory).count >= 5 }
            let ranks = program.ranks
            #expect(ranks.count == 2)
            let started = Date()
            kill(try #require(ranks.last), SIGTERM)
            let ending = try program.wait(atMostSeconds: 20)
            #expect(Date().timeIntervalSince(started) < 5)
            #expect(ending.code == 143)
            #expect(try Stored.ending(directory) == "interrupted")
        }

        private func expectStop(_ program: RunningProgram, _ signal: Int32, ranks: Int?) throws {
            let started = Date()
            program.signal(signal)
            let ending = try program.wait(atMostSeconds: 20)
            #expect(Date().timeIntervalSince(started) < 5, "\(ending.errors)")
            // mpirun itself ends with 1 at SIGINT or SIGTERM, whatever its ranks return.
            #expect(ending.code == (ranks == nil ? 128 + Int(signal) : 1), "\(ending.errors)")
        }
    }
}
