/// What claims compute beyond the columns of one trial.
extension Expression {
    enum Computed: Sendable {
        case aggregate(Aggregation)
        case slope(Slope)
    }

    /// A function of many trials.
    enum Aggregate: String, Sendable, CaseIterable { case count, min, max, mean, median, std }

    /// `max(abs(gap))`: a function of many trials, and what is taken of each of them.
    struct Aggregation: Sendable {
        let function: Aggregate
        /// A condition for `count`, else a value.
        var argument: Node
    }

    /// `slope(log(nc1), layer)`: the least-squares slope over the series of one trial.
    public struct Slope: Sendable {
        static let name = "slope"
        static let splits = ["train", "test"]

        public enum Axis: String, Sendable, CaseIterable {
            /// The place of a layer among those measured, counted from 0, at the last measurement.
            case layer
            /// Steps of the optimiser.
            case step
            case epoch
        }

        /// As it is written; its name among the names of the expression.
        public let text: String
        public let axis: Axis
        /// Of which samples, "train" or "test".
        public let split: String
        let ordinate: Expression
        let offset: Int
        let axisOffset: Int

        /// What the ordinate is computed from.
        public var metrics: [String] { ordinate.names }

        /// The ordinate at one point.
        ///
        /// - Parameter values: of `metrics`, one each.
        public func ordinate(_ values: [Double]) -> Double {
            // Metrics are numbers: no word is left to throw over.
            (try? ordinate.number(of: ordinate.root) { .real(values[$0]) }) ?? .nan
        }

        /// Σ (x − x̄)(y − ȳ) / Σ (x − x̄)²; nil with fewer than two different x, or with values that are not finite.
        public static func leastSquares(_ points: [(x: Double, y: Double)]) -> Double? {
            guard let first = points.first, points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else { return nil }
            let count = Double(points.count)
            // Relative to one of the points: equal values deviate by nothing, to the last bit.
            let meanX = points.reduce(0) { $0 + ($1.x - first.x) } / count
            let meanY = points.reduce(0) { $0 + ($1.y - first.y) } / count
            var (spread, joint) = (0.0, 0.0)
            for point in points {
                let x = point.x - first.x - meanX
                spread += x * x
                joint += x * (point.y - first.y - meanY)
            }
            let slope = joint / spread
            return slope.isFinite ? slope : nil
        }
    }

    /// By their place among the names.
    var slopes: [Slope] {
        names.indices.compactMap { if case .slope(let slope)? = computed[$0] { slope } else { nil } }
    }

    var aggregations: [(index: Int, aggregation: Aggregation)] {
        names.indices.compactMap { index in
            if case .aggregate(let aggregation)? = computed[index] { (index, aggregation) } else { nil }
        }
    }
}

extension Expression.Aggregate {
    /// Of one value from each trial; nil where there is none: `std` wants two trials, the others one.
    func value(of values: [Double]) -> Double? {
        guard let first = values.first else { return nil }
        let count = Double(values.count)
        switch self {
        case .count: return count
        case .min: return values.reduce(first, Swift.min)
        case .max: return values.reduce(first, Swift.max)
        case .mean: return values.reduce(0, +) / count
        case .median:
            let sorted = values.sorted()
            let middle = sorted.count / 2
            return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        case .std:
            guard values.count > 1 else { return nil }
            // Relative to one of them: equal values deviate by nothing.
            let mean = values.reduce(0) { $0 + ($1 - first) } / count
            let squares = values.reduce(0) { $0 + ($1 - first - mean) * ($1 - first - mean) }
            return (squares / (count - 1)).squareRoot()
        }
    }
}
