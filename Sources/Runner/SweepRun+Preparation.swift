import LinearAlgebra
import MPI
import Results
import Sweeps

/// What rank 0 does before the ranks start working.
extension SweepRun {
    /// What rank 0 finds out before any data is read.
    struct Preparation {
        let file: SweepFile
        let plan: Plan
        let directory: String
        /// nil where the folder has none yet: it is made when nothing more can be wrong with the sweep.
        let store: ResultsStore?
        let left: [PlannedTrial]
        let costs: CostModel
        var counts = SweepProgress()
        /// Stored results of trials that the file does not ask for, any more.
        let unplanned: Int
        /// Revisions of the program that made stored results, other than this one.
        let otherRevisions: [(revision: String, count: Int)]
    }

    /// Everything that can be wrong with the sweep file, or with a store that is there, shows here.
    func prepare() throws -> Preparation {
        let file = try SweepFile.load(path: options.sweepPath)
        let plan = try file.expand(check: builder.check, reporting: TrialBuilder.reports)
        try builder.checkExecution(of: plan, in: file, ranks: world.size)
        let directory = options.directory ?? "runs/\(file.name)"
        let store = ResultsStore.exists(in: directory) ? try ResultsStore(directory: directory) : nil
        let stored = (try store?.storedTrials() ?? [:]).filter { !options.retriesFailed || $0.value == .done }
        let taken = try store?.storedSeconds() ?? [:]
        var costs = CostModel()
        var counts = SweepProgress()
        counts.total = plan.trials.count
        var unplanned = stored.count
        for planned in plan.trials {
            if let state = stored[planned.trial.id] {
                counts.count(state)
                unplanned -= 1
            }
            if let seconds = taken[planned.trial.id] {
                costs.observe(builder.cost(of: planned), seconds: seconds)
            }
        }
        return Preparation(
            file: file, plan: plan, directory: directory, store: store,
            left: plan.trials.filter { stored[$0.trial.id] == nil }, costs: costs, counts: counts,
            unplanned: unplanned,
            otherRevisions: try store?.results(ofRevisionsOtherThan: Program.revision) ?? [])
    }

    /// The folder's store, made where it is missing, with a new session in it.
    func openStore(_ preparation: Preparation) throws -> ResultsStore {
        let store = try preparation.store ?? ResultsStore(directory: preparation.directory)
        if options.retriesFailed { try store.forget([.failed, .diverged]) }
        let info = SessionInfo(
            ranks: world.size, host: MPIEnvironment.processorName, pid: Int(processIdentifier()),
            program: Program.version, revision: Program.revision, mpi: MPIEnvironment.libraryVersion,
            blas: OpenBLAS.configuration, blasKernel: OpenBLAS.productKernels, blasThreads: OpenBLAS.threads,
            cpu: BLASKernel.cpuName, sweepPath: options.sweepPath, sweepText: preparation.file.text)
        try store.begin(
            info,
            plan: preparation.plan.trials.map { planned in
                PlanEntry(trial: planned.trial, blocks: planned.blocks.map { preparation.file.blocks[$0].name })
            })
        return store
    }
}
