import Foundation
import Results
import Sweeps
import Testing

/// Small file systems in memory.
enum SmallDisk {
    static func run(_ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    static func canMount() -> Bool {
        guard let folder = try? TemporaryFolder(), run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.path])
        else { return false }
        return run(["umount", folder.path])
    }
}

/// On a file system of 2 MiB, which only root can make.
@Suite(.enabled(if: getuid() == 0 && SmallDisk.canMount())) struct FullDiskTests {
    @Test func keepsWhatWasStoredAndSaysWhatToDo() throws {
        let folder = try TemporaryFolder()
        try #require(SmallDisk.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder.path]))
        defer { _ = SmallDisk.run(["umount", "-l", folder.path]) }
        var stored = 0
        do {
            let store = try ResultsStore(directory: folder.path)
            try store.begin(Sample.info, plan: Sample.plan(1000))
            let error = #expect(throws: StoreError.self) {
                for group in 0..<100 {
                    let results = (0..<10).map { Sample.result(10 * group + $0, measurements: 200) }
                    stored += try store.append(results).stored
                }
            }
            guard case .full? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect("\(error!)".contains("the disk is full") && "\(error!)".contains("free some space"))
            store.close()
        }
        #expect(stored > 0 && stored % 10 == 0)
        let trials = try StoredResults(directory: folder.path).storedTrials()
        #expect(trials.count == stored)
        // With room again the sweep goes on.
        try #require(SmallDisk.run(["mount", "-o", "remount,size=16m", folder.path]))
        let store = try ResultsStore(directory: folder.path)
        try store.begin(Sample.info, plan: Sample.plan(1000))
        #expect(try store.append([Sample.result(999)]).stored == 1)
        store.close()
    }

    @Test func cannotBeginOnAFullOrReadOnlyOne() throws {
        let folder = try TemporaryFolder()
        try #require(SmallDisk.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder.path]))
        defer { _ = SmallDisk.run(["umount", "-l", folder.path]) }
        let full = #expect(throws: StoreError.self) { try ResultsStore(directory: folder.path).close() }
        #expect("\(try #require(full))".contains("the disk is full"))
        #expect(!FileManager.default.fileExists(atPath: folder.store), "no half-made store")
        try #require(SmallDisk.run(["mount", "-o", "remount,ro,size=16m", folder.path]))
        let readOnly = #expect(throws: StoreError.self) { try ResultsStore(directory: folder.path).close() }
        #expect("\(try #require(readOnly))".contains("cannot be written"))
    }
}
