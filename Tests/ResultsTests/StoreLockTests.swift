import Foundation
import Testing

@testable import Results

@Suite struct StoreLockTests {
    @Test func isRefusedWhileHeld() throws {
        let folder = try TemporaryFolder()
        #expect(StoreLock.holder(of: folder.path) == nil)
        let lock = try StoreLock(directory: folder.path, at: 1_000)
        let holder = try #require(StoreLock.holder(of: folder.path))
        #expect(holder.pid == Int(getpid()))
        #expect(holder.since == 1_000)
        #expect {
            try StoreLock(directory: folder.path)
        } throws: { error in
            "\(error)".hasPrefix("\(folder.path) is in use by process \(getpid()) on host ")
                && "\(error)".hasSuffix("; wait for it or stop it")
        }
        lock.release()
        #expect(StoreLock.holder(of: folder.path) == nil)
        try StoreLock(directory: folder.path).release()
    }

    @Test func isRefusedToAnotherProcess() async throws {
        let folder = try TemporaryFolder()
        let lock = try StoreLock(directory: folder.path)
        let path = folder.path
        await #expect(processExitsWith: .exitCode(17)) { [path = path as String] in
            do throws(StoreError) {
                _ = try StoreLock(directory: path)
            } catch .inUse {
                exit(17)
            } catch {}
        }
        lock.release()
        await #expect(processExitsWith: .exitCode(18)) { [path = path as String] in
            let lock = try StoreLock(directory: path)
            exit(StoreLock.holder(of: path) == nil ? 1 : withExtendedLifetime(lock) { 18 })
        }
    }

    @Test func goesWithAKilledHolder() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let lock = try StoreLock(directory: path)
            withExtendedLifetime(lock) { _ = kill(getpid(), SIGKILL) }
        }
        #expect(try FileManager.default.attributesOfItem(atPath: path + "/results.lock")[.size] as? Int ?? 0 > 0)
        #expect(StoreLock.holder(of: path) == nil)
        try StoreLock(directory: path).release()
    }

    @Test func readersThatAskDoNotStandInTheWay() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        try StoreLock(directory: path).release()
        let asking = Task.detached {
            for _ in 0..<20_000 {
                _ = StoreLock.holder(of: path, sharesLocks: true, locking: StoreLock.kernelLock)
            }
        }
        for _ in 0..<200 { try StoreLock(directory: path).release() }
        await asking.value
    }

    /// A file system without locks, as Lustre mounted without `flock`.
    private func acquire(_ folder: TemporaryFolder) throws -> StoreLock {
        try StoreLock(directory: folder.path, at: 5, sharesLocks: true) { _, _ in ENOSYS }
    }

    private func leave(_ text: String, in folder: TemporaryFolder) throws {
        try text.write(toFile: folder.path + "/results.lock", atomically: false, encoding: .utf8)
    }

    private func hostName() -> String {
        ProcessInfo.processInfo.hostName
    }

    @Test func withoutLocksTheTextDecides() throws {
        let folder = try TemporaryFolder()
        let lock = try acquire(folder)
        #expect(StoreLock.holder(of: folder.path, sharesLocks: true) { _, _ in ENOSYS } == nil, "own process")
        lock.release()
        // The parent of this process is alive, on this host.
        try leave("\(getppid()) 7.0 \(hostName())\n", in: folder)
        #expect(throws: StoreError.self) { try acquire(folder) }
        // No process has the largest number.
        try leave("4194304 7.0 \(hostName())\n", in: folder)
        try acquire(folder).release()
        try leave("12 7.0 another-host\n", in: folder)
        #expect {
            try acquire(folder)
        } throws: {
            "\($0)".contains("process 12 on host another-host")
                && "\($0)".contains("remove \(folder.path)/results.lock")
        }
        #expect(StoreLock.holder(of: folder.path, sharesLocks: true) { _, _ in ENOSYS }?.pid == 12)
    }

    /// Locks that work on one node only: the kernel's word counts for this node, the text for others.
    @Test func withLocksOfOneNodeOtherHostsAreRefused() throws {
        let folder = try TemporaryFolder()
        func acquire() throws -> StoreLock {
            try StoreLock(directory: folder.path, at: 5, sharesLocks: false, locking: StoreLock.kernelLock)
        }
        try leave("12 7.0 another-host\n", in: folder)
        #expect(throws: StoreError.self) { try acquire() }
        try leave("\(getppid()) 7.0 \(hostName())\n", in: folder)
        try acquire().release()
    }

    @Test func needsAWritableFolder() throws {
        let folder = try TemporaryFolder()
        #expect(throws: StoreError.self) { try StoreLock(directory: folder.path + "/missing") }
    }
}
