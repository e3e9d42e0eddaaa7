import Foundation
import Reports
import Results
import Testing

@Suite struct SeedFoldingTests {
    private func lines(_ report: ResultsReport, _ sweep: SmallSweep, where condition: String? = nil) throws -> [String]
    {
        let results = try sweep.read()
        let predicate = try condition.map { try RowFilter(parsing: $0, columns: results.columns).keeps }
        var text = ""
        try report.write(results, where: predicate) { text += $0 }
        return text.split(separator: "\n").map(String.init)
    }

    @Test func countsTheTrialsEachMeanIsOf() throws {
        // K = 3 has four seeds, of which two have a gap: 1 and 8.
        let sweep = try SmallSweep(gapless: [1, 2])
        let columns = ["K", "seeds", "gap", "gap_n", "nc1", "nc1_n"]
        let report = ResultsReport(format: .csv, columns: columns, foldsSeeds: true)
        #expect(
            try lines(report, sweep) == [
                "K,seeds,gap,gap_n,nc1,nc1_n", "3,4,4.5,2,0.5,4", "4,1,16.0,1,0.5,1",
            ])
        let all = try lines(ResultsReport(format: .csv, foldsSeeds: true), sweep)[0].split(separator: ",")
        for name in ["gap", "nc1", "seconds"] {
            let index = try #require(all.firstIndex(of: Substring(name)))
            #expect(all[(index + 1)...].starts(with: ["\(name)_se", "\(name)_n"]))
        }
        for name in ["certificate_n", "reason_se", "block_n"] { #expect(!all.contains(Substring(name))) }
        let json = try lines(ResultsReport(format: .json, foldsSeeds: true), sweep).joined()
        let rows = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]])
        #expect(rows.map { $0["gap_n"] as? Int } == [2, 1])
    }

    @Test func aTableShowsCountsThatDiffer() throws {
        func header(_ sweep: SmallSweep, columns: [String]? = nil) throws -> [Substring] {
            try lines(ResultsReport(columns: columns, foldsSeeds: true), sweep)[0].split(separator: " ")
        }
        let uneven = try header(SmallSweep(gapless: [1, 2]))
        #expect(uneven.contains("gap_n") && !uneven.contains("nc1_n") && uneven.contains("nc1_se"))
        #expect(try !header(SmallSweep()).contains { $0.hasSuffix("_n") })
        #expect(try header(SmallSweep(), columns: ["K", "nc1_n"]) == ["K", "nc1_n"])
    }

    /// The failed trials have no number to fold.
    @Test func columnsDoNotDependOnTheRowsSelected() throws {
        let sweep = try SmallSweep()
        let columns = ["K", "gap", "gap_se", "gap_n"]
        let report = ResultsReport(format: .csv, columns: columns, foldsSeeds: true)
        #expect(try lines(report, sweep, where: "state == failed") == ["K,gap,gap_se,gap_n", "4,,,0"])
        #expect(try lines(report, sweep, where: "K == 5") == ["K,gap,gap_se,gap_n"])
        let all = ResultsReport(format: .csv, foldsSeeds: true)
        #expect(try lines(all, sweep, where: "K == 5")[0] == lines(all, sweep)[0])
        let wrong = ResultsReport(columns: ["certificate_n"], foldsSeeds: true)
        #expect(throws: ReportError.self) { try lines(wrong, sweep) }
    }
}
