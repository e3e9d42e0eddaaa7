import Results
import Sweeps

/// Folds rows that differ in the seed alone into one: mean, standard error and count.
///
/// Only trials that are `done` enter the means, and `seeds` counts them; `state` tells of the others. A value that some
/// of them lack is averaged over those that have it, which `…_n` counts. The standard error is s/√n with s² over n−1,
/// missing for n = 1.
public struct SeedFolding {
    private let columns: [String]
    private let keys: [Int]
    private let folded: [Int]
    /// What was seen in each folded column, of rows added and noted.
    private var kinds: [Kinds]
    private var groups: [Group] = []
    private var numbers: [[ParameterValue?]: Int] = [:]

    private struct Kinds {
        var hasNumber = false
        var hasText = false
    }

    /// Columns with a row for each group.
    public struct Table {
        public let columns: [String]
        public let rows: [[ParameterValue?]]
        /// Indices of the counts that say no more than `seeds` does, wherever there is a mean.
        public let plainCounts: Set<Int>
    }

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
        kinds = Array(repeating: Kinds(), count: folded.count)
    }

    /// Takes notice of which columns are numbers, so that a table of few rows has the columns of one with all.
    public mutating func note(_ row: ResultRow) {
        for (index, column) in folded.enumerated() {
            switch row.values[column] {
            case .integer, .real: kinds[index].hasNumber = true
            case .text: kinds[index].hasText = true
            case nil: break
            }
        }
    }

    public mutating func add(_ row: ResultRow) {
        note(row)
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

    /// Outcomes are numbers unless they are seen to be words.
    private func isNumeric(_ index: Int) -> Bool {
        let isWord = kinds[index].hasText || ["block", "reason"].contains(columns[folded[index]])
        return kinds[index].hasNumber || !isWord
    }

    /// One row a group, in the order of the groups' first rows.
    public func table() -> Table {
        let isNumeric = folded.indices.map(isNumeric)
        var names = keys.map { columns[$0] } + ["seeds", "state"]
        var plainCounts: Set<Int> = []
        for (index, column) in folded.enumerated() {
            names.append(columns[column])
            guard isNumeric[index] else { continue }
            names += [columns[column] + "_se", columns[column] + "_n"]
            let saysMore = groups.contains { (1..<max(1, $0.seeds)).contains($0.means[index].count) }
            if !saysMore { plainCounts.insert(names.count - 1) }
        }
        let rows = groups.map { group in
            var row = group.key + [.integer(group.seeds), .text(group.states.text)]
            for index in folded.indices {
                if isNumeric[index] {
                    let mean = group.means[index]
                    row.append(mean.value.map(ParameterValue.real))
                    row.append(mean.standardError.map(ParameterValue.real))
                    row.append(.integer(mean.count))
                } else {
                    row.append(group.texts[index].isEmpty ? nil : .text(group.texts[index].text))
                }
            }
            return row
        }
        return Table(columns: names, rows: rows, plainCounts: plainCounts)
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
