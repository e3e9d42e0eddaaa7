import DequeModule
import MPI
import Results
import Sweeps

/// A trial was given up because the sweep stops; not an error, and nothing is stored.
public struct Abandoned: Error {}

/// What a running trial may ask of the rank it runs on.
public protocol TrialHost: AnyObject {
    /// To be called between steps: moves messages and looks for signals. Throws where the trial is to be given up.
    func poll() throws(Abandoned)

    /// The assignment that waits next on this rank, taken from it if `isWanted`.
    func takeWaiting(_ isWanted: (Message.Assignment) -> Bool) -> Message.Assignment?

    /// Reports the end of an assignment that ran beside others.
    func end(_ assignment: Message.Assignment, _ result: TrialResult)
}

extension TrialHost {
    /// Nothing ever waits.
    public func takeWaiting(_: (Message.Assignment) -> Bool) -> Message.Assignment? { nil }

    public func end(_: Message.Assignment, _: TrialResult) { preconditionFailure("a host of one trial") }
}

/// Runs one assignment to its end; nil where its end, and that of others taken beside it, has been told to the host.
public typealias Execute = (_ assignment: Message.Assignment, _ host: any TrialHost) throws(Abandoned) -> TrialResult?

/// The loop of every rank but 0: take an assignment, run it, report.
public final class Worker: TrialHost {
    private let world: Communicator
    private let outbox: Outbox
    private let signals: StopSignals
    private let execute: Execute
    private var assignments: Deque<Message.Assignment> = []
    private var isAbandoning = false
    private var isFinished = false
    private var nextLook = 0.0
    private var signalled: (signal: Int, at: Double)?
    /// Looking costs a microsecond; steps may be shorter.
    private static let lookEverySeconds = 0.0005
    /// How long a rank that got a signal waits for the coordinator to end the sweep.
    private static let patienceSeconds = 3.0

    public init(world: Communicator, signals: StopSignals, execute: @escaping Execute) {
        self.world = world
        self.signals = signals
        self.execute = execute
        outbox = Outbox(world)
    }

    /// Returns when the coordinator says that the sweep is over.
    public func run() {
        send(.ready)
        var wait = AdaptiveWait()
        while !isFinished {
            lookBetweenTrials(&wait)
            if isAbandoning { giveUpWaiting() }
            guard let assignment = assignments.popFirst() else {
                wait.pause()
                continue
            }
            wait.reset()
            // A result that was overtaken by the order to give up is sent all the same: it is finished.
            if let result = try? execute(assignment, self), assignment.team.first == world.rank {
                end(assignment, result)
            }
        }
        while !outbox.isEmpty { outbox.progress() }
    }

    public func poll() throws(Abandoned) {
        let now = monotonicSeconds()
        guard now >= nextLook else { return }
        nextLook = now + Self.lookEverySeconds
        look()
        if isAbandoning || isFinished { throw Abandoned() }
    }

    public func takeWaiting(_ isWanted: (Message.Assignment) -> Bool) -> Message.Assignment? {
        guard let next = assignments.first, isWanted(next) else { return nil }
        return assignments.popFirst()
    }

    public func end(_ assignment: Message.Assignment, _ result: TrialResult) {
        send(.ended(task: assignment.task, attempt: assignment.attempt, result: result.encoded))
    }

    /// Where more trials wait here, looking is as rare as between steps: they may be shorter than a look.
    private func lookBetweenTrials(_ wait: inout AdaptiveWait) {
        let now = monotonicSeconds()
        guard assignments.isEmpty || now >= nextLook else { return }
        nextLook = now + Self.lookEverySeconds
        if look() { wait.reset() }
    }

    /// Drops what waits. A team's trial is begun all the same, to be given up at its first step by all: another rank of
    /// the team may already wait in `group` for this one.
    private func giveUpWaiting() {
        assignments.removeAll { $0.team.count == 1 }
        guard assignments.isEmpty else { return }
        isAbandoning = false
        send(.abandoned)
    }

    /// Handles what has arrived; true if anything has.
    @discardableResult
    private func look() -> Bool {
        outbox.progress()
        if let signal = signals.next() {
            send(.signalled(signal))
            signalled = (signal, monotonicSeconds())
        }
        if let signalled, monotonicSeconds() - signalled.at > Self.patienceSeconds {
            world.abort(code: 128 + signalled.signal)
        }
        var hasArrived = false
        while let incoming = world.receiveIfAny() {
            hasArrived = true
            switch Message(tag: incoming.tag, bytes: incoming.bytes) {
            case .run(let assignment): assignments.append(assignment)
            case .abandon: isAbandoning = true
            case .finish: isFinished = true
            default: preconditionFailure("malformed message to a worker")
            }
        }
        return hasArrived
    }

    private func send(_ message: Message) { outbox.send(message.bytes, to: 0, tag: message.tag) }
}
