import Sweeps

/// Widths and alignment of a table for people.
struct TableLayout {
    let columns: [String]
    /// Of the terminal; nil where there is none.
    let width: Int?
    let foldsConstants: Bool
    /// Whether a line below the table names the columns there was no room for.
    var namesOmitted = true

    /// Which columns stand where.
    struct Arrangement {
        /// Indices of the columns shown.
        var shown: [Int] = []
        var widths: [Int] = []
        var isNumeric: [Bool] = []
        /// Columns with one value throughout, said once above the table.
        var constants: [(name: String, value: String)] = []
        /// Names of the columns for which there was no room.
        var omitted: [String] = []
    }

    static let gap = 2

    private func widths(of rows: [[ParameterValue?]]) -> [Int] {
        columns.indices.map { column in
            rows.reduce(columns[column].count) { max($0, NumberText.short($1[column]).count) }
        }
    }

    /// Of a table with all columns.
    func width(of rows: [[ParameterValue?]]) -> Int { widths(of: rows).reduce(-Self.gap) { $0 + $1 + Self.gap } }

    func arrangement(for rows: [[ParameterValue?]]) -> Arrangement {
        let widths = widths(of: rows)
        let isNumeric = columns.indices.map { column in
            rows.contains { $0[column]?.number != nil }
                && rows.allSatisfy { $0[column] == nil || $0[column]?.number != nil }
        }
        var shown = Array(columns.indices)
        var arrangement = Arrangement()
        func total(_ columns: [Int]) -> Int { columns.reduce(-Self.gap) { $0 + widths[$1] + Self.gap } }
        if let width, total(shown) > width {
            if foldsConstants, rows.count > 1 {
                let isConstant = columns.indices.map { column in rows.allSatisfy { $0[column] == rows[0][column] } }
                for column in shown where isConstant[column] && rows[0][column] != nil {
                    arrangement.constants.append((columns[column], NumberText.short(rows[0][column])))
                }
                shown.removeAll { isConstant[$0] }
            }
            while shown.count > 1, total(shown) > width {
                arrangement.omitted.insert(columns[shown.removeLast()], at: 0)
            }
        }
        arrangement.shown = shown
        arrangement.widths = shown.map { widths[$0] }
        arrangement.isNumeric = shown.map { isNumeric[$0] }
        return arrangement
    }

    func header(_ arrangement: Arrangement) -> String {
        var text = ""
        if !arrangement.constants.isEmpty {
            let constants = arrangement.constants.map { "\($0.name) \($0.value)" }
            text += Text.wrapped("In all rows: " + constants.joined(separator: ", "), to: width ?? .max) + "\n\n"
        }
        return text + line(arrangement.shown.map { columns[$0] }, arrangement)
    }

    func line(_ row: [ParameterValue?], _ arrangement: Arrangement) -> String {
        line(arrangement.shown.map { NumberText.short(row[$0]) }, arrangement)
    }

    func footer(_ arrangement: Arrangement) -> String {
        guard namesOmitted, !arrangement.omitted.isEmpty else { return "" }
        let names = arrangement.omitted.joined(separator: ", ")
        return "\n" + Text.wrapped("No room for \(names); choose with --columns, or --format csv", to: width ?? .max)
            + "\n"
    }

    private func line(_ cells: [String], _ arrangement: Arrangement) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let flat = Text.oneLine(cell)
            let padding = String(repeating: " ", count: max(0, arrangement.widths[index] - flat.count))
            if index > 0 { text += "  " }
            text += arrangement.isNumeric[index] ? padding + flat : flat + padding
        }
        while text.last == " " { text.removeLast() }
        return text + "\n"
    }
}

/// Running text.
enum Text {
    /// Breaks at blanks so that no line is longer than `width`, where words allow.
    static func wrapped(_ text: String, to width: Int, indent: String = "") -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = indent + word
            } else {
                line += (line.isEmpty ? "" : " ") + word
            }
        }
        return (lines + [line]).joined(separator: "\n")
    }

    static func oneLine(_ text: String) -> String {
        guard text.contains(where: \.isNewline) else { return text }
        return text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// Of trials that are done without having converged.
    static func unconverged(_ count: Int) -> String {
        count == 1
            ? "1 ended at its limit of steps before the tolerance (column stop); its gap is not that of a minimum"
            : "\(count) ended at their limit of steps before the tolerance (column stop); their gaps are not those of a "
                + "minimum"
    }

    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
