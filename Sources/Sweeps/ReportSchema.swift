/// What the trials of one problem report, so that claims on it can be checked before any trial runs: the counterpart
/// of `ParameterSchema`. Each problem of the `Runner` declares its own, and what it reports is held against that.
public struct ReportSchema: Sendable {
    /// Columns of the table of results that are no parameters.
    public let columns: [Vocabulary.Name]
    /// Metrics of the series that are of the whole model.
    public let modelMetrics: [String]
    /// Metrics of the series that each measured layer has.
    public let layerMetrics: [String]
    /// Whether measurements have an epoch; a step they have always.
    public let hasEpochs: Bool

    public init(
        columns: [Vocabulary.Name], modelMetrics: [String] = [], layerMetrics: [String] = [], hasEpochs: Bool = false
    ) {
        self.columns = columns
        self.modelMetrics = modelMetrics
        self.layerMetrics = layerMetrics
        self.hasEpochs = hasEpochs
    }
}
