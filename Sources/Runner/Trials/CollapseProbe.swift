import Learning
import LinearAlgebra
import NeuralCollapse
import Results

/// Measures a network on all training and test samples: loss, accuracy, and the collapse metrics of its layers and the
/// classifier.
///
/// The samples are cut into as many logical parts as a batch has shards, whose statistics are merged in the same tree:
/// the numbers do not depend on how many ranks share the work.
final class CollapseProbe<Scalar: BLASScalar> {
    private let network: Network
    private let loss: ClassificationLoss
    private let normalization: Normalization
    private let samples: TrialSamples
    private let statistics: ParameterBlock<Scalar>
    private let host: TeamHost
    private let parts: Int
    /// Measured layers, by their index among the network's probes; the last one gives the features.
    private let layers: [Int]
    private let pass: NetworkPass<Scalar>
    private let workspace = LossWorkspace<Scalar>()
    private let means: Buffer<Scalar>
    /// Samples sent through the network at a time.
    private let chunk: Int

    /// Losses, accuracies and the like of the last measurement.
    private(set) var last: [String: Double] = [:]
    /// Columns of the results: metrics of the features and the classifier on the training samples, and the law over
    /// layers, at the last measurement.
    private(set) var lastOutcomes: [(String, Double)] = []

    /// Kept for the second look at a split's features; where they need more they are computed again.
    private static var largestStore: Int { 512 << 20 }

    /// Enough samples for products to be fast, without the activations of large images outgrowing those of training.
    static func chunk(_ network: Network, samples: Int) -> Int {
        let widest = max(network.input.count, network.nodes.map(\.layer.output.count).max() ?? 0)
        return max(1, min(samples, 1000, 4_000_000 / widest))
    }

    init(
        _ problem: NetworkProblem, normalization: Normalization, samples: TrialSamples,
        statistics: ParameterBlock<Scalar>, host: TeamHost
    ) {
        network = problem.network
        loss = problem.loss
        layers = problem.layers
        parts = problem.training.shards
        self.normalization = normalization
        self.samples = samples
        self.statistics = statistics
        self.host = host
        chunk = Self.chunk(network, samples: max(samples.trainingSamples.count, samples.testSamples.count))
        pass = NetworkPass(network, capacity: chunk, trains: false)
        means = Buffer(count: chunk * (network.probes.map(\.width).max() ?? 0))
    }

    /// Collective over the team; the measurements are the first rank's.
    func measure(at parameters: ParameterBlock<Scalar>, step: Int, epoch: Int) throws -> [Measurement] {
        var measurements: [Measurement] = []
        func add(_ metric: String, _ value: Double, layer: String, split: String) {
            measurements.append(
                Measurement(
                    step: step, epoch: Double(epoch), layer: layer, split: split, metric: metric, value: value))
        }
        let classifier = LinearClassifier(
            weights: network.head.classifierMatrix(at: parameters),
            bias: network.head.bias.map { slice in (0..<slice.count).map { Double(parameters.pointer(to: slice)[$0]) } }
        )
        var probes: [DecisionProbe] = []
        for split in [Split.train, .test] {
            let stores = RowStores(self, split)
            let summary = try summarise(split, at: parameters, stores)
            if split == .train {
                probes = summary.layers.enumerated().map {
                    DecisionProbe(statistics: $1, classifier: $0 == layers.count - 1 ? classifier : nil)
                }
                last["feature_square"] = summary.featureSquares / Double(samples.trainingSamples.count)
            }
            let decisions = try decide(split, probes, at: parameters, stores)
            guard host.rank == 0 else { continue }
            let count = Double(split.samples(samples).count)
            for (name, value) in [("loss", summary.loss / count), ("accuracy", Double(summary.right) / count)] {
                last["\(split.rawValue)_\(name)"] = value
                add(name, value, layer: "", split: split.rawValue)
            }
            var collapse: [CollapseMeasurement] = []
            for (index, layer) in layers.enumerated() {
                let measurement = CollapseMeasurement(
                    of: summary.layers[index], classifier: index == layers.count - 1 ? classifier : nil,
                    decisions: decisions[index])
                collapse.append(measurement)
                for entry in measurement.entries {
                    add(entry.metric.rawValue, entry.value, layer: network.probes[layer].name, split: split.rawValue)
                }
            }
            let law = lawOverLayers(collapse)
            for (name, value) in law { add(name, value, layer: "", split: split.rawValue) }
            if split == .train {
                lastOutcomes = (collapse.last?.entries ?? []).map { ($0.metric.rawValue, $0.value) } + law
            }
        }
        return measurements
    }

