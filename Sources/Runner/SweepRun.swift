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

/// A sweep from its file to its stored results, on all ranks of a world.
public struct SweepRun {
    private let options: RunOptions
    private let world: Communicator
    /// What teams are made of: apart from the messages on `world`.
    private let teams: Communicator
    private let signals: StopSignals
    private let builder: TrialBuilder
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

    /// What rank 0 prepares before the ranks start working.
    private struct Preparation {
        let file: SweepFile
        let plan: Plan
        let store: ResultsStore
        let directory: String
        let left: [PlannedTrial]
        let costs: CostModel
        var counts = SweepProgress()
    }

    /// Collective. Returns the outcome on rank 0 and nil on the others; an error is thrown on all ranks alike.
    ///
    /// - Parameters:
    ///   - announce: called once on rank 0, before the first trial, with the plan's total and what is stored already.
    ///   - report: called on rank 0 some times a second.
    public func run(
        announce: (_ progress: SweepProgress, _ directory: String) -> Void, report: @escaping (SweepProgress) -> Void
    ) throws -> RunOutcome? {
        let preparation = try world.agree { world.rank == 0 ? try prepare() : nil }
        let shared = share(
            [preparation?.directory ?? ""] + (preparation.map { dataSetNames(of: $0.left) } ?? []))
        let checkpoints = CheckpointFolder(directory: shared[0])
        let node = world.node()
        try world.agree { try dataSets.load(Array(shared.dropFirst()), on: node) }
        let hostName = MPIEnvironment.processorName
        guard let preparation else {
            Worker(world: world, signals: signals, execute: execution(on: hostName, checkpoints)).run()
            return nil
        }
        announce(preparation.counts, preparation.directory)
        return try coordinate(preparation, checkpoints, hostName: hostName, report: report)
    }

    /// The same words on every rank: those of rank 0.
    private func share(_ words: [String]) -> [String] {
        let text = world.broadcast(Array(words.joined(separator: "\n").utf8), from: 0)
        return String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    private func execution(on hostName: String, _ checkpoints: CheckpointFolder) -> Execute {
        { [builder, teams] (assignment, host) throws(Abandoned) in
            try builder.execute(
                assignment, host: host, teams: teams, hostName: hostName, checkpoints: checkpoints)
        }
    }

    // MARK: Rank 0

    private func prepare() throws -> Preparation {
        let file = try SweepFile.load(path: options.sweepPath)
        let plan = try file.expand(check: builder.check)
        try checkExecution(plan, file)
        let directory = options.directory ?? "runs/\(file.name)"
        let store = try ResultsStore(directory: directory)
        if options.retriesFailed { try store.forget([.failed, .diverged]) }
        let stored = try store.storedTrials()
        var costs = CostModel()
        var counts = SweepProgress()
        counts.total = plan.trials.count
        for planned in plan.trials {
            guard let state = stored[planned.trial.id] else { continue }
            switch state {
            case .done: counts.done += 1
            case .diverged: counts.diverged += 1
            case .failed: counts.failed += 1
            }
        }
        let taken = try store.storedSeconds()
        for planned in plan.trials {
            guard let seconds = taken[planned.trial.id] else { continue }
            costs.observe(builder.cost(of: planned.trial), seconds: seconds)
        }
        let info = SessionInfo(
            ranks: world.size, host: MPIEnvironment.processorName, pid: Int(processIdentifier()),
            program: Program.version, revision: Program.revision, mpi: MPIEnvironment.libraryVersion,
            blas: OpenBLAS.configuration, blasKernel: OpenBLAS.kernel, blasThreads: OpenBLAS.threads,
            cpu: BLASKernel.cpuName, sweepPath: options.sweepPath, sweepText: file.text)
        try store.begin(
            info,
            plan: plan.trials.map { planned in
                PlanEntry(trial: planned.trial, blocks: planned.blocks.map { file.blocks[$0].name })
            })
        return Preparation(
            file: file, plan: plan, store: store, directory: directory,
            left: plan.trials.filter { stored[$0.trial.id] == nil }, costs: costs, counts: counts)
    }

    /// Which trials several ranks may share, and how many; which keep checkpoints.
    private func checkExecution(_ plan: Plan, _ file: SweepFile) throws {
        for planned in plan.trials where planned.execution != Execution() {
            let ranks = planned.execution.ranks
            let block = file.blocks[planned.blocks[0]]
            func fail(_ message: String) -> SweepFileErrors {
                SweepFileErrors(
                    messages: ["\(file.path):\(block.position.line):\(block.position.column): execution: \(message)"])
            }
            guard planned.trial.problem == "network" || planned.execution.checkpointIntervalSeconds == nil else {
                throw fail("'checkpoint_interval' is for networks; a ufm trial starts again; set it in the networks' blocks")
            }
            guard ranks > 1 else { continue }
            guard planned.trial.problem == "network" else {
                throw fail("'ranks: \(ranks)' is for networks; a ufm trial runs on one rank")
            }
            guard ranks <= world.size else {
                throw fail("'ranks: \(ranks)' is more than the \(world.size) of this run; start more with mpirun -n \(ranks)")
            }
            let shards = planned.trial.integer("shards")
            guard shards % ranks == 0, (shards / ranks).nonzeroBitCount == 1 else {
                throw fail(
                    "'ranks: \(ranks)' cannot share shards: \(shards) evenly; give the block 'shards: \(ranks)' times a power "
                        + "of two (which changes the trials' identity and rounding)")
            }
        }
    }

    private func dataSetNames(of trials: [PlannedTrial]) -> [String] {
        var names: [String] = []
        for planned in trials where planned.trial.problem == "network" {
            let name = planned.trial.text("dataset")
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    private func coordinate(
        _ preparation: Preparation, _ checkpoints: CheckpointFolder, hostName: String,
        report: @escaping (SweepProgress) -> Void
    ) throws -> RunOutcome {
        let store = preparation.store
        let tasks = preparation.left.map {
            Scheduler.Task(
                cost: builder.cost(of: $0.trial), ranks: $0.execution.ranks, retries: $0.execution.retries)
        }
        let scheduler = Scheduler(tasks: tasks, ranks: world.size, limit: options.limit, costs: preparation.costs)
        let keepsCheckpoints = preparation.left.contains { $0.execution.checkpointIntervalSeconds != nil }
        var latest = preparation.counts
        let coordinator = Coordinator(
            world: world, signals: signals, trials: preparation.left, scheduler: scheduler,
            initial: preparation.counts, execute: execution(on: hostName, checkpoints),
            commit: { results, progress in
                try store.append(
                    results,
                    running: progress.running.map {
                        RunningTrial(id: $0.trial, rank: $0.rank, host: hostName, since: $0.since)
                    }, secondsLeft: progress.secondsLeft)
                for result in results where keepsCheckpoints { checkpoints.remove(result.id) }
            },
            report: {
                latest = $0
                report($0)
            })
        let end = try coordinator.run()
        try store.finish(end == .complete ? .finished : .interrupted)
        store.close()
        return RunOutcome(end: end, directory: preparation.directory, file: preparation.file, progress: latest,
            hasLostRanks: coordinator.hasLostRanks)
    }
}
