import Programs
import Testing

extension EndToEndTests {
    /// A trial's numbers depend on its parameters alone.
    @Suite(.serialized) struct SameBitsTests {
        /// Both losses, both solvers, both precisions, trials that diverge, and networks.
        private static let mixed = """
            blocks:
              - name: collapse
                problem: ufm
                n: 5
                steps: 300
                grid:
                  loss: [cross_entropy, mse]
                  precision: [float64, float32]
                  K: [3, 4]
                  lambda: [1e-3, 1e-2]
                  bias: [free, none]
                d: 6
              - name: descent
                problem: ufm
                solver: gradient_descent
                K: 4
                n: 5
                steps: 300
                lambda: 5e-3
                grid:
                  loss: [cross_entropy, mse]
                  precision: [float64, float32]
                  d: [2, 5]
                  learning_rate: [0.5, 1e6]
              - name: networks
                problem: network
                dataset: small
                samples_per_class: 20
                epochs: 4
                batch: 32
                lambda: 1e-3
                learning_rate: 0.02
                architecture: mlp(16-8)
                grid:
                  loss: [cross_entropy, mse]
                  precision: [float64, float32]
                  shards: [1, 4]
                seeds: 2
            """

        @Test func onAnyNumberOfRanks() throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let file = try folder.write(Self.mixed, to: "mixed.yaml")
            var reference: Stored?
            for ranks in [nil, 1, 2, 3, 4] {
                let directory = "\(folder.path)/on-\(ranks ?? 0)"
                let ending = try Programs.sweep(file, to: directory, data: folder.path, ranks: ranks)
                #expect(ending.code == 0, "\(ending.errors)")
                let stored = try Stored(directory)
                guard let reference else {
                    #expect(stored.rows.count == 32 + 16 + 16)
                    let states = stored.rows.values.map { $0["state"] ?? "" }
                    #expect(states.count { $0 == "diverged" } >= 4)
                    #expect(states.count { $0 == "done" } >= 32 + 16 + 8)
                    #expect(!states.contains("failed"))
                    reference = stored
                    continue
                }
                #expect(stored.trials == reference.trials)
                #expect(stored.rows == reference.rows, "rows on \(ranks ?? 0) ranks")
                #expect(stored.measurements == reference.measurements, "series on \(ranks ?? 0) ranks")
            }
        }

        /// Trials that several ranks share, alone and among others in one sweep.
        @Test func sharedByATeam() throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            func file(teamOf ranks: Int) throws -> String {
                try folder.write(
                    """
                    blocks:
                      - name: shared
                        problem: network
                        dataset: small
                        samples_per_class: 50
                        epochs: 5
                        batch: 30
                        lambda: 1e-3
                        architecture: mlp(16)
                        shards: 4
                        grid: {precision: [float32, float64], loss: [cross_entropy, mse], learning_rate: [0.02, 0.1]}
                        seeds: 2
                        execution: {ranks: \(ranks)}
                      - name: measured in uneven parts
                        problem: network
                        dataset: gaussian(K=3, d=20, n=444, separation=2)
                        epochs: 3
                        batch: 100
                        lambda: 1e-3
                        architecture: mlp(24-12)
                        shards: 4
                        grid: {normalized: [none, features], precision: [float32, float64]}
                        temperature: 8
                        execution: {ranks: \(ranks)}
                      - name: alone
                        problem: ufm
                        K: 3
                        d: 5
                        n: 10
                        grid: {lambda: [1e-4, 1e-3, 1e-2]}
                        seeds: 8
                    """, to: "team-\(ranks).yaml")
            }
            var reference: Stored?
            for (team, ranks) in [(1, 1), (2, 2), (4, 4), (2, 4), (2, 3), (1, 3)] {
                let directory = "\(folder.path)/team-\(team)-on-\(ranks)"
                let ending = try Programs.sweep(
                    try file(teamOf: team), to: directory, data: folder.path, ranks: ranks)
                #expect(ending.code == 0, "\(ending.errors)")
                let stored = try Stored(directory)
                guard let reference else {
                    #expect(stored.rows.count == 16 + 4 + 24 && stored.rows.values.allSatisfy { $0["state"] == "done" })
                    reference = stored
                    continue
                }
                #expect(stored.rows == reference.rows, "rows of teams of \(team) on \(ranks) ranks")
                #expect(stored.measurements == reference.measurements, "series of teams of \(team) on \(ranks) ranks")
            }
        }
    }
}
