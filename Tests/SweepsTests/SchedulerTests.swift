import Testing

@testable import Sweeps

@Suite struct SchedulerTests {
    /// Seconds as the cost model predicts them before anything has finished.
    private func task(
        _ seconds: Double, family: String = "a", ranks: Int = 1, retries: Int = 0
    ) -> Scheduler.Task {
        Scheduler.Task(cost: Cost(family: family, work: seconds * 2e9), ranks: ranks, retries: retries)
    }

    private func randomSettings(_ random: inout SeededGenerator, teams: Bool) -> SimulatedCluster.Settings {
        var settings = SimulatedCluster.Settings()
        settings.ranks = Int.random(in: 1...16, using: &random)
        let longest = [0.01, 1, 100].randomElement(using: &random)!
        settings.tasks = (0..<Int.random(in: 0...120, using: &random)).map { _ in
            let isOfTeam = teams && Int.random(in: 0..<4, using: &random) == 0
            return task(
                longest * Double.random(in: 0.001...1, using: &random),
                family: ["a", "b", "c"].randomElement(using: &random)!,
                ranks: isOfTeam ? Int.random(in: 1...settings.ranks, using: &random) : 1,
                retries: Int.random(in: 0...3, using: &random))
        }
        settings.failing = [0, 0.1, 0.9].randomElement(using: &random)!
        settings.diverging = [0, 0.1].randomElement(using: &random)!
        settings.misprediction = [1, 3, 30].randomElement(using: &random)!
        settings.latencySeconds = [0, 0.001, 1].randomElement(using: &random)!
        return settings
    }

    @Test(arguments: [false, true]) func recordsEveryTaskOnce(teams: Bool) {
        for seed in 0..<300 {
            var random = SeededGenerator(seed: seed)
            var cluster = SimulatedCluster(randomSettings(&random, teams: teams), seed: seed)
            cluster.run()
            #expect(cluster.breaches == [], "seed \(seed)")
            #expect(cluster.recorded.count == cluster.settings.tasks.count, "seed \(seed)")
            let (scheduler, endings) = (cluster.scheduler, cluster.recorded.values)
            #expect(scheduler.done == endings.count { $0 == .done })
            #expect(scheduler.diverged == endings.count { $0 == .diverged })
            #expect(scheduler.failed == endings.count { $0 == .failed })
            #expect(scheduler.pending == 0 && scheduler.runningCount == 0)
        }
    }

    @Test(arguments: [false, true]) func stopsAtAnyMoment(teams: Bool) {
        var interrupted = 0
        for seed in 0..<300 {
            var random = SeededGenerator(seed: seed)
            var settings = randomSettings(&random, teams: teams)
            let work = settings.tasks.reduce(0) { $0 + CostModel().seconds($1.cost) * Double($1.ranks) }
            let expected = work / Double(settings.ranks) + settings.latencySeconds
            settings.stopAtSeconds = Double.random(in: 0...expected, using: &random)
            if Bool.random(using: &random) { settings.silent = [Int.random(in: 0..<settings.ranks, using: &random)] }
            var cluster = SimulatedCluster(settings, seed: seed)
            cluster.run()
            #expect(cluster.breaches == [], "seed \(seed)")
            #expect(cluster.hasFinished, "seed \(seed)")
            if cluster.recorded.count < settings.tasks.count { interrupted += 1 }
        }
        #expect(interrupted > 100, "too few of the stops came before the end to show anything")
    }

    @Test func stopsAtTheFailureLimit() {
        var stopped = 0
        for seed in 0..<300 {
            var random = SeededGenerator(seed: seed)
            var settings = randomSettings(&random, teams: seed % 2 == 0)
            settings.failing = 0.3
            let count = Int.random(in: 0...10, using: &random)
            let total = settings.tasks.count
            settings.limit = seed % 3 == 0 ? .fraction(0.1) : .count(count)
            let most = seed % 3 == 0 ? total / 10 : count
            var cluster = SimulatedCluster(settings, seed: seed)
            cluster.run()
            #expect(cluster.breaches == [], "seed \(seed)")
            if let failures = cluster.failuresAtStop {
                stopped += 1
                #expect(failures == most + 1, "seed \(seed)")
            } else {
                #expect(cluster.recorded.count == total, "seed \(seed)")
                #expect(cluster.recorded.values.count { $0 != .done } <= most, "seed \(seed)")
            }
        }
        #expect(stopped > 100)
    }

