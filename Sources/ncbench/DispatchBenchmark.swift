import ArgumentParser
import MPI
import Results
import Runner
import Sweeps

/// What handing out a trial costs: trials that do nothing, two ranks, no store.
struct DispatchRanks: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "dispatch-ranks", shouldDisplay: false)

    @Option var trials = 100_000
    @Option var roundTrips = 50_000

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        var (dispatch, remote, roundTrip, peer): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        for _ in 0..<options.pairs {
            let readings = try ChildProcess.ranks(2, ["dispatch-ranks"])
            dispatch.append(try readings.value("dispatch_us"))
            remote.append(try readings.value("remote_us"))
            roundTrip.append(try readings.value("round_trip_us"))
            guard let python = options.python else { continue }
            let futures = ["-m", "mpi4py.futures", options.scripts + "/futures_mpi4py.py"]
            peer.append(try ChildProcess.mpirun(2, [python] + futures).value("dispatch_us"))
        }
        let (each, whole, messages) = (median(dispatch), median(remote), median(roundTrip))
        let beyond = zip(remote, roundTrip).map { max(0, $0 - $1) }
        func text(_ microseconds: Double) -> String { Figure.text(microseconds) + " µs" }
        var figures = [
            Figure(
                "dispatch of a no-op trial to another rank, beyond two ranks' messages",
                "\(text(median(beyond))) (\(text(whole)) a trial, messages \(text(messages)))",
                median(beyond), atMost: 20, "µs"),
            Figure("no-op trials on two ranks, rank 0 running its share", "\(text(each)) a trial"),
        ]
        if !peer.isEmpty {
            let ratio = median(zip(peer, remote).map { $0 / $1 })
            figures.append(
                Figure(
                    "the same with mpi4py.futures.MPIPoolExecutor, one worker",
                    "\(text(median(peer))) a task, \(Figure.text(ratio)) times as long"))
        }
        return figures
    }

    func run() throws {
        try TrialRun.withRanks { world, signals in
            guard world.size == 2 else { throw BenchmarkError("dispatch-ranks needs two ranks") }
            let planned = try TrialRun.plannedTrials(trials)
            let roundTrip = exchange(planned[0], world)
            var executed = 0
            let run = TrialRun(
                world: world, signals: signals, trials: planned,
                costs: planned.map { _ in Cost(family: "no-op", work: 1) },
                execute: { [rank = world.rank] (assignment, _) throws(Abandoned) in
                    executed += 1
                    return TrialRun.result(of: assignment, rank: rank)
                })
            let seconds = try run.run()
            guard world.rank == 0 else { return }
            print("dispatch_us \(1e6 * seconds / Double(trials))")
            // As if the trials that rank 0 ran itself had cost nothing.
            print("remote_us \(1e6 * seconds / Double(trials - executed))")
            print("round_trip_us \(1e6 * roundTrip)")
        }
    }

    /// Seconds for a message of an assignment's bytes to the other rank and one of a result's back, on rank 0.
    private func exchange(_ planned: PlannedTrial, _ world: Communicator) -> Double {
        let assignment = Message.Assignment(task: 1, attempt: 1, team: [1], trial: planned.trial)
        let result = TrialRun.result(of: assignment, rank: 1)
        let there = Message.run(assignment).bytes
        let back = Message.ended(task: 1, attempt: 1, result: result.encoded).bytes
        let outbox = Outbox(world)
        func receive() {
            while world.receiveIfAny() == nil { outbox.progress() }
        }
        world.barrier()
        let start = monotonicSeconds()
        for _ in 0..<roundTrips {
            if world.rank == 0 {
                outbox.send(there, to: 1, tag: 1)
                receive()
            } else {
                receive()
                outbox.send(back, to: 0, tag: 1)
            }
        }
        while !outbox.isEmpty { outbox.progress() }
        let seconds = monotonicSeconds() - start
        world.barrier()
        return seconds / Double(roundTrips)
    }
}
