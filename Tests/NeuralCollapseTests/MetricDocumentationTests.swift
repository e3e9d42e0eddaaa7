import Foundation
import NeuralCollapse
import Testing

@Suite struct MetricDocumentationTests {
    /// The first column of the tables of docs/METRICS.md, in order, up to the columns that are no metrics.
    private func documentedNames() throws -> [String] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/METRICS.md").standardized
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        return lines.prefix { $0 != "## Columns of unconstrained feature models" }.compactMap { line in
            guard line.hasPrefix("| `") else { return nil }
            return line.dropFirst(3).split(separator: "`").first.map(String.init)
        }
    }

    @Test func everyColumnIsDocumentedOnceAndNothingElseIs() throws {
        let names = try documentedNames()
        #expect(names.sorted() == Metric.allCases.map(\.rawValue).sorted())
    }
}