    /// Graham's bound for any list order, total/m + (1 − 1/m)·longest, reached when predictions are right.
    @Test func makespanStaysWithinTheListSchedulingBound() {
        for seed in 0..<300 {
            var random = SeededGenerator(seed: seed)
            var settings = SimulatedCluster.Settings()
            settings.ranks = Int.random(in: 1...16, using: &random)
            // Below 20 ms trials are handed out ahead, which may add as much.
            let shortest = seed % 2 == 0 ? 0.021 : 0.0001
            settings.tasks = (0..<Int.random(in: 1...150, using: &random)).map { _ in
                task(shortest * Double.random(in: 1...100, using: &random))
            }
            var cluster = SimulatedCluster(settings, seed: seed)
            cluster.run()
            #expect(cluster.breaches == [], "seed \(seed)")
            let seconds = settings.tasks.map { CostModel().seconds($0.cost) }
            let ranks = Double(settings.ranks)
            let bound = seconds.reduce(0, +) / ranks + (1 - 1 / ranks) * seconds.max()!
            #expect(cluster.makespan <= bound * (1 + 1e-9) + (seed % 2 == 0 ? 0 : 0.02), "seed \(seed)")
        }
    }

    /// Graham 1969: the longest first is at most 4/3 − 1/(3m) of the best.
    @Test func longestFirstIsAtMostFourThirdsOfTheBest() {
        for seed in 0..<200 {
            var random = SeededGenerator(seed: seed)
            var settings = SimulatedCluster.Settings()
            settings.ranks = Int.random(in: 2...3, using: &random)
            settings.tasks = (0..<Int.random(in: 1...7, using: &random)).map { _ in
                task(Double(Int.random(in: 1...10, using: &random)))
            }
            var cluster = SimulatedCluster(settings, seed: seed)
            cluster.run()
            let best = bestMakespan(settings.tasks.map { CostModel().seconds($0.cost) }, ranks: settings.ranks)
            let ratio = 4.0 / 3 - 1 / (3 * Double(settings.ranks))
            #expect(cluster.makespan <= ratio * best + 1e-9, "seed \(seed)")
            #expect(cluster.makespan >= best - 1e-9, "seed \(seed)")
        }
    }

    private func bestMakespan(_ seconds: [Double], ranks: Int) -> Double {
        var best = Double.infinity
        func place(_ index: Int, _ loads: [Double]) {
            guard index < seconds.count else {
                best = min(best, loads.max()!)
                return
            }
            for rank in 0..<ranks {
                var loads = loads
                loads[rank] += seconds[index]
                if loads[rank] < best { place(index + 1, loads) }
            }
        }
        place(0, Array(repeating: 0, count: ranks))
        return best
    }

    @Test func anEmptySweepIsOverAtOnce() {
        var scheduler = Scheduler(tasks: [], ranks: 2)
        #expect(scheduler.handle(.ready(rank: 0)) == [.finish])
        #expect(scheduler.handle(.ready(rank: 1)) == [])
    }

    @Test func handsShortTasksOutAheadAndLongOnesNot() {
        func given(_ seconds: Double) -> Int {
            var scheduler = Scheduler(tasks: Array(repeating: task(seconds), count: 20), ranks: 2)
            return scheduler.handle(.ready(rank: 0)).count
        }
        #expect(given(0.001) == 2)
        #expect(given(0.1) == 1)
    }

    @Test func aFailedTaskIsTriedAgainAndItsLateResultIgnored() {
        var scheduler = Scheduler(tasks: [task(1, retries: 1)], ranks: 1)
        #expect(scheduler.handle(.ready(rank: 0)) == [.run(task: 0, attempt: 1, team: [0])])
        #expect(
            scheduler.handle(.ended(task: 0, attempt: 1, .failed, seconds: 1)) == [.run(task: 0, attempt: 2, team: [0])]
        )
        #expect(scheduler.handle(.ended(task: 0, attempt: 1, .done, seconds: 1)) == [])
        #expect(
            scheduler.handle(.ended(task: 0, attempt: 2, .failed, seconds: 1)) == [
                .record(task: 0, attempt: 2), .finish,
            ])
        #expect(scheduler.failed == 1 && scheduler.done == 0)
    }
}
