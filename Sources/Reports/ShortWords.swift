import Sweeps

/// Long words, such as lists of layers, cut to what a table has room for, so that different words stay different.
enum ShortWords {
    private static let shortest = 16

    /// The rows with words in the first `columns` columns cut, as little as it takes for the table to be no wider than
    /// `width`, but to no fewer than 16 letters.
    ///
    /// - Parameter others: titles and gaps included, what all other columns take.
    static func fitted(
        _ rows: [[ParameterValue?]], titles: [String], width: Int, others: Int
    ) -> [[ParameterValue?]] {
        let cells = rows.map { row in row.map { NumberText.short($0).count } }
        func total(_ limit: Int) -> Int {
            titles.indices.reduce(others) { sum, column in
                let widest = rows.indices.reduce(0) { widest, row in
                    let isWord = rows[row][column].map(isText) ?? false
                    return max(widest, isWord ? min(cells[row][column], limit) : cells[row][column])
                }
                return sum + max(widest, titles[column].count)
            }
        }
        var limit = cells.joined().max() ?? 0
        while limit > shortest, total(limit) > width { limit -= 1 }
        var rows = rows
        for column in titles.indices {
            let words = rows.compactMap { row in row[column].map(isText) == true ? row[column]?.description : nil }
            let short = shortened(words, to: max(limit, shortest))
            for row in rows.indices {
                guard case .text(let word)? = rows[row][column] else { continue }
                rows[row][column] = .text(short[word] ?? word)
            }
        }
        return rows
    }

    /// Each word with at most `limit` letters: without its middle; or, where two would look the same, with its
    /// beginning and what follows from where they differ; or with a number behind it.
    static func shortened(_ words: [String], to limit: Int) -> [String: String] {
        var short: [String: String] = [:]
        var distinct: [String] = []
        for word in words where short[word] == nil {
            short[word] = middleCut(word, to: limit)
            distinct.append(word)
        }
        for group in alike(distinct, short) {
            let start = commonPrefix(group)
            for word in group {
                let (head, rest) = (word.prefix(limit / 4), word.dropFirst(start))
                short[word] = middleCut("\(head)…\(rest)", to: limit, tail: 0)
            }
        }
        let still = Set(alike(distinct, short).joined())
        for (index, word) in distinct.filter(still.contains).enumerated() {
            let mark = "#\(index + 1)"
            short[word] = middleCut(word, to: limit - mark.count) + mark
        }
        return short
    }

    /// Words with the same short form, in groups of two and more.
    private static func alike(_ words: [String], _ short: [String: String]) -> [[String]] {
        Dictionary(grouping: words) { short[$0] ?? $0 }.values.filter { $0.count > 1 }
    }

    private static func commonPrefix(_ words: [String]) -> Int {
        let first = Array(words[0])
        return words.dropFirst().reduce(first.count) { length, word in
            min(length, zip(first, word).prefix { $0 == $1 }.count)
        }
    }

    private static func middleCut(_ word: String, to limit: Int, tail: Int? = nil) -> String {
        guard word.count > limit, limit > 1 else { return word }
        let tail = tail ?? (limit - 1) / 3
        return word.prefix(limit - 1 - tail) + "…" + word.suffix(tail)
    }

    private static func isText(_ value: ParameterValue) -> Bool { if case .text = value { true } else { false } }
}
