import DequeModule

/// Who runs what next: a pure state machine, `event → commands`. It does no I/O and reads no clock; the coordinator
/// carries out its commands, and tests drive it with a simulated cluster.
///
/// Trials go out longest predicted first (Graham 1969: at most 4/3 of the best makespan), large teams before small ones
/// (`TaskQueue.first`, `Scheduler+Teams`). A rank gets its next trials while it still runs a short one, so that it does
/// not wait for the coordinator, which trains too (`Scheduler+Ahead`).
/// Attempts are numbered, so that a late result of an attempt given up is told apart.
public struct Scheduler: Sendable {
    public struct Task: Sendable {
        public let cost: Cost
        /// Ranks that train the trial together.
        public let ranks: Int
        /// Attempts after the first failed one.
        public let retries: Int

        public init(cost: Cost, ranks: Int = 1, retries: Int = 0) {
            self.cost = cost
            self.ranks = ranks
            self.retries = retries
        }
    }

    public enum Ending: Sendable, Equatable { case done, diverged, failed }

    public enum Event: Sendable, Equatable {
        /// A rank has started up and waits for work.
        case ready(rank: Int)
        /// The first rank of a team reports the end of an attempt.
        case ended(task: Int, attempt: Int, Ending, seconds: Double)
        /// Start nothing more and give up what runs: the user, a signal or the limit of failures wants so. A second
        /// one ends the sweep without waiting for the ranks' answers.
        case stop
        /// A rank has given up what it ran; all it had finished before has been reported.
        case abandoned(rank: Int)
    }

    public enum Command: Sendable, Equatable {
        /// Give the task to these ranks; the first one reports.
        case run(task: Int, attempt: Int, team: [Int])
        /// The result of this attempt is final: store it.
        case record(task: Int, attempt: Int)
        /// Give up what runs.
        case abandon
        /// Nothing is left to do.
        case finish
    }

    /// How many trials may fail or diverge before the sweep stops.
    public enum FailureLimit: Sendable, Equatable {
        case none
        case count(Int)
        /// Of all trials, 0…1.
        case fraction(Double)

        func isExceeded(failures: Int, total: Int) -> Bool {
            switch self {
            case .none: false
            case .count(let most): failures > most
            case .fraction(let most): Double(failures) > most * Double(total)
            }
        }
    }

    struct Running {
        let attempt: Int
        let team: [Int]
        /// Predicted when it was given.
        let seconds: Double
    }

    /// What a rank has been given and has not ended.
    struct Load {
        /// In order; the first one runs.
        var tasks: Deque<Int> = []
        /// Predicted for all of them.
        var seconds = 0.0
        /// When all of them are predicted to have ended, on the clock of `nowSeconds`.
        var freeSeconds = 0.0

        mutating func add(_ task: Int, seconds: Double, now: Double) {
            tasks.append(task)
            self.seconds += seconds
            freeSeconds = max(freeSeconds, now) + seconds
        }
    }

    public let tasks: [Task]
    /// How long a message may lie before the coordinator answers it, as it trains too; the coordinator keeps it
    /// current.
    public var latenessSeconds = 0.0
    /// Seconds since some moment; the coordinator keeps it current.
    public var nowSeconds = 0.0
    public private(set) var costs: CostModel
    public private(set) var done = 0
    public private(set) var diverged = 0
    public private(set) var failed = 0
    public private(set) var isStopping = false

    private let limit: FailureLimit
    /// Trials of the sweep that ended in earlier runs, and how many of these failed or diverged: they count towards the
    /// limit.
    private let previous: Int
    private let previousFailures: Int
    private(set) var queue: TaskQueue
    /// Made so far, by task.
    private var attempts: [Int]
    private(set) var running: [Int: Running] = [:]
    /// By rank; nil until it is ready.
    private(set) var load: [Load?]
    var idle = IdleRanks()
    private var hasFinished = false

    public init(
        tasks: [Task], ranks: Int, limit: FailureLimit = .none, costs: CostModel = CostModel(), previous: Int = 0,
        previousFailures: Int = 0
    ) {
        precondition(tasks.allSatisfy { $0.ranks >= 1 && $0.ranks <= ranks }, "team larger than the world")
        self.tasks = tasks
        self.limit = limit
        self.previous = previous
        self.previousFailures = previousFailures
        self.costs = costs
        queue = TaskQueue(tasks)
        attempts = Array(repeating: 0, count: tasks.count)
        load = Array(repeating: nil, count: ranks)
    }

    public var pending: Int { queue.count }
    public var runningCount: Int { running.count }

