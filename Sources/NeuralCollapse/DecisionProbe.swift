import LinearAlgebra

/// Measures decisions and margins of samples against fixed class means and a fixed classifier.
///
/// The means are those of the training samples also when test samples are measured (Papyan et al. 2020).
public struct DecisionProbe: Sendable {
    private let classifier: LinearClassifier
    /// μ_G; nil if undefined.
    private let centre: [Double]?
    /// Whether nearest class means are defined: not if a class has no samples, a mean is not finite, or all coincide.
    private let hasMeans: Bool
    /// Whether angles with the classifier's rows are defined: not if all of these are zero.
    private let hasDirections: Bool
    /// What features centred at μ_G are multiplied with (2K × d): the rows μ_k − μ_G, then the classifier's rows scaled
    /// to unit length. One product of both reads the features once. Zero where undefined.
    private let axes: Matrix
    /// ‖μ_k − μ_G‖².
    private let squaredLengths: [Double]
    /// The length below which h − μ_G is rounding.
    private let resolution: Double

    /// - Parameters:
    ///   - statistics: of the training samples: the class means, and μ_G under `weighting`.
    ///   - classifier: of the same K and d.
    public init(statistics: ClassStatistics, classifier: LinearClassifier, weighting: Weighting = .class) {
        precondition(
            classifier.weights.rows == statistics.classes && classifier.weights.columns == statistics.dimension,
            "shape of the classifier")
        self.classifier = classifier
        let globalMean = statistics.globalMean(weighting)
        let centred = globalMean.map { statistics.means.subtractingFromRows($0) }
        let lengths = centred?.rowNorms ?? []
        resolution = statistics.resolution
        let distinct = lengths.contains { $0 > statistics.resolution }
        centre = globalMean
        hasMeans = distinct && centred!.isFinite
        squaredLengths = lengths.map { $0 * $0 }
        hasDirections = classifier.isFinite && classifier.weights.frobeniusNorm > 0
        let nothing = [Double](repeating: 0, count: classifier.weights.elements.count)
        axes = Matrix(
            rows: 2 * classifier.weights.rows, columns: classifier.weights.columns,
            elements: (hasMeans ? centred!.elements : nothing)
                + (hasDirections ? classifier.directions.elements : nothing))
    }

    /// Statistics of labelled samples: features is (samples × d).
    ///
    /// `logits` (samples × K) replace W h + b where the head does more than that, e.g. divide by a temperature.
    public func statistics(of features: Matrix, labels: [Int32], logits: Matrix? = nil) -> DecisionStatistics {
        features.withFeatureRows { statistics(of: $0, labels: labels, logits: logits) }
    }

    /// The same of features as they lie in memory, in either precision; all is computed in Float64.
    public func statistics<Scalar>(
        of features: FeatureRows<Scalar>, labels: [Int32], logits: Matrix? = nil
    ) -> DecisionStatistics {
        precondition(features.columns == classifier.weights.columns, "feature dimension differs from the classifier's")
        precondition(labels.count == features.rows, "number of labels")
        precondition(
            logits == nil || logits!.rows == features.rows && logits!.columns == classifier.weights.rows,
            "shape of the logits")
        var total = DecisionStatistics()
        // In blocks, which stay in cache between the steps.
        let blockRows = 256
        var block = Matrix(rows: min(blockRows, features.rows), columns: features.columns)
        for first in stride(from: 0, to: features.rows, by: blockRows) {
            let range = first..<min(first + blockRows, features.rows)
            if range.count < block.rows { block = Matrix(rows: range.count, columns: features.columns) }
            let part = features.rows(range)
            total.merge(
                statistics(ofBlock: part, labels: labels[range], logits: logits?.rows(range), in: &block))
        }
        return total
    }

    /// `block` is memory for the rows in Float64.
    private func statistics<Scalar>(
        ofBlock features: FeatureRows<Scalar>, labels: ArraySlice<Int32>, logits given: Matrix?, in block: inout Matrix
    ) -> DecisionStatistics {
        var result = DecisionStatistics()
        result.samples = features.rows
        let logits: Matrix
        if let given {
            logits = given
        } else {
            block.setRows(of: features, startingAt: 0, minus: Array(repeating: 0, count: features.columns))
            logits = classifier.logits(of: block)
        }
        guard logits.isFinite, features.isFinite else {
            (result.mismatches, result.marginMin, result.cosineMarginMin) = (nil, nil, nil)
            return result
        }
        result.marginMin = smallestMargin(of: logits, labels: labels)
        (result.mismatches, result.cosineMarginMin) = (nil, nil)
        guard let centre, hasMeans || hasDirections else { return result }
        // Distances and angles are those of h − μ_G: far from the origin, ‖h − μ_k‖² would be lost to cancellation.
        block.setRows(of: features, startingAt: 0, minus: centre)
        let products = Matrix.product(block, axes, transposeB: .yes)
        if hasMeans { result.mismatches = mismatches(products, logits) }
        if hasDirections {
            // A sample at μ_G itself has no angle; its cosines count as 0, its margin as 0: the decision is a tie.
            let factors = block.rowNorms.map { $0 > resolution ? 1 / $0 : 0 }
            result.cosineMarginMin = smallestMargin(
                of: products, startingAt: classifier.weights.rows, scaledBy: factors, labels: labels)
        }
        return result
    }

    /// argmin ‖h − μ_k‖² = argmin ‖c_k‖² − 2 g·c_k with g = h − μ_G and c_k = μ_k − μ_G; of equals, the first class.
    private func mismatches(_ products: Matrix, _ logits: Matrix) -> Int {
        var count = 0
        for sample in 0..<logits.rows {
            var (nearest, decided) = (0, 0)
            var (smallest, largest) = (squaredLengths[0] - 2 * products[sample, 0], logits[sample, 0])
            for k in 1..<logits.columns {
                let distance = squaredLengths[k] - 2 * products[sample, k]
                if distance < smallest { (nearest, smallest) = (k, distance) }
                if logits[sample, k] > largest { (decided, largest) = (k, logits[sample, k]) }
            }
            if nearest != decided { count += 1 }
        }
        return count
    }

    /// min over rows of factor · (score[y] − max_{j≠y} score[j]), the scores of the K classes from column `first` on;
    /// +∞ of no rows.
    private func smallestMargin(
        of scores: Matrix, startingAt first: Int = 0, scaledBy factors: [Double]? = nil, labels: ArraySlice<Int32>
    ) -> Double {
        let classes = classifier.weights.rows
        var smallest = Double.infinity
        for (sample, label) in labels.enumerated() {
            precondition(label >= 0 && label < classes, "label out of range")
            var rival = -Double.infinity
            for k in 0..<classes where k != Int(label) { rival = max(rival, scores[sample, first + k]) }
            smallest = min(smallest, (factors?[sample] ?? 1) * (scores[sample, first + Int(label)] - rival))
        }
        return smallest
    }
}
