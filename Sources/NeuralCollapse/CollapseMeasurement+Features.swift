import LinearAlgebra

extension CollapseMeasurement {
    /// All metrics of features that are in memory as a whole, (samples × d), on themselves.
    public init<Scalar>(
        of features: FeatureRows<Scalar>, labels: [Int32], classes: Int, classifier: LinearClassifier? = nil,
        weighting: Weighting = .class
    ) {
        var statistics = ClassStatistics(classes: classes, dimension: features.columns)
        statistics.add(features, labels: labels)
        let decisions = DecisionProbe(statistics: statistics, classifier: classifier, weighting: weighting)
            .statistics(of: features, labels: labels)
        self.init(of: statistics, classifier: classifier, decisions: decisions, weighting: weighting)
    }
}
