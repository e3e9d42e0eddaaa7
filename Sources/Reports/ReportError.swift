import Sweeps

/// A request no report can meet, said in one line.
public struct ReportError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    /// Names what exists, and the likely meaning first.
    public static func unknown(_ kind: String, _ name: String, known: [String]) -> ReportError {
        guard !known.isEmpty else { return ReportError("no \(kind) '\(name)'; there is none in these results") }
        return ReportError("no \(kind) '\(name)'; \(hint(for: name, among: known))")
    }
}