    /// What the ranks work at, with the first rank of its team, by task; not what they have been given ahead.
    public var runningTasks: [(task: Int, rank: Int)] {
        load.indices.compactMap { rank in
            guard let task = load[rank]?.tasks.first, running[task]?.team[0] == rank else { return nil }
            return (task, rank)
        }.sorted { $0.task < $1.task }
    }

    /// Predicted seconds until all is done, all ranks busy.
    ///
    /// - Parameter elapsedSeconds: how long a running task has run.
    public func secondsLeft(_ elapsedSeconds: (_ task: Int) -> Double) -> Double {
        // What has run for longer than predicted is slower than that at least, and so are its like.
        var costs = costs
        for (task, state) in running.sorted(by: { $0.key < $1.key }) {
            let (cost, elapsed) = (tasks[task].cost, elapsedSeconds(task))
            if cost.sideBySide == 1, elapsed > state.seconds { costs.observe(cost, seconds: elapsed) }
        }
        var (total, longest) = (queue.seconds(costs), 0.0)
        for (task, state) in running {
            let left = max(0, costs.seconds(tasks[task].cost) - elapsedSeconds(task))
            total += left * Double(state.team.count)
            longest = max(longest, left)
        }
        return max(longest, total / Double(max(1, load.count)))
    }

    public mutating func handle(_ event: Event) -> [Command] {
        guard !hasFinished else { return [] }
        var commands: [Command] = []
        var concerned: [Int] = []
        switch event {
        case .ready(let rank):
            if load[rank] == nil {
                load[rank] = Load()
                idle.insert(rank)
            }
            concerned = [rank]
        case .stop:
            if isStopping { forgetAllRanks() } else { commands += stop() }
        case .abandoned(let rank):
            load[rank] = nil
            idle.remove(rank)
        case .ended(let task, let attempt, let ending, let seconds):
            guard let current = running[task], current.attempt == attempt else { return [] }
            commands += end(task, current, ending, seconds)
            concerned = current.team
        }
        if !isStopping {
            giveToIdleRanks(&commands)
            for rank in concerned { giveAhead(to: rank, &commands) }
        }
        if isStopping ? load.allSatisfy({ $0 == nil }) : running.isEmpty && queue.isEmpty {
            hasFinished = true
            commands.append(.finish)
        }
        return commands
    }

    private mutating func stop() -> [Command] {
        // What is given up is neither done nor failed and runs again at the next start.
        isStopping = true
        return [.abandon]
    }

    private mutating func forgetAllRanks() {
        for rank in load.indices { load[rank] = nil }
        idle.removeAll()
    }

    private mutating func end(_ task: Int, _ current: Running, _ ending: Ending, _ seconds: Double) -> [Command] {
        running[task] = nil
        for rank in current.team { take(task, current.seconds, from: rank) }
        switch ending {
        case .done:
            done += 1
            costs.observe(tasks[task].cost, seconds: seconds)
        case .diverged:
            diverged += 1
        case .failed:
            if current.attempt <= tasks[task].retries {
                if !isStopping { queue.insert(task, tasks[task]) }
                return []
            }
            failed += 1
        }
        var commands = [Command.record(task: task, attempt: current.attempt)]
        if !isStopping,
            limit.isExceeded(
                failures: previousFailures + failed + diverged, total: previous + tasks.count)
        {
            commands += stop()
        }
        return commands
    }

    private mutating func take(_ task: Int, _ seconds: Double, from rank: Int) {
        guard var left = load[rank] else { return }
        // Not held twice, or its tasks would be copied.
        load[rank] = nil
        // Ranks end what they are given in order.
        if left.tasks.first == task { left.tasks.removeFirst() } else { left.tasks.removeAll { $0 == task } }
        left.seconds = left.tasks.isEmpty ? 0 : left.seconds - seconds
        left.freeSeconds = nowSeconds + left.seconds
        load[rank] = left
        if left.tasks.isEmpty { idle.insert(rank) }
    }

    // MARK: Dispatch

    mutating func give(_ task: Int, to team: [Int], _ commands: inout [Command]) {
        queue.remove(task, tasks[task])
        attempts[task] += 1
        let attempt = attempts[task]
        let seconds = costs.seconds(tasks[task].cost)
        running[task] = Running(attempt: attempt, team: team, seconds: seconds)
        for rank in team {
            load[rank]?.add(task, seconds: seconds, now: nowSeconds)
        }
        commands.append(.run(task: task, attempt: attempt, team: team))
    }
}
