@testable import Sweeps

/// A coordinator and its ranks in virtual time, everything random from one seed. The coordinator's part is here: it
/// carries out the scheduler's commands and notes each breach of what they promise. The ranks are in `SimulatedRanks`.
struct SimulatedCluster {
    struct Settings {
        var ranks = 4
        var tasks: [Scheduler.Task] = []
        var limit = Scheduler.FailureLimit.none
        /// Probabilities of an attempt to end so.
        var failing = 0.0
        var diverging = 0.0
        /// True seconds over predicted ones lie between 1/this and this.
        var misprediction = 1.0
        /// Longest time of a rank to start up, and of a message.
        var latencySeconds = 0.0
        /// When the user asks to stop.
        var stopAtSeconds: Double?
        /// Ranks that never answer the order to give up; a second stop comes two seconds after the first.
        var silent: Set<Int> = []
    }

    let settings: Settings
    private(set) var scheduler: Scheduler
    private var ranks: SimulatedRanks
    private var random: SeededGenerator
    private var pending: Set<Int>
    private var lastAttempt: [Int: Int] = [:]
    /// Given and not ended, as far as the coordinator knows.
    private var load: [Int]
    private var ready: Set<Int> = []

    private(set) var breaches: [String] = []
    private(set) var recorded: [Int: Scheduler.Ending] = [:]
    private(set) var hasFinished = false
    private(set) var makespan = 0.0
    /// Failed and diverged trials when the order to give up went out.
    private(set) var failuresAtStop: Int?

    init(_ settings: Settings, seed: Int) {
        self.settings = settings
        random = SeededGenerator(seed: seed)
        scheduler = Scheduler(tasks: settings.tasks, ranks: settings.ranks, limit: settings.limit)
        ranks = SimulatedRanks(settings, seed: seed + 1_000_000)
        pending = Set(settings.tasks.indices)
        load = Array(repeating: 0, count: settings.ranks)
    }

    mutating func run() {
        for rank in 0..<settings.ranks { ranks.send(.ready(rank: rank), from: rank) }
        if let stopAt = settings.stopAtSeconds {
            ranks.schedule(.arrives(.stop), at: stopAt)
            if !settings.silent.isEmpty { ranks.schedule(.arrives(.stop), at: stopAt + 2) }
        }
        while !hasFinished {
            guard let event = ranks.nextEvent() else {
                breaches.append("deadlock: \(scheduler.runningCount) run and \(pending.count) wait")
                return
            }
            deliver(event)
        }
        makespan = ranks.now
        // Whatever still comes in finds the door closed.
        for task in settings.tasks.indices { expectIgnored(.ended(task: task, attempt: 1, .done, seconds: 1)) }
    }

    private mutating func deliver(_ event: Scheduler.Event) {
        switch event {
        case .ready(let rank): ready.insert(rank)
        case .ended(let task, let attempt, let ending, _):
            for rank in ranks.team(of: task) { load[rank] -= 1 }
            if ending == .failed, attempt <= settings.tasks[task].retries, !scheduler.isStopping {
                pending.insert(task)
            }
        case .stop, .abandoned: break
        }
        scheduler.nowSeconds = ranks.now
        for command in scheduler.handle(event) { carryOut(command, event) }
        checkNobodyIdles()
        checkStaleResults()
        if !(scheduler.secondsLeft { _ in 0 } >= 0 && scheduler.secondsLeft { _ in 0 }.isFinite) {
            breaches.append("\(scheduler.secondsLeft { _ in 0 }) s left")
        }
    }

    private mutating func carryOut(_ command: Scheduler.Command, _ event: Scheduler.Event) {
        if hasFinished { breaches.append("\(command) after finish") }
        switch command {
        case .run(let task, let attempt, let team):
            check(task, attempt, team)
            pending.remove(task)
            lastAttempt[task] = attempt
            for rank in team { load[rank] += 1 }
            ranks.give(SimulatedRanks.Attempt(task: task, number: attempt, team: team))
        case .record(let task, let attempt):
            guard case .ended(task, attempt, let ending, _) = event else {
                breaches.append("record of \(task) at \(event)")
                return
            }
            if recorded.updateValue(ending, forKey: task) != nil { breaches.append("task \(task) recorded twice") }
        case .abandon:
            if failuresAtStop != nil { breaches.append("told to give up twice") }
            failuresAtStop = recorded.values.count { $0 != .done }
            for rank in 0..<settings.ranks { ranks.abandon(rank) }
        case .finish:
            hasFinished = true
        }
    }

