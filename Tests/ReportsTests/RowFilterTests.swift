import Reports
import Results
import Sweeps
import Testing

@Suite struct RowFilterTests {
    private func message(_ condition: String, _ sweep: SmallSweep) throws -> String {
        let results = try sweep.read()
        do {
            let filter = try RowFilter(parsing: condition, columns: results.columns)
            return "\(try results.rows(where: filter.keeps).count) rows"
        } catch let error as ReportError {
            return error.description
        }
    }

    @Test(arguments: [
        "gapp < 1", "1 > gapp", "0 < gapp < 1", "log(gapp) < 1", "K == 4 and gapp + 1 < K", "gapp in [1, 2]",
        "gap < -gapp", "gapp == 'x'", "gapp == large", "K == 3 or not gapp > 1",
    ])
    func namesTheColumnMeant(condition: String) throws {
        let expected = "--where \"\(condition)\": no column 'gapp'; did you mean 'gap'?"
        #expect(try message(condition, SmallSweep()) == expected)
    }

    @Test func needsNoRowToFindTheMistake() {
        #expect(throws: ReportError("--where \"gapp < 1\": no column 'gapp'; did you mean 'gap'?")) {
            try RowFilter(parsing: "gapp < 1", columns: ["K", "gap"])
        }
    }

    @Test func namesAColumnNearNone() throws {
        let text = try message("temperature < 1", SmallSweep())
        #expect(text.hasPrefix("--where \"temperature < 1\": no column 'temperature'; there are trial, state, "))
    }

    @Test func hintsWhereItIsFoundLater() throws {
        let sweep = try SmallSweep()
        // A column of numbers compared with a word: known only from the rows.
        #expect(try message("K == gapp", sweep).hasSuffix("; did you mean 'gap'?"))
        #expect(try message("K == four", sweep).hasSuffix("; there is no column 'four'"))
        // Does not parse.
        #expect(try message("gapp", sweep).hasSuffix("; did you mean 'gap'?"))
    }

    @Test func wordsAreNoMistake() throws {
        let sweep = try SmallSweep()
        #expect(try message("state == done", sweep) == "5 rows")
        #expect(try message("state in [failed, 'diverged'] or certificate != minimum", sweep) == "5 rows")
        #expect(try message("state == running", sweep) == "0 rows")
    }

    /// A name that the sweep file gives to a list stands for its word.
    @Test func namesOfListsAreWords() throws {
        let file = try SweepFile.parse(
            """
            name: lists
            architectures:
              small: [dense(8), relu]
            problem: network
            dataset: letters
            architecture: small
            lambda: 1e-3
            epochs: 1
            """, path: "lists.yaml")
        let word = try #require(try file.expand().trials.first).trial.text("architecture")
        let condition = try Expression(parsing: "architecture == small") { $0 == "architecture" }
        #expect(try !condition.holds { _ in .text(word) })
        #expect(try file.resolved(condition).holds { _ in .text(word) })
    }

    @Test func saysThatNothingIsKept() throws {
        let sweep = try SmallSweep()
        func text(_ report: ResultsReport, _ condition: String?) throws -> String {
            let results = try sweep.read()
            let predicate = try condition.map { try RowFilter(parsing: $0, columns: results.columns).keeps }
            var text = ""
            try report.write(results, where: predicate) { text += $0 }
            return text
        }
        #expect(try text(ResultsReport(), "K == 5") == "0 of 8 trials\n")
        #expect(try text(ResultsReport(foldsSeeds: true), "K == 5") == "0 of 8 trials\n")
        #expect(try text(ResultsReport(format: .csv, columns: ["K"]), "K == 5") == "K\n")
        #expect(try text(ResultsReport(format: .json), "K == 5") == "[]\n")
        #expect(try text(ResultsReport(columns: ["K"]), "seed == 0 and K == 3") == "K\n3\n")
    }
}
