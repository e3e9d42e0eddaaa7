import Foundation
import Testing

@testable import Learning

/// The tables of docs/SWEEPS.md against the networks that are built.
@Suite struct ArchitectureTableTests {
    private static let document: String = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = root.deletingLastPathComponent().appendingPathComponent("docs/SWEEPS.md")
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }()

    /// Cells of the rows under a heading whose first cell is code.
    private static func rows(under heading: String) -> [[String]] {
        guard let start = document.range(of: "\n### \(heading)\n") else { return [] }
        let rest = document[start.upperBound...]
        let section = rest.range(of: "\n### ").map { rest[..<$0.lowerBound] } ?? rest
        return section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { row in
            row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    @Test func parameterCountsAndMeasuredLayersAreThoseOfTheTable() throws {
        let rows = Self.rows(under: "Architectures").filter { !["`layers(…)`", "`architecture`"].contains($0[0]) }
        #expect(rows.count == 11)
        let words = rows.map { $0[0].replacing("`", with: "") }
        for name in Architecture.names where name != "layers" {
            #expect(words.contains { $0 == name || $0.hasPrefix(name + "(") }, "\(name) has no row")
        }
        for (word, cells) in zip(words, rows) {
            let architecture = try Architecture(parsing: word)
            for (cell, shape) in [(cells[2], [32, 32, 3]), (cells[3], [28, 28, 1])] {
                let sample = cell.contains("pad: 2") ? [32, 32, 1] : shape
                let network = try Network(architecture, input: FeatureShape(sample: sample), classes: 10)
                let count = cell.prefix { $0.isNumber || $0 == "," }.replacing(",", with: "")
                #expect(Int(count) == network.parameterCount, "\(word): \(network.parameterCount)")
                for name in cells[6].matches(of: /`([^`]+)`/).map({ String($0.output.1) }) where name != "layers" {
                    #expect(network.probes.contains { $0.name == name }, "\(word) \(network.probes.map(\.name))")
                }
            }
        }
    }

    @Test func everyLayerHasItsRow() {
        #expect(Self.rows(under: "Layers").map { $0[0] } == LayerItem.examples.map { "`\($0)`" })
    }
}
