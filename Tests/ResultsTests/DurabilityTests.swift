import Foundation
import Results
import Sweeps
import Testing

@Suite struct DurabilityTests {
    /// Every group whose `append` returned is there after SIGKILL, and none in part. Before each call and after each
    /// return the writer notes so in a file.
    @Test(arguments: [3, 20, 60])
    func survivesSIGKILL(milliseconds: Int) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, milliseconds = milliseconds as Int] in
            let store = try ResultsStore(directory: path)
            try store.begin(Sample.info, plan: Sample.plan(20_000))
            let log = open(path + "/log", O_WRONLY | O_CREAT | O_APPEND, 0o644)
            let thread = Thread {
                usleep(UInt32(1000 * milliseconds))
                kill(getpid(), SIGKILL)
            }
            thread.start()
            for group in 0..<2000 {
                try store.append((0..<10).map { Sample.result(10 * group + $0, measurements: 20) })
                write(log, [1], 1)
            }
        }
        let log = (try? Data(contentsOf: URL(fileURLWithPath: path + "/log")))?.count ?? 0
        let results = try StoredResults(directory: path)
        let read = try results.storedTrials().count
        #expect(read % 10 == 0)
        #expect(read / 10 == log || read / 10 == log + 1)
        #expect(results.writer == nil)
        results.close()

        let store = try ResultsStore(directory: path)
        #expect(try store.storedTrials().count == read)
        try store.begin(Sample.info, plan: Sample.plan(20_000))
        try store.append([Sample.result(19_999)])
        var measurements = 0
        try StoredResults(directory: path).forEachMeasurement { _ in measurements += 1 }
        #expect(measurements == 20 * read + 2)
    }

    /// A reader sees whole groups only, ever more of them, and never stops the writer.
    @Test func readersSeeWholeGroupsMeanwhile() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        let store = try ResultsStore(directory: path)
        try store.begin(Sample.info, plan: Sample.plan(3_000))
        let reader = Task.detached {
            var last = 0
            var looks = 0
            while last < 3_000 {
                let results = try StoredResults(directory: path)
                let count = try results.storedTrials().count
                #expect(count % 10 == 0)
                #expect(count >= last)
                let rows = try results.rows()
                #expect(rows.count >= count)
                #expect(rows.allSatisfy { $0["gap"] != nil || !results.columns.contains("gap") })
                last = count
                looks += 1
            }
            return looks
        }
        for group in 0..<300 { try store.append((0..<10).map { Sample.result(10 * group + $0) }) }
        #expect(try await reader.value > 0)
    }

    @Test func anotherProcessIsRefusedWhileWriting() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        let store = try ResultsStore(directory: path)
        await #expect(processExitsWith: .exitCode(17)) { [path = path as String] in
            do throws(StoreError) {
                _ = try ResultsStore(directory: path)
            } catch .inUse {
                exit(17)
            } catch {}
        }
        store.close()
        try ResultsStore(directory: path).close()
    }
}
