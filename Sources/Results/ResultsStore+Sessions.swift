import GRDB
import Sweeps

extension ResultsStore {
    /// Starts a session: from here on the store knows what is planned, and results can be appended.
    ///
    /// Trials planned before but not now keep their results; those without any are forgotten.
    ///
    /// - Parameter plan: in the order in which results shall be listed; each trial once.
    public func begin(
        _ info: SessionInfo, plan: [PlanEntry], at time: Double = ClockTime.now()
    ) throws(StoreError) {
        try write { db in
            try register(plan, in: db)
            counts = try plannedCounts(in: db, planned: plan.count)
            endedHere = 0
            try db.execute(sql: "DELETE FROM running")
            try db.execute(
                sql: """
                    INSERT INTO session(started, updated, ranks, host, pid, program, revision, mpi, blas, blas_kernel,
                        blas_threads, cpu, sweep_path, sweep, planned, done, diverged, failed, ended_here)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
                    """,
                arguments: [
                    time, time, info.ranks, info.host, info.pid, info.program, info.revision, info.mpi, info.blas,
                    info.blasKernel, info.blasThreads, info.cpu, info.sweepPath, info.sweepText, plan.count,
                    counts.done, counts.diverged, counts.failed,
                ])
            session = db.lastInsertedRowID
        }
    }

    /// Notes how the session ended. Without this call a reader takes it for killed once the lock is free.
    public func finish(_ ending: SessionEnding, at time: Double = ClockTime.now()) throws(StoreError) {
        guard let session else { preconditionFailure("no session begun") }
        try write { db in
            try db.execute(sql: "DELETE FROM running")
            try db.execute(
                sql: "UPDATE session SET updated = ?, ended = ?, ending = ?, seconds_left = NULL WHERE number = ?",
                arguments: [time, time, ending.rawValue, session])
        }
    }

    /// Forgets the results in the given states, so that their trials are planned anew: the only way a result is ever
    /// removed. Call it before `begin`.
    ///
    /// - Returns: how many trials that were.
    @discardableResult
    public func forget(_ states: [TrialState]) throws(StoreError) -> Int {
        try write { db in
            var count = 0
            for state in states {
                let ended = "(SELECT trial FROM result WHERE state = ?)"
                try db.execute(sql: "DELETE FROM outcome WHERE trial IN \(ended)", arguments: [state.rawValue])
                try db.execute(sql: "DELETE FROM measurement WHERE trial IN \(ended)", arguments: [state.rawValue])
                try db.execute(sql: "DELETE FROM result WHERE state = ?", arguments: [state.rawValue])
                count += db.changesCount
            }
            return count
        }
    }

    /// The end of every trial that has one.
    public func storedTrials() throws(StoreError) -> [TrialID: TrialState] {
        try StoreError.catching(path) { try queue.read { db in try StoredResults.storedTrials(in: db) } }
    }

    /// How many results each other revision of the program has stored here.
    public func results(ofRevisionsOtherThan revision: String) throws(StoreError) -> [(revision: String, count: Int)] {
        try StoreError.catching(path) {
            try queue.read { db in
                let sql = """
                    SELECT s.revision, count(*) FROM result r JOIN session s ON s.number = r.session
                    WHERE s.revision != ? GROUP BY s.revision ORDER BY min(s.number)
                    """
                return try Row.fetchAll(db, sql: sql, arguments: [revision]).map { ($0[0], $0[1]) }
            }
        }
    }

    /// How long each trial took that is done: what a cost model learns from.
    public func storedSeconds() throws(StoreError) -> [TrialID: Double] {
        try StoreError.catching(path) {
            try queue.read { db in
                var seconds: [TrialID: Double] = [:]
                let sql =
                    "SELECT t.id, r.seconds FROM result r JOIN trial t ON t.number = r.trial WHERE r.state = 'done'"
                let rows = try Row.fetchCursor(db, sql: sql)
                while let row = try rows.next() {
                    guard let id = TrialID(row[0] as String) else { continue }
                    seconds[id] = row[1]
                }
                return seconds
            }
        }
    }

    private func plannedCounts(in db: Database, planned: Int) throws -> TrialCounts {
        var counts = TrialCounts()
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT r.state, count(*) FROM result r JOIN trial t ON t.number = r.trial WHERE t.position < ?
                GROUP BY r.state
                """, arguments: [planned])
        for row in rows {
            guard let state = TrialState(rawValue: row[0]) else { continue }
            counts[state] = row[1]
        }
        return counts
    }

    /// Writes the plan to table `trial`, unless it is the one already there.
    private func register(_ plan: [PlanEntry], in db: Database) throws {
        var digest: UInt64 = 0
        for planned in plan {
            digest = (digest ^ planned.trial.id.bits) &* 0x0000_0100_0000_01B3
            digest = (digest ^ TrialID(hashing: planned.blocks.joined(separator: ", ")).bits) &* 0x0000_0100_0000_01B3
        }
        let text = "\(plan.count) \(TrialID(bits: digest))"
        if try String.fetchOne(db, sql: "SELECT digest FROM plan") == text { return }

        try db.execute(sql: "UPDATE trial SET position = -1")
        let insert = try db.makeStatement(
            sql: """
                INSERT INTO trial(id, position, blocks, canonical, parameters) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT(id) DO UPDATE SET position = excluded.position, blocks = excluded.blocks
                """)
        var columns = ColumnOrder()
        for (position, planned) in plan.enumerated() {
            let trial = planned.trial
            try insert.execute(arguments: [
                trial.id.description, position, planned.blocks.joined(separator: ", "), trial.canonicalText,
                JSON.object(trial.parameters.map { ($0.name, $0.value) }),
            ])
            columns.add(trial)
        }
        try db.execute(
            sql: "DELETE FROM trial WHERE position = -1 AND number NOT IN (SELECT trial FROM result)")
        try db.execute(sql: "UPDATE trial SET position = ? + number WHERE position = -1", arguments: [plan.count])
        for canonical in try String.fetchAll(
            db, sql: "SELECT canonical FROM trial WHERE position >= ? ORDER BY position", arguments: [plan.count])
        {
            if let trial = Trial(canonicalText: canonical) { columns.add(trial) }
        }
        try db.execute(sql: "DELETE FROM parameter_column; DELETE FROM plan")
        for (position, name) in columns.names.enumerated() {
            try db.execute(
                sql: "INSERT INTO parameter_column(text, position) VALUES (?, ?)", arguments: [name, position])
        }
        try db.execute(sql: "INSERT INTO plan(digest) VALUES (?)", arguments: [text])
    }
}

/// One order of parameter names that respects, as far as one can, the canonical order of every trial: a new name goes
/// behind the name it follows in its trial.
struct ColumnOrder {
    private(set) var names: [String] = []
    private var known: Set<String> = []

    mutating func add(_ trial: Trial) {
        var previous: String?
        for parameter in trial.parameters {
            if known.insert(parameter.name).inserted {
                let index = previous.flatMap { names.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
                names.insert(parameter.name, at: index)
            }
            previous = parameter.name
        }
    }
}
