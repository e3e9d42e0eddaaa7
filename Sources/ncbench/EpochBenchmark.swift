import ArgumentParser
import LinearAlgebra
import MPI
import Results
import Runner
import Sweeps

/// Seconds an epoch of a network trial, in turns with PyTorch.
///
/// A real trial is run; its host, which every trial asks between two steps, sees where an epoch ends, stops the clock
/// and lets PyTorch train one meanwhile. So both meet the same machine, epoch by epoch.
struct EpochPairs: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "epoch-pairs", shouldDisplay: false)

    @Option var pairs = 5
    @Option var python: String?
    @Option var script = "bench/mlp_epoch_torch.py"

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        var arguments = ["epoch-pairs", "--pairs", "\(max(5, options.pairs))"]
        if let python = options.python {
            arguments += ["--python", python, "--script", options.scripts + "/mlp_epoch_torch.py"]
        }
        let readings = try ChildProcess.onOneCore(arguments)
        let own = "\(Figure.text(try readings.value("seconds"))) s"
        let subject = "epoch of mlp(512-512) on Fashion-MNIST, batch 128, float32, one thread"
        guard options.python != nil else { return [Figure(subject, own)] }
        let ratio = try readings.value("ratio")
        let peer = Figure.text(try readings.value("peer_seconds"))
        return [
            Figure(
                "\(subject): time over PyTorch's", "\(Figure.text(ratio)) (\(own), PyTorch \(peer) s)", ratio,
                atMost: 1, "")
        ]
    }

    func run() throws {
        try TrialRun.withRanks { world, _ in
            let shelf = DataSetShelf(folder: nil, environmentFolder: nil)
            try shelf.load(["fashion-mnist"], on: world.node())
            let builder = TrialBuilder(dataSets: shelf)
            // Of a trial of one epoch: it measures before and after it.
            let warmUp = PollCounter()
            _ = try result(of: try trial(epochs: 1), builder, host: warmUp, world)
            let steps = (60_000 + 127) / 128
            let probe = (warmUp.polls - steps) / 2

            let peer = try python.map {
                try PeerTraining(
                    python: $0, script: script, ["--epochs", "\(pairs + 1)", "--weight-decay", "5e-4"])
            }
            _ = try peer?.seconds()
            // Measured at 0, after the first epoch and at the end; in between lie the epochs to be timed.
            let host = EpochClock(firstPoll: 2 * probe + steps, steps: steps, pairs: pairs) {
                try peer?.seconds() ?? .nan
            }
            let result = try result(of: try trial(epochs: pairs + 2), builder, host: host, world)
            guard host.polls == 3 * probe + (pairs + 2) * steps, host.own.count == pairs else {
                throw BenchmarkError("the trial polled \(host.polls) times, so its epochs cannot be told apart")
            }
            try checkThatItLearnt(result)
            print("seconds \(median(host.own))")
            guard peer != nil else { return }
            guard host.peer.allSatisfy(\.isFinite) else { throw BenchmarkError("PyTorch ended early") }
            print("peer_seconds \(median(host.peer))")
            print("ratio \(median(zip(host.own, host.peer).map { $0 / $1 }))")
        }
    }

    private func trial(epochs: Int) throws -> Trial {
        let text = """
            problem: network
            architecture: mlp(512-512)
            lambda: 5e-4
            learning_rate: 0.05
            batch: 128
            epochs: \(epochs)
            measurements: 2

            """
        return try SweepFile.parse(text, path: "epoch.yaml").expand().trials[0].trial
    }

    private func result(
        of trial: Trial, _ builder: TrialBuilder, host: any TrialHost, _ world: Communicator
    ) throws -> TrialResult {
        let assignment = Message.Assignment(task: 0, attempt: 1, team: [0], trial: trial)
        let result = try builder.execute(
            assignment, host: host, teams: world, hostName: "bench",
            checkpoints: CheckpointFolder(directory: "."),
            weights: WeightsFolder(directory: "."))
        guard let result else { throw BenchmarkError("the trial ran beside others") }
        return result
    }

    private func checkThatItLearnt(_ result: TrialResult) throws {
        let accuracy = result.outcomes.first { $0.name == "test_accuracy" }?.value
        guard case .real(let accuracy)? = accuracy, accuracy > 0.8 else {
            throw BenchmarkError("the network did not learn: \(result.reason ?? "test accuracy below 80 %")")
        }
    }
}

/// Counts how often a trial asks its host.
private final class PollCounter: TrialHost {
    var polls = 0
    func poll() throws(Abandoned) { polls += 1 }
}

/// Times epochs of a trial by counting its steps.
private final class EpochClock: TrialHost {
    private(set) var polls = 0
    private(set) var own: [Double] = []
    private(set) var peer: [Double] = []
    private let firstPoll: Int
    private let steps: Int
    private let pairs: Int
    private let runPeer: () throws -> Double
    private var start = 0.0

    init(firstPoll: Int, steps: Int, pairs: Int, runPeer: @escaping () throws -> Double) {
        self.firstPoll = firstPoll
        self.steps = steps
        self.pairs = pairs
        self.runPeer = runPeer
    }

    func poll() throws(Abandoned) {
        let index = polls - firstPoll
        polls += 1
        guard index >= 0, index % steps == 0, index / steps <= pairs else { return }
        if index > 0 {
            own.append(monotonicSeconds() - start)
            peer.append((try? runPeer()) ?? .nan)
        }
        start = monotonicSeconds()
    }
}
