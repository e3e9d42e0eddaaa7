import GRDB
import Sweeps

/// A measurement and the trial it was made in.
public struct StoredMeasurement: Hashable, Sendable {
    public let trial: TrialID
    public let measurement: Measurement
}

/// Which measurements to read; nil means all.
public struct MeasurementFilter: Hashable, Sendable {
    public var trial: TrialID?
    public var metric: String?
    public var layer: String?
    public var split: String?

    public init(trial: TrialID? = nil, metric: String? = nil, layer: String? = nil, split: String? = nil) {
        self.trial = trial
        self.metric = metric
        self.layer = layer
        self.split = split
    }
}

extension StoredResults {
    private static let measurementPageSize = 10_000

    /// Calls `body` with every measurement asked for, by trial in the order of the plan, then as it was measured.
    /// Memory does not grow with their number.
    ///
    /// - Throws: what `body` throws, or a `StoreError`.
    public func forEachMeasurement(
        _ filter: MeasurementFilter = MeasurementFilter(), of scope: TrialScope = .all,
        _ body: (StoredMeasurement) throws -> Void
    ) throws {
        guard let selection = try selection(filter) else { return }
        try forEachEndedTrial(filter.trial, of: scope) { trial in
            try forEachMeasurement(of: trial, selection, body)
        }
    }

    /// The same with the row of the trial in the table of results.
    ///
    /// - Parameter predicate: of which trials.
    public func forEachMeasurement(
        _ filter: MeasurementFilter = MeasurementFilter(), of scope: TrialScope = .all,
        where predicate: (ResultRow) throws -> Bool, _ body: (StoredMeasurement, ResultRow) throws -> Void
    ) throws {
        guard let selection = try selection(filter) else { return }
        let index = ColumnIndex(columns)
        try forEachEndedTrial(filter.trial, of: scope) { trial in
            guard let row = try row(at: trial.position, columns: index), try predicate(row) else { return }
            try forEachMeasurement(of: trial, selection) { try body($0, row) }
        }
    }

    private typealias EndedTrial = (position: Int, number: Int64, id: TrialID)

    /// What a filter means in the table.
    private struct Selection {
        var wanted: [(column: String, number: Int64)] = []
        let names: [Int64: String]
    }

    /// nil where a name is not there, and thus no measurement.
    private func selection(_ filter: MeasurementFilter) throws(StoreError) -> Selection? {
        var selection = Selection(names: try read(Self.names))
        for (column, name) in [("layer", filter.layer), ("split", filter.split), ("metric", filter.metric)] {
            guard let name else { continue }
            guard let number = selection.names.first(where: { $0.value == name })?.key else { return nil }
            selection.wanted.append((column, number))
        }
        return selection
    }

    private func forEachEndedTrial(
        _ id: TrialID?, of scope: TrialScope, _ body: (EndedTrial) throws -> Void
    ) throws {
        let end = try positionEnd(of: scope)
        var position = -1
        while let trial = try read({ db in try nextTrial(after: position, only: id, in: db) }), trial.position < end {
            position = trial.position
            try body(trial)
        }
    }

    private func forEachMeasurement(
        of trial: EndedTrial, _ selection: Selection, _ body: (StoredMeasurement) throws -> Void
    ) throws {
        var position = -1
        while true {
            let (page, last) = try read { db in
                try self.page(
                    ofTrial: trial.number, id: trial.id, after: position, selection.wanted, selection.names, in: db)
            }
            for measurement in page { try body(measurement) }
            guard let last else { return }
            position = last
        }
    }

    /// Names of what was measured, by column, each in alphabetical order.
    public func measuredNames() throws(StoreError) -> (layers: [String], splits: [String], metrics: [String]) {
        try read { db in
            func names(_ column: String) throws -> [String] {
                try String.fetchAll(
                    db,
                    sql: """
                        SELECT text FROM name WHERE number IN (SELECT DISTINCT \(column) FROM measurement) ORDER BY text
                        """)
            }
            return (try names("layer"), try names("split"), try names("metric"))
        }
    }

    private static func names(_ db: Database) throws -> [Int64: String] {
        let rows = try Row.fetchAll(db, sql: "SELECT number, text FROM name")
        return Dictionary(rows.map { ($0[0] as Int64, $0[1] as String) }) { first, _ in first }
    }

    private func nextTrial(
        after position: Int, only id: TrialID?, in db: Database
    ) throws -> EndedTrial? {
        let condition = id == nil ? "" : "AND t.id = ?"
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT t.position, t.number, t.id FROM trial t CROSS JOIN result r ON r.trial = t.number
                    WHERE t.position > ? \(condition) ORDER BY t.position LIMIT 1
                    """), arguments: id.map { [position, $0.description] } ?? [position])
        guard let row, let id = TrialID(row[2] as String) else { return nil }
        return (row[0], row[1], id)
    }

    private func page(
        ofTrial number: Int64, id: TrialID, after position: Int, _ wanted: [(column: String, number: Int64)],
        _ names: [Int64: String], in db: Database
    ) throws -> (page: [StoredMeasurement], last: Int?) {
        let condition = wanted.map { " AND \($0.column) = \($0.number)" }.joined()
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT position, step, epoch, layer, split, metric, value FROM measurement
                    WHERE trial = ? AND position > ?\(condition) ORDER BY position LIMIT ?
                    """), arguments: [number, position, Self.measurementPageSize])
        // Names interned since `names` was read belong to trials that ended since; they are looked up singly.
        func name(_ number: Int64) throws -> String {
            if let name = names[number] { return name }
            return try String.fetchOne(
                db.cachedStatement(sql: "SELECT text FROM name WHERE number = ?"), arguments: [number]) ?? ""
        }
        var page: [StoredMeasurement] = []
        var last: Int?
        while let row = try rows.next() {
            last = row[0]
            let measurement = Measurement(
                step: row[1], epoch: row[2], layer: try name(row[3]), split: try name(row[4]),
                metric: try name(row[5]), value: row[6] ?? .nan)
            page.append(StoredMeasurement(trial: id, measurement: measurement))
        }
        // A short page is the last one.
        return (page, page.count < Self.measurementPageSize ? nil : last)
    }
}
