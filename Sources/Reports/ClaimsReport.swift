import Results
import Sweeps

/// Whether the results bear out what their sweep file claims: a line for each claim, and for one that fails the trial or
/// group that misses it by most, and where to see more.
public struct ClaimsReport {
    private let results: StoredResults
    private let tallies: [ClaimTally<ResultRow>]
    private let varying: [String]
    private let trials: Int

    /// Judges the claims over the trials of the sweep as it was last run, all of which must have ended.
    ///
    /// - Throws: `StoreError`, or `ReportError` where a stored value does not fit a claim.
    public init(_ claims: [Claim], on results: StoredResults) throws {
        var tallies = claims.map { ClaimTally<ResultRow>($0) }
        var varying = VaryingColumns(results.parameterColumns)
        var trials = 0
        if claims.contains(where: \.hasAggregates) {
            try results.forEachRow(of: .lastPlan) { row in
                for index in tallies.indices where tallies[index].claim.hasAggregates {
                    try Self.put(row, results, to: tallies[index].claim) {
                        try tallies[index].gather($0, isDone: $1, $2)
                    }
                }
            }
            for index in tallies.indices {
                try Self.telling(tallies[index].claim) { () throws(ExpressionError) in try tallies[index].gathered() }
            }
        }
        try results.forEachRow(of: .lastPlan) { row in
            trials += 1
            varying.note(row)
            for index in tallies.indices where tallies[index].claim.isOfSingleTrials {
                try Self.put(row, results, to: tallies[index].claim) { try tallies[index].judge($0, isDone: $1, $2) }
            }
        }
        (self.results, self.tallies, self.trials) = (results, tallies, trials)
        self.varying = varying.names
    }

    public var failures: Int { tallies.count { !$0.hasPassed } }

    private typealias Use = (ResultRow, _ isDone: Bool, Claim.Lookup) throws -> Void

    /// Gives a claim a trial with the slopes it asks for: of the series of those it selects alone, where it can.
    private static func put(_ row: ResultRow, _ results: StoredResults, to claim: Claim, _ use: Use) throws {
        var slopes: [String: Double] = [:]
        func value(_ name: String) -> ParameterValue? { slopes[name].map(ParameterValue.real) ?? row[name] }
        func read(_ wanted: [Expression.Slope]) throws {
            guard let trial = row["trial"].flatMap({ TrialID($0.description) }) else { return }
            for slope in wanted { slopes[slope.text] = try results.value(of: slope, in: trial) }
        }
        try read(claim.filterSlopes)
        if !claim.conditionSlopes.isEmpty, try selects(claim, value) { try read(claim.conditionSlopes) }
        do { try use(row, row["state"] == .text(TrialState.done.rawValue), value) } catch let error as ExpressionError {
            throw ReportError("expect: \(claim.text): \(error)")
        }
    }

    private static func selects(_ claim: Claim, _ value: Claim.Lookup) throws(ReportError) -> Bool {
        do { return try claim.selects(value) } catch { throw ReportError("expect: \(claim.text): \(error)") }
    }

    private static func telling(_ claim: Claim, _ body: () throws(ExpressionError) -> Void) throws(ReportError) {
        do { try body() } catch { throw ReportError("expect: \(claim.text): \(error)") }
    }
}

/// Which columns have not the same value in all rows.
private struct VaryingColumns {
    private let columns: [String]
    private var first: [ParameterValue?]?
    private var varies: [Bool]

    init(_ columns: [String]) {
        self.columns = columns
        varies = columns.map { _ in false }
    }

    mutating func note(_ row: ResultRow) {
        let values = columns.map { row[$0] }
        guard let first else {
            first = values
            return
        }
        for index in columns.indices where values[index] != first[index] { varies[index] = true }
    }

    var names: [String] { zip(columns, varies).compactMap { $1 ? $0 : nil } }
}

// MARK: - Text

extension ClaimsReport {
    /// - Parameter width: in columns.
    public func text(width: Int = 100) -> String {
        var text = "Claims\n"
        for tally in tallies {
            for (number, line) in lines(tally).enumerated() {
                let indent = number == 0 ? "  " : "          "
                // A command is to be copied: it is never broken.
                text +=
                    line.hasPrefix("ncsweep ")
                    ? indent + line + "\n"
                    : indent + Text.wrapped(line, to: max(1, width - indent.count), indent: "          ") + "\n"
            }
        }
        let count = Text.count(tallies.count, "claim")
        return text + (failures == 0 ? "\(count) passed\n" : "\(failures) of \(count) failed\n")
    }

    private func lines(_ tally: ClaimTally<ResultRow>) -> [String] {
        let head = "\(tally.hasPassed ? "passed" : "FAILED")  \(Text.oneLine(tally.claim.text)): "
        let covered = Text.count(tally.trials, "trial")
        guard tally.trials > 0 else {
            return [head + "selects none of \(Text.count(trials, "trial")), and so says nothing"]
        }
        let groups = tally.groupCount.flatMap { tally.claim.groupColumns.isEmpty ? nil : $0 }
        guard let worst = tally.worst, !tally.hasPassed else {
            return [head + (groups.map { "\(Text.count($0, "group")) of \(covered)" } ?? covered)]
        }
        let what = [share(tally, covered, groups), place(tally, worst)].compactMap { $0 }.joined(separator: ", ")
        return [head + what + ": " + reason(worst, tally), command(tally, worst)]
    }

