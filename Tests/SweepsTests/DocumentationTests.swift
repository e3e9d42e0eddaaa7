import Foundation
import Testing

@testable import Sweeps

/// docs/SWEEPS.md says what the schema says.
@Suite struct DocumentationTests {
    static let document: String = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = root.deletingLastPathComponent().appendingPathComponent("docs/SWEEPS.md")
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }()

    static func row(_ definition: ParameterSchema.Definition) -> String {
        var requirement =
            switch definition.requirement {
            case .required: "required"
            case .optional: "none"
            case .defaultsTo(let value): "`\(value)`"
            case .sameAs(let key): "that of `\(key)`"
            }
        if let relevance = definition.relevance { requirement += "; only with \(relevance.markdown)" }
        return "| `\(definition.name)` | \(definition.kind.expectation) | \(requirement) | \(definition.summary) |"
    }

    @Test(arguments: ParameterSchema.all.map(\.problem))
    func everyKeyHasItsRow(problem: String) throws {
        let schema = try #require(ParameterSchema.named(problem))
        let heading = "### `problem: \(problem)`"
        let section = try #require(Self.document.range(of: heading), "no heading '\(heading)'")
        let rest = Self.document[section.upperBound...]
        let text = rest.range(of: "\n#").map { rest[..<$0.lowerBound] } ?? rest
        for definition in schema.definitions {
            #expect(text.contains(Self.row(definition)), "row missing:\n\(Self.row(definition))")
        }
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(rows.count == schema.definitions.count)
    }

    @Test func everyControlKeyHelperAndFunctionIsExplained() {
        let words =
            BlockParser.controlKeys + SweepFile.fileKeys + Execution.keys + ParameterSchema.Definition.helpers
            + ParameterSchema.Definition.draws + Expression.Function.allCases.map(\.rawValue)
            + [ExpressionParser.definedName, Expression.Slope.name] + Expression.Aggregate.allCases.map(\.rawValue)
            + Expression.Slope.Axis.allCases.map(\.rawValue)
        for word in words {
            #expect(
                Self.document.contains("`\(word)") || Self.document.contains("\(word): "), "'\(word)' is not explained")
        }
    }

    @Test func everyExampleIsAGoodSweepFile() throws {
        let parts = Self.document.components(separatedBy: "```yaml\n").dropFirst()
        #expect(parts.count >= 3)
        for part in parts {
            let text = part.components(separatedBy: "```")[0]
            #expect(throws: Never.self, "\(text)") { try plan(text) }
        }
    }

    @Test func theMessagesShownAreTheMessagesGiven() throws {
        let file = try #require(Self.document.components(separatedBy: "```text\n# typo.yaml\n").dropFirst().first)
        let text = file.components(separatedBy: "```")[0]
        let shown = try #require(Self.document.components(separatedBy: "```console\n").dropFirst().first)
            .components(separatedBy: "```")[0]
        do {
            _ = try SweepFile.parse(text, path: "typo.yaml").expand()
            Issue.record("no mistakes")
        } catch {
            #expect(error.description + "\n" == shown)
        }
    }
}
