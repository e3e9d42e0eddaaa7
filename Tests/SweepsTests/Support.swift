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
        _ = try SweepFile.parse(text, path: "s.yaml").expand(limit: limit)
        return []
    } catch {
        return error.messages
    }
}

func plan(_ text: String) throws -> Plan { try SweepFile.parse(text, path: "s.yaml").expand() }

func trials(_ text: String) throws -> [Trial] { try plan(text).trials.map(\.trial) }
