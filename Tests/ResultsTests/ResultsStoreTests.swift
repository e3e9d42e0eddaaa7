import Foundation
import Results
import Sweeps
import Testing

@Suite struct ResultsStoreTests {
    @Test func givesBackWhatWasStored() throws {
        let folder = try TemporaryFolder()
        let store = try ResultsStore(directory: folder.path + "/a/b")
        try store.begin(Sample.info, plan: Sample.plan(3), at: 100)
        let appended = try store.append([Sample.result(1), Sample.result(0, state: .diverged)], at: 110)
        #expect(appended.stored == 2)
        #expect(try store.storedTrials() == [Sample.trial(1).id: .done, Sample.trial(0).id: .diverged])

        let results = try StoredResults(directory: folder.path + "/a/b")
        #expect(try results.storedTrials() == store.storedTrials())
        #expect(
            results.columns == [
                "trial", "state", "problem", "K", "lambda_W", "lambda_H", "loss", "seed", "lambda", "gap", "nc1",
                "certificate", "steps", "seconds", "host", "attempts", "block", "reason",
            ])
        let rows = try results.rows()
        #expect(rows.map { $0["seed"] } == [.integer(0), .integer(1)], "the order of the plan")
        #expect(rows.map { $0["gap"] } == [.real(1.0 / 3), .real(0.25)])
        #expect(rows.map { $0["lambda"] } == [.real(0.001), nil])
        #expect(rows[0]["state"] == .text("diverged"))
        #expect(rows[0]["reason"] == .text("because of 0"))
        #expect(rows[1]["reason"] == nil)
        #expect(rows[1]["certificate"] == .text("minimum"))
        #expect(rows[1]["steps"] == .integer(1))
        #expect(rows[1]["block"] == .text("main"))
        #expect(rows[1]["no such column"] == nil)
        #expect(try results.rows { $0["gap"] == .real(0.25) }.map { $0["seed"] } == [.integer(1)])

