import DequeModule
import MPI
import Results
import Sweeps

/// How the sweep stands: what the progress line and `status` show.
public struct SweepProgress: Sendable {
    public var total = 0
    public var done = 0
    public var diverged = 0
    public var failed = 0
    /// Running trials with rank and start, the longest first.
    public var running: [(trial: TrialID, rank: Int, since: Double)] = []
    public var secondsLeft = 0.0

    public init() {}

    mutating func count(_ state: TrialState) {
        switch state {
        case .done: done += 1
        case .diverged: diverged += 1
        case .failed: failed += 1
        }
    }
}

/// Where results go, in groups; returns when they are safe.
public typealias Commit = (_ results: [TrialResult], _ progress: SweepProgress) throws -> Void

/// How a sweep ended.
public enum SweepEnd: Equatable, Sendable {
    case complete
    case signalled(Int)
    case tooManyFailures
}

/// Rank 0: carries out the scheduler's commands, stores results in groups, and trains like every other rank.
///
/// One thread does it all: messages, commits and progress are seen to between the steps of the trial that runs here.
/// A second thread would take a core from a rank and need MPI's slower, locked mode.
public final class Coordinator: TrialHost {
    private let world: Communicator
    private let outbox: Outbox
    private let signals: StopSignals
    private let trials: [PlannedTrial]
    private let execute: Execute
    private let commit: Commit
    private let report: (SweepProgress) -> Void

    private var scheduler: Scheduler
    private var local: Deque<Message.Assignment> = []
    private var finished: [TrialResult] = []
    private var oldestFinished = 0.0
    private var lastCommit = 0.0
    private var started: [Int: Double] = [:]
    private var counts = SweepProgress()
    private var isAbandoning = false
    private var isFinished = false
    private var end = SweepEnd.complete
    private var failure: (any Error)?
    private var lastLook = monotonicSeconds()
    private var nextLook = 0.0
    private var nextReport = 0.0
    private var stopDeadline = Double.infinity
    /// Whether ranks did not answer the order to give up in time: they cannot be expected to leave by themselves.
    public private(set) var hasLostRanks = false

    /// Looking for messages costs a microsecond; steps may be shorter.
    private static let lookEverySeconds = 0.0002
    private static let commitEverySeconds = 0.2
    private static let commitCount = 512
    /// Without results: so that `status` sees what runs.
    private static let commitAtLeastEverySeconds = 5.0
    private static let reportEverySeconds = 0.1
    /// How long the ranks have to give up their trials before the sweep ends without them: below the second that mpirun
    /// leaves between SIGTERM and SIGKILL.
    private static let stopSeconds = 0.8
    /// The same where no launcher is about to kill.
    private static let patientStopSeconds = 30.0

    /// - Parameters:
    ///   - trials: those left, in the scheduler's numbering.
    ///   - initial: counts what was stored before.
    public init(
        world: Communicator, signals: StopSignals, trials: [PlannedTrial], scheduler: Scheduler,
        initial: SweepProgress, execute: @escaping Execute, commit: @escaping Commit,
        report: @escaping (SweepProgress) -> Void
    ) {
        self.world = world
        self.signals = signals
        self.trials = trials
        self.scheduler = scheduler
        self.execute = execute
        self.commit = commit
        self.report = report
        outbox = Outbox(world)
        counts = initial
    }

    /// Runs the sweep; all results that finished are committed when it returns or throws.
    public func run() throws -> SweepEnd {
        handle(.ready(rank: 0))
        var wait = AdaptiveWait()
        while !isFinished {
            lookBetweenTrials(&wait)
            if isAbandoning { giveUpWaiting() }
            guard let assignment = local.popFirst() else {
                commitIfDue(isIdle: true)
                if !isFinished { wait.pause() }
                continue
            }
            wait.reset()
            if let result = try? execute(assignment, self), assignment.team.first == 0 { end(assignment, result) }
        }
        commitAtTheEnd()
        report(progress)
        for rank in 1..<max(world.size, 1) { send(.finish, to: rank) }
        while !outbox.isEmpty { outbox.progress() }
        if let failure { throw failure }
        return end
    }

    /// Drops what waits for this rank. A team's trial is begun all the same, to be given up at its first step by all:
    /// another rank of the team may already wait in `group` for this one.
    private func giveUpWaiting() {
        local.removeAll { $0.team.count == 1 }
        guard local.isEmpty else { return }
        isAbandoning = false
        handle(.abandoned(rank: 0))
    }

    public func poll() throws(Abandoned) {
        let now = monotonicSeconds()
        guard now >= nextLook else { return }
        nextLook = now + Self.lookEverySeconds
        look()
        if isAbandoning { throw Abandoned() }
    }

    public func takeWaiting(_ isWanted: (Message.Assignment) -> Bool) -> Message.Assignment? {
        guard let next = local.first, isWanted(next) else { return nil }
        return local.popFirst()
    }

    public func end(_ assignment: Message.Assignment, _ result: TrialResult) {
        end(assignment.task, assignment.attempt, result)
    }

    /// Where more trials wait here, looking is as rare as between steps: they may be shorter than a look.
    private func lookBetweenTrials(_ wait: inout AdaptiveWait) {
        let now = monotonicSeconds()
        guard local.isEmpty || now >= nextLook else { return }
        nextLook = now + Self.lookEverySeconds
        if look() { wait.reset() }
    }

