/// The candidate a misspelt word was most likely meant to be: the fewest edits (insert, delete, replace, swap two
/// neighbours; case is free) and at most a third of the word's length. Ties go to the earlier candidate.
public func suggestion(for word: String, among candidates: [String]) -> String? {
    let wanted = Array(word.lowercased().unicodeScalars.prefix(64))
    var best: (distance: Int, word: String)?
    for candidate in candidates where candidate != word {
        let distance = editDistance(wanted, Array(candidate.lowercased().unicodeScalars))
        if distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    guard let best, best.distance <= max(1, wanted.count / 3), best.distance < wanted.count || best.distance == 0
    else { return nil }
    return best.word
}

/// "; did you mean 'x'?" or, with nothing near, the words there are.
public func hint(for word: String, among candidates: [String]) -> String {
    if let near = suggestion(for: word, among: candidates) { return "did you mean '\(near)'?" }
    return "there are \(candidates.joined(separator: ", "))"
}

/// Optimal string alignment distance (Damerau 1964, each neighbouring pair swapped at most once).
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
            row.append(cost)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
