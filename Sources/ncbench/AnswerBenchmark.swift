import ArgumentParser
import ArrayFiles
import Foundation
import Learning
import LinearAlgebra
import Runner
import UnconstrainedFeatures

/// Time to the answer: a hundred unconstrained feature models over the decay, each minimised from random numbers by
/// L-BFGS in float64 until its gap to the known optimum is 10⁻⁸, one after the other on one core, in turns with SciPy.
struct AnswerPairs: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "answer-pairs", shouldDisplay: false)

    @Option var classes = 4
    @Option var dimension = 8
    @Option(help: "Per class.") var samples = 10
    @Option var trials = 100
    @Option var pairs = 5
    @Option var python: String?
    @Option var scripts = "bench"
    @Option var scratch = "runs/bench"

    private static let gap = 1e-8

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        try [(4, 8, 10), (10, 16, 10)].map { classes, dimension, samples in
            var arguments = [
                "answer-pairs", "--classes", "\(classes)", "--dimension", "\(dimension)", "--samples", "\(samples)",
                "--pairs", "\(options.pairs)", "--scripts", options.scripts, "--scratch", options.scratch,
            ]
            if let python = options.python { arguments += ["--python", python] }
            let readings = try ChildProcess.onOneCore(arguments)
            let subject =
                "100 optima of unconstrained features to 1e-8 by L-BFGS, K = \(classes), d = \(dimension), n = \(samples)"
            let seconds = "\(Figure.text(try readings.value("seconds"))) s"
            let iterations = Figure.text(try readings.value("iterations"))
            guard options.python != nil else {
                return Figure(subject, "\(seconds), \(iterations) iterations each")
            }
            let ratio = try readings.value("ratio")
            return Figure(
                "\(subject): against SciPy's L-BFGS-B",
                "\(Figure.text(ratio)) times as fast: \(seconds) at \(iterations) iterations each, SciPy "
                    + "\(Figure.text(try readings.value("peer_seconds"))) s at "
                    + Figure.text(try readings.value("peer_iterations")), ratio, atLeast: 10, "times")
        }
    }

    func run() throws {
        BLASKernel.correctOrContinue()
        OpenBLAS.useOneThread()
        let objectives = (0..<trials).map { trial in
            let decay = 1e-5 * pow(1e3, Double(trial) / Double(trials - 1))
            return UnconstrainedFeatureObjective<Double>(
                UnconstrainedFeatureModel(
                    classes: classes, dimension: dimension, samplesPerClass: samples, loss: .crossEntropy,
                    classifierDecay: decay, featureDecay: decay, bias: .free))
        }
        let starts = objectives.enumerated().map { trial, objective in
            let start = ParameterBlock<Double>(layout: objective.layout)
            objective.initialize(start, at: .gaussian(scale: 1), seed: UInt64(trial))
            return start
        }
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        let path = scratch + "/unconstrained-features.npz"
        try UnconstrainedStarts.write(objectives, starts, to: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let peer = try python.map {
            try PeerTraining(python: $0, script: scripts + "/ufm_scipy.py", [path, "--gap", "\(Self.gap)"])
        }
        var own: [(seconds: Double, iterations: Double)] = []
        var theirs: [(seconds: Double, iterations: Double)] = []
        for _ in 0..<pairs {
            own.append(try turn(objectives, starts))
            guard let peer else { continue }
            try peer.ask()
            let answer = try peer.answer()
            guard answer["reached"] == Double(trials) else {
                throw BenchmarkError("SciPy reached \(answer["reached"] ?? 0) of \(trials) optima")
            }
            theirs.append((answer["seconds"]!, answer["iterations"] ?? .nan))
        }
        print("seconds \(median(own.map(\.seconds)))")
        print("iterations \(own[0].iterations)")
        guard peer != nil else { return }
        print("peer_seconds \(median(theirs.map(\.seconds)))")
        print("peer_iterations \(theirs[0].iterations)")
        print("ratio \(median(zip(theirs, own).map { $0.seconds / $1.seconds }))")
    }

    /// Seconds of all trials, making their solvers included, and iterations of one on average.
    private func turn(
        _ objectives: [UnconstrainedFeatureObjective<Double>], _ starts: [ParameterBlock<Double>]
    ) throws -> (Double, Double) {
        let clock = monotonicSeconds()
        var iterations = 0
        for (objective, start) in zip(objectives, starts) {
            let point = ParameterBlock<Double>(layout: objective.layout)
            point.copy(from: start)
            let solver = LBFGS<Double, Never>(
                layout: objective.layout, evaluate: objective.fullBatchEvaluation)
            guard let optimum = objective.model.optimum?.value else {
                throw BenchmarkError("a model of unknown optimum")
            }
            solver.start(at: point)
            while solver.objective - optimum > Self.gap * optimum {
                guard solver.step(point) == .improved else {
                    throw BenchmarkError("L-BFGS stops at a gap of \((solver.objective - optimum) / optimum)")
                }
                iterations += 1
            }
        }
        return (monotonicSeconds() - clock, Double(iterations) / Double(trials))
    }
}
