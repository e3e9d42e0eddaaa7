import LinearAlgebra
import MPI
import Results
import Runner
import Sweeps

/// A sweep of made-up trials through the coordinator and worker that run real ones.
struct TrialRun {
    let world: Communicator
    let signals: StopSignals
    let trials: [PlannedTrial]
    let costs: [Cost]
    let execute: Execute
    var commit: Commit = { _, _ in }

    /// `body` on every rank, set up as `ncsweep run` sets itself up.
    static func withRanks(_ body: (_ world: Communicator, _ signals: StopSignals) throws -> Void) throws {
        let signals = StopSignals(isLaunched: MPIEnvironment.isLaunched)
        BLASKernel.correctOrContinue()
        OpenBLAS.useOneThread()
        try withMPI { try body($0, signals) }
    }

    /// Wall seconds from the first message to the end of the sweep, on this rank. Collective.
    func run() throws -> Double {
        let scheduler = Scheduler(
            tasks: world.rank == 0 ? costs.map { Scheduler.Task(cost: $0) } : [], ranks: world.size)
        var initial = SweepProgress()
        initial.total = trials.count
        world.barrier()
        let start = monotonicSeconds()
        if world.rank == 0 {
            let coordinator = Coordinator(
                world: world, signals: signals, trials: trials, scheduler: scheduler, initial: initial,
                execute: execute, commit: commit, report: { _ in })
            let end = try coordinator.run()
            guard end == .complete else { throw BenchmarkError("stopped before the benchmark was complete") }
        } else {
            Worker(world: world, signals: signals, execute: execute).run()
        }
        return monotonicSeconds() - start
    }

    /// Trials as a sweep of unconstrained feature models makes them; nothing ever computes them.
    static func plannedTrials(_ count: Int) throws -> [PlannedTrial] {
        try sweep(count).expand().trials
    }

    static func sweep(_ count: Int) throws -> SweepFile {
        try SweepFile.parse(sweepText(count), path: "bench.yaml")
    }

    static func sweepText(_ count: Int) -> String {
        "name: bench\nproblem: ufm\nK: 4\nd: 8\nn: 10\nlambda: 1e-3\nseeds: \(count)\n"
    }

    /// The result of an assignment that took `seconds`.
    static func result(
        of assignment: Message.Assignment, rank: Int, seconds: Double = 0, outcomes: [Outcome] = []
    ) -> TrialResult {
        TrialResult(
            id: assignment.trial.id, state: .done, outcomes: outcomes, started: wallSeconds(), seconds: seconds,
            host: "bench", rank: rank, attempt: assignment.attempt)
    }
}
