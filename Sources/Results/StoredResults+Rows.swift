import GRDB
import Sweeps

/// One ended trial as a line of the table of results.
public struct ResultRow: Sendable {
    /// One for each of `StoredResults.columns`; nil where the trial has no such value.
    public var values: [ParameterValue?]
    let columns: ColumnIndex

    /// The value in a column; nil also where there is no such column.
    public subscript(column: String) -> ParameterValue? {
        columns.indices[column].flatMap { values[$0] }
    }
}

/// Which of the trials that have ended.
public enum TrialScope: Sendable {
    /// Those of the sweep as it was last run. A result outlives the wish for it: a changed sweep file asks for others.
    case lastPlan
    case all
}

/// Shared by all rows.
final class ColumnIndex: Sendable {
    let indices: [String: Int]

    init(_ columns: [String]) {
        // Where an outcome bears the name of a parameter the parameter, which comes first, has it.
        indices = Dictionary(zip(columns, columns.indices)) { first, _ in first }
    }
}

extension StoredResults {
    private static let pageSize = 1000

    /// Positions of the trials in scope are below it.
    func positionEnd(of scope: TrialScope) throws(StoreError) -> Int {
        switch scope {
        case .all: .max
        case .lastPlan: try sessions().last?.planned ?? 0
        }
    }

    /// Calls `body` with every ended trial in scope, in the order of the plan: never that of completion.
    ///
    /// - Parameter predicate: which rows to give.
    /// - Throws: what the closures throw, or a `StoreError`.
    public func forEachRow(
        of scope: TrialScope = .all, where predicate: ((ResultRow) throws -> Bool)? = nil,
        _ body: (ResultRow) throws -> Void
    ) throws {
        let index = ColumnIndex(columns)
        let end = try positionEnd(of: scope)
        var position = -1
        while true {
            let (rows, last) = try read { db in try page(after: position, before: end, columns: index, in: db) }
            for row in rows where try predicate?(row) ?? true { try body(row) }
            guard let last else { return }
            position = last
        }
    }

    /// All rows at once.
    public func rows(
        of scope: TrialScope = .all, where predicate: ((ResultRow) throws -> Bool)? = nil
    ) throws -> [ResultRow] {
        var rows: [ResultRow] = []
        try forEachRow(of: scope, where: predicate) { rows.append($0) }
        return rows
    }

    /// The row of the ended trial at a position of the plan.
    func row(at position: Int, columns index: ColumnIndex) throws(StoreError) -> ResultRow? {
        try read { db in
            try page(after: position - 1, before: position + 1, columns: index, in: db).rows.first
        }
    }

    private func page(
        after position: Int, before end: Int, columns index: ColumnIndex, in db: Database
    ) throws -> (rows: [ResultRow], last: Int?) {
        let cursor = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT t.position, t.number, t.id, t.canonical, t.blocks, r.state, r.reason, r.attempts, r.host,
                        r.seconds
                    FROM trial t CROSS JOIN result r ON r.trial = t.number
                    WHERE t.position > ? AND t.position < ? ORDER BY t.position LIMIT ?
                    """), arguments: [position, end, Self.pageSize])
        let outcomes = try db.cachedStatement(sql: "SELECT name, value FROM outcome WHERE trial = ? ORDER BY position")
        var rows: [ResultRow] = []
        var last: Int?
        while let record = try cursor.next() {
            last = record[0]
            var row = try self.row(record, columns: index)
            let values = try Row.fetchCursor(outcomes, arguments: [record[1] as Int64])
            while let value = try values.next() {
                // A name stored after `columns` was read has no column yet.
                guard let column = outcomeIndices[value[0]] else { continue }
                row.values[column] = ParameterValue(stored: value[1])
            }
            rows.append(row)
        }
        return (rows, last)
    }

    private func row(_ record: Row, columns index: ColumnIndex) throws -> ResultRow {
        guard let trial = Trial(canonicalText: record[3]) else {
            throw StoreError.damaged(path: path, detail: "the parameters of trial \(record[2] as String) do not read")
        }
        var row = ResultRow(values: Array(repeating: nil, count: columns.count), columns: index)
        for parameter in trial.parameters {
            if let column = parameterIndices[parameter.name] { row.values[column] = parameter.value }
        }
        func set(_ column: String, _ value: ParameterValue?) {
            // Fixed columns that follow the parameters are found from the back.
            if let position = columns.lastIndex(of: column) { row.values[position] = value }
        }
        row.values[0] = .text(record[2])
        row.values[1] = .text(record[5])
        row.values[2] = .text(trial.problem)
        if parameterIndices["lambda"] == nil, let column = index.indices["lambda"] {
            row.values[column] = Self.commonDecay(trial)
        }
        set("seconds", .real(record[9]))
        set("host", .text(record[8]))
        set("attempts", .integer(record[7]))
        set("block", .text(record[4]))
        set("reason", (record[6] as String?).map(ParameterValue.text))
        return row
    }

    /// λ where all weight decays of an unconstrained feature model are the same.
    private static func commonDecay(_ trial: Trial) -> ParameterValue? {
        guard let first = trial["lambda_W"], let second = trial["lambda_H"], first == second,
            trial["lambda_b"].map({ $0 == first }) ?? true
        else { return nil }
        return first
    }
}
