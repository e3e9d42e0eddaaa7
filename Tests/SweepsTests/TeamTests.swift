import Testing

@testable import Sweeps

/// Sweeps that mix trials of single ranks with trials of teams leave no core idle that could be filled.
@Suite struct TeamTests {
    private func task(_ seconds: Double, ranks: Int) -> Scheduler.Task {
        Scheduler.Task(cost: Cost(family: "on \(ranks)", work: seconds * 1e10), ranks: ranks)
    }

    /// No schedule is shorter: teams of all ranks run alone, what needs more than half of them one after the other.
    private func leastSeconds(_ tasks: [Scheduler.Task], ranks: Int) -> Double {
        func seconds(_ tasks: [Scheduler.Task]) -> Double { tasks.reduce(0) { $0 + CostModel().seconds($1.cost) } }
        let rest = tasks.filter { $0.ranks < ranks }
        let area = rest.reduce(0) { $0 + CostModel().seconds($1.cost) * Double($1.ranks) } / Double(ranks)
        let longest = rest.map { CostModel().seconds($0.cost) }.max() ?? 0
        let half = seconds(tasks.filter { 2 * $0.ranks > ranks })
        return max(seconds(tasks.filter { $0.ranks == ranks }) + max(area, longest), half)
    }

    private func utilisation(
        ranks: Int, sizes: [Int], tasks: ClosedRange<Int>, misprediction: Double = 1, latency: Double = 0, seed: Int
    ) -> Double {
        var random = SeededGenerator(seed: seed)
        var settings = SimulatedCluster.Settings()
        settings.ranks = ranks
        settings.misprediction = misprediction
        settings.latencySeconds = latency
        let isSkewed = Bool.random(using: &random)
        settings.tasks = (0..<Int.random(in: tasks, using: &random)).map { _ in
            let share = Double.random(in: 0...1, using: &random)
            // Evenly between 1 and 10 seconds, or as often 1 to 10 as 10 to 100.
            let seconds = isSkewed ? (share < 0.5 ? 1 + 18 * share : 10 + 180 * (share - 0.5)) : 1 + 9 * share
            return task(seconds, ranks: sizes.randomElement(using: &random)!)
        }
        var cluster = SimulatedCluster(settings, seed: seed)
        cluster.run()
        #expect(cluster.breaches == [], "seed \(seed)")
        return leastSeconds(settings.tasks, ranks: ranks) / cluster.makespan
    }

    @Test func mixesOfTeamsFillTheRanks() {
        for seed in 0..<200 {
            let share = utilisation(ranks: 4, sizes: [1, 2, 4], tasks: 30...150, seed: seed)
            #expect(share >= 0.9 && share <= 1 + 1e-9, "seed \(seed)")
        }
    }

    /// With few trials, sizes that leave a rank over, ranks by the dozen or predictions that are wrong, on average.
    @Test(arguments: [
        (4, [1, 2, 4], 8...30, 1.0, 0.93), (4, [1, 2, 3, 4], 30...150, 1, 0.93),
        (16, [1, 2, 4, 8, 16], 60...150, 1, 0.93),
        (4, [1, 2, 4], 60...150, 1.5, 0.8),
    ])
    func mixesOfTeamsFillTheRanksOnAverage(
        ranks: Int, sizes: [Int], tasks: ClosedRange<Int>, misprediction: Double, least: Double
    ) {
        let shares = (0..<100).map {
            utilisation(
                ranks: ranks, sizes: sizes, tasks: tasks, misprediction: misprediction, latency: 0.001, seed: $0)
        }
        #expect(shares.reduce(0, +) / 100 >= least)
    }

    /// The team is second in order; short trials run on the idle ranks until it starts, but none that would delay it.
    @Test func whatFillsAGapDelaysNoTeam() {
        // Teams of three on four ranks: one rank is left over all the time.
        let tasks = [task(10, ranks: 3), task(9, ranks: 3), task(15, ranks: 1), task(4, ranks: 1), task(3, ranks: 1)]
        var settings = SimulatedCluster.Settings()
        settings.tasks = tasks
        var cluster = SimulatedCluster(settings, seed: 1)
        cluster.run()
        #expect(cluster.breaches == [])
        // 0–10 and 10–19 the teams, 15 and 4 beside them, then 3.
        #expect(abs(cluster.makespan - 22) < 1e-6)
    }

    /// Not behind all that comes after it.
    @Test func aTeamThatFailedIsTriedAgainAtOnce() {
        var tasks = [
            Scheduler.Task(cost: Cost(family: "team", work: 1e10), ranks: 2, retries: 1)
        ]
        tasks += (0..<100).map { _ in task(1, ranks: 1) }
        var scheduler = Scheduler(tasks: tasks, ranks: 2)
        _ = scheduler.handle(.ready(rank: 0))
        #expect(scheduler.handle(.ready(rank: 1)) == [.run(task: 0, attempt: 1, team: [0, 1])])
        scheduler.nowSeconds = 1
        #expect(
            scheduler.handle(.ended(task: 0, attempt: 1, .failed, seconds: 1)) == [
                .run(task: 0, attempt: 2, team: [0, 1])
            ])
    }

    /// Ranks that start up a moment later are waited for, not filled around.
    @Test func teamsOfAllRanksWaitForTheLastToStart() {
        var scheduler = Scheduler(tasks: [task(5, ranks: 1), task(1, ranks: 2)], ranks: 2)
        #expect(scheduler.handle(.ready(rank: 0)) == [])
        #expect(scheduler.handle(.ready(rank: 1)) == [.run(task: 1, attempt: 1, team: [0, 1])])
    }
}
