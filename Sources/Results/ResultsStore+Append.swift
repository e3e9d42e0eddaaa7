import GRDB
import Sweeps

extension ResultsStore {
    /// What `append` did.
    public struct Appended: Hashable, Sendable {
        public let stored: Int
        /// Had a result already: the first one stands.
        public let repeated: [TrialID]
        /// Not in the session's plan.
        public let unplanned: [TrialID]
    }

    /// Stores a group of results in one transaction: when this returns they survive SIGKILL and power loss, and when it
    /// throws none of them is stored.
    ///
    /// - Parameters:
    ///   - running: what runs now, in place of what was noted before; nil leaves that, less the trials that ended.
    ///   - secondsLeft: the coordinator's prediction, for `status`.
    @discardableResult
    public func append(
        _ results: [TrialResult], running: [RunningTrial]? = nil, secondsLeft: Double? = nil,
        at time: Double = ClockTime.now()
    ) throws(StoreError) -> Appended {
        guard let session else { preconditionFailure("no session begun") }
        var counts = counts
        var endedHere = endedHere
        let appended = try write { db in
            var repeated: [TrialID] = []
            var unplanned: [TrialID] = []
            for result in results {
                guard let trial = try number(of: result.id, in: db) else {
                    unplanned.append(result.id)
                    continue
                }
                guard try insert(result, trial: trial, session: session, in: db) else {
                    repeated.append(result.id)
                    continue
                }
                counts[result.state] += 1
                endedHere += 1
            }
            try replaceRunning(running, ended: results, in: db)
            try db.cachedStatement(
                sql: """
                    UPDATE session SET updated = ?, done = ?, diverged = ?, failed = ?, ended_here = ?, seconds_left = ?
                    WHERE number = ?
                    """
            ).execute(arguments: [
                time, counts.done, counts.diverged, counts.failed, endedHere, secondsLeft, session,
            ])
            return Appended(
                stored: results.count - repeated.count - unplanned.count, repeated: repeated, unplanned: unplanned)
        }
        self.counts = counts
        self.endedHere = endedHere
        return appended
    }

    private func number(of id: TrialID, in db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT number FROM trial WHERE id = ?"), arguments: [id.description])
    }

    /// false where the trial has a result.
    private func insert(_ result: TrialResult, trial: Int64, session: Int64, in db: Database) throws -> Bool {
        try db.cachedStatement(
            sql: """
                INSERT OR IGNORE INTO result(trial, state, reason, attempts, session, host, rank, started, seconds)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            trial, result.state.rawValue, result.reason, result.attempt, session, result.host, result.rank,
            result.started, result.seconds,
        ])
        guard db.changesCount == 1 else { return false }
        let outcome = try db.cachedStatement(
            sql: "INSERT INTO outcome(trial, position, name, value) VALUES (?, ?, ?, ?)")
        for (position, value) in result.outcomes.enumerated() {
            let name = try names.number(of: value.name, in: db)
            try names.note(outcome: name, at: position, in: db)
            try outcome.execute(arguments: [trial, position, name, value.value.databaseValue])
        }
        guard !result.measurements.isEmpty else { return true }
        let measurement = try db.cachedStatement(
            sql: """
                INSERT INTO measurement(trial, position, step, epoch, layer, split, metric, value)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """)
        for (position, value) in result.measurements.enumerated() {
            try measurement.execute(arguments: [
                trial, position, value.step, value.epoch, try names.number(of: value.layer, in: db),
                try names.number(of: value.split, in: db), try names.number(of: value.metric, in: db), value.value,
            ])
        }
        return true
    }

    private func replaceRunning(_ running: [RunningTrial]?, ended: [TrialResult], in db: Database) throws {
        guard let running else {
            let delete = try db.cachedStatement(
                sql: "DELETE FROM running WHERE trial = (SELECT number FROM trial WHERE id = ?)")
            if try Bool.fetchOne(db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM running)")) ?? false {
                for result in ended { try delete.execute(arguments: [result.id.description]) }
            }
            return
        }
        try db.execute(sql: "DELETE FROM running")
        for trial in running {
            guard let number = try number(of: trial.id, in: db) else { continue }
            try db.cachedStatement(sql: "INSERT INTO running(trial, rank, host, since) VALUES (?, ?, ?, ?)")
                .execute(arguments: [number, trial.rank, trial.host, trial.since])
        }
    }
}

extension ParameterValue {
    /// SQLite keeps no NaN; it becomes NULL, which is read back as NaN.
    var databaseValue: DatabaseValue {
        switch self {
        case .integer(let value): value.databaseValue
        case .real(let value): value.databaseValue
        case .text(let value): value.databaseValue
        }
    }

    init(stored value: DatabaseValue) {
        switch value.storage {
        case .int64(let value): self = .integer(Int(value))
        case .double(let value): self = .real(value)
        case .string(let value): self = .text(value)
        case .null, .blob: self = .real(.nan)
        }
    }
}
