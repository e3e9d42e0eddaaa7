import DequeModule

/// Who runs what next: a pure state machine, `event → commands`. It does no I/O and reads no clock; the coordinator
/// carries out its commands, and tests drive it with a simulated cluster.
///
/// Trials go out longest predicted first (Graham 1969: at most 4/3 of the best makespan). A rank gets its next trial
/// while it still runs a short one, so that it does not wait for the coordinator, which trains too. Attempts are
/// numbered, so that a late result of an attempt given up is told apart.
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

    /// Trials shorter than this are handed out one ahead: the wait for the coordinator would show.
    private static let aheadSeconds = 0.02

    private struct Running {
        let attempt: Int
        let team: [Int]
    }

    public let tasks: [Task]
    public private(set) var costs: CostModel
    public private(set) var done = 0
    public private(set) var diverged = 0
    public private(set) var failed = 0
    public private(set) var isStopping = false

    private let limit: FailureLimit
    private var queue: TaskQueue
    private var attempts: [Int: Int] = [:]
    private var running: [Int: Running] = [:]
    /// Tasks given to each rank and not ended, in order; nil until the rank is ready.
    private var load: [Deque<Int>?]
    private var hasFinished = false

    public init(tasks: [Task], ranks: Int, limit: FailureLimit = .none, costs: CostModel = CostModel()) {
        precondition(tasks.allSatisfy { $0.ranks >= 1 && $0.ranks <= ranks }, "team larger than the world")
        self.tasks = tasks
        self.limit = limit
        self.costs = costs
        queue = TaskQueue(tasks)
        load = Array(repeating: nil, count: ranks)
    }

    public var pending: Int { queue.count }
    public var runningCount: Int { running.count }

    /// Running tasks with the first rank of their team, by task.
    public var runningTasks: [(task: Int, rank: Int)] {
        running.map { ($0.key, $0.value.team[0]) }.sorted { $0.task < $1.task }
    }

    /// Predicted seconds until all is done, all ranks busy.
    ///
    /// - Parameter elapsedSeconds: how long a running task has run.
    public func secondsLeft(_ elapsedSeconds: (_ task: Int) -> Double) -> Double {
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
        switch event {
        case .ready(let rank):
            if load[rank] == nil { load[rank] = [] }
        case .stop:
            if isStopping { forgetAllRanks() } else { commands += stop() }
        case .abandoned(let rank):
            load[rank] = nil
        case .ended(let task, let attempt, let ending, let seconds):
            guard let current = running[task], current.attempt == attempt else { return [] }
            commands += end(task, current, ending, seconds)
        }
        if !isStopping { dispatch(&commands) }
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

    private mutating func forgetAllRanks() { for rank in load.indices { load[rank] = nil } }

    private mutating func end(_ task: Int, _ current: Running, _ ending: Ending, _ seconds: Double) -> [Command] {
        running[task] = nil
        for rank in current.team { load[rank]?.removeAll { $0 == task } }
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
        if !isStopping, limit.isExceeded(failures: failed + diverged, total: tasks.count) { commands += stop() }
        return commands
    }

    // MARK: Dispatch

    private mutating func dispatch(_ commands: inout [Command]) {
        while let task = queue.longest(costs) {
            guard let team = team(for: task) else { return }
            queue.remove(task, tasks[task])
            let attempt = attempts[task, default: 0] + 1
            attempts[task] = attempt
            running[task] = Running(attempt: attempt, team: team)
            for rank in team { load[rank]?.append(task) }
            commands.append(.run(task: task, attempt: attempt, team: team))
        }
    }

    /// The ranks to give a task to now, nil to wait. A team starts together, so it takes idle ranks only; while a team
    /// waits for ranks to come free nothing else is handed to them.
    private func team(for task: Int) -> [Int]? {
        let idle = load.indices.filter { load[$0]?.isEmpty == true }
        let size = tasks[task].ranks
        if idle.count >= size { return Array(idle.prefix(size)) }
        guard size == 1, queue.count > 2 * load.count else { return nil }
        return load.indices.first { rank in
            guard let given = load[rank], given.count == 1, let current = given.first else { return false }
            return tasks[current].ranks == 1 && costs.seconds(tasks[current].cost) < Self.aheadSeconds
        }.map { [$0] }
    }
}
