import Foundation
import Results
import Sweeps
import Testing

@testable import Reports

/// What is printed of claims on stored results.
@Suite struct ClaimsReportTests {
    private static let schema = ReportSchema(
        columns: StoredResults.fixedColumns + [
            .number("gap"), .number("nc1"), .number("optimum"), .choice("certificate", ["minimum", "saddle"]),
        ], modelMetrics: ["gap"], layerMetrics: ["nc1", "vci"], hasEpochs: true)

    static func claims(_ texts: [String]) throws -> [Claim] {
        let text =
            "problem: ufm\nK: 3\nd: 4\nn: 5\nlambda: 1e-2\nexpect:\n"
            + texts.map { "  - '\($0.replacing("'", with: "''"))'\n" }.joined()
        return try SweepFile.parse(text, path: "x.yaml").claims { _ in schema }
    }

    private func lines(_ texts: [String], width: Int = 200) throws -> [String] {
        let sweep = try SmallSweep()
        let report = try ClaimsReport(Self.claims(texts), on: sweep.read())
        return report.text(width: width).replacing(sweep.directory, with: "DIR").split(separator: "\n").map(String.init)
    }

    @Test func saysWhatPassed() throws {
        let sweep = try SmallSweep()
        let texts = ["gap > 0 where state == done", "max(gap) < 9 by certificate where K == 3"]
        let report = try ClaimsReport(Self.claims(texts), on: sweep.read())
        #expect(report.failures == 0)
        #expect(
            report.text() == """
                Claims
                  passed gap > 0 where state == done: 5 trials
                  passed max(gap) < 9 by certificate where K == 3: 2 groups of 4 trials
                2 claims passed

                """)
    }

