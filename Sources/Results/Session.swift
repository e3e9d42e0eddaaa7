import Sweeps

/// One start of the program on a folder of results: who computed what is stored, with what.
public struct SessionInfo: Hashable, Sendable {
    public var ranks: Int
    public var host: String
    public var pid: Int
    public var program: String
    public var revision: String
    public var mpi: String
    public var blas: String
    public var blasKernel: String
    public var blasThreads: Int
    public var cpu: String
    public var sweepPath: String
    /// The sweep file as it was read.
    public var sweepText: String

    public init(
        ranks: Int, host: String, pid: Int, program: String, revision: String, mpi: String, blas: String,
        blasKernel: String, blasThreads: Int, cpu: String, sweepPath: String, sweepText: String
    ) {
        self.ranks = ranks
        self.host = host
        self.pid = pid
        self.program = program
        self.revision = revision
        self.mpi = mpi
        self.blas = blas
        self.blasKernel = blasKernel
        self.blasThreads = blasThreads
        self.cpu = cpu
        self.sweepPath = sweepPath
        self.sweepText = sweepText
    }
}

/// How a session ended by itself; one that was killed has no ending.
public enum SessionEnding: String, Sendable {
    /// Every planned trial has a result.
    case finished
    /// Asked to stop by a signal or a time limit.
    case interrupted
}

/// How many trials have which end.
public struct TrialCounts: Hashable, Sendable {
    public var done: Int
    public var diverged: Int
    public var failed: Int

    public init(done: Int = 0, diverged: Int = 0, failed: Int = 0) {
        self.done = done
        self.diverged = diverged
        self.failed = failed
    }

    public var ended: Int { done + diverged + failed }

    public subscript(state: TrialState) -> Int {
        get {
            switch state {
            case .done: done
            case .diverged: diverged
            case .failed: failed
            }
        }
        set {
            switch state {
            case .done: done = newValue
            case .diverged: diverged = newValue
            case .failed: failed = newValue
            }
        }
    }
}

/// The last session of a folder, as `status` shows it.
public struct StoredSession: Hashable, Sendable {
    public let info: SessionInfo
    public let started: Double
    /// Of the last commit, so that a reader can tell a slow session from a dead one.
    public let updated: Double
    public let ended: Double?
    public let ending: SessionEnding?
    public let planned: Int
    /// Of the planned trials, whichever session computed them.
    public let counts: TrialCounts
    /// Trials that ended in this session.
    public let endedHere: Int
    public let secondsLeft: Double?
}

/// A point of the plan and the blocks of the sweep file that ask for it.
public struct PlanEntry: Hashable, Sendable {
    public let trial: Trial
    public let blocks: [String]

    public init(trial: Trial, blocks: [String]) {
        self.trial = trial
        self.blocks = blocks
    }
}

/// A trial that a rank works on.
public struct RunningTrial: Hashable, Sendable {
    public let id: TrialID
    public let rank: Int
    public let host: String
    /// Unix time, in seconds.
    public let since: Double

    public init(id: TrialID, rank: Int, host: String, since: Double) {
        self.id = id
        self.rank = rank
        self.host = host
        self.since = since
    }
}
