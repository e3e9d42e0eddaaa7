import NeuralCollapse
import Results
import Sweeps

extension NetworkProblem {
    static let reports: ReportSchema = {
        let law = ["separation_slope", "separation_r_squared", "effective_depth"]
        let metrics = Metric.allCases.map(\.rawValue)
        let numbers =
            ["parameters", "trained_parameters", "objective"]
            + ["train_loss", "test_loss", "train_accuracy", "test_accuracy"] + metrics + law
        return ReportSchema(
            columns: numbers.map { .number($0) }, modelMetrics: ["loss", "accuracy"] + law, layerMetrics: metrics,
            hasEpochs: true)
    }()
}

extension ReportSchema {
    func adding(_ more: [Vocabulary.Name]) -> ReportSchema {
        ReportSchema(
            columns: columns + more, modelMetrics: modelMetrics, layerMetrics: layerMetrics, hasEpochs: hasEpochs)
    }

    /// A column or metric of a record that is not declared, or has another kind of value: claims on it could not be
    /// checked before the run.
    func firstUndeclared(in record: TrialRecord) -> String? {
        let vocabulary = Vocabulary(columns)
        for outcome in record.outcomes {
            let isDeclared =
                switch (vocabulary[outcome.name], outcome.value) {
                case (.number?, .integer), (.number?, .real), (.word?, .text): true
                case (.choice(let words)?, .text(let word)): words.contains(word)
                default: false
                }
            if !isDeclared { return "column \(outcome.name) = \(outcome.value)" }
        }
        let (ofModels, ofLayers) = (Set(modelMetrics), Set(layerMetrics))
        for measurement in record.measurements {
            let known = measurement.layer.isEmpty ? ofModels : ofLayers
            if !known.contains(measurement.metric) { return "metric \(measurement.metric)" }
        }
        return nil
    }
}
