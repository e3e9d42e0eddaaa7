import Results
import Sweeps

/// What `ncsweep measurements` prints: series of measurements, one number a row.
public struct MeasurementsReport {
    public static let columns = ["trial", "step", "epoch", "layer", "split", "metric", "value"]

    public var format: TableFormat
    public var filter: MeasurementFilter
    /// Columns of the table of results to show after the trial.
    public var trialColumns: [String]
    public var scope: TrialScope
    /// Of the terminal; nil where the output does not go to one.
    public var width: Int?

    public init(
        format: TableFormat = .table, filter: MeasurementFilter = MeasurementFilter(), trialColumns: [String] = [],
        scope: TrialScope = .lastPlan, width: Int? = nil
    ) {
        self.trialColumns = trialColumns
        self.scope = scope
        self.format = format
        self.filter = filter
        self.width = width
    }

    /// Memory does not grow with the number of measurements.
    ///
    /// - Parameter predicate: which trials' measurements to show.
    /// - Throws: `StoreError`, `ReportError` for a trial, metric, layer, split or column that is not there, and what
    /// the
    ///   closures throw.
    public func write(
        _ results: StoredResults, where predicate: ((ResultRow) throws -> Bool)? = nil,
        to sink: @escaping TableWriter.Sink
    ) throws {
        let known = results.columns.filter { !Self.columns.contains($0) }
        for name in trialColumns where !known.contains(name) {
            throw ReportError.unknown("column", name, known: known)
        }
        var writer = TableWriter(
            format: format, columns: [Self.columns[0]] + trialColumns + Self.columns.dropFirst(), width: width,
            heldBack: 1000, to: sink)
        var isEmpty = true
        func add(_ stored: StoredMeasurement, _ trialValues: [ParameterValue?]) throws {
            isEmpty = false
            let value = stored.measurement
            try writer.add(
                [.text(stored.trial.description)] + trialValues + [
                    .integer(value.step), value.epoch.map(ParameterValue.real),
                    .text(value.layer), .text(value.split), .text(value.metric), .real(value.value),
                ])
        }
        var count = TrialCount()
        // The rows of the trials are read only where they are asked for.
        if predicate == nil && trialColumns.isEmpty {
            try results.forEachMeasurement(filter, of: scope) { try add($0, []) }
        } else {
            func isKept(_ row: ResultRow) throws -> Bool { count.note(try predicate?(row) ?? true) }
            try results.forEachMeasurement(filter, of: scope, where: isKept) { stored, row in
                try add(stored, trialColumns.map { row[$0] })
            }
        }
        if isEmpty { try explainEmptiness(of: results) }
        let isEmptied = predicate != nil && count.kept == 0 && format == .table
        if isEmptied { try sink(count.text) } else { try writer.finish() }
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
