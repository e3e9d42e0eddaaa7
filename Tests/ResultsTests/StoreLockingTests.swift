import Foundation
import Sweeps
import Testing

@testable import Results

/// Stores on file systems that have no record locks, and stores without a write-ahead log.
@Suite struct StoreLockingTests {
    @Test func localFileSystemsHaveRecordLocks() throws {
        let folder = try TemporaryFolder()
        #expect(StoreLocking.offered(in: folder.path) == .recordLocks)
        try StoreLock(directory: folder.path).release()
        #expect(StoreLocking.offered(in: folder.path) == .recordLocks)
    }

    @Test func worksWithDotFilesWhileRead() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        let store = try ResultsStore(directory: path, at: 0, locking: .dotFile)
        try store.begin(Sample.info, plan: Sample.plan(400))
        let reader = Task.detached {
            var last = 0
            while last < 400 {
                let results = try StoredResults(directory: path, locking: .dotFile)
                last = try results.storedTrials().count
                #expect(last % 10 == 0)
                results.close()
                usleep(1000)
            }
        }
        for group in 0..<40 { try store.append((0..<10).map { Sample.result(10 * group + $0) }) }
        try await reader.value
        #expect(!FileManager.default.fileExists(atPath: folder.store + "-wal"))
        store.close()
        // The same file serves where locks are to be had.
        #expect(try StoredResults(directory: path).rows().count == 400)
    }

    @Test func removesOnlyAnAbandonedDotFile() throws {
        let folder = try TemporaryFolder()
        let dotFile = folder.store + ".lock"
        try FileManager.default.createDirectory(atPath: dotFile, withIntermediateDirectories: false)
        let touching = Thread {
            for _ in 0..<40 {
                utimes(dotFile, nil)
                usleep(10_000)
            }
        }
        touching.start()
        StoreLocking.removeAbandonedDotFile(of: folder.store, patienceSeconds: 0.3)
        #expect(FileManager.default.fileExists(atPath: dotFile))
        while !touching.isFinished { usleep(10_000) }
        StoreLocking.removeAbandonedDotFile(of: folder.store, patienceSeconds: 0.1)
        #expect(!FileManager.default.fileExists(atPath: dotFile))
    }

    /// Killed in the middle of a commit without a write-ahead log: the next reader or writer undoes it.
    @Test(arguments: [false, true]) func undoesAKilledCommit(readsFirst: Bool) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try ResultsStore(directory: path)
            try store.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = TRUNCATE") }
            try store.begin(Sample.info, plan: Sample.plan(3000))
            try store.append([Sample.result(0)])
            try store.queue.write { db in
                // A small cache, so that the unfinished transaction reaches the file.
                try db.execute(sql: "PRAGMA cache_size = 1; DELETE FROM measurement")
                try db.execute(sql: "UPDATE trial SET canonical = canonical || canonical")
                _ = kill(getpid(), SIGKILL)
            }
        }
        #expect((try ResultsStore.fileSize(folder.store + "-journal") ?? 0) > 0)
        func check() throws {
            let results = try StoredResults(directory: path)
            #expect(try results.rows().map { $0["seed"] } == [.integer(0)])
            var count = 0
            try results.forEachMeasurement { _ in count += 1 }
            #expect(count == 2)
        }
        if readsFirst { try check() }
        let store = try ResultsStore(directory: path)
        try store.begin(Sample.info, plan: Sample.plan(3000))
        try check()
        store.close()
    }
}
