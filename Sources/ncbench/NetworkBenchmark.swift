import ArgumentParser
import Foundation
import Learning
import LinearAlgebra
import Runner

/// Training steps of networks on one thread, in turns with PyTorch in both of its memory formats.
struct NetworkPairs: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "network-pairs", shouldDisplay: false)

    @OptionGroup var network: NetworkOptions
    @Option(help: "Steps of each turn.") var steps = 1
    @Option var pairs = 5
    @Option var python: String?
    @Option var script = "bench/network_torch.py"

    private struct Work {
        let network: NetworkOptions
        let steps: Int
        let bar: Double

        /// - Parameter network: options of the command line.
        init(_ network: String, steps: Int, bar: Double) throws {
            self.network = try NetworkOptions.parse(network.split(separator: " ").map(String.init))
            (self.steps, self.bar) = (steps, bar)
        }
    }

    private static func works() throws -> [Work] {
        [
            try Work("--architecture resnet18 --width 64 --batch 32", steps: 3, bar: 1.5),
            try Work("--architecture resnet18 --width 64", steps: 1, bar: 1.5),
            try Work("--architecture resnet18 --width 16", steps: 5, bar: 1.2),
            try Work("--architecture vgg11", steps: 3, bar: 1.2),
            try Work("--architecture densenet40", steps: 2, bar: 1.2),
            try Work("--architecture lenet --channels 1 --size 28", steps: 50, bar: 1.2),
            try Work("--architecture mlp(512-512) --channels 1 --size 28", steps: 100, bar: 1.3),
        ]
    }

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        try works().flatMap { work in
            var arguments = ["network-pairs", "--pairs", "\(options.pairs)", "--steps", "\(work.steps)"]
            if let python = options.python {
                arguments += ["--python", python, "--script", options.scripts + "/network_torch.py"]
            }
            let readings = try ChildProcess.onOneCore(arguments + work.network.arguments)
            return try figures(work, readings, isCompared: options.python != nil)
        }
    }

    private static func figures(_ work: Work, _ readings: Readings, isCompared: Bool) throws -> [Figure] {
        let subject = "training \(work.network.description), one thread"
        let images = Double(work.network.batch)
        func rate(_ name: String) throws -> String { Figure.text(images / (try readings.value(name))) }
        let memory = try readings.value("memory")
        guard isCompared else {
            return [Figure(subject, "\(try rate("seconds")) images/s, \(Figure.text(memory)) MiB at most")]
        }
        let ratio = try readings.value("ratio")
        let speed = Figure(
            "\(subject): images/s over PyTorch's",
            "\(Figure.text(ratio)) (\(try rate("seconds"))/s, PyTorch \(try rate("contiguous"))/s, "
                + "channels last \(try rate("channels_last"))/s)", ratio, atLeast: work.bar, "")
        guard work.network.width == 64, work.network.batch == 128 else { return [speed] }
        let peer = try readings.value("peer_memory")
        return [
            speed,
            Figure(
                "\(subject): peak resident memory over PyTorch's",
                "\(Figure.text(memory / peer)) (\(Figure.text(memory)) MiB, PyTorch \(Figure.text(peer)) MiB)",
                memory / peer, atMost: 1, ""),
        ]
    }

    func run() throws {
        BLASKernel.correctOrContinue()
        OpenBLAS.useOneThread()
        let formats = ["contiguous", "channels_last"]
        let peers =
            try
            (python.map { python in
                try formats.map { format in
                    try PeerTraining(
                        python: python, script: script,
                        network.arguments + ["--format", format, "--steps", "\((pairs + 1) * steps)"])
                }
            }) ?? []
        let own = try NetworkSteps(network)
        var seconds: [Double] = []
        var peerSeconds: [[Double]] = peers.map { _ in [] }
        var peerMemory = Double.infinity
        for turn in 0...pairs {
            let ownSeconds = try (0..<steps).reduce(0) { sum, _ in try sum + own.step() } / Double(steps)
            let others = try peers.map { try Self.turn(of: $0, steps: steps, parameters: own.parameters.count) }
            // The first turn warms up.
            guard turn > 0 else { continue }
            seconds.append(ownSeconds)
            for (index, other) in others.enumerated() { peerSeconds[index].append(other.seconds) }
            if turn == pairs { peerMemory = others.map(\.memory).min() ?? .infinity }
        }
        print("seconds \(median(seconds))")
        print("memory \(try Self.peakMemory())")
        guard !peers.isEmpty else { return }
        for (format, values) in zip(formats, peerSeconds) { print("\(format) \(median(values))") }
        print("ratio \(peerSeconds.map { median(zip($0, seconds).map { $0 / $1 }) }.min()!)")
        print("peer_memory \(peerMemory)")
    }

    /// Seconds of a step, and the peak of its memory in MiB.
    private static func turn(
        of peer: PeerTraining, steps: Int, parameters: Int
    ) throws -> (seconds: Double, memory: Double) {
        try peer.ask(for: steps)
        let answers = try (0..<steps).map { _ in try peer.answer() }
        guard let last = answers.last, let memory = last["memory"], last["parameters"] == Double(parameters) else {
            throw BenchmarkError("PyTorch trains another network than one of \(parameters) parameters")
        }
        return (answers.reduce(0) { $0 + $1["seconds"]! } / Double(steps), memory)
    }

    /// Of this process, in MiB. The kernel's count starts with the program, where that of `getrusage` goes on with what
    /// was there before `execve`.
    private static func peakMemory() throws -> Double {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Double($0) })
        else { throw BenchmarkError("/proc/self/status names no VmHWM") }
        return kibibytes / 1024
    }
}
