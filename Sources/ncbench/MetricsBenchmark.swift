import ArgumentParser
import ArrayFiles
import Foundation
import LinearAlgebra
import NeuralCollapse
import RandomNumbers
import Runner

/// All metrics of 60,000 features of 512 numbers in Float32, ten classes, on one thread, against NumPy.
struct MetricsPairs: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "metrics-pairs", shouldDisplay: false)

    @Argument(help: "Features, labels, weight and bias.") var path: String
    @Option var pairs = 5
    @Option(help: "Python with NumPy.") var python: String?
    @Option var scripts = "bench"

    private static let (samples, dimension, classes) = (60_000, 512, 10)

    static func figures(_ options: MeasureOptions) throws -> [Figure] {
        try FileManager.default.createDirectory(atPath: options.scratch, withIntermediateDirectories: true)
        let path = options.scratch + "/features.npz"
        try writeFeatures(to: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let subject = "all metrics of 60,000 × 512 features, K = 10, one thread"
        var arguments = ["metrics-pairs", path, "--pairs", "\(options.pairs)", "--scripts", options.scripts]
        if let python = options.python { arguments += ["--python", python] }
        let readings = try ChildProcess.onOneCore(arguments, removing: ["OPENBLAS_CORETYPE"])
        let seconds = try readings.value("seconds")
        guard options.python != nil else { return [Figure(subject, "\(Figure.text(seconds)) s")] }
        return try [
            ("svd", "NumPy, singular values of the features as defined"),
            ("scatter", "NumPy, singular values from the d × d scatter"),
        ].map { spectrum, name in
            let ratio = try readings.value("\(spectrum)_ratio")
            let text =
                "\(Figure.text(ratio)) times as fast: \(Figure.text(seconds)) s against "
                + "\(Figure.text(try readings.value("\(spectrum)_seconds"))) s"
            return spectrum == "svd"
                ? Figure("\(subject), against \(name)", text, ratio, atLeast: 5, "times")
                : Figure("\(subject), against \(name)", text)
        }
    }

    /// Class means and noise through a ReLU, as a last hidden layer has them; a classifier near the means.
    private static func writeFeatures(to path: String) throws {
        let random = Philox(seed: 1, purpose: .test)
        let means = (0..<classes * dimension).map { 2 * random.normal(at: UInt64($0)) }
        let labels = (0..<samples).map { Int64($0 * 7 % classes) }
        var features: [Float] = []
        features.reserveCapacity(samples * dimension)
        for sample in 0..<samples {
            for column in 0..<dimension {
                let noise = random.normal(at: UInt64(1_000_000 + sample * dimension + column))
                features.append(Float(max(0, means[Int(labels[sample]) * dimension + column] + noise)))
            }
        }
        let weights = means.enumerated().map { $1 + 0.3 * random.normal(at: UInt64(100_000 + $0)) }
        let bias = (0..<classes).map { random.normal(at: UInt64(200_000 + $0)) }
        try NPZArchive.write(
            [
                ("features", NumericArray(features, shape: [samples, dimension])), ("labels", NumericArray(labels)),
                ("weight", NumericArray(weights, shape: [classes, dimension])), ("bias", NumericArray(bias)),
            ], to: path)
    }

    func run() throws {
        BLASKernel.correctOrContinue()
        OpenBLAS.useOneThread()
        let archive = try NPZArchive(path: path)
        let (weight, bias) = (try archive.array("weight"), try archive.array("bias"))
        let features = try archive.array("features").floats
        let labels = (try archive.array("labels").integers ?? []).map { Int32($0) }
        let classifier = LinearClassifier(
            weights: Matrix(rows: weight.shape[0], columns: weight.shape[1], elements: weight.doubles),
            bias: bias.doubles)
        func measure() -> CollapseMeasurement {
            features.withFeatureRows(columns: weight.shape[1]) {
                CollapseMeasurement(of: $0, labels: labels, classes: weight.shape[0], classifier: classifier)
            }
        }
        let measurement = measure()
        let peers = try ["svd", "scatter"].compactMap { spectrum in
            try python.map { (spectrum, try PeerMetrics(python: $0, script: scripts, path, spectrum: spectrum)) }
        }
        for (_, peer) in peers { try compare(measurement, with: peer.values) }
        var own: [Double] = []
        var theirs: [String: [Double]] = [:]
        for _ in 0..<pairs {
            let start = monotonicSeconds()
            _ = measure()
            own.append(monotonicSeconds() - start)
            for (spectrum, peer) in peers { theirs[spectrum, default: []].append(try peer.nextSeconds()) }
        }
        print("seconds \(median(own))")
        for (spectrum, seconds) in theirs {
            print("\(spectrum)_seconds \(median(seconds))")
            print("\(spectrum)_ratio \(median(zip(seconds, own).map { $0 / $1 }))")
        }
    }

    /// A speed counts only for the same numbers.
    private func compare(_ measurement: CollapseMeasurement, with values: [String: Double]) throws {
        guard measurement.entries.count == Metric.allCases.count else { throw BenchmarkError("a metric is missing") }
        for entry in measurement.entries {
            guard let value = values[entry.metric.rawValue],
                abs(entry.value - value) <= 1e-9 * max(1, abs(value))
            else {
                throw BenchmarkError(
                    "\(entry.metric.rawValue) is \(entry.value) here, "
                        + "\(values[entry.metric.rawValue].map { "\($0)" } ?? "missing") in NumPy")
            }
        }
    }
}

/// NumPy in a process of its own, which computes all metrics each time it is asked.
private final class PeerMetrics {
    private let process = Process()
    private let questions = Pipe()
    private let answers = Pipe()
    private(set) var values: [String: Double] = [:]

    init(python: String, script: String, _ path: String, spectrum: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, script + "/metrics_numpy.py", path, "--spectrum", spectrum]
        process.standardInput = questions
        process.standardOutput = answers
        // As the peer starts by itself, on one thread whichever BLAS it brings.
        var environment = ProcessInfo.processInfo.environment
        environment["OPENBLAS_CORETYPE"] = nil
        for library in ["OPENBLAS", "MKL", "OMP"] { environment["\(library)_NUM_THREADS"] = "1" }
        process.environment = environment
        try process.run()
        var reading = try nextReading()
        while reading.name != "ready" {
            values[reading.name] = reading.value
            reading = try nextReading()
        }
    }

    deinit {
        try? questions.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    func nextSeconds() throws -> Double {
        try questions.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        return try nextReading().value
    }

    private func nextReading() throws -> (name: String, value: Double) {
        var line = ""
        while !line.hasSuffix("\n") {
            guard let byte = try answers.fileHandleForReading.read(upToCount: 1), !byte.isEmpty else {
                throw BenchmarkError("metrics_numpy.py ended early")
            }
            line += String(decoding: byte, as: UTF8.self)
        }
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let value = Double(words[1]) else {
            throw BenchmarkError("metrics_numpy.py answered '\(line.dropLast())'")
        }
        return (String(words[0]), value)
    }
}
