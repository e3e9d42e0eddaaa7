import Testing

@testable import Sweeps

/// How many trials a rank is given before it needs them.
@Suite struct AheadTests {
    /// Tasks that the first rank of two holds when it has ended a few of `seconds` each.
    private func held(_ seconds: Double, lateness: Double, tasks: Int = 10_000, endings: Int = 5) -> Int {
        let task = Scheduler.Task(cost: Cost(family: "a", work: 1))
        var scheduler = Scheduler(tasks: Array(repeating: task, count: tasks), ranks: 2)
        _ = scheduler.handle(.ready(rank: 0))
        scheduler.latenessSeconds = lateness
        for index in 0..<min(endings, tasks) {
            _ = scheduler.handle(.ended(task: index, attempt: 1, .done, seconds: seconds))
        }
        return scheduler.runningCount
    }

    @Test func aLateCoordinatorGivesWhatCoversTwoWaits() {
        // The one that runs, and those behind it.
        #expect(held(0.001, lateness: 0.0099) == 1 + 20)
        #expect(held(0.01, lateness: 0.0099) == 1 + 2)
        #expect(held(0.1, lateness: 0.0099) == 1 + 1)
        #expect(held(1, lateness: 0.0099) == 1)
        #expect(held(1, lateness: 0.0999) == 1 + 1)
    }

    @Test func aPromptCoordinatorGivesOneAtMost() {
        #expect(held(0.001, lateness: 0) == 2)
        #expect(held(0.1, lateness: 0) == 1)
    }

    /// Trials of no length at all are not given without end.
    @Test func thereIsALimit() { #expect((100...1000).contains(held(1e-9, lateness: 1))) }

    @Test func aRankHoldsAShareOfWhatIsLeft() {
        for tasks in [2, 5, 20, 100] {
            #expect(held(1e-6, lateness: 1, tasks: tasks, endings: 1) <= 1 + tasks / 4, "\(tasks) tasks")
        }
    }

    /// Before anything has finished a prediction is a guess, on which one trial is risked and not hundreds.
    @Test func guessesGiveOneAtMost() {
        let task = Scheduler.Task(cost: Cost(family: "a", work: 1))
        var scheduler = Scheduler(tasks: Array(repeating: task, count: 10_000), ranks: 2)
        scheduler.latenessSeconds = 1
        #expect(scheduler.handle(.ready(rank: 0)).count == 2)
    }

    /// How many each of two ranks is given at once of trials that run side by side, however long they are.
    private func heldSideBySide(_ sideBySide: Int, tasks: [Double]) -> [Int] {
        let tasks = tasks.map { Scheduler.Task(cost: Cost(family: "a", work: $0, sideBySide: sideBySide)) }
        var scheduler = Scheduler(tasks: tasks, ranks: 2)
        return (0..<2).map { scheduler.handle(.ready(rank: $0)).count }
    }

    @Test func trialsThatRunSideBySideAreGivenTogether() {
        let hour = 3600 * 1e10
        #expect(heldSideBySide(8, tasks: Array(repeating: hour, count: 100)) == [8, 8])
        #expect(heldSideBySide(1, tasks: Array(repeating: hour, count: 100)) == [1, 1])
        // An even share where there are few.
        #expect(heldSideBySide(8, tasks: Array(repeating: hour, count: 10)) == [5, 5])
        #expect(heldSideBySide(8, tasks: [hour, hour]) == [1, 1])
        // Only what costs the same is of one shape.
        #expect(heldSideBySide(8, tasks: [3 * hour, 2 * hour, hour, hour]) == [1, 1])
    }

    /// The tests of the scheduler as a whole simulate ranks; here only that what is given ahead ends like the rest.
    @Test func everyTaskEndsOnceAndOnlyTheFirstOfARankRuns() {
        let tasks = (0..<500).map { Scheduler.Task(cost: Cost(family: "a", work: Double(1 + $0 % 7))) }
        var scheduler = Scheduler(tasks: tasks, ranks: 3)
        var queues: [[(task: Int, attempt: Int)]] = [[], [], []]
        var recorded = Set<Int>()
        var hasFinished = false
        func carryOut(_ commands: [Scheduler.Command]) {
            for command in commands {
                switch command {
                case .run(let task, let attempt, let team): queues[team[0]].append((task, attempt))
                case .record(let task, _): #expect(recorded.insert(task).inserted)
                case .abandon: Issue.record("abandoned")
                case .finish: hasFinished = true
                }
            }
        }
        scheduler.latenessSeconds = 0.02
        for rank in 0..<3 { carryOut(scheduler.handle(.ready(rank: rank))) }
        var deepest = 0
        while let rank = queues.indices.max(by: { queues[$0].count < queues[$1].count }), let first = queues[rank].first
        {
            #expect(scheduler.runningTasks.count == queues.count { !$0.isEmpty })
            #expect(scheduler.runningCount == queues.reduce(0) { $0 + $1.count })
            deepest = max(deepest, queues[rank].count)
            queues[rank].removeFirst()
            let seconds = 0.001 * tasks[first.task].cost.work
            carryOut(scheduler.handle(.ended(task: first.task, attempt: first.attempt, .done, seconds: seconds)))
        }
        #expect(hasFinished && recorded.count == 500)
        #expect(deepest > 5)
        #expect(scheduler.secondsLeft({ _ in 0 }) == 0 && scheduler.runningCount == 0)
    }
}

@Suite struct IdleRanksTests {
    @Test func givesTheLowestAndKeepsWhatIsTooFew() {
        var idle = IdleRanks()
        for rank in [3, 1, 7, 1, 5] { idle.insert(rank) }
        idle.remove(5)
        idle.remove(6)
        #expect(idle.removeFirst(4) == nil)
        #expect(idle.removeFirst(2) == [1, 3])
        idle.insert(0)
        #expect(idle.removeFirst(2) == [0, 7])
        #expect(idle.removeFirst(1) == nil)
    }
}

@Suite struct TrialCodingTests {
    @Test func aTrialTravelsAsItIs() throws {
        let text = "problem: ufm\nK: 4\nd: 8\nn: 10\nbias: decayed\nseeds: 2\ngrid: {lambda: [1e-3, 0.25]}\n"
        for trial in try trials(text) {
            let message = Message.run(
                Message.Assignment(task: 7, attempt: 2, team: [0, 3], trial: trial, checkpointIntervalSeconds: 30))
            let bytes = message.bytes
            #expect(Message(tag: message.tag, bytes: bytes) == message)
            for length in 0..<bytes.count {
                #expect(Message(tag: message.tag, bytes: Array(bytes[..<length])) == nil)
            }
        }
    }
}