    /// How much of what is covered fails.
    private func share(_ tally: ClaimTally<ResultRow>, _ covered: String, _ groups: Int?) -> String {
        let fail = tally.failures == 1 ? "fails" : "fail"
        if let groups { return "\(tally.failures) of \(Text.count(groups, "group")) of \(covered) \(fail)" }
        return tally.groupCount == nil ? "\(tally.failures) of \(covered) \(fail)" : "over \(covered)"
    }

    /// The worst of what fails.
    private func place(_ tally: ClaimTally<ResultRow>, _ worst: ClaimTally<ResultRow>.Worst) -> String? {
        let prefix = tally.failures > 1 ? "worst " : ""
        if tally.groupCount == nil { return worst.row.map { prefix + named($0) } }
        return tally.claim.groupColumns.isEmpty ? nil : prefix + named(tally.claim.groupColumns, worst.group)
    }

    /// What is known of the worst one.
    private func reason(_ worst: ClaimTally<ResultRow>.Worst, _ tally: ClaimTally<ResultRow>) -> String {
        guard worst.isUnknown else {
            if let text = tally.claim.subjectText, let value = worst.subject { return "\(text) is \(value)" }
            let values = tally.claim.names.compactMap { name in worst.row?[name].map { "\(name) is \($0)" } }
            return values.isEmpty ? "it does not hold" : values.joined(separator: ", ")
        }
        guard let row = worst.row else { return "it has no value" }
        let which = tally.groupCount == nil ? "it" : named(row)
        if isExcused(row, tally.claim) {
            return "\(which) \(row["state"] == .text("failed") ? "failed" : "diverged"); "
                + "'where state == done' would leave such trials out"
        }
        guard let missing = worst.missing else { return "\(which) has no value" }
        return "\(which) has no \(missing); 'where defined(\(missing))' would leave such trials out"
    }

    /// Whether a trial has no values for the claim as it failed or diverged.
    private func isExcused(_ row: ResultRow, _ claim: Claim) -> Bool {
        row["state"] != .text(TrialState.done.rawValue) && !claim.readsState
    }

    /// "trial (K=4, d=16)", by what varies in the sweep.
    private func named(_ row: ResultRow) -> String {
        var columns = varying
        let decays = ["lambda_W", "lambda_H", "lambda_b"].filter(columns.contains)
        if decays.count > 1, row["lambda"] != nil, let place = columns.firstIndex(of: decays[0]) {
            columns[place] = "lambda"
            columns.removeAll(where: decays.contains)
        }
        let present = columns.filter { row[$0] != nil }
        let parameters = named(present, present.map { row[$0] })
        return "trial \(NumberText.short(row["trial"]))" + (parameters.isEmpty ? "" : " (\(parameters))")
    }

    private func named(_ columns: [String], _ values: [ParameterValue?]) -> String {
        zip(columns, values).map { "\($0)=\($1?.description ?? "none")" }.joined(separator: ", ")
    }

    /// What shows more of a claim that failed: all trials that fail, the worst of them, or the worst group.
    private func command(_ tally: ClaimTally<ResultRow>, _ worst: ClaimTally<ResultRow>.Worst) -> String {
        let (claim, directory) = (tally.claim, ShellWord.quoted(results.directory))
        var conditions: [String] = []
        if tally.groupCount == nil {
            let trial = worst.row?["trial"]?.description ?? ""
            guard claim.conditionSlopes.isEmpty else { return "ncsweep measurements \(directory) --trial \(trial)" }
            let isReadable = !claim.hasListNames && !claim.hasAggregates && claim.filterSlopes.isEmpty
            if isReadable, claim.names.allSatisfy(results.columns.contains) {
                let isEnded = worst.row.map { isExcused($0, claim) } ?? false
                conditions = [
                    isEnded ? "(state != done or not (\(claim.conditionText)))" : "not (\(claim.conditionText))"
                ]
            } else {
                conditions = ["trial == '\(trial)'"]
            }
        } else {
            conditions = zip(claim.groupColumns, worst.group).map(Self.equality)
        }
        if let filter = claim.filterText, claim.filterSlopes.isEmpty, !claim.hasListNames {
            conditions.insert("(\(filter))", at: 0)
        }
        let filter = conditions.isEmpty ? "" : " --where " + ShellWord.quoted(conditions.joined(separator: " and "))
        return "ncsweep results \(directory)" + filter
    }

    private static func equality(_ column: String, _ value: ParameterValue?) -> String {
        switch value {
        case .text(let word)?: word.contains("'") ? "\(column) == \"\(word)\"" : "\(column) == '\(word)'"
        case let number?: "\(column) == \(number)"
        case nil: "not defined(\(column))"
        }
    }
}

/// A word as a shell reads it back.
enum ShellWord {
    static func quoted(_ word: String) -> String {
        let plain = word.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "A"..."Z", "a"..."z", "0"..."9", "/", ".", "_", "-", "+", ",", ":", "=", "@": true
            default: false
            }
        }
        if plain, !word.isEmpty { return word }
        // Within double quotes these have a meaning.
        if !word.contains(where: { "\"$`\\!".contains($0) }) { return "\"\(word)\"" }
        return "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
