import LinearAlgebra

/// What must be counted sample by sample: errors of the nearest class mean, its disagreement with the classifier, and
/// the smallest margins.
///
/// Like `ClassStatistics`, those of parts add up; here exactly, in any order.
public struct DecisionStatistics: Equatable, Sendable {
    public internal(set) var samples = 0
    /// How many samples are nearest to the mean of another class than theirs; nil if undefined.
    public internal(set) var nearestMeanErrors: Int? = 0
    /// How many samples the classifier and the nearest class mean put in different classes; nil if undefined.
    public internal(set) var mismatches: Int? = 0
    /// min over samples of z_y − max_{j≠y} z_j; nil after a logit that is NaN or infinite; +∞ of no samples.
    public internal(set) var marginMin: Double? = .infinity
    /// The same of the cosines between h − μ_G and w_k; nil if undefined; +∞ of no samples.
    public internal(set) var cosineMarginMin: Double? = .infinity

    /// Statistics of no samples.
    public init() {}

    /// Adds the samples of `other`. What is undefined for a part is undefined for the whole.
    public mutating func merge(_ other: DecisionStatistics) {
        func both<Value>(_ a: Value?, _ b: Value?, _ combine: (Value, Value) -> Value) -> Value? {
            guard let a, let b else { return nil }
            return combine(a, b)
        }
        samples += other.samples
        nearestMeanErrors = both(nearestMeanErrors, other.nearestMeanErrors, +)
        mismatches = both(mismatches, other.mismatches, +)
        marginMin = both(marginMin, other.marginMin, min)
        cosineMarginMin = both(cosineMarginMin, other.cosineMarginMin, min)
    }

    /// Everything as `serializedCount` numbers, NaN for what is undefined, to be sent to another process.
    public var serialized: [Double] {
        [
            Double(samples), nearestMeanErrors.map(Double.init) ?? .nan, mismatches.map(Double.init) ?? .nan,
            marginMin ?? .nan, cosineMarginMin ?? .nan,
        ]
    }

    /// How many numbers `serialized` holds.
    public static let serializedCount = 5

    /// The statistics whose `serialized` form is `numbers`.
    public init(serialized numbers: [Double]) {
        precondition(numbers.count == Self.serializedCount, "length of serialized decision statistics")
        func defined(_ number: Double) -> Double? { number.isNaN ? nil : number }
        samples = Int(numbers[0])
        nearestMeanErrors = defined(numbers[1]).map { Int($0) }
        mismatches = defined(numbers[2]).map { Int($0) }
        marginMin = defined(numbers[3])
        cosineMarginMin = defined(numbers[4])
    }
}
