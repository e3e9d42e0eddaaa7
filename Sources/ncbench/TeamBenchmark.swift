import ArgumentParser
import Foundation
import LinearAlgebra
import MPI
import Runner

/// Two ranks that train one network, in turns with one rank and with two processes of PyTorch.
struct TeamRanks: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "team-ranks", shouldDisplay: false)

    @OptionGroup var network: NetworkOptions
    @Option var pairs = 5
    @Option var python: String?
    @Option var script = "bench/network_torch.py"

    /// Turns of the ranks for each of the peers. The bar is for free cores, and neighbours on the machine only ever make a
    /// turn slower, two ranks more often than one, as a step ends with the slower core: so each side's best turn counts,
    /// and there must be some in which both cores were free.
    private static let turnsOfPair = 4
    private var turns: Int { pairs * Self.turnsOfPair }

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        let network = try NetworkOptions.parse(["--architecture", "resnet18", "--width", "64"])
        var arguments = ["team-ranks", "--pairs", "\(options.pairs)"] + network.arguments
        if let python = options.python {
            arguments += ["--python", python, "--script", options.scripts + "/network_torch.py"]
        }
        // PyTorch's processes inherit where rank 0 may run, which by default would be one core.
        let readings = try ChildProcess.ranks(2, arguments, options: ["--bind-to", "none"])
        func rate(_ name: String) throws -> String {
            Figure.text(Double(network.batch) / (try readings.value(name))) + "/s"
        }
        let subject = "training \(network.description), on two ranks: images/s over"
        let gain = try readings.value("best_gain")
        let alone = Figure(
            "\(subject) one rank's, either at its best",
            "\(Figure.text(gain)) (\(try rate("best_seconds")), one rank \(try rate("best_alone_seconds"))); median of pairs "
                + "\(Figure.text(try readings.value("gain")))", gain, atLeast: 1.8, "")
        guard options.python != nil else { return [alone] }
        let ratio = try readings.value("ratio")
        return [
            alone,
            Figure(
                "\(subject) PyTorch's on two processes (DDP, gloo)",
                "\(Figure.text(ratio)) (\(try rate("seconds")), PyTorch \(try rate("contiguous")), channels last "
                    + "\(try rate("channels_last")))", ratio, atLeast: 1.5, ""),
        ]
    }

    func run() throws {
        try TrialRun.withRanks { world, _ in
            guard world.size == 2 else { throw BenchmarkError("team-ranks needs two ranks") }
            let team = world.duplicate()
            let together = try NetworkSteps(network, shards: 2, team: team)
            guard world.rank == 0 else { return try assist(together, world, team) }

            let peers = try DistributedPeers(self)
            let alone = try NetworkSteps(network, shards: 2)
            let outbox = Outbox(world)
            var (seconds, aloneSeconds): ([Double], [Double]) = ([], [])
            var peerSeconds: [[Double]] = DistributedPeers.formats.map { _ in [] }
            var peerRatios = peerSeconds
            func onBothRanks() throws -> Double {
                outbox.send([], to: 1, tag: 1)
                team.barrier()
                return try together.step()
            }
            for turn in 0...turns {
                // In either order, which changes with each of PyTorch's turns too, so that both come behind it.
                let (one, other): (Double, Double)
                if (turn + turn / Self.turnsOfPair).isMultiple(of: 2) {
                    one = try onBothRanks()
                    other = try alone.step()
                } else {
                    other = try alone.step()
                    one = try onBothRanks()
                }
                let others = turn.isMultiple(of: Self.turnsOfPair) ? try peers?.step() : nil
                // The first turn warms up.
                guard turn > 0 else { continue }
                seconds.append(one)
                aloneSeconds.append(other)
                for (index, time) in (others ?? []).enumerated() {
                    peerSeconds[index].append(time)
                    peerRatios[index].append(time / one)
                }
            }
            guard together.parameters.storage.array == alone.parameters.storage.array else {
                throw BenchmarkError("two ranks trained another network than one")
            }
            print("seconds \(median(seconds))")
            print("gain \(median(zip(aloneSeconds, seconds).map { $0 / $1 }))")
            let (best, bestAlone) = (seconds.min()!, aloneSeconds.min()!)
            print("best_seconds \(best)")
            print("best_alone_seconds \(bestAlone)")
            print("best_gain \(bestAlone / best)")
            guard peers != nil else { return }
            for (format, values) in zip(DistributedPeers.formats, peerSeconds) { print("\(format) \(median(values))") }
            print("ratio \(peerRatios.map { median($0) }.min()!)")
        }
    }

    /// The other rank trains when it is told to, and sleeps while rank 0 or PyTorch trains.
    private func assist(_ together: NetworkSteps, _ world: Communicator, _ team: Communicator) throws {
        var wait = AdaptiveWait()
        var turn = 0
        while turn <= turns {
            guard world.receiveIfAny() != nil else {
                wait.pause()
                continue
            }
            wait.reset()
            team.barrier()
            _ = try together.step()
            turn += 1
        }
    }
}

/// PyTorch on two processes that train one network, in each memory format.
private struct DistributedPeers {
    static let formats = ["contiguous", "channels_last"]
    private let teams: [[PeerTraining]]

    init?(_ command: TeamRanks) throws {
        guard let python = command.python else { return nil }
        let port = 20000 + 2 * Int(ProcessInfo.processInfo.processIdentifier % 5000)
        teams = try Self.formats.enumerated().map { index, format in
            try (0..<2).map { rank in
                try PeerTraining(
                    python: python, script: command.script,
                    command.network.arguments + [
                        "--format", format, "--steps", "\(command.pairs + 1)", "--processes", "2", "--rank", "\(rank)",
                        "--port", "\(port + index)",
                    ])
            }
        }
    }

    /// Seconds of a step in each format: until both processes are done.
    func step() throws -> [Double] {
        try teams.map { team in
            for process in team { try process.ask() }
            return try team.map { try $0.answer()["seconds"]! }.max()!
        }
    }
}