    /// The law of data separation, and the effective depth, where several layers are measured.
    private func lawOverLayers(_ layers: [CollapseMeasurement]) -> [(String, Double)] {
        var values: [(String, Double)] = []
        guard layers.count > 1 else { return values }
        if let law = SeparationLaw(fuzziness: layers.map { $0[.nc1Unscaled] }) {
            values.append(("separation_slope", law.slope))
            if let rSquared = law.rSquared { values.append(("separation_r_squared", rSquared)) }
        }
        if let depth = EffectiveDepth.depth(errors: layers.map { $0[.nccError] }) {
            values.append(("effective_depth", Double(depth)))
        }
        return values
    }

    // MARK: Splits

    fileprivate enum Split: String {
        case train, test

        func samples(_ samples: TrialSamples) -> [Int] {
            self == .train ? samples.trainingSamples : samples.testSamples
        }

        func data(_ samples: TrialSamples) -> DataSet { self == .train ? samples.training : samples.test }
    }

    /// The features of this rank's samples, layer by layer, or nil for too many.
    private final class RowStores {
        let stores: [RowStore<Scalar>]?
        var labels: [Int32] = []

        init(_ probe: CollapseProbe, _ split: Split) {
            let count = probe.range(of: split, parts: probe.ownParts).count
            let widths = probe.layers.map { probe.network.probes[$0].width }
            let bytes = count * widths.reduce(0, +) * MemoryLayout<Scalar>.stride
            let stores = widths.compactMap {
                RowStore<Scalar>(capacity: count, columns: $0, byteLimit: CollapseProbe.largestStore)
            }
            self.stores = bytes <= CollapseProbe.largestStore && stores.count == widths.count ? stores : nil
        }
    }

    private var ownParts: Range<Int> {
        let partsHere = parts / host.ranks
        return host.rank * partsHere..<(host.rank + 1) * partsHere
    }

    /// Positions among a split's samples.
    private func range(of split: Split, parts own: Range<Int>) -> Range<Int> {
        let count = split.samples(samples).count
        return own.lowerBound * count / parts..<own.upperBound * count / parts
    }

    private struct Summary {
        var loss = 0.0
        var right = 0
        var featureSquares = 0.0
        var layers: [ClassStatistics]

        mutating func merge(_ other: Summary) {
            loss += other.loss
            right += other.right
            featureSquares += other.featureSquares
            for index in layers.indices { layers[index].merge(other.layers[index]) }
        }

        var serialized: [Double] { [loss, Double(right), featureSquares] + layers.flatMap(\.serialized) }

        init(layers: [ClassStatistics]) { self.layers = layers }

        init(serialized numbers: [Double], shapes: [(classes: Int, dimension: Int)]) {
            (loss, right, featureSquares) = (numbers[0], Int(numbers[1]), numbers[2])
            layers = []
            var next = 3
            for shape in shapes {
                let count = ClassStatistics.serializedCount(classes: shape.classes, dimension: shape.dimension)
                layers.append(ClassStatistics(serialized: Array(numbers[next..<next + count])))
                next += count
            }
        }
    }

    private func summarise(
        _ split: Split, at parameters: ParameterBlock<Scalar>, _ stores: RowStores
    ) throws -> Summary {
        let own = try summarise(ownParts, of: split, at: parameters, stores)
        guard let team = host.team else { return own }
        let shapes = layers.map { (classes: network.classes, dimension: network.probes[$0].width) }
        let merged = team.allReduce(own.serialized) { left, right in
            var sum = Summary(serialized: left, shapes: shapes)
            sum.merge(Summary(serialized: right, shapes: shapes))
            return sum.serialized
        }
        return Summary(serialized: merged, shapes: shapes)
    }