    // MARK: Promises

    private mutating func check(_ task: Int, _ attempt: Int, _ team: [Int]) {
        let details = settings.tasks[task]
        if failuresAtStop != nil { breaches.append("task \(task) given after the order to give up") }
        if !pending.contains(task) { breaches.append("task \(task) given while it does not wait") }
        if attempt != (lastAttempt[task] ?? 0) + 1 { breaches.append("attempt \(attempt) of task \(task)") }
        if attempt > details.retries + 1 { breaches.append("task \(task) tried \(attempt) times") }
        if team.count != details.ranks || Set(team).count != team.count || !ready.isSuperset(of: team) {
            breaches.append("team \(team) for \(details.ranks) ranks, \(ready.sorted()) ready")
        }
        if team.count > 1, let busy = team.first(where: { load[$0] > 0 }) {
            breaches.append("team of task \(task) waits for rank \(busy)")
        }
        if let busy = team.first(where: { load[$0] > 1 }) { breaches.append("rank \(busy) given three tasks") }
        // A short task is handed out ahead of a rank's need, never a team's. What is not the first in order only fills
        // the time until there are ranks enough for that one.
        let idle = ready.count { load[$0] == 0 }
        let area = waitingArea
        if let first = firstWaiting(area), order(first, area) > order(task, area, slack: 1e-12),
            idle >= settings.tasks[first].ranks || load[team[0]] > 0
        {
            breaches.append("task \(task), \(order(task, area)), given before \(first), \(order(first, area))")
        }
    }

    private func seconds(_ task: Int) -> Double { scheduler.costs.seconds(settings.tasks[task].cost) }

    private var waitingArea: Double { pending.reduce(0) { $0 + seconds($1) * Double(settings.tasks[$1].ranks) } }

    private func firstWaiting(_ area: Double) -> Int? {
        pending.map { (task: $0, order: order($0, area)) }.max { $0.order < $1.order }?.task
    }

    /// Teams of all ranks, then what lasts as long as the rest, then large teams, then the longest predicted.
    private func order(_ task: Int, _ area: Double, slack: Double = 0) -> (Int, Int, Int, Double) {
        let (size, long) = (settings.tasks[task].ranks, seconds(task) * (1 + slack))
        let lastsAsLong = long * (1 + 1e-9) >= TaskQueue.shareOfTheRest * area / Double(settings.ranks)
        return (size == settings.ranks ? 1 : 0, lastsAsLong ? 1 : 0, size, long)
    }

    private mutating func checkNobodyIdles() {
        guard !hasFinished, !scheduler.isStopping, !pending.isEmpty else { return }
        let idle = ready.count { load[$0] == 0 }
        if idle > 0, let task = firstWaiting(waitingArea), settings.tasks[task].ranks <= idle {
            breaches.append("\(idle) ranks idle while task \(task) of \(settings.tasks[task].ranks) waits")
        }
        guard settings.tasks.allSatisfy({ $0.ranks == 1 }) else { return }
        for rank in ready where load[rank] == 0 {
            breaches.append("rank \(rank) idles while \(pending.count) tasks wait")
        }
    }

    /// Results of attempts that were never given, given up or reported before must change nothing.
    private mutating func checkStaleResults() {
        guard Int.random(in: 0..<4, using: &random) == 0,
            let task = settings.tasks.indices.randomElement(using: &random)
        else { return }
        let attempt = lastAttempt[task] ?? 0
        expectIgnored(.ended(task: task, attempt: attempt + 1, .done, seconds: 1))
        expectIgnored(.ended(task: task, attempt: attempt - 1, .failed, seconds: 1))
        if recorded[task] != nil { expectIgnored(.ended(task: task, attempt: attempt, .done, seconds: 1)) }
    }

    private mutating func expectIgnored(_ event: Scheduler.Event) {
        func state() -> [Int] {
            [scheduler.done, scheduler.diverged, scheduler.failed, scheduler.pending, scheduler.runningCount]
        }
        let before = state()
        let commands = scheduler.handle(event)
        if !commands.isEmpty || before != state() { breaches.append("stale \(event) led to \(commands)") }
    }
}
