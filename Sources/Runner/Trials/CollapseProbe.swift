import Learning
import LinearAlgebra
import NeuralCollapse
import Results

/// Measures a network on all training and test samples: loss, accuracy, and the collapse metrics of every hidden layer
/// and the classifier.
final class CollapseProbe<Scalar: BLASScalar> {
    private let network: Network
    private let statistics: ParameterBlock<Scalar>
    private let loss: ClassificationLoss
    private let normalization: Normalization
    private let training: (data: DataSet, samples: [Int])
    private let test: (data: DataSet, samples: [Int])
    private let pass: NetworkPass<Scalar>
    private let workspace = LossWorkspace<Scalar>()
    /// Samples sent through the network at a time.
    private let chunk: Int
    /// Enough for products to be fast, without the activations of large images outgrowing those of training.
    static func largestChunk(_ network: Network) -> Int {
        let widest = network.nodes.map(\.layer.output.count).max() ?? network.input.count
        return max(16, min(1000, 4_000_000 / widest))
    }

    /// Losses and accuracies of the last measurement.
    private(set) var last: [String: Double] = [:]
    /// Metrics of the features and the classifier on the training samples, at the last measurement.
    private(set) var lastMetrics: [(Metric, Double)] = []

    init(
        _ network: Network, loss: ClassificationLoss, normalization: Normalization,
        training: (data: DataSet, samples: [Int]), test: DataSet, statistics: ParameterBlock<Scalar>
    ) {
        self.network = network
        self.loss = loss
        self.normalization = normalization
        self.training = training
        self.test = (test, Array(0..<test.samples))
        self.statistics = statistics
        chunk = min(Self.largestChunk(network), max(training.samples.count, test.samples))
        pass = NetworkPass(network, capacity: chunk, trains: false)
    }

    func measure(
        at parameters: ParameterBlock<Scalar>, step: Int, epoch: Int, host: TeamHost
    ) throws -> [Measurement] {
        var measurements: [Measurement] = []
        func add(_ metric: String, _ value: Double, layer: String, split: String) {
            measurements.append(
                Measurement(
                    step: step, epoch: Double(epoch), layer: layer, split: split, metric: metric, value: value))
        }
        let classifier = classifier(at: parameters)
        let trainingStatistics = try summarise(training, at: parameters, host)
        for (split, samples) in [("train", training), ("test", test)] {
            let summary = split == "train" ? trainingStatistics : try summarise(samples, at: parameters, host)
            for (name, value) in [("loss", summary.loss), ("accuracy", summary.accuracy)] {
                last["\(split)_\(name)"] = value
                add(name, value, layer: "", split: split)
            }
            let decisions = try decisions(
                of: samples, DecisionProbe(statistics: trainingStatistics.features, classifier: classifier),
                at: parameters, host)
            for (index, statistics) in summary.layers.enumerated() {
                let isFeatures = index == summary.layers.count - 1
                let measurement = CollapseMeasurement(
                    of: statistics, classifier: isFeatures ? classifier : nil, decisions: isFeatures ? decisions : nil)
                let name = network.probes[index].name
                for entry in measurement.entries {
                    add(entry.metric.rawValue, entry.value, layer: name, split: split)
                }
                if isFeatures && split == "train" { lastMetrics = measurement.entries.map { ($0.metric, $0.value) } }
            }
        }
        return measurements
    }

    // MARK: Passes over the data

    private struct Summary {
        var loss = 0.0
        var accuracy = 0.0
        /// Of every hidden layer; of the input where there is none.
        var layers: [ClassStatistics]
        var features: ClassStatistics { layers[layers.count - 1] }
    }

    private func summarise(
        _ set: (data: DataSet, samples: [Int]), at parameters: ParameterBlock<Scalar>, _ host: TeamHost
    ) throws -> Summary {
        var summary = Summary(
            layers: network.probes.map { ClassStatistics(classes: network.classes, dimension: $0.width) })
        var right = 0
        try forEachChunk(set, at: parameters, host) { labels in
            summary.loss += loss.value(
                logits: pass.logits, classes: network.classes, samples: pass.samples, stride: pass.samples,
                labels: pass.labels, scale: 1, workspace: workspace)
            right += countRight(labels)
        } observe: { probe, features, labels in
            summary.layers[probe].add(features, labels: labels)
        }
        summary.loss /= Double(set.samples.count)
        summary.accuracy = Double(right) / Double(set.samples.count)
        return summary
    }

    private func decisions(
        of set: (data: DataSet, samples: [Int]), _ probe: DecisionProbe, at parameters: ParameterBlock<Scalar>,
        _ host: TeamHost
    ) throws -> DecisionStatistics {
        var decisions = DecisionStatistics()
        try forEachChunk(set, at: parameters, host) { labels in
            let features = Matrix(rows: pass.samples, columns: network.featureWidth, copying: pass.features)
            decisions.merge(probe.statistics(of: features, labels: labels))
        }
        return decisions
    }

    private func forEachChunk(
        _ set: (data: DataSet, samples: [Int]), at parameters: ParameterBlock<Scalar>, _ host: TeamHost,
        _ body: (_ labels: [Int32]) -> Void,
        observe: ((_ probe: Int, _ features: Matrix, _ labels: [Int32]) -> Void)? = nil
    ) throws {
        for first in stride(from: 0, to: set.samples.count, by: chunk) {
            try host.poll()
            let samples = set.samples[first..<min(first + chunk, set.samples.count)]
            pass.load(samples, of: set.data, normalization: normalization)
            let labels = samples.map { set.data.labels[$0] }
            pass.forward(at: parameters, statistics) { probe, output in
                observe?(probe, self.pass.channelMeans(of: probe, output), labels)
            }
            body(labels)
        }
    }

    /// Samples whose largest logit is their class's; of equal logits the first counts.
    private func countRight(_ labels: [Int32]) -> Int {
        let (logits, count) = (pass.logits, pass.samples)
        var right = 0
        for (sample, label) in labels.enumerated() {
            var best = 0
            for k in 1..<network.classes where logits[k * count + sample] > logits[best * count + sample] { best = k }
            if best == Int(label) { right += 1 }
        }
        return right
    }

    private func classifier(at parameters: ParameterBlock<Scalar>) -> LinearClassifier {
        let weights = network.head.classifierMatrix(at: parameters)
        return LinearClassifier(
            weights: weights,
            bias: network.head.bias.map { slice in (0..<slice.count).map { Double(parameters.pointer(to: slice)[$0]) } }
        )
    }
}
