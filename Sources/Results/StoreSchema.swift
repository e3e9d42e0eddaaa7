import Foundation
import GRDB

/// The layout of `results.sqlite`. `trial` holds what is planned, `result` what has ended: rows are only ever added to
/// `result`, `outcome` and `measurement`, never changed. The views show the same by name, for those who query by hand.
enum StoreSchema {
    /// Raised with every change of the tables.
    static let version = 1
    /// "NCSW", in the file's header (PRAGMA application_id).
    static let applicationID = 0x4E43_5357
    static let fileName = "results.sqlite"

    static let statements = """
        CREATE TABLE session (
            number INTEGER PRIMARY KEY, started REAL NOT NULL, updated REAL NOT NULL, ended REAL, ending TEXT,
            ranks INTEGER NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, program TEXT NOT NULL,
            revision TEXT NOT NULL, mpi TEXT NOT NULL, blas TEXT NOT NULL, blas_kernel TEXT NOT NULL,
            blas_threads INTEGER NOT NULL, cpu TEXT NOT NULL, sweep_path TEXT NOT NULL, sweep TEXT NOT NULL,
            planned INTEGER NOT NULL, done INTEGER NOT NULL, diverged INTEGER NOT NULL, failed INTEGER NOT NULL,
            ended_here INTEGER NOT NULL, seconds_left REAL);
        CREATE TABLE trial (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, position INTEGER NOT NULL, blocks TEXT NOT NULL,
            canonical TEXT NOT NULL, parameters TEXT NOT NULL);
        CREATE INDEX trial_position ON trial(position);
        CREATE TABLE result (
            trial INTEGER PRIMARY KEY REFERENCES trial(number), state TEXT NOT NULL, reason TEXT,
            attempts INTEGER NOT NULL, session INTEGER NOT NULL REFERENCES session(number), host TEXT NOT NULL,
            rank INTEGER NOT NULL, started REAL NOT NULL, seconds REAL NOT NULL);
        CREATE TABLE name (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
        CREATE TABLE parameter_column (text TEXT NOT NULL PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE outcome_column (name INTEGER PRIMARY KEY REFERENCES name(number), position INTEGER NOT NULL);
        CREATE TABLE outcome (
            trial INTEGER NOT NULL, position INTEGER NOT NULL, name INTEGER NOT NULL, value,
            PRIMARY KEY (trial, position)) WITHOUT ROWID;
        CREATE TABLE measurement (
            trial INTEGER NOT NULL, position INTEGER NOT NULL, step INTEGER NOT NULL, epoch REAL,
            layer INTEGER NOT NULL, split INTEGER NOT NULL, metric INTEGER NOT NULL, value REAL,
            PRIMARY KEY (trial, position)) WITHOUT ROWID;
        CREATE TABLE running (trial INTEGER NOT NULL, rank INTEGER NOT NULL, host TEXT NOT NULL, since REAL NOT NULL);
        CREATE TABLE plan (digest TEXT NOT NULL);
        CREATE VIEW trials AS
            SELECT t.id AS trial, t.blocks, t.canonical, t.parameters, coalesce(r.state, 'planned') AS state, r.reason,
                r.attempts, r.session, r.host, r.rank, r.started, r.started + r.seconds AS finished, r.seconds
            FROM trial t LEFT JOIN result r ON r.trial = t.number ORDER BY t.position;
        CREATE VIEW outcomes AS
            SELECT t.id AS trial, n.text AS name, o.value
            FROM outcome o JOIN trial t ON t.number = o.trial JOIN name n ON n.number = o.name;
        CREATE VIEW measurements AS
            SELECT t.id AS trial, m.step, m.epoch, l.text AS layer, s.text AS split, n.text AS metric, m.value
            FROM measurement m JOIN trial t ON t.number = m.trial JOIN name l ON l.number = m.layer
                JOIN name s ON s.number = m.split JOIN name n ON n.number = m.metric;
        """

    /// Makes a new store at `path`, which must not exist: whole or not at all, also when killed on the way.
    static func create(at path: String, locking: StoreLocking) throws {
        // Made beside it and renamed when complete; what a killed predecessor left holds no results.
        let draft = path + ".new"
        for suffix in ["", "-journal", ".lock"] { try? FileManager.default.removeItem(atPath: draft + suffix) }
        let queue = try DatabaseQueue(path: locking.location(of: draft))
        try queue.write { db in
            try db.execute(sql: statements)
            try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version)")
        }
        try queue.close()
        // `link` never overwrites; where the file system has no hard links, `rename` must do.
        guard link(draft, path) == 0 || (errno != EEXIST && rename(draft, path) == 0) else {
            throw StoreError.notWritable(path: path, detail: errorText(errno))
        }
        unlink(draft)
        let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    /// Refuses what is not a store of this version.
    static func check(_ db: Database, path: String) throws {
        let id = try Int.fetchOne(db, sql: "PRAGMA application_id")
        guard id == applicationID else {
            throw StoreError.foreign(path: path, what: "is an SQLite database of another program")
        }
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found == version else {
            throw StoreError.otherVersion(path: path, found: found, expected: version)
        }
    }
}
