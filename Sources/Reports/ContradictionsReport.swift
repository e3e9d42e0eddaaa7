import Results
import Sweeps

/// What every sweep claims without saying so: no trial contradicts theory. One that ends below a proven minimum, or is
/// certified with a gap to it, has found a mistake, in the program or in the theory.
public struct ContradictionsReport {
    private let trials: [(id: String, objective: ParameterValue?, optimum: ParameterValue?)]

    /// Most trials that are named.
    private static let most = 5

    /// Over the trials of the sweep as it was last run.
    public init(_ results: StoredResults) throws {
        var trials: [(String, ParameterValue?, ParameterValue?)] = []
        if results.columns.contains("verdict") {
            try results.forEachRow(of: .lastPlan) { row in
                guard row["verdict"] == .text("contradicts") else { return }
                trials.append((row["trial"]?.description ?? "", row["objective"], row["optimum"]))
            }
        }
        self.trials = trials
    }

    public var count: Int { trials.count }

    /// Empty where there are none.
    public var text: String {
        guard !trials.isEmpty else { return "" }
        var text = "\(Text.count(trials.count, "trial")) contradicting theory:\n"
        for trial in trials.prefix(Self.most) {
            text += "  \(trial.id): objective \(trial.objective?.description ?? "unknown")"
            text += trial.optimum.map { ", least value by theory \($0)\n" } ?? ", below what its own gradient proves\n"
        }
        if trials.count > Self.most { text += "  and \(trials.count - Self.most) more\n" }
        return text
    }
}
