import Foundation
import GRDB
import Sweeps
import Testing

@testable import Results

/// Whatever lies in the folder: one line that says what to do, and the file as it was.
@Suite struct DamageTests {
    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    /// The messages of writer and reader, which must leave `results.sqlite` alone.
    private func messages(_ folder: TemporaryFolder) throws -> (writing: String, reading: String) {
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.store))
        let writing = message { try ResultsStore(directory: folder.path).close() }
        let reading = message { _ = try StoredResults(directory: folder.path).rows() }
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.store)) == before)
        for message in [writing, reading] { #expect(!message.contains("\n")) }
        return (writing, reading)
    }

    private func put(_ bytes: [UInt8], in folder: TemporaryFolder) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: folder.store))
    }

    private func filledStore(_ folder: TemporaryFolder) throws -> [UInt8] {
        let store = try ResultsStore(directory: folder.path)
        try store.begin(Sample.info, plan: Sample.plan(500))
        try store.append((0..<500).map { Sample.result($0, measurements: 20) })
        store.close()
        return Array(try Data(contentsOf: URL(fileURLWithPath: folder.store)))
    }

    @Test func ofAnEmptyFile() throws {
        let folder = try TemporaryFolder()
        try put([], in: folder)
        let (writing, reading) = try messages(folder)
        #expect(writing.contains("is empty") && writing.contains("move it away"))
        #expect(reading.contains("is empty"))
    }

    @Test func ofAnotherKindOfFile() throws {
        let folder = try TemporaryFolder()
        try put(Array(String(repeating: "these are notes\n", count: 500).utf8), in: folder)
        let (writing, reading) = try messages(folder)
        #expect(writing.contains("is not a results file") && writing.contains("move it away"))
        #expect(reading.contains("is not a results file"))
    }

    @Test func ofAnotherProgramsDatabase() throws {
        let folder = try TemporaryFolder()
        let queue = try DatabaseQueue(path: folder.store)
        try queue.write { db in try db.execute(sql: "CREATE TABLE a(b)") }
        try queue.close()
        let (writing, reading) = try messages(folder)
        #expect(writing.contains("another program"))
        #expect(reading.contains("another program"))
    }

    @Test(arguments: [0, 2]) func ofAnotherVersion(version: Int) throws {
        let folder = try TemporaryFolder()
        _ = try filledStore(folder)
        let queue = try DatabaseQueue(path: folder.store)
        try queue.write { db in try db.execute(sql: "PRAGMA user_version = \(version)") }
        try queue.close()
        let (writing, reading) = try messages(folder)
        #expect(writing.contains("format \(version), this ncsweep reads 1; use the"))
        #expect(reading == writing)
    }

    @Test(arguments: [100, 5_000, 50_000]) func ofATruncatedFile(size: Int) throws {
        let folder = try TemporaryFolder()
        let bytes = try filledStore(folder)
        try put(Array(bytes[..<size]), in: folder)
        let (writing, reading) = try messages(folder)
        #expect(writing != "no error" && reading != "no error")
        #expect(writing.hasPrefix(folder.store))
    }

    @Test func ofFlippedPages() throws {
        let folder = try TemporaryFolder()
        var bytes = try filledStore(folder)
        for page in 2..<(bytes.count / 4096) {
            for index in 0..<64 { bytes[page * 4096 + index] ^= 0x5A }
        }
        try put(bytes, in: folder)
        let (writing, reading) = try messages(folder)
        #expect(writing.contains("is damaged") && writing.contains("restore a copy"))
        #expect(reading.contains("is damaged"))
    }

    @Test func ofAMissingFolder() throws {
        let folder = try TemporaryFolder()
        #expect(message { _ = try StoredResults(directory: folder.path) }.contains("holds no results"))
        #expect(message { _ = try StoredResults(directory: folder.path + "/x") }.contains("holds no results"))
        let file = folder.path + "/file"
        try Data("x".utf8).write(to: URL(fileURLWithPath: file))
        let text = message { try ResultsStore(directory: file + "/y").close() }
        #expect(text.contains("cannot be written") && !text.contains("\n"))
    }

    /// A predecessor killed while it made the store left a draft, which is no obstacle.
    @Test func ofAKilledCreation() throws {
        let folder = try TemporaryFolder()
        try Data("half".utf8).write(to: URL(fileURLWithPath: folder.store + ".new"))
        _ = try filledStore(folder)
        #expect(!FileManager.default.fileExists(atPath: folder.store + ".new"))
    }

    /// Root may write anywhere, so this needs another user.
    @Test(.enabled(if: getuid() != 0)) func ofAFolderWithoutPermission() throws {
        let folder = try TemporaryFolder()
        chmod(folder.path, 0o555)
        defer { chmod(folder.path, 0o755) }
        #expect(message { try ResultsStore(directory: folder.path).close() }.contains("cannot be written"))
    }

    @Test func ofSQLiteFailures() {
        func text(_ code: ResultCode) -> String { StoreError(DatabaseError(resultCode: code), path: "/p").description }
        #expect(text(.SQLITE_FULL).contains("disk is full"))
        #expect(text(.SQLITE_BUSY).contains("locked by another program"))
        #expect(text(.SQLITE_CORRUPT).contains("damaged"))
        #expect(text(.SQLITE_NOTADB).contains("not a results file"))
        #expect(text(.SQLITE_READONLY).contains("cannot be written"))
        #expect(text(.SQLITE_CANTOPEN).contains("cannot be read"))
        #expect(text(.SQLITE_IOERR).contains("check the file system"))
    }
}
