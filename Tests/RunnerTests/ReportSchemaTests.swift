import Foundation
import Results
import Sweeps
import Testing

@testable import Runner

/// What trials report is what their problems declare.
@Suite struct ReportSchemaTests {
    @Test func whatIsNotDeclaredIsFound() {
        let schema = ReportSchema(
            columns: [.number("gap"), .choice("stop", ["steps"]), .word("host")], modelMetrics: ["gap"],
            layerMetrics: ["nc1"])
        func undeclared(_ outcomes: [Outcome], _ measured: [(layer: String, metric: String)] = []) -> String? {
            var record = TrialRecord()
            record.outcomes = outcomes
            record.measurements = measured.map {
                Results.Measurement(step: 0, layer: $0.layer, split: "train", metric: $0.metric, value: 1)
            }
            return schema.firstUndeclared(in: record)
        }
        let good = [
            Outcome(name: "gap", value: .real(1)), Outcome(name: "stop", value: .text("steps")),
            Outcome(name: "host", value: .text("n1")),
        ]
        #expect(undeclared(good, [("", "gap"), ("fc1", "nc1")]) == nil)
        #expect(undeclared([Outcome(name: "gap", value: .integer(1))]) == nil)
        #expect(undeclared(good + [Outcome(name: "gaps", value: .real(1))]) == "column gaps = 1.0")
        #expect(undeclared([Outcome(name: "gap", value: .text("small"))]) == "column gap = small")
        #expect(undeclared([Outcome(name: "stop", value: .text("step"))]) == "column stop = step")
        #expect(undeclared(good, [("fc1", "gap")]) == "metric gap")
        #expect(undeclared(good, [("", "nc1")]) == "metric nc1")
    }

    @Test(arguments: ParameterSchema.all.map(\.problem)) func everyProblemDeclares(problem: String) throws {
        let schema = TrialBuilder.reports(of: problem)
        let names = schema.columns.map(\.text)
        #expect(Set(names).count == names.count && names.contains("objective") && names.contains("state"))
        // A column and a parameter of one name would be one column.
        let parameters = Set(try #require(ParameterSchema.named(problem)).definitions.map(\.name))
        #expect(parameters.isDisjoint(with: names))
        // A landscape is looked at once.
        guard problem != "landscape" else { return }
        #expect(schema.layerMetrics.contains("nc1") && !schema.modelMetrics.isEmpty)
    }

    /// The claims of the sweeps that come with the program, and of the documentation's examples, are on what there is.
    @Test func claimsShownAreOnColumnsThereAre() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var claims = 0
        for document in ["README.md", "docs/SWEEPS.md"] {
            let text = try String(contentsOf: root.appendingPathComponent(document), encoding: .utf8)
            for part in text.components(separatedBy: "```yaml\n").dropFirst() {
                let file = try SweepFile.parse(part.components(separatedBy: "```")[0], path: document)
                claims += try file.claims(reporting: TrialBuilder.reports).count
            }
        }
        #expect(claims >= 5)
        let folder = root.appendingPathComponent("sweeps").path
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".yaml") {
            _ = try SweepFile.load(path: "\(folder)/\(name)").claims(reporting: TrialBuilder.reports)
        }
    }
}
