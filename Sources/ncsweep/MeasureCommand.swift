import ArgumentParser
import LinearAlgebra
import NeuralCollapse
import Reports
import Results
import Runner
import Sweeps

extension Weighting: ExpressibleByArgument {}

struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Measure features that any framework has saved: all metrics at once.",
        discussion: """
            The file is an .npz archive as numpy.savez writes it, with the arrays 'features' (N × …) and 'labels' (N, from \
            0 on); 'weight' (K × d) and 'bias' (K) of the classifier that reads them, if there is one; 'test_features' \
            and 'test_labels', if test samples are to be measured too, against the class means of the others; \
            'LAYER.features' and 'LAYER.test_features' of hidden layers.
            """)

    @Argument(help: "The .npz file.")
    var file: String

    @Option(help: "A hidden layer whose features the file holds.")
    var layer: String?

    @Option(help: "How classes of unequal size are weighted: class or sample.")
    var weighting: Weighting = .class

    @Option(help: "table, csv or json.")
    var format: TableFormat = .table

    func run() throws {
        BLASKernel.correctOrContinue()
        OpenBLAS.useOneThread()
        guard !ResultsStore.exists(in: file) else {
            throw ValidationError(
                "\(file) is a folder of results; write a trial's features with: ncsweep export \(file) TRIAL")
        }
        let content = try FeatureFile(path: file, layer: layer)
        let training = content.training.statistics(of: content)
        var columns = [("train", measurement(of: content.training, training, content, against: training))]
        if let test = content.test {
            let statistics = test.statistics(of: content)
            if let missing = statistics.counts.firstIndex(of: 0) {
                printLine(
                    "\(file): class \(missing) has no samples in 'test_labels': "
                        + "metrics of the test samples that need every class are left out")
            }
            columns.append(("test", measurement(of: test, statistics, content, against: training)))
        }
        try StandardOutput.write { output in
            var table = TableWriter(
                format: format, columns: ["metric"] + columns.map(\.0), width: StandardOutput.terminalWidth,
                to: output.write)
            for metric in Metric.allCases {
                let values = columns.map { $0.1[metric] }
                guard values.contains(where: { $0 != nil }) else { continue }
                try table.add([.text(metric.rawValue)] + values.map { $0.map(ParameterValue.real) })
            }
            try table.finish()
        }
    }

    /// Decisions are held against the class means of the training samples.
    private func measurement(
        of split: FeatureFile.Split, _ statistics: ClassStatistics, _ content: FeatureFile,
        against training: ClassStatistics
    ) -> CollapseMeasurement {
        let probe = DecisionProbe(statistics: training, classifier: content.classifier, weighting: weighting)
        return CollapseMeasurement(
            of: statistics, classifier: content.classifier, decisions: split.decisions(probe, content),
            weighting: weighting)
    }
}

extension FeatureFile.Split {
    func statistics(of file: FeatureFile) -> ClassStatistics {
        var statistics = ClassStatistics(classes: file.classes, dimension: file.dimension)
        switch values {
        case .single(let numbers):
            numbers.withFeatureRows(columns: file.dimension) { statistics.add($0, labels: labels) }
        case .double(let numbers):
            numbers.withFeatureRows(columns: file.dimension) { statistics.add($0, labels: labels) }
        }
        return statistics
    }

    func decisions(_ probe: DecisionProbe, _ file: FeatureFile) -> DecisionStatistics {
        switch values {
        case .single(let numbers):
            numbers.withFeatureRows(columns: file.dimension) { probe.statistics(of: $0, labels: labels) }
        case .double(let numbers):
            numbers.withFeatureRows(columns: file.dimension) { probe.statistics(of: $0, labels: labels) }
        }
    }
}
