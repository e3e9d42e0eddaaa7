import Results
import Sweeps

/// A condition on result rows: `--where` in the sweep file's own language, over columns instead of parameters.
public struct RowFilter {
    private let expression: Expression
    private let columns: [String]

    /// - Parameters:
    ///   - columns: those there are, which errors name.
    ///   - possible: those that may be asked for although no row has them yet.
    ///   - file: whose names of lists may stand in the condition.
    /// - Throws: `ReportError`, one line that repeats the condition.
    public init(
        parsing text: String, columns there: [String], possible: [String] = [], file: SweepFile? = nil
    ) throws(ReportError) {
        let columns = there + possible
        self.columns = columns
        do {
            let written = try Expression(parsing: text) { columns.contains($0) }
            expression = file?.resolved(written) ?? written
        } catch {
            throw ReportError("--where \"\(text)\": \(error)\(Self.hint(for: text, columns: columns))")
        }
        if let word = expression.misplacedWord {
            let known = suggestion(for: word, among: columns).map { [$0] } ?? there
            throw ReportError("--where \"\(text)\": \(ReportError.unknown("column", word, known: known))")
        }
    }

    /// - Throws: `ReportError` where the condition cannot be decided, as where a number is compared with a word.
    public func keeps(_ row: ResultRow) throws(ReportError) -> Bool {
        do { return try expression.holds { row[$0] } } catch {
            throw ReportError("--where \"\(expression.text)\": \(error)\(hint(for: error))")
        }
    }

    /// What a word that the error speaks of may stand for.
    private func hint(for error: ExpressionError) -> String {
        guard let word = expression.bareWords.first(where: { error.message.contains("'\($0)'") }) else { return "" }
        guard let nearest = suggestion(for: word, among: columns) else { return "; there is no column '\(word)'" }
        return "; did you mean '\(nearest)'?"
    }

    /// The column that a word of a condition which does not parse may stand for.
    private static func hint(for text: String, columns: [String]) -> String {
        let meant: Set<String> = ["and", "or", "not", "in", "log", "log10", "exp", "sqrt", "abs", "min", "max"]
        let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
        for word in words where word.first?.isLetter == true && !columns.contains(word) && !meant.contains(word) {
            if let nearest = suggestion(for: word, among: columns) { return "; did you mean '\(nearest)'?" }
        }
        return ""
    }
}
