import Results
import Sweeps

/// What a table is written as.
public enum TableFormat: String, Sendable, CaseIterable {
    /// For people: aligned, five significant digits.
    case table
    /// RFC 4180, numbers so that they read back as the same double, missing values empty.
    case csv
    /// An array of objects, one a line; missing, infinite and undefined numbers are null.
    case json
}

/// Writes rows one by one as a table for people, CSV or JSON.
///
/// CSV and JSON hold one row at a time. A table for people holds back its first rows to find the widths.
public struct TableWriter {
    public typealias Sink = (String) throws -> Void

    private let format: TableFormat
    private let columns: [String]
    private let layout: TableLayout
    private let heldBack: Int
    private let sink: Sink
    private var waiting: [[ParameterValue?]] = []
    private var arrangement: TableLayout.Arrangement?
    private var count = 0

    /// - Parameters:
    ///   - width: of the terminal, in columns; nil where the table does not go to one, and then nothing is left out.
    ///   - foldsConstants: whether columns with one value throughout may move above a table too wide.
    ///   - namesOmitted: whether a line below the table names the columns there was no room for.
    ///   - heldBack: how many rows the widths of a table for people are found from.
    public init(
        format: TableFormat, columns: [String], width: Int? = nil, foldsConstants: Bool = false,
        namesOmitted: Bool = true, heldBack: Int = .max, to sink: @escaping Sink
    ) {
        self.format = format
        self.columns = columns
        self.heldBack = heldBack
        self.sink = sink
        layout = TableLayout(columns: columns, width: width, foldsConstants: foldsConstants, namesOmitted: namesOmitted)
    }

    /// - Parameter row: one value for each column.
    public mutating func add(_ row: [ParameterValue?]) throws {
        precondition(row.count == columns.count, "row of \(row.count) values for \(columns.count) columns")
        defer { count += 1 }
        switch format {
        case .csv:
            if count == 0 { try sink(CSV.line(columns)) }
            try sink(CSV.line(row))
        case .json:
            try sink(count == 0 ? "[\n" : ",\n")
            try sink("  " + JSON.object(Array(zip(columns, row)).map { (name: $0.0, value: $0.1) }))
        case .table:
            if let arrangement {
                try sink(layout.line(row, arrangement))
            } else {
                waiting.append(row)
                if waiting.count >= heldBack { try release() }
            }
        }
    }

    /// Must be called once, after the last row.
    public mutating func finish() throws {
        switch format {
        case .csv: if count == 0 { try sink(CSV.line(columns)) }
        case .json: try sink(count == 0 ? "[]\n" : "\n]\n")
        case .table:
            if arrangement == nil { try release() }
            if let arrangement { try sink(layout.footer(arrangement)) }
        }
    }

    private mutating func release() throws {
        let arrangement = layout.arrangement(for: waiting)
        try sink(layout.header(arrangement))
        for row in waiting { try sink(layout.line(row, arrangement)) }
        self.arrangement = arrangement
        waiting = []
    }
}

/// Lines of comma-separated values, RFC 4180 but for the line's end, which is a bare line feed.
enum CSV {
    static func line(_ values: [ParameterValue?]) -> String {
        values.map { value in
            switch value {
            case .text(let text): field(text)
            case .integer, .real: value?.description ?? ""
            case nil: ""
            }
        }.joined(separator: ",") + "\n"
    }

    static func line(_ names: [String]) -> String { names.map(field).joined(separator: ",") + "\n" }

    private static func field(_ text: String) -> String {
        let mustQuote = text.unicodeScalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
        guard mustQuote else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
