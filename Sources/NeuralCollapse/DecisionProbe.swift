import LinearAlgebra

/// Measures decisions and margins of samples against fixed class means and a fixed classifier.
///
/// The means are those of the training samples also when test samples are measured (Papyan et al. 2020). Features of a
/// layer that no classifier reads have their nearest class means alone.
public struct DecisionProbe: Sendable {
    private let classes: Int
    private let dimension: Int
    private let classifier: LinearClassifier?
    /// μ_G; nil if undefined.
    private let centre: [Double]?
    /// Whether nearest class means are defined: not if a class has no samples, a mean is not finite, or all coincide.
    private let hasMeans: Bool
    /// Whether angles with the classifier's rows are defined: not if there is none, or all of its rows are zero.
    private let hasDirections: Bool
    /// What features centred at μ_G are multiplied with: the rows μ_k − μ_G, then the classifier's rows scaled to unit
    /// length, where defined (K or 2K × d). One product of both reads the features once.
    private let axes: Matrix
    /// ‖μ_k − μ_G‖².
    private let squaredLengths: [Double]
    /// The length below which h − μ_G is rounding.
    private let resolution: Double

    /// - Parameters:
    ///   - statistics: of the training samples: the class means, and μ_G under `weighting`.
    ///   - classifier: of the same K and d, if these features have one.
    public init(statistics: ClassStatistics, classifier: LinearClassifier? = nil, weighting: Weighting = .class) {
        precondition(
            classifier == nil
                || classifier!.weights.rows == statistics.classes
                    && classifier!.weights.columns == statistics.dimension,
            "shape of the classifier")
        (classes, dimension) = (statistics.classes, statistics.dimension)
        self.classifier = classifier
        let globalMean = statistics.globalMean(weighting)
        let centred = globalMean.map { statistics.means.subtractingFromRows($0) }
        let lengths = centred?.rowNorms ?? []
        resolution = statistics.resolution
        let distinct = lengths.contains { $0 > statistics.resolution }
        centre = globalMean
        hasMeans = distinct && centred!.isFinite
        squaredLengths = lengths.map { $0 * $0 }
        let directions = classifier.flatMap { $0.isFinite && $0.weights.frobeniusNorm > 0 ? $0.directions : nil }
        hasDirections = directions != nil
        let rows = (hasMeans ? centred!.elements : []) + (directions?.elements ?? [])
        axes = Matrix(rows: rows.count / dimension, columns: dimension, elements: rows)
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
        precondition(features.columns == dimension, "feature dimension differs from the statistics'")
        precondition(labels.count == features.rows, "number of labels")
        precondition(
            logits == nil || logits!.rows == features.rows && logits!.columns == classes, "shape of the logits")
        var total = DecisionStatistics()
        // In blocks, which stay in cache between the steps.
        let blockRows = 256
        var block = Matrix(rows: min(blockRows, features.rows), columns: dimension)
        for first in stride(from: 0, to: features.rows, by: blockRows) {
            let range = first..<min(first + blockRows, features.rows)
            if range.count < block.rows { block = Matrix(rows: range.count, columns: dimension) }
            total.merge(
                statistics(
                    ofBlock: features.rows(range), labels: labels[range], logits: logits?.rows(range), in: &block))
        }
        return total
    }

    /// `block` is memory for the rows in Float64.
    private func statistics<Scalar>(
        ofBlock features: FeatureRows<Scalar>, labels: ArraySlice<Int32>, logits given: Matrix?, in block: inout Matrix
    ) -> DecisionStatistics {
        var result = DecisionStatistics()
        result.samples = features.rows
        (result.nearestMeanErrors, result.mismatches) = (nil, nil)
        (result.marginMin, result.cosineMarginMin) = (nil, nil)
        // Distances and angles are those of h − μ_G: far from the origin, ‖h − μ_k‖² would be lost to cancellation.
        block.setRows(of: features, startingAt: 0, minus: centre ?? Array(repeating: 0, count: dimension))
        let lengths = block.rowNorms
        guard lengths.allSatisfy(\.isFinite) else { return result }
        var products: Matrix?
        if centre != nil, axes.rows > 0 { products = Matrix.product(block, axes, transposeB: .yes) }

        let logits = given ?? ownLogits(of: features, in: &block)
        if let logits, !logits.isFinite { return result }
        if let logits { result.marginMin = smallestMargin(of: logits, labels: labels) }
        guard let products else { return result }
        if hasMeans {
            let nearest = nearestMeans(products)
            result.nearestMeanErrors = zip(nearest, labels).count { $0 != Int($1) }
            result.mismatches = logits.map { logits in
                nearest.enumerated().count { largestColumn(of: logits, row: $0) != $1 }
            }
        }
        if hasDirections {
            // A sample at μ_G itself has no angle; its cosines count as 0, its margin as 0: the decision is a tie.
            let factors = lengths.map { $0 > resolution ? 1 / $0 : 0 }
            result.cosineMarginMin = smallestMargin(
                of: products, startingAt: axes.rows - classes, scaledBy: factors, labels: labels)
        }
        return result
    }

    /// W h + b, of the features themselves: what a tie is in them is one here.
    private func ownLogits<Scalar>(of features: FeatureRows<Scalar>, in block: inout Matrix) -> Matrix? {
        guard let classifier else { return nil }
        block.setRows(of: features, startingAt: 0, minus: Array(repeating: 0, count: dimension))
        return classifier.logits(of: block)
    }

    /// argmin ‖h − μ_k‖² = argmin ‖c_k‖² − 2 g·c_k with g = h − μ_G and c_k = μ_k − μ_G; of equals, the first class.
    private func nearestMeans(_ products: Matrix) -> [Int] {
        (0..<products.rows).map { sample in
            var (nearest, smallest) = (0, squaredLengths[0] - 2 * products[sample, 0])
            for k in 1..<classes {
                let distance = squaredLengths[k] - 2 * products[sample, k]
                if distance < smallest { (nearest, smallest) = (k, distance) }
            }
            return nearest
        }
    }

    /// The class with the largest logit; of equals, the first.
    private func largestColumn(of logits: Matrix, row: Int) -> Int {
        var (decided, largest) = (0, logits[row, 0])
        for k in 1..<classes where logits[row, k] > largest { (decided, largest) = (k, logits[row, k]) }
        return decided
    }

    /// min over rows of factor · (score[y] − max_{j≠y} score[j]), the scores of the K classes from column `first` on;
    /// +∞ of no rows.
    private func smallestMargin(
        of scores: Matrix, startingAt first: Int = 0, scaledBy factors: [Double]? = nil, labels: ArraySlice<Int32>
    ) -> Double {
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
