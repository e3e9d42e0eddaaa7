import LinearAlgebra

/// The values of the metrics at one point of training, in the order of `Metric.allCases`.
///
/// A metric that is not defined is left out, never NaN: all feature metrics if a class has no samples or a feature is
/// not finite; angles if a vector is zero; everything of the classifier or of decisions if none is given.
public struct CollapseMeasurement: Equatable, Sendable {
    public struct Entry: Equatable, Sendable {
        public let metric: Metric
        public let value: Double
    }

    /// How classes of unequal size were weighted.
    public let weighting: Weighting
    public let entries: [Entry]

    /// - Parameters:
    ///   - statistics: of the features, of any layer.
    ///   - classifier: the layer that reads these features, (K × d).
    ///   - decisions: made by a `DecisionProbe` with the same weighting.
    ///   - weighting: of classes of unequal size.
    ///   - metrics: those wanted; only what these need is computed (`vci` needs eigenvectors of a d × d matrix).
    public init(
        of statistics: ClassStatistics, classifier: LinearClassifier? = nil, decisions: DecisionStatistics? = nil,
        weighting: Weighting = .class, metrics: Set<Metric> = Set(Metric.allCases)
    ) {
        var geometry = CollapseGeometry(
            statistics: statistics, classifier: classifier, decisions: decisions, weighting: weighting)
        self.weighting = weighting
        entries = Metric.allCases.compactMap { metric in
            guard metrics.contains(metric), let value = metric.value(in: &geometry), value.isFinite else { return nil }
            return Entry(metric: metric, value: value)
        }
    }

    /// The value of a metric, nil if it was not defined or not asked for.
    public subscript(metric: Metric) -> Double? { entries.first { $0.metric == metric }?.value }
}
