import LinearAlgebra
import MPI
import Results
import Sweeps

/// What `ncsweep run` was asked to do.
public struct RunOptions: Sendable {
    public var sweepPath: String
    /// nil for runs/<name of the sweep>.
    public var directory: String?
    public var dataFolder: String?
    public var environmentDataFolder: String?
    public var limit: Scheduler.FailureLimit = .none
    /// Forget failed and diverged results, so that their trials run again.
    public var retriesFailed = false

    public init(sweepPath: String) { self.sweepPath = sweepPath }
}

/// What a run begins with; on rank 0.
public struct SweepStart: Sendable {
    /// The plan's total and what is stored already.
    public let progress: SweepProgress
    public let directory: String
    /// Stored results of trials that the file does not ask for.
    public let unplanned: Int
    /// Revisions of the program that made stored results, other than this one.
    public let otherRevisions: [(revision: String, count: Int)]
}

/// What a run left behind; on rank 0.
public struct RunOutcome: Sendable {
    public let end: SweepEnd
    public let directory: String
    public let file: SweepFile
    public let progress: SweepProgress
    /// Some ranks are deep in a step and did not stop in time. They would keep `MPI_Finalize` waiting: the caller ends
    /// them by aborting the job.
    public let hasLostRanks: Bool
}

/// What ended a sweep in its middle, on rank 0: mostly a store that cannot be written any more.
public struct SweepFailure: Error {
    public let error: any Error
    /// As in `RunOutcome`.
    public let hasLostRanks: Bool
}

/// A sweep from its file to its stored results, on all ranks of a world.
public struct SweepRun {
    let options: RunOptions
    let world: Communicator
    /// What teams are made of: apart from the messages on `world`.
    private let teams: Communicator
    private let signals: StopSignals
    let builder: TrialBuilder
    private let dataSets: DataSetShelf

    /// Collective.
    public init(_ options: RunOptions, world: Communicator, signals: StopSignals) {
        self.options = options
        self.world = world
        teams = world.duplicate()
        self.signals = signals
        dataSets = DataSetShelf(folder: options.dataFolder, environmentFolder: options.environmentDataFolder)
        builder = TrialBuilder(dataSets: dataSets)
    }

    /// Collective. Returns the outcome on rank 0 and nil on the others; an error is thrown on all ranks alike.
    ///
    /// - Parameters:
    ///   - announce: called once on rank 0, before the first trial.
    ///   - report: called on rank 0 some times a second.
    public func run(
        announce: (SweepStart) -> Void,
        report: @escaping (SweepProgress) -> Void
    ) throws -> RunOutcome? {
        let preparation = try world.agree { world.rank == 0 ? try prepare() : nil }
        let shared = share(
            [preparation?.directory ?? ""] + (preparation.map { dataSetNames(of: $0.left) } ?? []))
        let (checkpoints, weights) = (CheckpointFolder(directory: shared[0]), WeightsFolder(directory: shared[0]))
        let node = world.node()
        try world.agree { try dataSets.load(Array(shared.dropFirst()), on: node) }
        let store = try world.agree { try preparation.map(openStore) }
        try world.agree {
            guard let stored = try store?.storedTrials() else { return }
            let names = Set(stored.keys.map(\.description))
            checkpoints.removeLeftOver { names.contains($0) }
            weights.removePartialFiles()
        }
        let hosts = world.processorNames()
        let execute = execution(on: hosts[world.rank], checkpoints, weights)
        guard let preparation, let store else {
            Worker(world: world, signals: signals, execute: execute).run()
            return nil
        }
        announce(
            SweepStart(
                progress: preparation.counts, directory: preparation.directory, unplanned: preparation.unplanned,
                otherRevisions: preparation.otherRevisions))
        return try coordinate(preparation, store, checkpoints, execute, hosts: hosts, report: report)
    }

    /// The same words on every rank: those of rank 0.
    private func share(_ words: [String]) -> [String] {
        let text = world.broadcast(Array(words.joined(separator: "\0").utf8), from: 0)
        return String(decoding: text, as: UTF8.self).split(separator: "\0", omittingEmptySubsequences: false)
            .map(String.init)
    }

    private func execution(
        on hostName: String, _ checkpoints: CheckpointFolder, _ weights: WeightsFolder
    ) -> Execute {
        { [builder, teams] (assignment, host) throws(Abandoned) in
            try builder.execute(
                assignment, host: host, teams: teams, hostName: hostName, checkpoints: checkpoints, weights: weights)
        }
    }

    // MARK: Rank 0

    private func dataSetNames(of trials: [PlannedTrial]) -> [String] {
        var names: [String] = []
        for planned in trials where planned.trial.problem == "network" {
            let name = planned.trial.text("dataset")
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    private func coordinate(
        _ preparation: Preparation, _ store: ResultsStore, _ checkpoints: CheckpointFolder,
        _ execute: @escaping Execute, hosts: [String], report: @escaping (SweepProgress) -> Void
    ) throws -> RunOutcome {
        let tasks = preparation.left.map {
            Scheduler.Task(cost: builder.cost(of: $0), ranks: $0.execution.ranks, retries: $0.execution.retries)
        }
        let before = preparation.counts
        let scheduler = Scheduler(
            tasks: tasks, ranks: world.size, limit: options.limit, costs: preparation.costs,
            previous: before.done + before.diverged + before.failed, previousFailures: before.diverged + before.failed)
        let keepsCheckpoints = preparation.left.contains { $0.execution.checkpointIntervalSeconds != nil }
        var latest = preparation.counts
        let coordinator = Coordinator(
            world: world, signals: signals, trials: preparation.left, scheduler: scheduler,
            initial: preparation.counts, execute: execute,
            commit: { results, progress in
                try store.append(
                    results,
                    running: progress.running.map {
                        RunningTrial(id: $0.trial, rank: $0.rank, host: hosts[$0.rank], since: $0.since)
                    }, secondsLeft: progress.secondsLeft)
                for result in results where keepsCheckpoints { checkpoints.remove(result.id) }
            },
            report: {
                latest = $0
                report($0)
            })
        let end: SweepEnd
        do { end = try coordinator.run() } catch {
            throw SweepFailure(error: error, hasLostRanks: coordinator.hasLostRanks)
        }
        try store.finish(end == .complete ? .finished : .interrupted)
        store.close()
        return RunOutcome(
            end: end, directory: preparation.directory, file: preparation.file, progress: latest,
            hasLostRanks: coordinator.hasLostRanks)
    }
}
