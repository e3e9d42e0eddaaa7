import Foundation
import Reports
import Results
import Sweeps
import Testing

/// A small finished sweep: K = 3, 4; four seeds; one trial diverged, two failed alike.
final class SmallSweep {
    let directory: String
    let store: ResultsStore
    let plan: [PlanEntry]
    private let info = SessionInfo(
        ranks: 2, host: "n1", pid: 4711, program: "0.1.0", revision: "", mpi: "", blas: "", blasKernel: "",
        blasThreads: 1, cpu: "", sweepPath: "x.yaml", sweepText: "")
    private let gapless: Set<Int>
    private let stops: [Int: String]

    /// - Parameters:
    ///   - decays: λ of both kinds, for K = 3 and K = 4.
    ///   - ending: how many trials have ended.
    ///   - gapless: trials without a gap.
    ///   - stops: outcome `stop` of trials that have one.
    init(
        ending: Int = 8, decays: [Double] = [0.01, 0.01], gapless: Set<Int> = [], stops: [Int: String] = [:]
    ) throws {
        (self.gapless, self.stops) = (gapless, stops)
        directory = NSTemporaryDirectory() + "ncsweep-reports-\(UUID().uuidString)"
        store = try ResultsStore(directory: directory, at: 1_000)
        plan = (0..<8).map { index in
            PlanEntry(
                trial: Trial(
                    problem: "ufm", revision: 1,
                    parameters: [
                        .init(name: "K", value: .integer(index < 4 ? 3 : 4)),
                        .init(name: "lambda_W", value: .real(decays[index / 4])),
                        .init(name: "lambda_H", value: .real(decays[index / 4])),
                        .init(name: "seed", value: .integer(index % 4)),
                    ]), blocks: index == 0 ? ["grid", "check"] : ["grid"])
        }
        try store.begin(info, plan: plan, at: 1_000)
        try store.append((0..<ending).reversed().map(result), at: 1_010)
    }

    /// The sweep file is changed: it asks for these trials alone.
    func plansAnew(_ kept: Range<Int>) throws { try store.begin(info, plan: Array(plan[kept]), at: 1_020) }

    /// One more trial, done, with K = 3.
    func addTrial(seed: Int, outcomes: [Outcome]) throws {
        let parameters =
            plan[0].trial.parameters.filter { $0.name != "seed" }
            + [.init(name: "seed", value: .integer(seed))]
        let trial = Trial(problem: "ufm", revision: 1, parameters: parameters)
        try store.begin(info, plan: plan + [PlanEntry(trial: trial, blocks: ["grid"])], at: 1_020)
        try store.append([
            TrialResult(id: trial.id, state: .done, outcomes: outcomes, started: 1_020, seconds: 1, host: "n1", rank: 0)
        ])
    }

    private func result(_ index: Int) -> TrialResult {
        let states: [Int: TrialState] = [5: .diverged, 6: .failed, 7: .failed]
        let state = states[index] ?? .done
        return TrialResult(
            id: plan[index].trial.id, state: state,
            reason: [.diverged: "loss is inf at step 10", .failed: "no memory for \(100 * index) MB"][state],
            outcomes: (gapless.contains(index)
                ? [] : [Outcome(name: "gap", value: .real(state == .done ? Double(1 << index) : .nan))])
                + (stops[index].map { [Outcome(name: "stop", value: .text($0))] } ?? []) + [
                    Outcome(name: "certificate", value: .text(index % 2 == 0 ? "minimum" : "saddle")),
                    Outcome(name: "nc1", value: .real(0.5)),
                ],
            measurements: [Results.Measurement(step: 0, layer: "", split: "train", metric: "nc1", value: 0.5)],
            started: 1_000, seconds: 2, host: "n1", rank: 0)
    }

    func read() throws -> StoredResults { try StoredResults(directory: directory) }

    deinit { try? FileManager.default.removeItem(atPath: directory) }
}

@Suite struct ReportTests {
    private func text(
        _ report: ResultsReport, _ sweep: SmallSweep, where predicate: ((ResultRow) throws -> Bool)? = nil
    ) throws -> String {
        var text = ""
        try report.write(sweep.read(), where: predicate) { text += $0 }
        return text
    }