    @Test func saysWhatFailedAndWhereToLook() throws {
        let found = try lines([
            "gap < 4 where K == 3", "max(gap) < 5 by certificate where state == 'done'", "gap < 1 where K == 5",
            "mean(nc1) > 1 where state == done", "certificate == 'minimum' where state == done and K == 3",
        ])
        let sweep = try SmallSweep()
        let third = sweep.plan[3].trial.id
        let second = sweep.plan[1].trial.id
        #expect(
            found == [
                "Claims", "  FAILED gap < 4 where K == 3: 2 of 4 trials fail",
                "         worst trial \(third) (K=3, seed=3): gap is 8",
                "         ncsweep results DIR --where \"(K == 3) and not (gap < 4)\"",
                "  FAILED max(gap) < 5 by certificate where state == 'done': 2 of 2 groups of 5 trials fail",
                "         worst certificate=minimum: max(gap) is 16",
                "         ncsweep results DIR --where \"(state == 'done') and certificate == 'minimum'\"",
                "  FAILED gap < 1 where K == 5: selects none of 8 trials, and so says nothing",
                "  FAILED mean(nc1) > 1 where state == done: over 5 trials", "         mean(nc1) is 0.5",
                "         ncsweep results DIR --where \"(state == done)\"",
                "  FAILED certificate == 'minimum' where state == done and K == 3: 2 of 4 trials fail",
                "         worst trial \(second) (K=3, seed=1): certificate is saddle",
                "         ncsweep results DIR --where \"(state == done and K == 3) and not (certificate == 'minimum')\"",
                "5 of 5 claims failed",
            ])
    }

    @Test func saysWhatIsMissing() throws {
        let sweep = try SmallSweep()
        let diverged = sweep.plan[5].trial.id
        let first = sweep.plan[0].trial.id
        let found = try lines([
            "K >= 3", "max(gap) < 99 by K", "optimum > 0", "max(gap) < 99 where state == failed",
        ])
        #expect(
            found == [
                "Claims", "  FAILED K >= 3: 3 of 8 trials fail",
                "         worst trial \(diverged) (K=4, seed=1): it diverged; 'where state == done' would leave such "
                    + "trials out",
                "         ncsweep results DIR --where \"not (state == done and (K >= 3))\"",
                "  FAILED max(gap) < 99 by K: 1 of 2 groups of 8 trials fails",
                "         K=4: trial \(diverged) (K=4, seed=1) diverged; 'where state == done' would leave such trials out",
                "         ncsweep results DIR --where \"K == 4\"", "  FAILED optimum > 0: 8 of 8 trials fail",
                "         worst trial \(first) (K=3, seed=0): it has no optimum; 'where defined(optimum)' would leave such "
                    + "trials out",
                "         ncsweep results DIR --where \"trial == '\(first)'\"",
                "  FAILED max(gap) < 99 where state == failed: over 2 trials",
                "         trial \(sweep.plan[6].trial.id) (K=4, seed=2) has no gap; 'where defined(gap)' would leave such "
                    + "trials out", "         ncsweep results DIR --where \"(state == failed)\"",
                "4 of 4 claims failed",
            ])
    }

    /// The command that is shown for a claim of single trials lists as many trials as fail.
    @Test func theCommandShowsWhatFails() throws {
        let sweep = try SmallSweep()
        let results = try sweep.read()
        for (text, count) in [
            ("gap < 4", 6), ("K >= 3", 3), ("gap < 4 where K == 4", 4), ("not (gap > 4)", 5), ("gap in [1, 2, 16]", 5),
            ("certificate == 'saddle' where state == done or K == 4", 4), ("gap < 4 or K == 3", 4),
        ] {
            let report = try ClaimsReport(Self.claims([text]), on: results).text(width: 200)
            #expect(report.contains(": \(count) of "), "\(report)")
            let condition = try #require(report.firstMatch(of: /--where "(.*)"\n/)).1
            let filter = try RowFilter(parsing: String(condition), columns: results.columns)
            #expect(try results.rows(of: .lastPlan, where: filter.keeps).count == count, "\(report)")
        }
    }

    @Test func onlyTheSweepAsLastRunCounts() throws {
        let sweep = try SmallSweep()
        try sweep.plansAnew(0..<2)
        let report = try ClaimsReport(Self.claims(["gap < 4"]), on: sweep.read())
        #expect(report.text().contains("passed gap < 4: 2 trials"))
    }

    @Test func quotesWordsForTheShell() {
        #expect(ShellWord.quoted("runs/a-1.b") == "runs/a-1.b" && ShellWord.quoted("my runs") == "\"my runs\"")
        #expect(ShellWord.quoted("a == \"b\"") == "'a == \"b\"'" && ShellWord.quoted("it's $1") == "'it'\\''s $1'")
        #expect(ShellWord.quoted("") == "\"\"")
    }

    // MARK: Slopes

    /// Two layers that are 3 apart in log nc1 and a third; two splits; epochs that are half the steps.
    private func series() throws -> (results: StoredResults, trial: TrialID, folder: String) {
        let directory = NSTemporaryDirectory() + "ncsweep-slopes-\(UUID().uuidString)"
        let store = try ResultsStore(directory: directory, at: 1_000)
        let trial = Trial(problem: "ufm", revision: 1, parameters: [.init(name: "K", value: .integer(3))])
        var measurements: [Results.Measurement] = []
        for step in [0, 2, 4] {
            func add(_ metric: String, _ value: Double, layer: String = "", split: String = "train") {
                measurements.append(
                    Results.Measurement(
                        step: step, epoch: Double(step) / 2, layer: layer, split: split, metric: metric, value: value))
            }
            add("gap", 10 - Double(step))
            for (place, layer) in ["zero", "one", "two"].enumerated() {
                add("nc1", exp(Double(3 * place - step)), layer: layer)
                add("nc1", exp(Double(-place)), layer: layer, split: "test")
                // Not defined in the middle; in the end zero at the first.
                if place != 1 { add("vci", step == 4 ? Double(2 * place) : 1, layer: layer) }
            }
        }
        let info = SessionInfo(
            ranks: 1, host: "n1", pid: 1, program: "", revision: "", mpi: "", blas: "", blasKernel: "", blasThreads: 1,
            cpu: "", sweepPath: "", sweepText: "")
        try store.begin(info, plan: [PlanEntry(trial: trial, blocks: ["b"])], at: 1_000)
        try store.append([
            TrialResult(
                id: trial.id, state: .done, outcomes: [Outcome(name: "gap", value: .real(6))],
                measurements: measurements, started: 1_000, seconds: 1, host: "n1", rank: 0)
        ])
        return (try StoredResults(directory: directory), trial.id, directory)
    }

    @Test(arguments: [
        // By layer, at the last step.
        ("slope(log(nc1), layer)", 3.0), ("slope(log(nc1), layer, train)", 3), ("slope(log(nc1), layer, test)", -1),
        // Layers without the metric keep their place: (0, 0) and (2, 4).
        ("slope(vci, layer)", 2), ("slope(log(nc1) + vci, layer)", 5), ("slope(log(vci), layer)", nil),
        // Over time, of the whole model, or of the last layer.
        ("slope(gap, step)", -1), ("slope(gap, epoch)", -2), ("slope(log(nc1), step)", -1),
        ("slope(log(nc1) + 2 * gap, step)", -3), ("slope(gap, step, test)", nil), ("slope(log(nc1), epoch, test)", 0),
    ])
    func slopesOfStoredSeries(text: String, expected: Double?) throws {
        let (results, trial, folder) = try series()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let slope = try #require(Self.claims([text + " < 0"])[0].conditionSlopes.first)
        let value = try results.value(of: slope, in: trial)
        #expect((value == nil) == (expected == nil))
        if let value, let expected { #expect(abs(value - expected) < 1e-12, "\(value)") }
        let report = try ClaimsReport(
            Self.claims(["abs(\(text) - \(expected ?? 0)) < 1e-12 where defined(\(text)) or K == 3"]), on: results)
        #expect((report.failures == 0) == (expected != nil), "\(report.text())")
        if expected == nil {
            #expect(report.text(width: 300).contains("it has no \(text); 'where defined(\(text))' would leave"))
            #expect(report.text().contains("ncsweep measurements \(folder) --trial \(trial)\n"))
        }
    }
}
