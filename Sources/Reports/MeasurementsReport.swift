import Results
import Sweeps

/// What `ncsweep measurements` prints: series of measurements, one number a row.
public struct MeasurementsReport {
    public static let columns = ["trial", "step", "epoch", "layer", "split", "metric", "value"]

    public var format: TableFormat
    public var filter: MeasurementFilter
    /// Of the terminal; nil where the output does not go to one.
    public var width: Int?

    public init(format: TableFormat = .table, filter: MeasurementFilter = MeasurementFilter(), width: Int? = nil) {
        self.format = format
        self.filter = filter
        self.width = width
    }

    /// Memory does not grow with the number of measurements.
    ///
    /// - Throws: `StoreError`, `ReportError` for a trial, metric, layer or split that is not there, what `sink` throws.
    public func write(_ results: StoredResults, to sink: @escaping TableWriter.Sink) throws {
        var writer = TableWriter(
            format: format, columns: Self.columns, width: width, heldBack: 1000, to: sink)
        var isEmpty = true
        try results.forEachMeasurement(filter) { stored in
            isEmpty = false
            let value = stored.measurement
            try writer.add([
                .text(stored.trial.description), .integer(value.step), value.epoch.map(ParameterValue.real),
                .text(value.layer), .text(value.split), .text(value.metric), .real(value.value),
            ])
        }
        if isEmpty { try explainEmptiness(of: results) }
        try writer.finish()
    }

    /// Nothing found may mean nothing measured, or a slip of the pen.
    private func explainEmptiness(of results: StoredResults) throws {
        if let trial = filter.trial, try results.storedTrials()[trial] == nil {
            throw ReportError("no trial '\(trial)' has ended; 'ncsweep results' lists those that have")
        }
        let names = try results.measuredNames()
        let choices = [
            ("metric", filter.metric, names.metrics), ("layer", filter.layer, names.layers),
            ("split", filter.split, names.splits),
        ]
        for (kind, name, known) in choices {
            guard let name, !known.contains(name) else { continue }
            throw ReportError.unknown(kind, name, known: known.filter { !$0.isEmpty })
        }
    }
}