    @Test func choosesColumnsAndRows() throws {
        let sweep = try SmallSweep()
        let report = ResultsReport(format: .csv, columns: ["seed", "lambda", "gap", "state"])
        #expect(
            try text(report, sweep) { $0["K"] == .integer(4) } == """
                seed,lambda,gap,state
                0,0.01,16.0,done
                1,0.01,nan,diverged
                2,0.01,nan,failed
                3,0.01,nan,failed

                """)
    }

    /// What trials may report is empty where none has: no mistake.
    @Test func columnsWithoutAValueMayBeAskedFor() throws {
        let sweep = try SmallSweep()
        let report = ResultsReport(format: .csv, columns: ["seed", "effective_depth"], possible: ["effective_depth"])
        #expect(try text(report, sweep) { $0["K"] == .integer(4) } == "seed,effective_depth\n0,\n1,\n2,\n3,\n")
    }

    @Test func suggestsAColumn() throws {
        let sweep = try SmallSweep()
        func message(_ name: String) -> String {
            do {
                return try text(ResultsReport(columns: [name]), sweep)
            } catch {
                return "\(error)"
            }
        }
        #expect(message("gapp") == "no column 'gapp'; did you mean 'gap'?")
        #expect(message("lambda_w") == "no column 'lambda_w'; did you mean 'lambda_W'?")
        #expect(message("accuracy").hasPrefix("no column 'accuracy'; there are trial, state, problem, K, lambda_W,"))
    }

    @Test func foldsSeeds() throws {
        let sweep = try SmallSweep()
        let report = ResultsReport(
            format: .csv, columns: ["K", "seeds", "state", "gap", "gap_se", "certificate", "reason"], foldsSeeds: true)
        // 1, 2, 4, 8: mean 3.75, variance (2.75² + 1.75² + 0.25² + 4.25²)/3, divided by 4 for the mean's.
        let error = ((2.75 * 2.75 + 1.75 * 1.75 + 0.25 * 0.25 + 4.25 * 4.25) / 3 / 4).squareRoot()
        let lines = try text(report, sweep).split(separator: "\n").map(String.init)
        #expect(lines.count == 3)
        let first = lines[1].split(separator: ",", omittingEmptySubsequences: false)
        #expect(first[0...3] == ["3", "4", "done", "3.75"])
        #expect(abs(try #require(Double(first[4])) - error) < 1e-15)
        #expect(lines[1].hasSuffix(",\"minimum 2, saddle 2\","))
        #expect(
            lines[2] == "4,1,\"failed 2, diverged 1, done 1\",16.0,,\"minimum 2, saddle 2\","
                + "\"no memory for 600 MB 2, loss is inf at step 10 1\"")
        #expect(throws: ReportError.self) { try text(ResultsReport(columns: ["seed"], foldsSeeds: true), sweep) }
    }

    @Test func summarises() throws {
        let sweep = try SmallSweep()
        let text = try SummaryReport(sweep.read()).text(width: 80)
        #expect(
            text == """
                grid: 8 trials
                  K  trials  done  largest gap  mean nc1
                  3       4     4            8       0.5
                  4       4     1           16       0.5

                check: 1 trial
                  trials  done  largest gap  mean nc1
                       1     1            1       0.5

                Largest gap (absolute) 16 in trial \(sweep.plan[4].trial.id)
                2 failed: no memory for 600 MB, such as trial \(sweep.plan[6].trial.id)
                1 diverged: loss is inf at step 10, trial \(sweep.plan[5].trial.id)
                8 trials: 5 done, 1 diverged, 2 failed
                Results in \(sweep.directory); 'ncsweep results \(sweep.directory)' shows them

                """)
    }

    @Test func summarisesEqualDecaysOnce() throws {
        let text = try SummaryReport(SmallSweep(decays: [0.01, 0.1]).read()).text(width: 80)
        #expect(text.hasPrefix("grid: 8 trials\n  K  lambda  trials  done  largest gap  mean nc1\n  3    0.01  "))
    }

    @Test func summaryLeavesOutTheLastMeasures() throws {
        let sweep = try SmallSweep()
        let extra = ["train_accuracy", "test_accuracy"].map { Outcome(name: $0, value: .real(0.9)) }
        try sweep.addTrial(seed: 9, outcomes: extra)
        func titles(_ width: Int) throws -> String {
            String(try SummaryReport(sweep.read()).text(width: width).split(separator: "\n")[1])
        }
        let all = "  K  trials  done  largest gap  mean nc1  mean test_accuracy  mean train_accuracy"
        #expect(try titles(120) == all)
        #expect(try titles(all.count) == all)
        #expect(try titles(all.count - 1) == all.replacingOccurrences(of: "  mean train_accuracy", with: ""))
        #expect(try titles(60) == "  K  trials  done  largest gap  mean nc1  mean test_accuracy")
        #expect(try titles(50) == "  K  trials  done  largest gap  mean nc1")
        #expect(try !SummaryReport(sweep.read()).text(width: 50).contains("No room"))
    }

    @Test func tellsTheStatus() throws {
        let sweep = try SmallSweep(ending: 4)
        try sweep.store.append(
            [],
            running: [RunningTrial(id: sweep.plan[5].trial.id, rank: 1, host: "n2", since: 1_008)], secondsLeft: 12,
            at: 1_010)
        var report = try StatusReport(sweep.read(), at: 1_020)
        #expect(report.state == .running)
        #expect(report.rate == 0.4)
        let text = report.text(width: 200)
        #expect(text.contains("4 of 8 trials ended (50 %): 4 done, 1 running, 4 left"))
        #expect(text.contains("0.4/s, about 12 s left; last commit 10 s ago"))
        #expect(text.contains("rank 1 on n2 for 12 s: \(sweep.plan[5].trial.id) ufm/1;K=4;"))
        #expect(report.text(width: 60).split(separator: "\n").last?.count ?? 0 <= 60)

        try sweep.store.finish(.interrupted, at: 1_030)
        sweep.store.close()
        report = try StatusReport(sweep.read(), at: 1_040)
        #expect(report.state == .interrupted)
        #expect(report.text().contains("start the same command again"))
    }

    @Test func tellsADeadSessionFromAFinishedOne() throws {
        let sweep = try SmallSweep()
        // Gives the lock back without an ending, as the kernel does for a killed process.
        sweep.store.close()
        #expect(try StatusReport(sweep.read()).state == .died)
        #expect(try StatusReport(sweep.read()).text().contains("died: process 4711 on host n1"))
        let store = try ResultsStore(directory: sweep.directory)
        #expect(try StatusReport(sweep.read()).state == .running)
        try store.begin(sweep.read().sessions()[0].info, plan: sweep.plan, at: 2_000)
        try store.finish(.finished, at: 2_060)
        store.close()
        let report = try StatusReport(sweep.read(), at: 2_061)
        #expect(report.state == .finished)
        #expect(report.text().contains("after 1 min 00 s on 2 ranks"))
    }

    @Test func writesMeasurements() throws {
        let sweep = try SmallSweep()
        var text = ""
        let filter = MeasurementFilter(trial: sweep.plan[1].trial.id, metric: "nc1")
        try MeasurementsReport(format: .csv, filter: filter).write(sweep.read()) { text += $0 }
        #expect(
            text == """
                trial,step,epoch,layer,split,metric,value
                \(sweep.plan[1].trial.id),0,,,train,nc1,0.5

                """)
    }

    @Test func measurementsOfSomeTrialsWithTheirParameters() throws {
        let sweep = try SmallSweep()
        let results = try sweep.read()
        func text(_ report: MeasurementsReport, _ condition: String) throws -> String {
            var text = ""
            let filter = try RowFilter(parsing: condition, columns: results.columns)
            try report.write(results, where: filter.keeps) { text += $0 }
            return text
        }
        let report = MeasurementsReport(format: .csv, trialColumns: ["K", "lambda"])
        #expect(
            try text(report, "K == 3 and gap > 2") == """
                trial,K,lambda,step,epoch,layer,split,metric,value
                \(sweep.plan[2].trial.id),3,0.01,0,,,train,nc1,0.5
                \(sweep.plan[3].trial.id),3,0.01,0,,,train,nc1,0.5

                """)
        let plain = try text(MeasurementsReport(format: .csv), "seed == 1")
        #expect(
            plain.split(separator: "\n").dropFirst().map { $0.prefix(16) }
                == [1, 5].map { sweep.plan[$0].trial.id.description[...] })
        #expect(try text(MeasurementsReport(), "K == 5") == "0 of 8 trials\n")
        #expect(try text(report, "K == 5") == "trial,K,lambda,step,epoch,layer,split,metric,value\n")
        #expect(throws: ReportError.self) { try text(MeasurementsReport(trialColumns: ["seed", "kk"]), "K == 3") }
        #expect(throws: ReportError.unknown("metric", "nc2", known: ["nc1"])) {
            try text(MeasurementsReport(filter: MeasurementFilter(metric: "nc2")), "K == 3")
        }
    }

    @Test func explainsWhyNothingWasMeasured() throws {
        let sweep = try SmallSweep(ending: 2)
        func message(_ filter: MeasurementFilter) throws -> String {
            do {
                try MeasurementsReport(filter: filter).write(sweep.read()) { _ in }
                return "none"
            } catch let error as ReportError {
                return error.description
            }
        }
        #expect(try message(MeasurementFilter(metric: "nc2")) == "no metric 'nc2'; did you mean 'nc1'?")
        #expect(try message(MeasurementFilter(split: "test")) == "no split 'test'; there are train")
        #expect(try message(MeasurementFilter(layer: "l1")) == "no layer 'l1'; there is none in these results")
        #expect(try message(MeasurementFilter(trial: sweep.plan[7].trial.id)).contains("has ended"))
        #expect(try message(MeasurementFilter(split: "train")) == "none")
    }

    @Test func endsQuietlyWhenNobodyReads() throws {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        let output = StandardOutput(descriptor: ends[1])
        #expect(throws: StandardOutput.Closed.self) {
            for _ in 0..<100 { try output.write(String(repeating: "x", count: 10_000)) }
        }
    }
}