    // MARK: Events

    /// Handles what has arrived and what is due; true if anything has arrived.
    @discardableResult
    private func look() -> Bool {
        outbox.progress()
        let now = monotonicSeconds()
        noteLook(at: now)
        if let signal = signals.next() { stop(.signalled(signal)) }
        if now > stopDeadline {
            stopDeadline = .infinity
            hasLostRanks = true
            handle(.stop)
        }
        var hasArrived = false
        while let incoming = world.receiveIfAny() {
            hasArrived = true
            receive(incoming)
        }
        commitIfDue(isIdle: false)
        if now >= nextReport {
            nextReport = now + Self.reportEverySeconds
            report(progress)
        }
        return hasArrived
    }

    /// The scheduler is told how long ranks wait for an answer: the longest time between two looks, forgotten within a
    /// second or so.
    private func noteLook(at now: Double) {
        let gap = now - lastLook
        lastLook = now
        scheduler.latenessSeconds = max(gap, scheduler.latenessSeconds * (1 - min(1, gap)))
    }

    private func receive(_ incoming: IncomingMessage) {
        switch Message(tag: incoming.tag, bytes: incoming.bytes) {
        case .ready: handle(.ready(rank: incoming.source))
        case .abandoned: handle(.abandoned(rank: incoming.source))
        case .signalled(let signal): stop(.signalled(signal))
        case .ended(let task, let attempt, let bytes):
            guard let result = TrialResult(decoding: bytes) else {
                preconditionFailure("malformed result from rank \(incoming.source)")
            }
            end(task, attempt, result)
        default: preconditionFailure("malformed message from rank \(incoming.source)")
        }
    }

    private var isSignalled: Bool { if case .signalled = end { true } else { false } }

    private func stop(_ reason: SweepEnd) {
        guard end == .complete else { return }
        end = reason
        handle(.stop)
        // A launcher that passed the signal on kills soon after.
        commitFinished()
    }

    private func end(_ task: Int, _ attempt: Int, _ result: TrialResult) {
        let ending: Scheduler.Ending =
            switch result.state {
            case .done: .done
            case .diverged: .diverged
            case .failed: .failed
            }
        handle(.ended(task: task, attempt: attempt, ending, seconds: result.seconds), result)
    }

    // MARK: Commands

    private func handle(_ event: Scheduler.Event, _ result: TrialResult? = nil) {
        scheduler.nowSeconds = monotonicSeconds()
        for command in scheduler.handle(event) {
            switch command {
            case .run(let task, let attempt, let team):
                assign(task, attempt, team)
            case .record(let task, let attempt):
                started[task] = nil
                guard var result else { preconditionFailure("record without a result") }
                result.attempt = attempt
                if finished.isEmpty { oldestFinished = monotonicSeconds() }
                finished.append(result)
            case .abandon:
                if end == .complete { end = .tooManyFailures }
                isAbandoning = true
                stopDeadline = monotonicSeconds() + (isSignalled ? Self.stopSeconds : Self.patientStopSeconds)
                for rank in 1..<max(world.size, 1) { send(.abandon, to: rank) }
            case .finish:
                isFinished = true
            }
        }
    }

    private func assign(_ task: Int, _ attempt: Int, _ team: [Int]) {
        started[task] = wallSeconds()
        let planned = trials[task]
        let assignment = Message.Assignment(
            task: task, attempt: attempt, team: team, trial: planned.trial,
            checkpointIntervalSeconds: planned.execution.checkpointIntervalSeconds,
            keepsWeights: planned.execution.keepsWeights)
        for rank in team {
            if rank == 0 { local.append(assignment) } else { send(.run(assignment), to: rank) }
        }
    }

    private func send(_ message: Message, to rank: Int) { outbox.send(message.bytes, to: rank, tag: message.tag) }

    // MARK: Results

    private func commitIfDue(isIdle: Bool) {
        let now = monotonicSeconds()
        guard !finished.isEmpty else {
            if now - lastCommit >= Self.commitAtLeastEverySeconds { commitFinished() }
            return
        }
        if finished.count >= Self.commitCount || now - oldestFinished >= Self.commitEverySeconds
            || (isIdle && local.isEmpty && scheduler.runningCount == 0)
        {
            commitFinished()
        }
    }

    /// Stores what has finished; only then does it count as done.
    private func commitFinished() {
        guard failure == nil else { return }
        lastCommit = monotonicSeconds()
        do {
            var after = progress
            count(finished, in: &after)
            try commit(finished, after)
            count(finished, in: &counts)
            finished.removeAll(keepingCapacity: true)
        } catch {
            // Nothing more can be stored, so nothing more is worth running.
            failure = error
            handle(.stop)
        }
    }

    /// A store that could not be written may be writable by now; what has finished is worth a second try.
    private func commitAtTheEnd() {
        let first = failure
        failure = nil
        commitFinished()
        failure = first ?? failure
    }

    private func count(_ results: [TrialResult], in progress: inout SweepProgress) {
        for result in results { progress.count(result.state) }
    }

    private var progress: SweepProgress {
        var progress = counts
        let now = wallSeconds()
        progress.secondsLeft = scheduler.secondsLeft { now - (started[$0] ?? now) }
        progress.running = scheduler.runningTasks.map { (trials[$0.task].trial.id, $0.rank, started[$0.task] ?? 0) }
        return progress
    }
}
