@testable import Sweeps

/// Ranks in virtual time that do what workers do: take assignments in the order of their arrival, start a team's trial
/// when all of the team are there, report the end, and give up when told to.
struct SimulatedRanks {
    struct Attempt: Equatable {
        let task: Int
        let number: Int
        let team: [Int]
    }

    enum Happening {
        /// A message reaches the coordinator.
        case arrives(Scheduler.Event)
        case isGiven(rank: Int, Attempt)
        case isToldToGiveUp(rank: Int)
        case completes(Attempt, seconds: Double)
    }

    private let settings: SimulatedCluster.Settings
    private var random: SeededGenerator
    private(set) var now = 0.0
    private var agenda: [(time: Double, order: Int, happening: Happening)] = []
    private var order = 0
    private var queues: [[Attempt]]
    private var isRunning: [Bool]
    private var givesUp: [Bool]
    private var acknowledged: Set<Int> = []
    private var teams: [Int: [Int]] = [:]
    /// Messages between two ranks never overtake each other.
    private var lastArrival: [[Double]]

    init(_ settings: SimulatedCluster.Settings, seed: Int) {
        self.settings = settings
        random = SeededGenerator(seed: seed)
        queues = Array(repeating: [], count: settings.ranks)
        isRunning = Array(repeating: false, count: settings.ranks)
        givesUp = Array(repeating: false, count: settings.ranks)
        lastArrival = Array(repeating: [0, 0], count: settings.ranks)
    }

    // MARK: The coordinator's side

    /// The next message to it; nil if none will ever come.
    mutating func nextEvent() -> Scheduler.Event? {
        while let next = agenda.indices.min(by: {
            (agenda[$0].time, agenda[$0].order) < (agenda[$1].time, agenda[$1].order)
        }) {
            let item = agenda.remove(at: next)
            now = item.time
            switch item.happening {
            case .arrives(let event): return event
            case .isGiven(let rank, let attempt):
                queues[rank].append(attempt)
                startIfPossible(rank)
            case .isToldToGiveUp(let rank): giveUp(rank)
            case .completes(let attempt, let seconds): complete(attempt, seconds)
            }
        }
        return nil
    }

    mutating func give(_ attempt: Attempt) {
        teams[attempt.task] = attempt.team
        for rank in attempt.team { schedule(.isGiven(rank: rank, attempt), at: arrival(rank, towards: 1)) }
    }

    mutating func abandon(_ rank: Int) { schedule(.isToldToGiveUp(rank: rank), at: arrival(rank, towards: 1)) }

    func team(of task: Int) -> [Int] { teams[task] ?? [] }

    mutating func schedule(_ happening: Happening, at time: Double) {
        order += 1
        agenda.append((time, order, happening))
    }

    mutating func send(_ event: Scheduler.Event, from rank: Int) {
        schedule(.arrives(event), at: arrival(rank, towards: 0))
    }

    private mutating func arrival(_ rank: Int, towards side: Int) -> Double {
        let time = max(
            now + settings.latencySeconds * Double.random(in: 0...1, using: &random), lastArrival[rank][side])
        lastArrival[rank][side] = time
        return time
    }

    // MARK: The ranks' side

    private mutating func startIfPossible(_ rank: Int) {
        guard let next = queues[rank].first, !isRunning[rank],
            next.team.allSatisfy({ queues[$0].first == next && !isRunning[$0] })
        else { return }
        for member in next.team { isRunning[member] = true }
        let predicted = CostModel().seconds(settings.tasks[next.task].cost)
        let factor = Double.random(in: 1 / settings.misprediction...settings.misprediction, using: &random)
        schedule(.completes(next, seconds: predicted * factor), at: now + predicted * factor)
        if next.team.contains(where: { givesUp[$0] }) { free(next) }
    }

    private mutating func complete(_ attempt: Attempt, _ seconds: Double) {
        guard let first = attempt.team.first, isRunning[first], queues[first].first == attempt else { return }
        let draw = Double.random(in: 0..<1, using: &random)
        let ending: Scheduler.Ending =
            draw < settings.failing ? .failed : draw < settings.failing + settings.diverging ? .diverged : .done
        send(.ended(task: attempt.task, attempt: attempt.number, ending, seconds: seconds), from: first)
        free(attempt)
    }

    private mutating func free(_ attempt: Attempt) {
        for member in attempt.team {
            isRunning[member] = false
            queues[member].removeFirst()
        }
        for member in attempt.team {
            if givesUp[member] { acknowledge(member) } else { startIfPossible(member) }
        }
    }

    private mutating func giveUp(_ rank: Int) {
        guard !settings.silent.contains(rank) else { return }
        givesUp[rank] = true
        // Trials of its own that have not started are dropped; a team's is joined, or its other ranks would wait.
        let running = isRunning[rank] ? 1 : 0
        queues[rank] = queues[rank].enumerated().filter { $0.offset < running || $0.element.team.count > 1 }.map(
            \.element)
        if isRunning[rank] {
            // It may finish before it looks for messages.
            if Bool.random(using: &random) { free(queues[rank][0]) }
        } else {
            startIfPossible(rank)
            acknowledge(rank)
        }
    }

    private mutating func acknowledge(_ rank: Int) {
        guard queues[rank].isEmpty, !isRunning[rank], acknowledged.insert(rank).inserted else { return }
        send(.abandoned(rank: rank), from: rank)
    }
}