        var measurements: [TrialID: [Results.Measurement]] = [:]
        try results.forEachMeasurement { measurements[$0.trial, default: []].append($0.measurement) }
        #expect(measurements[Sample.trial(1).id] == Sample.result(1).measurements)
        store.close()
    }

    @Test func keepsNumbersExactlyAndNaNAsNaN() throws {
        let folder = try TemporaryFolder()
        let store = try ResultsStore(directory: folder.path)
        try store.begin(Sample.info, plan: Sample.plan(1))
        var result = Sample.result(0, measurements: 0)
        let values = [0.1, .pi * 1e-300, .infinity, -.infinity, .leastNonzeroMagnitude, -0.0, 3.0]
        result.outcomes = values.enumerated().map { Outcome(name: "x\($0)", value: .real($1)) }
        result.outcomes.append(Outcome(name: "undefined", value: .real(.nan)))
        result.measurements = [Results.Measurement(step: 0, layer: "", split: "", metric: "m", value: .nan)]
        try store.append([result])
        let results = try StoredResults(directory: folder.path)
        let row = try #require(try results.rows().first)
        for (index, value) in values.enumerated() { #expect(row["x\(index)"] == .real(value)) }
        #expect(row["undefined"]?.number?.isNaN == true)
        try results.forEachMeasurement { #expect($0.measurement.value.isNaN) }
    }

    @Test func storesATrialOnce() throws {
        let folder = try TemporaryFolder()
        let store = try ResultsStore(directory: folder.path)
        try store.begin(Sample.info, plan: Sample.plan(2))
        try store.append([Sample.result(0)])
        let second = try store.append([Sample.result(0, state: .failed), Sample.result(1), Sample.result(9)])
        #expect(second.stored == 1)
        #expect(second.repeated == [Sample.trial(0).id])
        #expect(second.unplanned == [Sample.trial(9).id])
        #expect(try store.storedTrials() == [Sample.trial(0).id: .done, Sample.trial(1).id: .done])
        let session = try #require(try StoredResults(directory: folder.path).sessions().last)
        #expect(session.counts == TrialCounts(done: 2))
    }

    @Test func ordersRowsAndColumnsByThePlanWhateverEndsFirst() throws {
        func table(_ order: [Int]) throws -> [String] {
            let folder = try TemporaryFolder()
            let store = try ResultsStore(directory: folder.path)
            try store.begin(Sample.info, plan: Sample.plan(6))
            for index in order {
                var result = Sample.result(index)
                // Trials of another kind have other outcomes.
                if index % 2 == 1 { result.outcomes.insert(Outcome(name: "odd", value: .integer(1)), at: 1) }
                try store.append([result])
            }
            store.close()
            let results = try StoredResults(directory: folder.path)
            return [results.columns.description] + (try results.rows().map { "\($0.values)" })
        }
        #expect(try table([0, 1, 2, 3, 4, 5]) == table([5, 2, 3, 0, 4, 1]))
    }

    @Test func resumes() throws {
        let folder = try TemporaryFolder()
        var store = try ResultsStore(directory: folder.path)
        try store.begin(Sample.info, plan: Sample.plan(4), at: 10)
        try store.append(
            [Sample.result(2)], running: [RunningTrial(id: Sample.trial(0).id, rank: 1, host: "n1", since: 11)],
            secondsLeft: 9, at: 12)
        var results = try StoredResults(directory: folder.path)
        #expect(try results.running().map(\.rank) == [1])
        #expect(results.writer?.pid == Int(getpid()))
        try store.finish(.interrupted, at: 20)
        store.close()
        #expect(results.writer == nil)
        #expect(try results.running().isEmpty)
        results.close()

        store = try ResultsStore(directory: folder.path)
        // Another plan: trial 2 is no longer in it, trial 5 is new, 0 comes last, trials 1 and 3 are dropped.
        let plan = [5, 0].map { PlanEntry(trial: Sample.trial($0), blocks: ["b", "c"]) }
        try store.begin(Sample.info, plan: plan, at: 30)
        #expect(try store.storedTrials() == [Sample.trial(2).id: .done])
        try store.append([Sample.result(0), Sample.result(5, state: .failed)], at: 31)
        results = try StoredResults(directory: folder.path)
        #expect(try results.rows().map { $0["seed"] } == [.integer(5), .integer(0), .integer(2)])
        #expect(try results.rows().map { $0["block"] } == [.text("b, c"), .text("b, c"), .text("main")])
        let sessions = try results.sessions()
        #expect(sessions.map(\.ending) == [.interrupted, nil])
        #expect(sessions.map(\.started) == [10, 30])
        #expect(sessions[1].counts == TrialCounts(done: 1, failed: 1))
        #expect(sessions[1].planned == 2)
        #expect(sessions[0].info == Sample.info)

        #expect(try store.forget([.failed]) == 1)
        #expect(try store.storedTrials().count == 2)
        try store.begin(Sample.info, plan: plan, at: 40)
        #expect(try store.append([Sample.result(5)]).stored == 1)
    }

    @Test func keepsTheRunningTrialsThatDidNotEnd() throws {
        let folder = try TemporaryFolder()
        let store = try ResultsStore(directory: folder.path)
        try store.begin(Sample.info, plan: Sample.plan(3))
        let running = (0..<3).map { RunningTrial(id: Sample.trial($0).id, rank: $0, host: "h", since: 1) }
        try store.append([], running: running)
        try store.append([Sample.result(1)])
        #expect(try StoredResults(directory: folder.path).running().map(\.rank) == [0, 2])
    }

    @Test func filtersMeasurementsAndPages() throws {
        let folder = try TemporaryFolder()
        let store = try ResultsStore(directory: folder.path)
        try store.begin(Sample.info, plan: Sample.plan(2))
        try store.append([Sample.result(1, measurements: 25_000), Sample.result(0, measurements: 10_000)])
        let results = try StoredResults(directory: folder.path)
        func count(_ filter: MeasurementFilter) throws -> Int {
            var count = 0
            try results.forEachMeasurement(filter) { _ in count += 1 }
            return count
        }
        #expect(try count(MeasurementFilter()) == 35_000)
        #expect(try count(MeasurementFilter(metric: "nc1")) == 8_750)
        #expect(try count(MeasurementFilter(trial: Sample.trial(0).id)) == 10_000)
        #expect(try count(MeasurementFilter(layer: "", split: "train")) == 8_334 + 3_334)
        #expect(try count(MeasurementFilter(metric: "none")) == 0)
        var trials: [TrialID] = []
        try results.forEachMeasurement { if trials.last != $0.trial { trials.append($0.trial) } }
        #expect(trials == [Sample.trial(0).id, Sample.trial(1).id])
    }

    @Test func readsFromAFolderThatCannotBeWritten() throws {
        let folder = try TemporaryFolder()
        let store = try ResultsStore(directory: folder.path)
        try store.begin(Sample.info, plan: Sample.plan(1))
        try store.append([Sample.result(0)])
        store.close()
        #expect(!FileManager.default.fileExists(atPath: folder.store + "-wal"), "one plain file is left")
        chmod(folder.path, 0o555)
        chmod(folder.store, 0o444)
        defer { chmod(folder.path, 0o755) }
        #expect(try StoredResults(directory: folder.path).rows().count == 1)
    }

    /// One reader still there must neither hold up the writer's end nor leave a log that only a writer can read.
    @Test func leavesAReadableStoreAlsoWhileRead() throws {
        let folder = try TemporaryFolder()
        let store = try ResultsStore(directory: folder.path)
        try store.begin(Sample.info, plan: Sample.plan(2))
        try store.append([Sample.result(0)])
        let results = try StoredResults(directory: folder.path)
        #expect(try results.rows().count == 1)
        try store.append([Sample.result(1)])
        let start = ClockTime.now()
        store.close()
        #expect(ClockTime.now() - start < 10)
        #expect(try results.rows().count == 2)
        let log = try FileManager.default.attributesOfItem(atPath: folder.store + "-wal")[.size] as? Int
        #expect(log == 0)
    }
}
