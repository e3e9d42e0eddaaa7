import Foundation
import Programs
import Testing

extension EndToEndTests {
    /// SIGKILL at any moment loses no stored trial, stores none twice, and leaves nothing running.
    @Suite(.serialized) struct KillTests {
        private enum Victim: CaseIterable { case everything, oneRank, mpirun }

        private static let sweep = """
            problem: ufm
            n: 20
            solver: gradient_descent
            steps: 4000
            tolerance: 0
            grid:
              K: [4, 10]
              d: [9, 16]
              loss: [cross_entropy, mse]
              lambda: logspace(1e-4, 1e-1, 5)
            seeds: 5
            """

        /// More kills in a longer run by hand: NCSWEEP_KILLS=200.
        private static let kills = ProcessInfo.processInfo.environment["NCSWEEP_KILLS"].flatMap { Int($0) } ?? 20

        @Test func resumesToTheSameRows() throws {
            let folder = try TemporaryFolder()
            let file = try folder.write(Self.sweep, to: "sweep.yaml")
            let undisturbed = folder.path + "/undisturbed"
            #expect(try Programs.sweep(file, to: undisturbed, ranks: 2).code == 0)
            let reference = try Stored(undisturbed)
            #expect(reference.rows.count == 200)

            let directory = folder.path + "/disturbed"
            var before: [String: Double] = [:]
            var killedWithResults = 0
            for number in 0..<Self.kills {
                try kill(Victim.allCases[number % 3], amid: file, directory, ranks: 1 + number % 3)
                let after = try Stored.starts(directory)
                for (trial, started) in before {
                    #expect(after[trial] == started, "stored trial \(trial) lost or run again by kill \(number)")
                }
                if after.count > before.count { killedWithResults += 1 }
                // Once everything is stored there is nothing left to disturb.
                before = after.count < reference.rows.count ? after : [:]
                if before.isEmpty && !after.isEmpty { try FileManager.default.removeItem(atPath: directory) }
            }
            #expect(killedWithResults >= Self.kills / 4, "kills came too early to show anything")

            let last = try Programs.sweep(file, to: directory, ranks: 2)
            #expect(last.code == 0, "\(last.errors)")
            let stored = try Stored(directory)
            #expect(stored.trials.count == Set(stored.trials).count)
            #expect(stored.rows == reference.rows)
            #expect(stored.measurements == reference.measurements)
            let after = try Stored.starts(directory)
            for (trial, started) in before { #expect(after[trial] == started, "stored trial \(trial) run again") }
        }

        /// Starts the sweep and kills the victim at a random moment; returns when no process of it is left.
        private func kill(_ victim: Victim, amid file: String, _ directory: String, ranks: Int) throws {
            let program = try Programs.startSweep(file, to: directory, ranks: ranks)
            // A third dies while starting up, the others while they train and store.
            if Int.random(in: 0..<3) == 0 {
                usleep(UInt32.random(in: 0..<800_000))
            } else {
                let lines = program.errorsSoFar.count
                try? program.wait { program.errorsSoFar.count > lines }
                usleep(UInt32.random(in: 0..<1_200_000))
            }
            let processes = program.ranks
            switch victim {
            case .everything: program.killEverything()
            case .oneRank:
                if let rank = processes.randomElement() {
                    Foundation.kill(rank, SIGKILL)
                } else {
                    program.killEverything()
                }
            case .mpirun: program.signal(SIGKILL)
            }
            _ = try program.wait(atMostSeconds: 20)
            let deadline = Date().addingTimeInterval(15)
            while processes.contains(where: Processes.isAlive), Date() < deadline { usleep(5_000) }
            let left = processes.filter(Processes.isAlive)
            #expect(left.isEmpty, "ranks outlive the kill of \(victim)")
            for process in left { Foundation.kill(process, SIGKILL) }
        }
    }
}
