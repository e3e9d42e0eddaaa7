import Learning
import LinearAlgebra
import NeuralCollapse
import Results
import Sweeps
import UnconstrainedFeatures

/// `problem: ufm`: minimise an unconstrained feature model and hold the end against theory.
struct UnconstrainedFeatureProblem: Problem {
    private let model: UnconstrainedFeatureModel
    private let method: UnconstrainedFeatureMethod
    private let measurements: Int
    private let precision: String

    init(_ trial: Trial) throws(ParameterProblem) {
        model = try UnconstrainedFeatureModel(trial)
        method = UnconstrainedFeatureMethod(trial)
        measurements = trial.integer("measurements")
        precision = trial.text("precision")
        try model.checkMemory(blocks: method.blocks)
    }

    var cost: Cost {
        Cost(
            family: "ufm \(method.name) \(model.family) \(precision)",
            work: method.work(model) * (precision == "float32" ? 0.6 : 1) + Double(measurements) * model.measuringWork)
    }

    static let reports: ReportSchema = {
        let metrics = Metric.allCases.map(\.rawValue)
        return ReportSchema(
            columns: UnconstrainedFeatureTheory.columns + [.choice("stop", StopReason.allCases.map(\.rawValue))]
                + (["steps_made", "smallest_eigenvalue", "classifier_norm", "features_norm"] + metrics)
                .map(Vocabulary.Name.number),
            modelMetrics: ["objective", "gap", "gradient_norm"] + SquaredErrorDynamics.metrics, layerMetrics: metrics)
    }()

    func run(_ context: TrialContext) throws -> TrialRecord {
        precondition(context.team == nil, "unconstrained feature model on several ranks")
        return precision == "float32" ? try minimise(Float.self, context.host) : try minimise(Double.self, context.host)
    }

    private func minimise<Scalar: BLASScalar>(_: Scalar.Type, _ host: any TrialHost) throws -> TrialRecord {
        let minimization = try UnconstrainedFeatureMinimization<Scalar>(model, method)
        let theory = UnconstrainedFeatureTheory(model)
        let points = LogSpacedPoints(last: method.steps, count: measurements)
        var record = TrialRecord()
        let isFinite = try minimization.run(host) {
            guard points.isDue(minimization.step) || minimization.stop != nil else { return }
            measure(minimization, theory, into: &record)
        }
        guard isFinite else {
            record.diverge("the objective is not finite at step \(minimization.step); lower the learning rate")
            return record
        }
        finish(minimization, theory, &record)
        return record
    }

    private func measure<Scalar>(
        _ minimization: UnconstrainedFeatureMinimization<Scalar>, _ theory: UnconstrainedFeatureTheory,
        into record: inout TrialRecord
    ) {
        let step = minimization.step
        guard record.measurements.last?.step != step else { return }
        func add(_ metric: String, _ value: Double, layer: String = "") {
            record.measurements.append(
                Measurement(step: step, layer: layer, split: "train", metric: metric, value: value))
        }
        let solver = minimization.solver
        add("objective", solver.objective)
        if let gap = theory.gap(solver.objective) { add("gap", gap) }
        add("gradient_norm", solver.gradient.norm)
        for (metric, value) in minimization.objective.dynamics(at: minimization.point) { add(metric, value) }
        for layer in minimization.objective.collapse(at: minimization.point) {
            for entry in layer.entries { add(entry.metric.rawValue, entry.value, layer: layer.name) }
        }
    }

    private func finish<Scalar>(
        _ minimization: UnconstrainedFeatureMinimization<Scalar>, _ theory: UnconstrainedFeatureTheory,
        _ record: inout TrialRecord
    ) {
        let (solver, measured) = (minimization.solver, minimization.measured)
        theory.record(
            measured, curvesDown: solver.smallestEigenvalue == nil ? nil : solver.hasEscape, in: &record)
        if let stop = minimization.stop { record.set("stop", stop.rawValue) }
        record.set("steps_made", minimization.step)
        record.set("smallest_eigenvalue", solver.smallestEigenvalue)
        record.set("classifier_norm", measured.weights?.frobeniusNorm)
        record.set("features_norm", measured.features.frobeniusNorm)
        // Of what the classifier reads, measured at this very step.
        let layer = model.hidden.map { "hidden.\($0.count)" } ?? "features"
        for measurement in record.measurements where measurement.step == minimization.step && measurement.layer == layer
        {
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
    /// Whether the logits of the class means, W·H̄, are so small that the classes are one for every purpose; where nothing
    /// reads the features, the means themselves.
    fileprivate func hasVanished(before classifier: LinearClassifier?) -> Bool {
        let size = classifier.map { Matrix.product($0.weights, means, transposeB: .yes) } ?? means
        return size.frobeniusNorm < 1e-6
    }
}
