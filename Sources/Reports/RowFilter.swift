import Results
import Sweeps

/// A condition on result rows: `--where` in the sweep file's own language, over columns instead of parameters.
public struct RowFilter {
    private let expression: Expression

    /// - Throws: `ReportError`, one line that repeats the condition.
    public init(parsing text: String, columns: [String]) throws(ReportError) {
        do {
            expression = try Expression(parsing: text) { columns.contains($0) }
        } catch {
            throw ReportError("--where \"\(text)\": \(error)")
        }
    }

    public func keeps(_ row: ResultRow) throws(ReportError) -> Bool {
        do { return try expression.holds { row[$0] } } catch {
            throw ReportError("--where \"\(expression.text)\": \(error); columns are listed by 'ncsweep results DIR --format csv'")
        }
    }
}
