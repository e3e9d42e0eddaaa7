import Reports
import Results
import Testing

/// Trials that a sweep file, since changed, no longer asks for.
@Suite struct ScopeTests {
    /// Of eight stored trials three are still asked for, K = 3 all of them.
    private func narrowedSweep() throws -> SmallSweep {
        let sweep = try SmallSweep(stops: [0: "steps", 1: "gradient", 4: "steps"])
        try sweep.plansAnew(0..<3)
        return sweep
    }

    @Test func resultsAreOfTheSweepAsLastRun() throws {
        let results = try narrowedSweep().read()
        func rows(_ scope: TrialScope, foldsSeeds: Bool = false) throws -> [String] {
            var text = ""
            let columns = [foldsSeeds ? "seeds" : "seed", "K"]
            try ResultsReport(format: .csv, columns: columns, foldsSeeds: foldsSeeds, scope: scope)
                .write(results) { text += $0 }
            return text.split(separator: "\n").dropFirst().map(String.init)
        }
        #expect(try rows(.lastPlan) == ["0,3", "1,3", "2,3"])
        #expect(try rows(.all).count == 8)
        #expect(try rows(.lastPlan, foldsSeeds: true) == ["3,3"])
        #expect(try rows(.all, foldsSeeds: true) == ["4,3", "1,4"])
        #expect(try results.unplannedCount() == 5)
        #expect(try SmallSweep().read().unplannedCount() == 0)
    }

    @Test func measurementsAreOfTheSweepAsLastRun() throws {
        let results = try narrowedSweep().read()
        for (scope, count) in [(TrialScope.lastPlan, 3), (.all, 8)] {
            for columns in [[], ["K"]] {
                var text = ""
                let report = MeasurementsReport(format: .csv, trialColumns: columns, scope: scope)
                try report.write(results) { text += $0 }
                #expect(text.split(separator: "\n").count == 1 + count)
            }
        }
    }

    @Test func statusAndSummaryAgree() throws {
        let sweep = try narrowedSweep()
        let summary = try SummaryReport(sweep.read()).text(width: 120)
        #expect(summary.contains("\n3 trials: 3 done\n"))
        #expect(summary.contains("Largest gap (absolute) 4 in trial \(sweep.plan[2].trial.id)\n"))
        #expect(!summary.contains("failed"))
        let status = try StatusReport(sweep.read()).text(width: 120)
        #expect(status.contains("3 of 3 trials ended (100 %): 3 done"))
        let line =
            "1 ended at its limit of steps before the tolerance (column stop); its gap is not that of a minimum\n"
        #expect(summary.contains("\n" + line))
        #expect(status.contains("\n  " + line))
    }

    @Test func saysWhichGapsAreNotOfMinima() throws {
        // Trial 6 failed: its gap is in no table.
        let sweep = try SmallSweep(stops: [0: "steps", 1: "gradient", 2: "precision", 3: "steps", 6: "steps"])
        let line = """
            2 ended at their limit of steps before the tolerance (column stop); their gaps are not those of a minimum

            """
        #expect(try SummaryReport(sweep.read()).text(width: 120).contains("\n" + line))
        #expect(try StatusReport(sweep.read()).text(width: 120).contains("\n  " + line))
        sweep.store.close()
        // Below the headline and the counts, which are never broken.
        let narrow = try StatusReport(sweep.read()).text(width: 40).split(separator: "\n").dropFirst(2)
        #expect(narrow.count > 1 && narrow.allSatisfy { $0.count <= 40 })
        for stops in [[:], [0: "gradient"]] {
            let sweep = try SmallSweep(stops: stops)
            #expect(try !SummaryReport(sweep.read()).text().contains("limit of steps"))
            #expect(try !StatusReport(sweep.read()).text().contains("limit of steps"))
        }
    }
}
