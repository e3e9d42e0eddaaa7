import Results
import Sweeps

/// A condition on result rows: `--where` in the sweep file's own language, over columns instead of parameters.
public struct RowFilter {
    private let expression: Expression
    private let columns: [String]

    /// - Throws: `ReportError`, one line that repeats the condition.
    public init(parsing text: String, columns: [String]) throws(ReportError) {
        self.columns = columns
        do {
            expression = try Expression(parsing: text) { columns.contains($0) }
        } catch {
            throw ReportError("--where \"\(text)\": \(error)")
        }
    }

    /// - Throws: `ReportError` where the condition cannot be decided, which mostly is a column's name misspelt.
    public func keeps(_ row: ResultRow) throws(ReportError) -> Bool {
        do { return try expression.holds { row[$0] } } catch {
            throw ReportError("--where \"\(expression.text)\": \(error)\(hint)")
        }
    }

    /// Columns that words of the condition may stand for.
    private var hint: String {
        let words = expression.text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
        for word in words where word.first?.isLetter == true && !columns.contains(word) {
            if let nearest = suggestion(for: word, among: columns) { return "; did you mean '\(nearest)'?" }
        }
        return ""
    }
}
