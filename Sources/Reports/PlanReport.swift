import Sweeps

/// What a sweep file asks for, for a person: how many trials, which, and what they will cost.
public struct PlanReport {
    private let file: SweepFile
    private let plan: Plan
    /// Predicted for each trial.
    private let seconds: [Double]
    private let ranks: Int
    /// Trials shown from each end.
    private static let shown = 3

    public init(_ file: SweepFile, _ plan: Plan, seconds: [Double], ranks: Int) {
        precondition(seconds.count == plan.trials.count, "a prediction for each trial")
        self.file = file
        self.plan = plan
        self.seconds = seconds
        self.ranks = ranks
    }

    public func text(width: Int) -> String {
        var lines = ["\(file.name): \(plan.trials.count) trials"]
        if !file.description.isEmpty { lines.append(file.description) }
        lines.append("")
        for (index, block) in file.blocks.enumerated() {
            let members = plan.trials.indices.filter { plan.trials[$0].blocks.contains(index) }
            let cost = members.reduce(0) { $0 + seconds[$1] }
            let swept = block.sweptKeys.isEmpty ? "" : " over \(block.sweptKeys.joined(separator: ", "))"
            lines.append(
                "  \(block.name): \(members.count) \(block.problem) trials\(swept), \(NumberText.duration(cost)) of one rank"
            )
        }
        lines.append("")
        if plan.excluded > 0 { lines.append("left out by where: \(plan.excluded)") }
        if plan.duplicates > 0 { lines.append("equal to another trial: \(plan.duplicates)") }
        if file.claimCount > 0 {
            lines.append("\(Text.count(file.claimCount, "claim")), judged when all trials have ended")
        }
        let total = seconds.reduce(0, +)
        // No schedule beats the longest trial, nor all ranks busy all the time.
        let bound = max(seconds.max() ?? 0, total / Double(ranks))
        lines.append(
            "predicted: \(NumberText.duration(total)) of one rank, at least \(NumberText.duration(bound)) on \(ranks); "
                + "a guess until trials have finished")
        lines.append("")
        lines += examples.map { $0.count > width ? String($0.prefix(max(width - 1, 1))) + "…" : $0 }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The first and last few trials.
    private var examples: [String] {
        let trials = plan.trials
        func line(_ planned: PlannedTrial) -> String {
            let parameters = planned.trial.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
            return "\(planned.trial.id)  \(planned.trial.problem) \(parameters)"
        }
        guard trials.count > 2 * Self.shown + 1 else { return trials.map(line) }
        return trials.prefix(Self.shown).map(line) + ["…"] + trials.suffix(Self.shown).map(line)
    }
}
