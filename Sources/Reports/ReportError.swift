/// A request no report can meet, said in one line.
public struct ReportError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    /// Names what exists, and the likely meaning first.
    public static func unknown(_ kind: String, _ name: String, known: [String]) -> ReportError {
        let near = known.map { (name: $0, distance: distance(name.lowercased(), $0.lowercased())) }
            .min { $0.distance < $1.distance }
        if let near, near.distance <= max(2, name.count / 3) {
            return ReportError("no \(kind) '\(name)'; did you mean '\(near.name)'?")
        }
        guard !known.isEmpty else { return ReportError("no \(kind) '\(name)'; there is none in these results") }
        return ReportError("no \(kind) '\(name)'; there are \(known.joined(separator: ", "))")
    }

    /// Insertions, deletions and replacements that turn one text into the other (Levenshtein 1966).
    private static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b)
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                let replaced = diagonal + (left == right ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
