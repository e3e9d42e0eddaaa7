import Results
import Sweeps

/// Folds rows that differ in the seed alone into one: mean, standard error and count.
///
/// Only trials that are `done` enter the means, and `seeds` counts them; `state` tells of the others. A value that some
/// of them lack is averaged over those that have it. The standard error is s/√n with s² over n−1, missing for n = 1.
public struct SeedFolding {
    private let columns: [String]
    private let keys: [Int]
    private let folded: [Int]
    private var groups: [Group] = []
    private var numbers: [[ParameterValue?]: Int] = [:]

    private struct Group {
        let key: [ParameterValue?]
        var seeds = 0
        var states = Tally()
        var means: [Mean]
        var texts: [Tally]
    }

    /// - Parameters:
    ///   - columns: of the rows that come.
    ///   - parameters: those of them that are parameters.
    public init(columns: [String], parameters: [String]) {
        self.columns = columns
        let isKey = Set(parameters + ["problem", "lambda"]).subtracting(["seed"])
        let isLeftOut: Set<String> = ["trial", "state", "seed", "host", "attempts"]
        keys = columns.indices.filter { isKey.contains(columns[$0]) }
        folded = columns.indices.filter { !isKey.contains(columns[$0]) && !isLeftOut.contains(columns[$0]) }
    }

    public mutating func add(_ row: ResultRow) {
        let key = keys.map { row.values[$0] }
        let number: Int
        if let known = numbers[key] {
            number = known
        } else {
            number = groups.count
            numbers[key] = number
            groups.append(
                Group(
                    key: key, means: Array(repeating: Mean(), count: folded.count),
                    texts: folded.map { Tally(ignoresNumbers: columns[$0] == "reason") }))
        }
        let state = row["state"]?.description ?? ""
        groups[number].states.add(state)
        let isDone = state == TrialState.done.rawValue
        if isDone { groups[number].seeds += 1 }
        for (index, column) in folded.enumerated() {
            guard let value = row.values[column] else { continue }
            if case .text(let text) = value {
                groups[number].texts[index].add(text)
            } else if isDone, let value = value.number {
                groups[number].means[index].add(value)
            }
        }
    }

    /// One row a group, in the order of the groups' first rows.
    public func table() -> (columns: [String], rows: [[ParameterValue?]]) {
        let isNumeric = folded.indices.map { index in groups.contains { $0.means[index].count > 0 } }
        var names = keys.map { columns[$0] } + ["seeds", "state"]
        for (index, column) in folded.enumerated() {
            names.append(columns[column])
            if isNumeric[index] { names.append(columns[column] + "_se") }
        }
        let rows = groups.map { group in
            var row = group.key + [.integer(group.seeds), .text(group.states.text)]
            for index in folded.indices {
                if isNumeric[index] {
                    row.append(group.means[index].value.map(ParameterValue.real))
                    row.append(group.means[index].standardError.map(ParameterValue.real))
                } else {
                    row.append(group.texts[index].isEmpty ? nil : .text(group.texts[index].text))
                }
            }
            return row
        }
        return (names, rows)
    }
}

/// Mean and spread in one pass, without cancellation (Welford 1962).
struct Mean {
    private(set) var count = 0
    private var mean = 0.0
    private var squares = 0.0

    mutating func add(_ value: Double) {
        count += 1
        let before = value - mean
        mean += before / Double(count)
        squares += before * (value - mean)
    }

    var value: Double? { count > 0 ? mean : nil }

    var standardError: Double? {
        count > 1 ? (squares / Double(count - 1) / Double(count)).squareRoot() : nil
    }
}

/// How often each text occurs, in the order of first occurrence.
struct Tally {
    /// Whether texts that differ in their digits alone, as "not finite at step 120" and "… 130", count as the first.
    private let ignoresNumbers: Bool
    private(set) var entries: [(text: String, count: Int)] = []
    private var indices: [String: Int] = [:]

    init(ignoresNumbers: Bool = false) { self.ignoresNumbers = ignoresNumbers }

    var isEmpty: Bool { entries.isEmpty }

    mutating func add(_ text: String) {
        let kind = ignoresNumbers ? text.filter { !$0.isNumber } : text
        if let index = indices[kind] {
            entries[index].count += 1
        } else {
            indices[kind] = entries.count
            entries.append((text, 1))
        }
    }

    /// "done" where there is but one, else "done 3, diverged 1", the most frequent first.
    var text: String {
        if entries.count == 1 { return entries[0].text }
        return entries.sorted { $0.count != $1.count ? $0.count > $1.count : $0.text < $1.text }
            .map { "\($0.text) \($0.count)" }.joined(separator: ", ")
    }
}
