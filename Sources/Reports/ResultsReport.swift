import Results
import Sweeps

/// What `ncsweep results` prints: the table of results, one row a trial or one a group of seeds.
public struct ResultsReport {
    public var format: TableFormat
    /// Which columns, in which order; nil for all.
    public var columns: [String]?
    /// Outcomes that trials can have: may be asked for, and are empty where none has them yet.
    public var possible: [String]
    public var foldsSeeds: Bool
    public var scope: TrialScope
    /// Of the terminal; nil where the output does not go to one.
    public var width: Int?

    public init(
        format: TableFormat = .table, columns: [String]? = nil, possible: [String] = [],
        foldsSeeds: Bool = false, scope: TrialScope = .lastPlan, width: Int? = nil
    ) {
        self.scope = scope
        self.possible = possible
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
        var count = TrialCount()
        func isKept(_ row: ResultRow) throws -> Bool { try count.note(predicate?(row) ?? true) }
        func finish(_ writer: consuming Selection) throws {
            let isEmptied = predicate != nil && count.kept == 0 && format == .table
            if isEmptied { try sink(count.text) } else { try writer.finish() }
        }
        if foldsSeeds {
            var folding = SeedFolding(columns: results.columns, parameters: results.parameterColumns)
            try results.forEachRow(of: scope) { row in
                folding.note(row)
                if try isKept(row) { folding.add(row) }
            }
            let table = folding.table()
            let hidden = format == .table ? table.plainCounts : []
            var writer = try Selection(columns, of: table.columns, hidden: hidden, report: self, sink)
            for row in table.rows { try writer.add(row) }
            try finish(writer)
        } else {
            var writer = try Selection(columns, of: results.columns, report: self, sink)
            try results.forEachRow(of: scope, where: isKept) { try writer.add($0.values) }
            try finish(writer)
        }
    }

    /// The chosen columns of the rows given to it.
    private struct Selection {
        /// nil for a column that no row has.
        private let indices: [Int?]
        private var writer: TableWriter

        init(
            _ chosen: [String]?, of columns: [String], hidden: Set<Int> = [], report: ResultsReport,
            _ sink: @escaping TableWriter.Sink
        ) throws(ReportError) {
            let names = chosen ?? columns.indices.filter { !hidden.contains($0) }.map { columns[$0] }
            var indices: [Int?] = []
            for name in names {
                let index = columns.firstIndex(of: name)
                guard index != nil || report.possible.contains(name) else {
                    throw .unknown("column", name, known: columns)
                }
                indices.append(index)
            }
            self.indices = indices
            writer = TableWriter(
                format: report.format, columns: names, width: report.width,
                foldsConstants: chosen == nil, to: sink)
        }

        mutating func add(_ row: [ParameterValue?]) throws { try writer.add(indices.map { $0.flatMap { row[$0] } }) }

        mutating func finish() throws { try writer.finish() }
    }
}

/// How many trials a condition was asked of, and how many it keeps.
struct TrialCount {
    private(set) var asked = 0
    private(set) var kept = 0

    /// Gives back whether the trial is kept.
    mutating func note(_ isKept: Bool) -> Bool {
        asked += 1
        if isKept { kept += 1 }
        return isKept
    }

    /// "0 of 216 trials", a line.
    var text: String { "\(kept) of \(Text.count(asked, "trial"))\n" }
}
