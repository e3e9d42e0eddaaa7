import Results
import Sweeps

/// What a sweep prints at its end: outcomes by the swept parameters, the largest gap, what failed and why, and where
/// the results lie.
public struct SummaryReport {
    private let results: StoredResults
    private static let longestTable = 30

    public init(_ results: StoredResults) { self.results = results }

    /// - Parameter width: in columns.
    public func text(width: Int = 100) throws -> String {
        var blocks: [Block] = []
        var troubles: [Trouble] = []
        var largestGap: (gap: Double, trial: String)?
        var counts = TrialCounts()
        var unconverged = 0
        try results.forEachRow(of: .lastPlan) { row in
            let state = TrialState(rawValue: row["state"]?.description ?? "") ?? .failed
            counts[state] += 1
            let trial = row["trial"]?.description ?? ""
            // Below the optimum is as wrong as above it.
            if state == .done, let gap = row.gapOfMinimum, abs(gap) > abs(largestGap?.gap ?? 0) || largestGap == nil {
                largestGap = (gap, trial)
            }
            if state == .done, row["stop"] == .text("steps") { unconverged += 1 }
            if state != .done { Trouble.note(state, row["reason"]?.description ?? "", trial: trial, in: &troubles) }
            // A trial that several blocks ask for counts in each.
            for name in (row["block"]?.description ?? "").split(separator: ", ").map(String.init) {
                let index = blocks.firstIndex { $0.name == name } ?? blocks.endIndex
                if index == blocks.endIndex { blocks.append(Block(name: name, results: results)) }
                blocks[index].add(row, state: state)
            }
        }
        var text = ""
        for block in blocks { text += try block.text(width: width, longest: Self.longestTable) + "\n" }
        if let largestGap {
            text += "Largest gap (absolute) \(NumberText.short(largestGap.gap)) in trial \(largestGap.trial)\n"
        }
        if unconverged > 0 { text += Text.wrapped(Text.unconverged(unconverged), to: width, indent: "  ") + "\n" }
        for trouble in troubles.sorted(by: { $0.count > $1.count }) {
            text += Text.wrapped(trouble.description, to: width, indent: "  ") + "\n"
        }
        return text + total(counts, planned: try results.sessions().last?.planned ?? counts.ended)
    }

    private func total(_ counts: TrialCounts, planned: Int) -> String {
        var parts = ["\(counts.done) done"]
        if counts.diverged > 0 { parts.append("\(counts.diverged) diverged") }
        if counts.failed > 0 { parts.append("\(counts.failed) failed") }
        if planned > counts.ended { parts.append("\(planned - counts.ended) left") }
        return """
            \(Text.count(max(planned, counts.ended), "trial")): \(parts.joined(separator: ", "))
            Results in \(results.directory); 'ncsweep results \(results.directory)' shows them

            """
    }
}

extension ResultRow {
    /// Of a trial that sought a minimum: saddles and the origin are above it by their nature.
    fileprivate var gapOfMinimum: Double? {
        switch self["point"]?.description {
        case "saddle", "origin": nil
        default: self["gap"]?.number
        }
    }
}

/// Trials that did not end well for one reason.
private struct Trouble {
    let state: TrialState
    let reason: String
    /// The reason without its numbers.
    let kind: String
    /// The first of them.
    let trial: String
    var count: Int

    static func note(_ state: TrialState, _ reason: String, trial: String, in troubles: inout [Trouble]) {
        // Numbers differ from trial to trial where the reason is the same.
        let kind = reason.filter { !$0.isNumber }
        if let index = troubles.firstIndex(where: { $0.state == state && $0.kind == kind }) {
            troubles[index].count += 1
        } else {
            troubles.append(Trouble(state: state, reason: reason, kind: kind, trial: trial, count: 1))
        }
    }

    var description: String {
        let cause = reason.isEmpty ? "" : ": " + reason
        return "\(count) \(state.rawValue)\(cause), \(count == 1 ? "trial" : "such as trial") \(trial)"
    }
}

