import Learning
import LinearAlgebra
import NeuralCollapse
import Results
import UnconstrainedFeatures

/// Where a minimisation has arrived.
struct ArrivedPoint<Scalar: BLASScalar> {
    let objective: UnconstrainedFeatureObjective<Scalar>
    let point: ParameterBlock<Scalar>
    /// f and ∇f, on spheres the Riemannian gradient.
    let value: Double
    let gradient: ParameterBlock<Scalar>
    let step: Int
    /// nil while it goes on.
    let stop: StopReason?
    /// nil where the solver did not look for it.
    var smallestEigenvalue: Double?
    var hasEscape = false
}

/// What a trial records on its way and at its end.
struct UnconstrainedFeatureCourse {
    private let model: UnconstrainedFeatureModel
    private let theory: UnconstrainedFeatureTheory
    private let points: LogSpacedPoints
    private(set) var record = TrialRecord()

    init(_ model: UnconstrainedFeatureModel, steps: Int, measurements: Int) {
        self.model = model
        theory = UnconstrainedFeatureTheory(model)
        points = LogSpacedPoints(last: steps, count: measurements)
    }

    /// Whether the point after so many steps is to be measured, if it is not the last.
    func isDue(_ step: Int) -> Bool { points.isDue(step) }

    mutating func diverge(at step: Int) {
        record.diverge("the objective is not finite at step \(step); lower the learning rate")
    }

    mutating func measure<Scalar>(_ arrived: ArrivedPoint<Scalar>) {
        let step = arrived.step
        guard record.measurements.last?.step != step else { return }
        func add(_ metric: String, _ value: Double, layer: String = "") {
            record.measurements.append(
                Measurement(step: step, layer: layer, split: "train", metric: metric, value: value))
        }
        add("objective", arrived.value)
        if let gap = theory.gap(arrived.value) { add("gap", gap) }
        add("gradient_norm", arrived.gradient.norm)
        for (metric, value) in arrived.objective.dynamics(at: arrived.point) { add(metric, value) }
        for layer in arrived.objective.collapse(at: arrived.point) {
            for entry in layer.entries { add(entry.metric.rawValue, entry.value, layer: layer.name) }
        }
    }

    /// Of the last point, which has been measured.
    ///
    /// - Parameter measured: the same point.
    mutating func finish<Scalar>(_ arrived: ArrivedPoint<Scalar>, _ measured: MeasuredPoint<Scalar>) {
        theory.record(
            measured, curvesDown: arrived.smallestEigenvalue == nil ? nil : arrived.hasEscape, in: &record)
        if let stop = arrived.stop { record.set("stop", stop.rawValue) }
        record.set("steps_made", arrived.step)
        record.set("smallest_eigenvalue", arrived.smallestEigenvalue)
        record.set("classifier_norm", measured.weights?.frobeniusNorm)
        record.set("features_norm", measured.features.frobeniusNorm)
        // Of what the classifier reads, measured at this very step.
        let layer = model.hidden.map { "hidden.\($0.count)" } ?? "features"
        for measurement in record.measurements where measurement.step == arrived.step && measurement.layer == layer {
            record.set(measurement.metric, measurement.value)
        }
    }
}

extension UnconstrainedFeatureObjective {
    /// The metrics of H and of every hidden layer, on the samples that have one label; the last layer's with the
    /// classifier. None where the model has collapsed to zero, as there the directions they compare are rounding.
    fileprivate func collapse(at point: ParameterBlock<Scalar>) -> [(
        name: String, entries: [CollapseMeasurement.Entry]
    )] {
        guard !labels.isEmpty else { return [] }
        let layers = layerFeatures(at: point)
        let classifier = classifierMatrix(at: point).map {
            LinearClassifier(weights: model.logitScale == 1 ? $0 : model.logitScale * $0, bias: biasVector(at: point))
        }
        return layers.enumerated().compactMap { index, rows in
            let features = labels.count == rows.rows ? rows : rows.rows(0..<labels.count)
            let reader = index == layers.count - 1 ? classifier : nil
            var statistics = ClassStatistics(classes: model.classes, dimension: features.columns)
            statistics.add(features, labels: labels)
            guard !statistics.hasVanished(before: reader) else { return nil }
            let decisions = DecisionProbe(statistics: statistics, classifier: reader)
                .statistics(of: features, labels: labels)
            return (
                index == 0 ? "features" : "hidden.\(index)",
                CollapseMeasurement(of: statistics, classifier: reader, decisions: decisions).entries
            )
        }
    }
}

extension ClassStatistics {
    /// Whether the logits of the class means, W·H̄, are so small that the classes are one for every purpose; where
    /// nothing reads the features, the means themselves.
    fileprivate func hasVanished(before classifier: LinearClassifier?) -> Bool {
        let size = classifier.map { Matrix.product($0.weights, means, transposeB: .yes) } ?? means
        return size.frobeniusNorm < 1e-6
    }
}
