import Foundation
import Reports
import Sweeps
import Testing

@Suite struct TableTests {
    private func write(
        _ format: TableFormat, columns: [String], _ rows: [[ParameterValue?]], width: Int? = nil,
        foldsConstants: Bool = false, heldBack: Int = .max
    ) throws -> String {
        var text = ""
        var writer = TableWriter(
            format: format, columns: columns, width: width, foldsConstants: foldsConstants, heldBack: heldBack
        ) { text += $0 }
        for row in rows { try writer.add(row) }
        try writer.finish()
        return text
    }

    private let rows: [[ParameterValue?]] = [
        [.text("a"), .integer(4), .real(0.1)], [.text("long, \"b\""), .integer(16), nil],
        [nil, .integer(-1), .real(1e-7)],
    ]

    @Test func alignsNumbersRightAndWordsLeft() throws {
        #expect(
            try write(.table, columns: ["name", "K", "gap"], rows) == """
                name        K    gap
                a           4    0.1
                long, "b"  16
                           -1  1e-07

                """)
    }

    @Test func writesCSV() throws {
        #expect(
            try write(.csv, columns: ["name", "K", "g,p"], rows) == """
                name,K,"g,p"
                a,4,0.1
                "long, ""b\""",16,
                ,-1,1e-07

                """)
        #expect(try write(.csv, columns: ["a"], []) == "a\n")
        #expect(try write(.csv, columns: ["a"], [[.text("x\r\ny")]]) == "a\n\"x\r\ny\"\n")
    }

    @Test func writesJSONThatReadsBack() throws {
        let values: [ParameterValue?] = [
            .text("tab\t\"quoted\" \\ \u{1} ü 🙂\n"), .real(0.1 + 0.2), .real(.nan), .real(-.infinity), nil, .integer(7),
        ]
        let text = try write(.json, columns: ["a", "b", "c", "d", "e\"", "f"], [values, values])
        let parsed = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
        #expect(parsed.count == 2)
        #expect(parsed[1]["a"] as? String == "tab\t\"quoted\" \\ \u{1} ü 🙂\n")
        // Foundation's own parser loses the last bit of it.
        #expect(text.contains("\"b\": 0.30000000000000004,"))
        #expect(parsed[1]["f"] as? Int == 7)
        for name in ["c", "d", "e\""] { #expect(parsed[1][name] is NSNull) }
        #expect(try write(.json, columns: ["a"], []) == "[]\n")
    }

    @Test func exactNumbersReadBack() throws {
        var state: UInt64 = 1
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Double(bitPattern: state)
            guard value.isFinite else { continue }
            let csv = try write(.csv, columns: ["x"], [[.real(value)]])
            #expect(Double(csv.split(separator: "\n")[1]) == value)
        }
    }

    @Test func fitsTheTerminal() throws {
        let columns = ["trial", "problem", "loss", "K", "gap", "objective", "note"]
        let rows: [[ParameterValue?]] = (0..<3).map {
            [
                .text("0123456789abcdef"), .text("ufm"), .text("mse"), .integer($0), .real(0.125),
                .real(Double($0) / 3),
                .text(String(repeating: "x", count: 30 + $0)),
            ]
        }
        for width in [20, 30, 40, 60, 90] {
            let text = try write(.table, columns: columns, rows, width: width, foldsConstants: true)
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= width }, "\(width)\n\(text)")
        }
        let text = try write(.table, columns: columns, rows, width: 60, foldsConstants: true)
        #expect(text.hasPrefix("In all rows: trial 0123456789abcdef, problem ufm, loss mse,\ngap 0.125\n\nK  "))
        #expect(try write(.table, columns: columns, rows, width: 20, foldsConstants: true).contains("No room for"))
        // Where no terminal is, nothing is left out.
        let header = try write(.table, columns: columns, rows).split(separator: "\n")[0]
        #expect(header.split(separator: " ").map(String.init) == columns)
    }

    @Test func streamsAfterTheRowsHeldBack() throws {
        var pieces: [String] = []
        var writer = TableWriter(format: .table, columns: ["a", "b"], heldBack: 2) { pieces.append($0) }
        try writer.add([.integer(1), .text("x")])
        #expect(pieces.isEmpty)
        try writer.add([.integer(22), .text("y")])
        #expect(pieces.joined() == " a  b\n 1  x\n22  y\n")
        try writer.add([.integer(333), .text("z")])
        #expect(pieces.last == "333  z\n")
        try writer.finish()
    }
}
