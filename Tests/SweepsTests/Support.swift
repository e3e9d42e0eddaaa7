@testable import Sweeps

let minimal = """
    problem: ufm
    K: 4
    d: 8
    n: 10
    lambda: 1e-3

    """

/// The mistakes of a text, found when parsing or expanding; empty for a good one.
func mistakes(in text: String, limit: Int = 2_000_000) -> [String] {
    do {
        _ = try SweepFile.parse(text, path: "s.yaml").expand(limit: limit, reporting: reports(of:))
        return []
    } catch {
        return error.messages
    }
}

func plan(_ text: String) throws -> Plan { try SweepFile.parse(text, path: "s.yaml").expand() }

func trials(_ text: String) throws -> [Trial] { try plan(text).trials.map(\.trial) }

/// A few of the columns that the trials of the problems report.
func reports(of problem: String) -> ReportSchema {
    let fixed: [Vocabulary.Name] = [
        .word("trial"), .choice("state", ["done", "diverged", "failed"]), .number("seconds"), .word("host"),
    ]
    return problem == "ufm"
        ? ReportSchema(
            columns: fixed + [
                .number("objective"), .number("gap"), .number("nc1"), .choice("stop", ["gradient", "steps"]),
            ],
            modelMetrics: ["objective", "gap"], layerMetrics: ["nc1"])
        : ReportSchema(
            columns: fixed + [.number("test_accuracy"), .number("nc1")], modelMetrics: ["loss"],
            layerMetrics: ["nc1", "cdnv"], hasEpochs: true)
}
