import Foundation
import Testing

/// The numbers of docs/THEORY.md are what the program gives.
@Suite struct TheoryTests {
    @Test func theNumbersAreTheResults() throws {
        let folder = try ScratchFolder()
        let text = try Repository.text("docs/THEORY.md")
        let sweep = try #require(CodeBlock.all(in: text).first { $0.fileName == "numbers.yaml" })
        try (sweep.lines.joined(separator: "\n") + "\n").write(
            to: folder.url.appendingPathComponent("numbers.yaml"), atomically: true, encoding: .utf8)
        let run = try ShellCommand("ncsweep run numbers.yaml", in: folder.url)
        try #require(run.exitCode == 0, "\(run.output)")
        let columns = "loss,bias,lambda_b,objective,classifier_norm,features_norm,margin_min,bias_collapse,gap"
        let csv = try ShellCommand("ncsweep results runs/numbers --format csv --columns \(columns)", in: folder.url)
            .output
        let rows = csv.split(separator: "\n").dropFirst().map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let table = text.components(separatedBy: "| loss | bias | lambda_b | objective |")[1].components(
            separatedBy: "\n\n")[0]
        let documented = table.split(separator: "\n").dropFirst(2).map { row in
            row.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
        #expect(documented.count == 6 && rows.count == 6)
        for (row, expected) in zip(rows, documented) {
            #expect(Array(row[..<3]) == Array(expected[..<3]))
            for index in 3..<8 {
                let value = try #require(Double(row[index]))
                let squared = index == 4 || index == 5 ? value * value : value
                let digits = expected[index].split(separator: ".").dropFirst().first?.count ?? 8
                // Half a unit in the last place shown, and the minimiser's own 1e-8.
                let tolerance = 0.5 * pow(10, -Double(digits)) + 2e-8 * (index == 3 ? 1e-3 : 1)
                let given = try #require(Double(expected[index]))
                #expect(abs(squared - given) <= tolerance, "\(expected[index]) is \(squared)")
            }
            #expect(abs(try #require(Double(row[8]))) < 1e-8)
        }
    }
}
