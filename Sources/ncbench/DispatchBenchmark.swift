import ArgumentParser
import MPI
import Results
import Runner
import Sweeps

/// What handing out a trial costs: trials that do nothing, two ranks, no store.
struct DispatchRanks: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "dispatch-ranks", shouldDisplay: false)

    @Option var trials = 200_000
    @Option var roundTrips = 50_000

    @Flag(help: "Rank 0 trains the whole time, so that every no-op trial goes to the other rank.") var training = false

    /// Of rank 0's training.
    private static let stepSeconds = 1e-4

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        var (idle, busy, roundTrip, peer): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        for _ in 0..<options.pairs {
            let readings = try ChildProcess.ranks(2, ["dispatch-ranks", "--training"])
            busy.append(try readings.value("dispatch_us"))
            roundTrip.append(try readings.value("round_trip_us"))
            idle.append(try ChildProcess.ranks(2, ["dispatch-ranks"]).value("dispatch_us"))
            guard let python = options.python else { continue }
            let futures = ["-m", "mpi4py.futures", options.scripts + "/futures_mpi4py.py"]
            peer.append(try ChildProcess.mpirun(2, [python] + futures).value("dispatch_us"))
        }
        func text(_ microseconds: Double) -> String { Figure.text(microseconds) + " µs" }
        let beyond = max(0, median(busy) - median(roundTrip))
        var figures = [
            Figure(
                "dispatch of a no-op trial to a rank while rank 0 trains, beyond two ranks' messages",
                "\(text(beyond)) (\(text(median(busy))) a trial, messages \(text(median(roundTrip))))",
                beyond, atMost: 20, "µs"),
            Figure("no-op trials on two ranks, rank 0 running its share", "\(text(median(idle))) a trial"),
        ]
        if !peer.isEmpty {
            let ratio = median(zip(peer, busy).map { $0 / $1 })
            figures.append(
                Figure(
                    "mpi4py.futures.MPIPoolExecutor, one worker, rank 0 waiting",
                    "\(text(median(peer))) a task, \(Figure.text(ratio)) times as long"))
        }
        return figures
    }

    func run() throws {
        try TrialRun.withRanks { world, signals in
            guard world.size == 2 else { throw BenchmarkError("dispatch-ranks needs two ranks") }
            let planned = try TrialRun.plannedTrials(trials + 1)
            let roundTrip = exchange(planned[0], world)
            var ended = 0
            // The longest one goes to the first rank that is ready, which is rank 0.
            let costs = planned.indices.map { Cost(family: $0 == 0 ? "training" : "no-op", work: $0 == 0 ? 1e12 : 1) }
            var run = TrialRun(
                world: world, signals: signals, trials: planned, costs: costs,
                execute: { [rank = world.rank, training, trials] (assignment, host) throws(Abandoned) in
                    while training, assignment.task == 0, ended < trials {
                        let start = monotonicSeconds()
                        while monotonicSeconds() - start < Self.stepSeconds {}
                        try host.poll()
                    }
                    return TrialRun.result(of: assignment, rank: rank, seconds: 1e-6)
                })
            run.commit = { results, _ in ended += results.count }
            let seconds = try run.run()
            guard world.rank == 0 else { return }
            print("dispatch_us \(1e6 * seconds / Double(trials))")
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