/// The trials one block of the sweep file asked for, by the parameters it sweeps.
private struct Block {
    let name: String
    private let parameters: [String]
    private let measures: [Measure]
    private var groups: [Group] = []
    private var numbers: [[ParameterValue?]: Int] = [:]

    /// A column of the table: the one furthest from zero, or the mean, over a group's trials.
    private struct Measure {
        let column: String
        let isLargest: Bool
    }

    private struct Group {
        let key: [ParameterValue?]
        var trials = 0
        var done = 0
        var means: [Mean]
        var largest: [Double?]
    }

    init(name: String, results: StoredResults) {
        self.name = name
        parameters = results.parameterColumns.filter { $0 != "seed" }
        let outcomes = results.outcomeColumns
        // Where there is no room the last are left out.
        let wanted = ["gap", outcomes.first { $0.hasPrefix("nc1") }, "test_accuracy", "train_accuracy"]
        measures = wanted.compactMap { $0 }.filter(outcomes.contains).map {
            Measure(column: $0, isLargest: $0 == "gap")
        }
    }

    mutating func add(_ row: ResultRow, state: TrialState) {
        let key = parameters.map { row[$0] }
        let number = numbers[key] ?? groups.count
        if number == groups.count {
            numbers[key] = number
            groups.append(
                Group(
                    key: key, means: Array(repeating: Mean(), count: measures.count),
                    largest: Array(repeating: nil, count: measures.count)))
        }
        groups[number].trials += 1
        guard state == .done else { return }
        groups[number].done += 1
        for (index, measure) in measures.enumerated() {
            guard let value = measure.isLargest ? row.gapOfMinimum : row[measure.column]?.number else { continue }
            groups[number].means[index].add(value)
            if abs(value) >= abs(groups[number].largest[index] ?? 0) { groups[number].largest[index] = value }
        }
    }

    /// Indices and titles of the parameters that differ between trials; equal weight decays make one column.
    private var sweptColumns: (indices: [Int], names: [String]) {
        var swept = parameters.indices.filter { index in groups.contains { $0.key[index] != groups[0].key[index] } }
        let decays = swept.filter { ["lambda_W", "lambda_H", "lambda_b"].contains(parameters[$0]) }
        var names = parameters
        let areEqual = groups.allSatisfy { group in decays.allSatisfy { group.key[$0] == group.key[decays[0]] } }
        if decays.count > 1, areEqual {
            names[decays[0]] = "lambda"
            swept.removeAll { decays.dropFirst().contains($0) }
        }
        return (swept, swept.map { names[$0] })
    }

    func text(width: Int, longest: Int) throws -> String {
        let (swept, names) = sweptColumns
        let shownMeasures = measures.indices.filter { index in groups.contains { $0.largest[index] != nil } }
        let titles = shownMeasures.map { (measures[$0].isLargest ? "largest " : "mean ") + measures[$0].column }
        let trials = groups.reduce(0) { $0 + $1.trials }
        var text = "\(name): \(Text.count(trials, "trial"))\n"
        var writer = TableWriter(
            format: .table, columns: names + ["trials", "done"] + titles, width: width - 2,
            namesOmitted: false,
            to: { text += $0.split(separator: "\n").map { "  " + $0 + "\n" }.joined() })
        let shown = groups.prefix(longest)
        let values: [[ParameterValue?]] = shown.map { group in
            [.integer(group.trials), .integer(group.done)]
                + shownMeasures.map { index in
                    (measures[index].isLargest ? group.largest[index] : group.means[index].value)
                        .map(ParameterValue.real)
                }
        }
        let keys = ShortWords.fitted(
            shown.map { group in swept.map { group.key[$0] } }, titles: names, width: width - 2,
            others: TableLayout(columns: ["trials", "done"] + titles, width: nil, foldsConstants: false)
                .width(of: values) + TableLayout.gap * names.count)
        for (key, values) in zip(keys, values) { try writer.add(key + values) }
        try writer.finish()
        if groups.count > longest { text += "  and \(groups.count - longest) more rows\n" }
        return text
    }
}
