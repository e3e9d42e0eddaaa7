import Foundation
import GRDB
import Sweeps

/// The one writer of a folder's `results.sqlite`. Others read it meanwhile through `StoredResults`.
///
/// Not `Sendable`: it belongs to the coordinator.
public final class ResultsStore {
    public let directory: String
    let path: String
    let queue: DatabaseQueue
    private let lock: StoreLock
    /// What this connection knows of the tables, so that a result costs no look-ups of names.
    var names = NameTable()
    var session: Int64?
    var counts = TrialCounts()
    var endedHere = 0

    /// Opens the folder's store for writing, making folder and store where they are missing.
    ///
    /// - Throws: `StoreError`; nothing is changed then. A store below 256 MiB is searched for damage first.
    public convenience init(directory: String, at time: Double = ClockTime.now()) throws(StoreError) {
        try self.init(directory: directory, at: time, locking: nil)
    }

    /// - Parameter locking: nil for what the file system offers.
    init(directory: String, at time: Double, locking: StoreLocking?) throws(StoreError) {
        self.directory = directory
        path = directory + "/" + StoreSchema.fileName
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw .notWritable(path: directory, detail: Self.reason(error))
        }
        lock = try StoreLock(directory: directory, at: time)
        do throws(StoreError) {
            queue = try Self.open(
                path, isNetwork: FileSystem.kind(of: directory).isNetwork,
                locking: locking ?? StoreLocking.offered(in: directory))
        } catch {
            lock.release()
            throw error
        }
    }

    deinit { close() }

    /// Whether the folder has a store, usable or not.
    public static func exists(in directory: String) -> Bool {
        access(directory + "/" + StoreSchema.fileName, F_OK) == 0
    }

    /// Ends writing and gives the folder free. Further calls do nothing.
    public func close() {
        // Leaves one plain file, which can be copied and read from a read-only folder. Refused while others read;
        // then the log stays beside it, emptied if they let it, and the next writer removes it.
        try? queue.inDatabase { db in
            do {
                try db.execute(sql: "PRAGMA journal_mode = DELETE")
            } catch {
                try db.execute(sql: "PRAGMA busy_timeout = 1000; PRAGMA wal_checkpoint(TRUNCATE)")
            }
        }
        try? queue.close()
        lock.release()
    }

    private static let largestChecked = 256 << 20

    private static func open(
        _ path: String, isNetwork: Bool, locking: StoreLocking
    ) throws(StoreError) -> DatabaseQueue {
        try StoreError.catching(path) {
            let size = try fileSize(path)
            if size == nil { try writing(path) { try StoreSchema.create(at: path, locking: locking) } }
            if size == 0 { throw StoreError.foreign(path: path, what: "is empty, which no results file is") }
            var configuration = Configuration()
            configuration.busyMode = .timeout(60)
            configuration.label = "results"
            configuration.prepareDatabase { db in
                try StoreSchema.check(db, path: path)
                // Durable after each commit, also at power loss.
                try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536")
            }
            guard access(path, W_OK) == 0 else {
                throw StoreError.notWritable(path: path, detail: errorText(errno))
            }
            if locking == .dotFile { StoreLocking.removeAbandonedDotFile(of: path, patienceSeconds: 10) }
            let queue = try DatabaseQueue(path: locking.location(of: path), configuration: configuration)
            // Before anything is written: a damaged file stays as it is.
            if let size, size <= largestChecked { try check(queue, path: path) }
            try queue.writeWithoutTransaction { db in
                // A write-ahead log needs memory shared by all who read, so it cannot serve several nodes.
                let journal = isNetwork || locking == .dotFile ? "TRUNCATE" : "WAL"
                try db.execute(sql: "PRAGMA journal_mode = \(journal)")
            }
            return queue
        }
    }

    private static func check(_ queue: DatabaseQueue, path: String) throws {
        let findings = try queue.read { db in try String.fetchAll(db, sql: "PRAGMA quick_check(1)") }
        guard findings == ["ok"] else {
            let detail = findings.first?.split(whereSeparator: \.isNewline).joined(separator: " ")
            throw StoreError.damaged(path: path, detail: detail ?? "no answer to quick_check")
        }
    }

    /// In bytes; nil where there is no such file.
    static func fileSize(_ path: String) throws -> Int? {
        var status = stat()
        if stat(path, &status) == 0 { return Int(status.st_size) }
        guard errno == ENOENT else { throw StoreError.notReadable(path: path, detail: errorText(errno)) }
        return nil
    }

    /// A file that cannot be opened in order to make it cannot be written.
    private static func writing<T>(_ path: String, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CANTOPEN {
            throw StoreError.notWritable(path: path, detail: error.message ?? "cannot be made")
        }
    }

    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return underlying.map { errorText(CInt($0.code)) } ?? error.localizedDescription
    }

    /// One durable transaction.
    func write<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        do throws(StoreError) {
            return try StoreError.catching(path) { try queue.write(body) }
        } catch {
            // What the transaction added to the table of names is gone with it.
            names = NameTable()
            throw error
        }
    }
}

/// Numbers of the names in table `name`, and where outcomes stand among the columns.
struct NameTable {
    private var numbers: [String: Int64] = [:]
    private var positions: [Int64: Int] = [:]

    mutating func number(of text: String, in db: Database) throws -> Int64 {
        if let number = numbers[text] { return number }
        let stored = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT number FROM name WHERE text = ?"), arguments: [text])
        let number: Int64
        if let stored {
            number = stored
        } else {
            try db.cachedStatement(sql: "INSERT INTO name(text) VALUES (?)").execute(arguments: [text])
            number = db.lastInsertedRowID
        }
        numbers[text] = number
        return number
    }

    /// Keeps the foremost position a column was ever seen at: the order of columns must not depend on which trial
    /// ended first.
    mutating func note(outcome number: Int64, at position: Int, in db: Database) throws {
        if let known = positions[number], known <= position { return }
        try db.cachedStatement(
            sql: """
                INSERT INTO outcome_column(name, position) VALUES (?, ?)
                ON CONFLICT(name) DO UPDATE SET position = min(position, excluded.position)
                """
        ).execute(arguments: [number, position])
        positions[number] = position
    }
}
