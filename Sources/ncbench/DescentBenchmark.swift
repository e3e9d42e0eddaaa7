import ArgumentParser
import ArrayFiles
import Foundation
import Learning
import LinearAlgebra
import Runner
import UnconstrainedFeatures

/// Steps of gradient descent on unconstrained features, all gradients, momentum and objective, on one core, in turns
/// with JAX (jit, scan, vmap) and PyTorch (eager).
struct DescentPairs: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "descent-pairs", shouldDisplay: false)

    @Option var classes = 4
    @Option var dimension = 8
    @Option(help: "Per class.") var samples = 10
    @Option var trials = 64
    @Option(help: "Of a turn, for each trial.") var steps = 100
    @Option var precision = "float32"
    @Option var pairs = 5
    @Option var python: String?
    @Option var scripts = "bench"
    @Option var scratch = "runs/bench"
    @Option(help: "packed, tiled or blas, other than the sizes' own; for measurements by hand.") var form: String?
    @Option(help: "Vectors of a tile, likewise.") var tile: Int?

    private struct Work {
        let (classes, dimension, samples, trials, steps): (Int, Int, Int, Int, Int)
        /// Times JAX's and PyTorch's speed in float32.
        let bars: (jax: Double, torch: Double)
    }

    // Steps enough that large trials run from the cache, as long ones do.
    private static let works = [
        Work(classes: 4, dimension: 8, samples: 10, trials: 64, steps: 2000, bars: (5, 300)),
        Work(classes: 10, dimension: 16, samples: 100, trials: 64, steps: 150, bars: (3, 30)),
        Work(classes: 10, dimension: 512, samples: 100, trials: 64, steps: 10, bars: (2, 5)),
        Work(classes: 100, dimension: 128, samples: 50, trials: 64, steps: 5, bars: (1.3, 2)),
    ]

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        try works.flatMap { work in
            try ["float32", "float64"].flatMap { try figures(work, precision: $0, options) }
        }
    }

    private static func figures(_ work: Work, precision: String, _ options: MeasureOptions) throws -> [Figure] {
        var arguments = [
            "descent-pairs", "--classes", "\(work.classes)", "--dimension", "\(work.dimension)", "--samples",
            "\(work.samples)", "--trials", "\(work.trials)", "--steps", "\(work.steps)", "--precision", precision,
            "--pairs", "\(options.pairs)",
            "--scripts", options.scripts, "--scratch", options.scratch,
        ]
        if let python = options.python { arguments += ["--python", python] }
        let readings = try ChildProcess.onOneCore(arguments)
        let subject =
            "unconstrained features, K = \(work.classes), d = \(work.dimension), n = \(work.samples), \(precision)"
        func time(_ name: String) throws -> String { "\(Figure.text(1e6 * (try readings.value(name)))) µs" }
        let own = "\(try time("seconds")) a trial and step"
        guard options.python != nil else { return [Figure(subject, own)] }
        return try [
            ("vmap", "JAX, jit and scan and vmap", "map", "one trial after the other", work.bars.jax),
            ("torch", "PyTorch, eager", "lean", "decays by the optimiser, without their value", work.bars.torch),
        ].map { name, peer, other, otherForm, bar in
            let ratio = try readings.value("\(name)_ratio")
            let text =
                "\(Figure.text(ratio)) times as fast: \(own), \(try time(name)); \(otherForm): "
                + "\(Figure.text(try readings.value("\(other)_ratio"))) times, \(try time(other))"
            let title = "\(subject): against \(peer)"
            return precision == "float32"
                ? Figure(title, text, ratio, atLeast: bar, "times") : Figure(title, text)
        }
    }

    func run() throws {
        BLASKernel.correctOrContinue()
        OpenBLAS.useOneThread()
        if precision == "float32" { try run(Float.self) } else { try run(Double.self) }
    }

    private func run<Scalar: BLASScalar & ArrayElement>(_: Scalar.Type) throws {
        let work = DescentWork<Scalar>(
            classes: classes, dimension: dimension, samplesPerClass: samples, trials: trials, form: form, tile: tile)
        guard let python else {
            _ = work.turn(steps: steps)
            let seconds = (0..<pairs).map { _ in work.turn(steps: steps).seconds / Double(steps * trials) }
            print("seconds \(median(seconds))")
            return
        }
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        let path = scratch + "/unconstrained-features.npz"
        try work.write(to: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let shared = [path, "--steps", "\(steps)", "--precision", precision]
        // Each peer as the bars name it, and in the form that may be the faster one.
        let peers = try [
            ("vmap", "jax", ["--over", "vmap"], trials), ("map", "jax", ["--over", "map"], trials),
            ("torch", "torch", [], 1), ("lean", "torch", ["--decay", "optimizer"], 1),
        ].map { name, script, form, count in
            (name, try PeerTraining(python: python, script: scripts + "/ufm_\(script).py", shared + form), count)
        }
        var own: [Double] = []
        var others: [String: [Double]] = [:]
        for turn in 0...pairs {
            let (seconds, objectives) = work.turn(steps: steps)
            var answers: [(String, Double)] = []
            for (name, peer, count) in peers {
                try peer.ask()
                let answer = try peer.answer()
                try compare(objectives.prefix(count), with: answer, name)
                answers.append((name, answer["seconds"]! / Double(steps * count)))
            }
            // The first turn warms up.
            guard turn > 0 else { continue }
            own.append(seconds / Double(steps * trials))
            for (name, seconds) in answers { others[name, default: []].append(seconds) }
        }
        func ratio(_ name: String) -> Double { median(zip(others[name]!, own).map { $0 / $1 }) }
        print("seconds \(median(own))")
        for (name, _, _) in peers { print("\(name) \(median(others[name]!))\n\(name)_ratio \(ratio(name))") }
    }

    /// Both sides must have come to the same place, and a peer must have had one core.
    private func compare(_ own: ArraySlice<Double>, with answer: [String: Double], _ name: String) throws {
        let tolerance = precision == "float32" ? 1e-4 : 1e-10
        for (index, value) in own.enumerated() {
            guard let other = answer["objective_\(index)"], abs(other - value) <= tolerance * abs(value) else {
                throw BenchmarkError(
                    "trial \(index) ends at \(value), \(name) at \(answer["objective_\(index)"] ?? .nan)")
            }
        }
        if let processor = answer["processor"], let seconds = answer["seconds"], processor > 1.1 * seconds + 0.01 {
            throw BenchmarkError("\(name) used \(processor / seconds) cores")
        }
    }
}

