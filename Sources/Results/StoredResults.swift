import Foundation
import GRDB
import Sweeps

/// The results in a folder, for reading: at any time, by any number of processes, also while a sweep writes them.
///
/// Long reads go in pages of one short transaction each, so that they never hold up the writer; what is stored is
/// never changed, so the pages fit together.
public struct StoredResults: Sendable {
    public let directory: String
    let path: String
    let queue: DatabaseQueue
    /// Columns of the table of results, in the order in which `rows` gives the values.
    public let columns: [String]
    let parameterIndices: [String: Int]
    let outcomeIndices: [Int64: Int]

    /// - Throws: `missing` where the folder has no store, other `StoreError`s where it cannot be read.
    public init(directory: String) throws(StoreError) {
        try self.init(directory: directory, locking: StoreLocking.offered(in: directory))
    }

    init(directory: String, locking: StoreLocking) throws(StoreError) {
        self.directory = directory
        let path = directory + "/" + StoreSchema.fileName
        self.path = path
        guard let size = try StoreError.catching(path, { try ResultsStore.fileSize(path) }) else {
            throw .missing(directory: directory)
        }
        guard size > 0 else { throw .foreign(path: path, what: "is empty, which no results file is") }
        guard access(path, R_OK) == 0 else { throw .notReadable(path: path, detail: errorText(errno)) }
        queue = try Self.open(path, locking: locking)
        (columns, parameterIndices, outcomeIndices) = try StoreError.catching(path) { [queue] in
            try queue.read(Self.layout)
        }
    }

    private static func open(_ path: String, locking: StoreLocking) throws(StoreError) -> DatabaseQueue {
        try StoreError.catching(path) {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(30)
            configuration.label = "results reader"
            configuration.prepareDatabase { db in try StoreSchema.check(db, path: path) }
            let location = locking.location(of: path)
            do {
                return try DatabaseQueue(path: location, configuration: configuration)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_READONLY {
                // A writer was killed amid a commit. To read, SQLite must first undo that commit.
                configuration.readonly = false
                configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA query_only = 1") }
                return try DatabaseQueue(path: location, configuration: configuration)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CANTOPEN {
                // In a folder where no shared memory can be made, a store nobody writes to can still be read as it is.
                guard try (ResultsStore.fileSize(path + "-wal") ?? 0) == 0 else { throw error }
                let location = URL(fileURLWithPath: path).absoluteString + "?immutable=1"
                return try DatabaseQueue(path: location, configuration: configuration)
            }
        }
    }

    /// Ends reading. Otherwise it ends when the value is no longer used.
    public func close() { try? queue.close() }

    func read<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        try StoreError.catching(path) { try queue.read(body) }
    }

    /// The end of every trial that has one.
    public func storedTrials() throws(StoreError) -> [TrialID: TrialState] {
        try read(Self.storedTrials)
    }

    /// The trial of this id, or of the only one that begins with it.
    public func trial(named name: String) throws(StoreError) -> (id: TrialID, state: TrialState) {
        let matching = try storedTrials().filter { !name.isEmpty && $0.key.description.hasPrefix(name.lowercased()) }
        guard let found = matching.first, matching.count == 1 else {
            throw .notOneTrial(name: name, matching: matching.count, directory: directory)
        }
        return (found.key, found.value)
    }

    static func storedTrials(in db: Database) throws -> [TrialID: TrialState] {
        let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM result") ?? 0
        var trials: [TrialID: TrialState] = [:]
        trials.reserveCapacity(count)
        let rows = try Row.fetchCursor(
            db, sql: "SELECT t.id, r.state FROM result r JOIN trial t ON t.number = r.trial")
        while let row = try rows.next() {
            guard let id = TrialID(row[0] as String), let state = TrialState(rawValue: row[1]) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a result without a trial")
            }
            trials[id] = state
        }
        return trials
    }
}

extension StoredResults {
    /// Before the parameters.
    private static let firstColumns: [Vocabulary.Name] = [
        .word("trial"), .choice("state", TrialState.allCases.map(\.rawValue)),
        .choice("problem", ParameterSchema.all.map(\.problem)),
    ]
    /// After the outcomes.
    private static let lastColumns: [Vocabulary.Name] = [
        .number("seconds"), .word("host"), .number("attempts"), .word("block"),
    ]
    /// Where any trial has one.
    private static let reasonColumn = Vocabulary.Name.word("reason")

    /// The columns that are neither parameters nor outcomes, which every trial has.
    public static let fixedColumns = firstColumns + lastColumns + [reasonColumn]

    /// The outcomes that lead the table, before the others and the final metrics.
    static let leadingOutcomes = [
        "objective", "optimum", "gap", "verdict", "train_loss", "test_loss", "train_accuracy", "test_accuracy",
    ]

    private static func layout(_ db: Database) throws -> ([String], [String: Int], [Int64: Int]) {
        let parameters = try String.fetchAll(db, sql: "SELECT text FROM parameter_column ORDER BY position")
        let outcomes = try Row.fetchAll(
            db,
            sql: """
                SELECT n.number, n.text FROM outcome_column c JOIN name n ON n.number = c.name
                ORDER BY c.position, n.text
                """
        ).map { (number: $0[0] as Int64, name: $0[1] as String) }
        let leading = leadingOutcomes.flatMap { name in outcomes.filter { $0.name == name } }
        let others = outcomes.filter { !leadingOutcomes.contains($0.name) }
        let hasReasons =
            try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM result WHERE reason IS NOT NULL)") ?? false

        var columns = firstColumns.map(\.text)
        var parameterIndices: [String: Int] = [:]
        var outcomeIndices: [Int64: Int] = [:]
        for name in parameters {
            parameterIndices[name] = columns.count
            columns.append(name)
        }
        if parameterIndices["lambda"] == nil, parameterIndices["lambda_W"] != nil, parameterIndices["lambda_H"] != nil {
            columns.append("lambda")
        }
        for outcome in leading + others {
            outcomeIndices[outcome.number] = columns.count
            columns.append(outcome.name)
        }
        columns += lastColumns.map(\.text)
        if hasReasons { columns.append(reasonColumn.text) }
        return (columns, parameterIndices, outcomeIndices)
    }

    /// Names of the columns that are parameters, in their order.
    public var parameterColumns: [String] { columns.filter { parameterIndices[$0] != nil } }

    /// Names of the columns that are outcomes, in their order.
    public var outcomeColumns: [String] { outcomeIndices.values.sorted().map { columns[$0] } }
}
