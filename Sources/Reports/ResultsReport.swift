import Results
import Sweeps

/// What `ncsweep results` prints: the table of results, one row a trial or one a group of seeds.
public struct ResultsReport {
    public var format: TableFormat
    /// Which columns, in which order; nil for all.
    public var columns: [String]?
    public var foldsSeeds: Bool
    /// Of the terminal; nil where the output does not go to one.
    public var width: Int?

    public init(format: TableFormat = .table, columns: [String]? = nil, foldsSeeds: Bool = false, width: Int? = nil) {
        self.format = format
        self.columns = columns
        self.foldsSeeds = foldsSeeds
        self.width = width
    }

    /// - Parameter predicate: which trials to show, before seeds are folded.
    /// - Throws: `StoreError`, `ReportError` for an unknown column, and what the closures throw.
    public func write(
        _ results: StoredResults, where predicate: ((ResultRow) throws -> Bool)? = nil,
        to sink: @escaping TableWriter.Sink
    ) throws {
        if foldsSeeds {
            var folding = SeedFolding(columns: results.columns, parameters: results.parameterColumns)
            try results.forEachRow(where: predicate) { folding.add($0) }
            let table = folding.table()
            var writer = try Selection(columns, of: table.columns, report: self, sink)
            for row in table.rows { try writer.add(row) }
            try writer.finish()
        } else {
            var writer = try Selection(columns, of: results.columns, report: self, sink)
            try results.forEachRow(where: predicate) { try writer.add($0.values) }
            try writer.finish()
        }
    }

    /// The chosen columns of the rows given to it.
    private struct Selection {
        private let indices: [Int]
        private var writer: TableWriter

        init(
            _ chosen: [String]?, of columns: [String], report: ResultsReport, _ sink: @escaping TableWriter.Sink
        ) throws(ReportError) {
            var indices = Array(columns.indices)
            if let chosen {
                indices = []
                for name in chosen {
                    guard let index = columns.firstIndex(of: name) else {
                        throw .unknown("column", name, known: columns)
                    }
                    indices.append(index)
                }
            }
            self.indices = indices
            writer = TableWriter(
                format: report.format, columns: indices.map { columns[$0] }, width: report.width,
                foldsConstants: chosen == nil, to: sink)
        }

        mutating func add(_ row: [ParameterValue?]) throws { try writer.add(indices.map { row[$0] }) }

        mutating func finish() throws { try writer.finish() }
    }
}
