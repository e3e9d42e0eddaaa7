import GRDB
import Sweeps

extension StoredResults {
    /// Whether a process writes to the folder now, and which.
    public var writer: StoreLock.Holder? { StoreLock.holder(of: directory) }

    /// All sessions, the first one first.
    public func sessions() throws(StoreError) -> [StoredSession] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM session ORDER BY number").map(Self.session)
        }
    }

    /// What runs, as last noted, by rank. Trials that have ended since are not in it.
    public func running() throws(StoreError) -> [RunningTrial] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT t.id, n.rank, n.host, n.since FROM running n JOIN trial t ON t.number = n.trial
                    WHERE NOT EXISTS (SELECT 1 FROM result r WHERE r.trial = n.trial) ORDER BY n.rank, t.position
                    """
            ).compactMap { row in
                TrialID(row[0] as String).map { RunningTrial(id: $0, rank: row[1], host: row[2], since: row[3]) }
            }
        }
    }

    /// How many results are of trials outside the scope of the last plan.
    public func unplannedCount() throws(StoreError) -> Int {
        let end = try positionEnd(of: .lastPlan)
        return try read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT count(*) FROM trial t CROSS JOIN result r ON r.trial = t.number WHERE t.position >= ?",
                arguments: [end]) ?? 0
        }
    }

    /// How many trials of the last plan are done and have this word as an outcome.
    public func count(ofDoneTrialsWith outcome: String, equalTo word: String) throws(StoreError) -> Int {
        let end = try positionEnd(of: .lastPlan)
        return try read { db in
            let name = try Int64.fetchOne(db, sql: "SELECT number FROM name WHERE text = ?", arguments: [outcome])
            guard let name else { return 0 }
            return try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM trial t CROSS JOIN result r ON r.trial = t.number
                        CROSS JOIN outcome o ON o.trial = t.number
                    WHERE t.position < ? AND r.state = 'done' AND o.name = ? AND o.value = ?
                    """, arguments: [end, name, word]) ?? 0
        }
    }

    private static func session(_ row: Row) -> StoredSession {
        let info = SessionInfo(
            ranks: row["ranks"], host: row["host"], pid: row["pid"], program: row["program"],
            revision: row["revision"], mpi: row["mpi"], blas: row["blas"], blasKernel: row["blas_kernel"],
            blasThreads: row["blas_threads"], cpu: row["cpu"], sweepPath: row["sweep_path"], sweepText: row["sweep"])
        return StoredSession(
            info: info, started: row["started"], updated: row["updated"], ended: row["ended"],
            ending: (row["ending"] as String?).flatMap(SessionEnding.init(rawValue:)), planned: row["planned"],
            counts: TrialCounts(done: row["done"], diverged: row["diverged"], failed: row["failed"]),
            endedHere: row["ended_here"], secondsLeft: row["seconds_left"])
    }
}

extension StoredResults {
    /// The parameters of trials, ended or not, as canonical text.
    public func canonicalTexts(of trials: [TrialID]) throws(StoreError) -> [TrialID: String] {
        try read { db in
            let statement = try db.cachedStatement(sql: "SELECT canonical FROM trial WHERE id = ?")
            var texts: [TrialID: String] = [:]
            for trial in trials {
                texts[trial] = try String.fetchOne(statement, arguments: [trial.description])
            }
            return texts
        }
    }
}