    /// Over a range of parts: those of the largest power of two that is fewer than all, and then the rest.
    private func summarise(
        _ own: Range<Int>, of split: Split, at parameters: ParameterBlock<Scalar>, _ stores: RowStores
    ) throws -> Summary {
        if own.count > 1 {
            let middle = own.middleOfTree
            var left = try summarise(own.lowerBound..<middle, of: split, at: parameters, stores)
            left.merge(try summarise(middle..<own.upperBound, of: split, at: parameters, stores))
            return left
        }
        var summary = Summary(
            layers: layers.map { ClassStatistics(classes: network.classes, dimension: network.probes[$0].width) })
        try forEachChunk(of: split, own, at: parameters) { labels in
            summary.loss += loss.value(
                logits: pass.logits, classes: network.classes, samples: pass.samples, stride: pass.samples,
                labels: pass.labels, scale: 1, workspace: workspace)
            summary.right += countRight(labels)
            summary.featureSquares += Double(
                Scalar.dot(pass.samples * network.featureWidth, pass.features, pass.features))
            if stores.stores != nil { stores.labels += labels }
        } observe: { layer, features, labels in
            summary.layers[layer].add(features, labels: labels)
            stores.stores?[layer].append(features)
        }
        return summary
    }

    /// What needs the class means of all training samples first: a second look at the features, part by part and chunk
    /// by chunk as the first one, so that products round the same whoever has which part.
    private func decide(
        _ split: Split, _ probes: [DecisionProbe], at parameters: ParameterBlock<Scalar>, _ stores: RowStores
    ) throws -> [DecisionStatistics] {
        var decisions = probes.map { _ in DecisionStatistics() }
        // Heads that normalise have logits of their own, which only a pass tells.
        let ownLogits = network.head.style.normalization != .none
        if let kept = stores.stores, !ownLogits {
            let start = range(of: split, parts: ownParts).lowerBound
            for part in ownParts {
                for rows in chunks(of: range(of: split, parts: part..<part + 1)) {
                    let own = rows.lowerBound - start..<rows.upperBound - start
                    let labels = Array(stores.labels[own])
                    for (index, store) in kept.enumerated() {
                        decisions[index].merge(probes[index].statistics(of: store.rows.rows(own), labels: labels))
                    }
                }
            }
        } else {
            let features = layers.count - 1
            for part in ownParts {
                try forEachChunk(of: split, part..<part + 1, at: parameters) { labels in
                    guard ownLogits else { return }
                    let rows = FeatureRows(at: pass.features, rows: pass.samples, columns: network.featureWidth)
                    let logits = Matrix(rows: network.classes, columns: pass.samples, copying: pass.logits).transposed
                    decisions[features].merge(
                        probes[features].statistics(of: rows, labels: labels, logits: logits))
                } observe: { layer, features, labels in
                    guard !ownLogits || layer < layers.count - 1 else { return }
                    decisions[layer].merge(probes[layer].statistics(of: features, labels: labels))
                }
            }
        }
        guard let team = host.team else { return decisions }
        let width = DecisionStatistics.serializedCount
        func decoded(_ numbers: [Double]) -> [DecisionStatistics] {
            stride(from: 0, to: numbers.count, by: width).map {
                DecisionStatistics(serialized: Array(numbers[$0..<$0 + width]))
            }
        }
        let merged = team.allReduce(decisions.flatMap(\.serialized)) { left, right in
            zip(decoded(left), decoded(right)).flatMap { pair in
                var sum = pair.0
                sum.merge(pair.1)
                return sum.serialized
            }
        }
        return decoded(merged)
    }

    private func chunks(of range: Range<Int>) -> [Range<Int>] {
        stride(from: range.lowerBound, to: range.upperBound, by: chunk).map {
            $0..<min($0 + chunk, range.upperBound)
        }
    }

    private func forEachChunk(
        of split: Split, _ own: Range<Int>, at parameters: ParameterBlock<Scalar>,
        _ body: (_ labels: [Int32]) -> Void,
        observe: (_ layer: Int, _ features: FeatureRows<Scalar>, _ labels: [Int32]) -> Void
    ) throws {
        let (data, range) = (split.data(samples), range(of: split, parts: own))
        let positions = split.samples(samples)
        for rows in chunks(of: range) {
            try host.poll()
            let indices = positions[rows]
            pass.load(indices, of: data, normalization: normalization, pad: samples.pad)
            let labels = indices.map { data.labels[$0] }
            withoutActuallyEscaping(observe) { observe in
                pass.forward(at: parameters, statistics) { [self] probe, output in
                    guard let layer = layers.firstIndex(of: probe) else { return }
                    observe(layer, pass.channelMeans(of: probe, output, into: means), labels)
                }
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
}