/// Trials over the decay, from random starts, minimised as a sweep does it: as many at once as their form takes.
private final class DescentWork<Scalar: BLASScalar & ArrayElement> {
    private let objectives: [UnconstrainedFeatureObjective<Scalar>]
    private let starts: [ParameterBlock<Scalar>]
    private let descents: [FusedDescent<Scalar>]

    init(
        classes: Int, dimension: Int, samplesPerClass: Int, trials: Int, form: String?, tile: Int?
    ) {
        let models = (0..<trials).map { trial in
            let decay = 1e-4 * (1 + Double(trial) / 8)
            return UnconstrainedFeatureModel(
                classes: classes, dimension: dimension, samplesPerClass: samplesPerClass, loss: .crossEntropy,
                classifierDecay: decay, featureDecay: decay, bias: .decayed(decay))
        }
        objectives = models.map { UnconstrainedFeatureObjective($0) }
        starts = objectives.enumerated().map { trial, objective in
            let start = ParameterBlock<Scalar>(layout: objective.layout)
            objective.initialize(start, at: .gaussian(scale: 1), seed: UInt64(trial))
            return start
        }
        let shape = DescentShape(models[0])!
        let forms = ["packed": DescentForm.packed, "tiled": .tiled, "blas": .blas]
        let chosen = form.flatMap { forms[$0] } ?? DescentForm(for: shape, Scalar.self)
        let width = chosen == .packed ? Scalar.Lanes.scalarCount : 1
        descents = (0..<(trials + width - 1) / width).map { _ in
            FusedDescent(shape, form: chosen, tileVectors: tile)
        }
    }

    /// Seconds of some steps of all trials from their starts, and each one's objective.
    func turn(steps: Int) -> (seconds: Double, objectives: [Double]) {
        for (trial, objective) in objectives.enumerated() {
            let descent = descents[trial / descents[0].trials]
            descent.place(
                DescentTrial(objective.model, learningRate: 0.1, momentum: 0.9), at: starts[trial],
                objective.variables,
                lane: trial % descent.trials)
        }
        let start = monotonicSeconds()
        for descent in descents { for _ in 0..<steps { descent.step() } }
        let seconds = monotonicSeconds() - start
        return (
            seconds,
            objectives.indices.map { descents[$0 / descents[0].trials].state(of: $0 % descents[0].trials).objective }
        )
    }

    func write(to path: String) throws { try UnconstrainedStarts.write(objectives, starts, to: path) }
}

/// The starts of some trials of one shape, for peers in Python.
enum UnconstrainedStarts {
    static func write<Scalar: BLASScalar & ArrayElement>(
        _ objectives: [UnconstrainedFeatureObjective<Scalar>], _ starts: [ParameterBlock<Scalar>], to path: String
    ) throws {
        func stacked(_ slice: ParameterLayout.Slice) -> NumericArray {
            let numbers = starts.flatMap { start in (0..<slice.count).map { start.storage[slice.offset + $0] } }
            return NumericArray(numbers, shape: [starts.count] + slice.shape)
        }
        try NPZArchive.write(
            [
                ("W", stacked(objectives[0].variables.classifier!)), ("H", stacked(objectives[0].variables.features)),
                ("labels", NumericArray(objectives[0].labels)),
                ("lambda", NumericArray(objectives.map { $0.model.decays!.classifier })),
                ("optimum", NumericArray(objectives.map { $0.model.optimum?.value ?? .nan })),
            ], to: path)
    }
}
