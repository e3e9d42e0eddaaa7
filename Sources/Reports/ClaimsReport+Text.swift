import Results
import Sweeps

extension ClaimsReport {
    /// - Parameter width: in columns.
    public func text(width: Int = 100) -> String {
        let indent = "         "
        var text = "Claims\n"
        for tally in tallies {
            let (first, more, command) = lines(tally)
            let mark = tally.hasPassed ? "  passed " : "  FAILED "
            text += mark + Text.wrapped(first, to: max(1, width - indent.count), indent: indent) + "\n"
            if let more { text += indent + Text.wrapped(more, to: max(1, width - indent.count), indent: indent) + "\n" }
            // To be copied: never broken.
            if let command { text += indent + command + "\n" }
        }
        let count = Text.count(tallies.count, "claim")
        return text + (failures == 0 ? "\(count) passed\n" : "\(failures) of \(count) failed\n")
    }

    /// The claim and what it covers; of one that fails, the worst and a command.
    private func lines(_ tally: ClaimTally<ResultRow>) -> (first: String, more: String?, command: String?) {
        let head = Text.oneLine(tally.claim.text) + ": "
        let covered = Text.count(tally.trials, "trial")
        guard tally.trials > 0 else {
            return (head + "selects none of \(Text.count(trials, "trial")), and so says nothing", nil, nil)
        }
        let groups = tally.groupCount.flatMap { tally.claim.groupColumns.isEmpty ? nil : $0 }
        guard let worst = tally.worst, !tally.hasPassed else {
            return (head + (groups.map { "\(Text.count($0, "group")) of \(covered)" } ?? covered), nil, nil)
        }
        let more = (place(tally, worst).map { $0 + ": " } ?? "") + reason(worst, tally)
        return (head + share(tally, covered, groups), more, command(tally, worst))
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
            if let text = tally.claim.subjectText, let value = worst.subject {
                return "\(text) is \(Self.exact(value))"
            }
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

    /// All digits, so that a value is not shown equal to the bound it misses.
    private static func exact(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
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
                let condition = isEnded ? "state == done and (\(claim.conditionText))" : claim.conditionText
                conditions = ["not (\(condition))"]
            } else {
                conditions = ["trial == '\(trial)'"]
            }
        } else {
            conditions = zip(claim.groupColumns, worst.group).map(Self.equality)
        }
        if let filter = claim.filterText, !claim.hasListNames, claim.filterNames.allSatisfy(results.columns.contains) {
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
