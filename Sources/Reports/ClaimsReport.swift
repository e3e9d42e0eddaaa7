import Results
import Sweeps

/// Whether the results bear out what their sweep file claims: a line for each claim, and for one that fails the trial
/// or group that misses it by most, and where to see more.
public struct ClaimsReport {
    let results: StoredResults
    let tallies: [ClaimTally<ResultRow>]
    /// Parameters that are not the same in all trials.
    let varying: [String]
    /// Of the sweep.
    let trials: Int

    /// Judges the claims over the trials of the sweep as it was last run, all of which must have ended.
    ///
    /// - Throws: `StoreError`, or `ReportError` where a stored value does not fit a claim.
    public init(_ claims: [Claim], on results: StoredResults) throws {
        var tallies = claims.map { ClaimTally<ResultRow>($0) }
        var varying = VaryingColumns(results.parameterColumns)
        var trials = 0
        if claims.contains(where: \.hasAggregates) {
            try results.forEachRow(of: .lastPlan) { row in
                for index in tallies.indices where tallies[index].claim.hasAggregates {
                    try Self.put(row, results, to: tallies[index].claim) {
                        try tallies[index].gather($0, isDone: $1, $2)
                    }
                }
            }
            for index in tallies.indices {
                try Self.telling(tallies[index].claim) { () throws(ExpressionError) in try tallies[index].gathered() }
            }
        }
        try results.forEachRow(of: .lastPlan) { row in
            trials += 1
            varying.note(row)
            for index in tallies.indices where tallies[index].claim.isOfSingleTrials {
                try Self.put(row, results, to: tallies[index].claim) { try tallies[index].judge($0, isDone: $1, $2) }
            }
        }
        (self.results, self.tallies, self.trials) = (results, tallies, trials)
        self.varying = varying.names
    }

    public var failures: Int { tallies.count { !$0.hasPassed } }

    private typealias Use = (ResultRow, _ isDone: Bool, Claim.Lookup) throws -> Void

    /// Gives a claim a trial with the slopes it asks for: of the series of those it selects alone, where it can.
    private static func put(_ row: ResultRow, _ results: StoredResults, to claim: Claim, _ use: Use) throws {
        var slopes: [String: Double] = [:]
        func value(_ name: String) -> ParameterValue? { slopes[name].map(ParameterValue.real) ?? row[name] }
        func read(_ wanted: [Expression.Slope]) throws {
            guard let trial = row["trial"].flatMap({ TrialID($0.description) }) else { return }
            for slope in wanted { slopes[slope.text] = try results.value(of: slope, in: trial) }
        }
        try read(claim.filterSlopes)
        if !claim.conditionSlopes.isEmpty, try selects(claim, value) { try read(claim.conditionSlopes) }
        do { try use(row, row["state"] == .text(TrialState.done.rawValue), value) } catch let error as ExpressionError {
            throw ReportError("expect: \(claim.text): \(error)")
        }
    }

    private static func selects(_ claim: Claim, _ value: Claim.Lookup) throws(ReportError) -> Bool {
        do { return try claim.selects(value) } catch { throw ReportError("expect: \(claim.text): \(error)") }
    }

    private static func telling(_ claim: Claim, _ body: () throws(ExpressionError) -> Void) throws(ReportError) {
        do { try body() } catch { throw ReportError("expect: \(claim.text): \(error)") }
    }
}

/// Which columns have not the same value in all rows.
private struct VaryingColumns {
    private let columns: [String]
    private var first: [ParameterValue?]?
    private var varies: [Bool]

    init(_ columns: [String]) {
        self.columns = columns
        varies = columns.map { _ in false }
    }

    mutating func note(_ row: ResultRow) {
        let values = columns.map { row[$0] }
        guard let first else {
            first = values
            return
        }
        for index in columns.indices where values[index] != first[index] { varies[index] = true }
    }

    var names: [String] { zip(columns, varies).compactMap { $1 ? $0 : nil } }
}
