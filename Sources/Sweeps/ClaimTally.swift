/// Judges one claim over the trials of a sweep: `gather` is called with all of them, in the order of the plan, where
/// the claim has aggregates, then `judge` with all of them again, where it is of single trials.
///
/// `Row` is whatever the caller knows a trial by.
public struct ClaimTally<Row> {
    /// The trial or group that misses the claim by most.
    public struct Worst {
        /// The trial; of a group, one without a value, if there is any.
        public let row: Row?
        /// The values of the columns under `by`.
        public let group: [ParameterValue?]
        /// The value of the claim's `subjectText`.
        public let subject: Double?
        /// Nobody knows whether the claim holds: a value is missing.
        public let isUnknown: Bool
        /// What the trial lacks of what the claim reads.
        public let missing: String?
        fileprivate let excess: Double
    }

    /// Trials that agree in the columns under `by`.
    private struct Group {
        let key: [ParameterValue?]
        /// By aggregate.
        var contributions: [[Double]]
        /// The first trial that lacks a value an aggregate asks for.
        var incomplete: (row: Row, missing: String?)?
        var aggregates: [Double?] = []
    }

    public let claim: Claim
    /// Trials that `where` selects.
    public private(set) var trials = 0
    /// Trials or groups for which the claim does not hold.
    public private(set) var failures = 0
    /// Those of them for which nobody knows, as a value is missing.
    public private(set) var unknown = 0
    public private(set) var worst: Worst?
    private var groups: [Group] = []
    private var numbers: [[ParameterValue?]: Int] = [:]

    public init(_ claim: Claim) { self.claim = claim }

    /// How many groups of trials there are; nil for a claim on single trials.
    public var groupCount: Int? { claim.isOfSingleTrials ? nil : groups.count }

    /// A claim on no trial says nothing, and does not pass.
    public var hasPassed: Bool { trials > 0 && failures == 0 }

    /// - Parameters:
    ///   - isDone: whether the trial has done what it should; the others have no value.
    ///   - value: of a column or slope in this trial.
    public mutating func gather(_ row: Row, isDone: Bool, _ value: Claim.Lookup) throws(ExpressionError) {
        guard claim.hasAggregates, try claim.selects(value) else { return }
        if !claim.isOfSingleTrials { trials += 1 }
        let number = number(ofGroup: claim.groupColumns.map(value))
        let contributions = isDone || claim.readsState ? try claim.contributions(value) : []
        guard !contributions.isEmpty, contributions.allSatisfy({ $0 != nil }) else {
            groups[number].incomplete = groups[number].incomplete ?? (row, claim.missing(value))
            return
        }
        for (index, contribution) in contributions.enumerated() {
            groups[number].contributions[index].append(contribution ?? .nan)
        }
    }

    /// After the last call of `gather`, before the first one of `judge`.
    public mutating func gathered() throws(ExpressionError) {
        for index in groups.indices {
            let group = groups[index]
            // With a value missing nobody knows what the aggregate would be.
            groups[index].aggregates =
                group.incomplete == nil
                ? claim.aggregates(of: group.contributions) : group.contributions.map { _ in nil }
            groups[index].contributions = []
            guard !claim.isOfSingleTrials else { continue }
            let judgement = try claim.judge(aggregates: groups[index].aggregates) { _ in nil }
            note(judgement, group.incomplete?.row, group.key, missing: group.incomplete?.missing)
        }
    }

    /// The parameters are those of `gather`.
    public mutating func judge(_ row: Row, isDone: Bool, _ value: Claim.Lookup) throws(ExpressionError) {
        guard claim.isOfSingleTrials, try claim.selects(value) else { return }
        trials += 1
        let key = claim.groupColumns.map(value)
        let group = claim.hasAggregates ? groups[number(ofGroup: key)] : nil
        let judgement =
            isDone || claim.readsState
            ? try claim.judge(aggregates: group?.aggregates ?? [], value)
            : Claim.Judgement(holds: nil, excess: .infinity, subject: nil)
        guard judgement.holds == nil else { return note(judgement, row, key, missing: nil) }
        let missing = claim.missing(value)
        if missing == nil, let other = group?.incomplete {
            // It is another trial of the group that lacks what this one is held against.
            note(judgement, other.row, key, missing: other.missing)
        } else {
            note(judgement, row, key, missing: missing)
        }
    }

    private mutating func number(ofGroup key: [ParameterValue?]) -> Int {
        if let number = numbers[key] { return number }
        numbers[key] = groups.count
        groups.append(Group(key: key, contributions: claim.emptyContributions))
        return groups.count - 1
    }

    private mutating func note(
        _ judgement: Claim.Judgement, _ row: Row?, _ group: [ParameterValue?], missing: String?
    ) {
        guard judgement.holds != true else { return }
        failures += 1
        if judgement.holds == nil { unknown += 1 }
        if let worst, !(judgement.excess > worst.excess) { return }
        worst = Worst(
            row: row, group: group, subject: judgement.subject, isUnknown: judgement.holds == nil,
            missing: missing, excess: judgement.excess)
    }
}

extension Claim {
    /// The first of what the claim reads that has no value, or NaN.
    fileprivate func missing(_ value: Lookup) -> String? {
        names.first { name in value(name).map { $0.number?.isNaN ?? false } ?? true }
    }

    fileprivate var emptyContributions: [[Double]] { condition.aggregations.map { _ in [] } }
}
