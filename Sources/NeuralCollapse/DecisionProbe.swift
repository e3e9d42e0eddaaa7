import LinearAlgebra

/// Measures decisions and margins of samples against fixed class means and a fixed classifier.
///
/// The means are those of the training samples also when test samples are measured (Papyan et al. 2020).
public struct DecisionProbe: Sendable {
    private let classifier: LinearClassifier
    /// μ_G as a matrix of one row; nil if undefined.
    private let centre: Matrix?
    /// μ_k − μ_G (K × d); nil if a class has no samples, a mean is not finite, or all means coincide.
    private let centredMeans: Matrix?
    /// ‖μ_k − μ_G‖².
    private let squaredLengths: [Double]
    /// The length below which h − μ_G is rounding.
    private let resolution: Double
    /// Unit classifier rows (K × d); nil if all are zero.
    private let directions: Matrix?

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
        centre = globalMean.map { Matrix(rows: 1, columns: $0.count, elements: $0) }
        centredMeans = distinct && centred!.isFinite ? centred : nil
        squaredLengths = lengths.map { $0 * $0 }
        directions = classifier.isFinite && classifier.weights.frobeniusNorm > 0 ? classifier.directions : nil
    }

    /// Statistics of labelled samples: features is (samples × d).
    ///
    /// `logits` (samples × K) replace W h + b where the head does more than that, e.g. divide by a temperature.
    public func statistics(of features: Matrix, labels: [Int32], logits: Matrix? = nil) -> DecisionStatistics {
        precondition(features.columns == classifier.weights.columns, "feature dimension differs from the classifier's")
        precondition(labels.count == features.rows, "number of labels")
        precondition(
            logits == nil || logits!.rows == features.rows && logits!.columns == classifier.weights.rows,
            "shape of the logits")
        var total = DecisionStatistics()
        // In blocks, so that the intermediate matrices stay small however many samples there are.
        let blockRows = 1024
        for first in stride(from: 0, to: features.rows, by: blockRows) {
            let range = first..<min(first + blockRows, features.rows)
            let block = features.rows(range)
            total.merge(
                statistics(
                    ofBlock: block, labels: Array(labels[range]),
                    logits: logits?.rows(range) ?? classifier.logits(of: block)))
        }
        return total
    }

    private func statistics(ofBlock features: Matrix, labels: [Int32], logits: Matrix) -> DecisionStatistics {
        var result = DecisionStatistics()
        result.samples = features.rows
        guard logits.isFinite, features.isFinite else {
            (result.mismatches, result.marginMin, result.cosineMarginMin) = (nil, nil, nil)
            return result
        }
        result.marginMin = smallestMargin(of: logits, labels: labels)
        // Distances and angles are those of h − μ_G: far from the origin, ‖h − μ_k‖² would be lost to cancellation.
        let centred = centre.map { features.subtractingFromRows(Array($0.row(0))) }
        result.mismatches = centred.flatMap { mismatches(centred: $0, logits: logits) }
        result.cosineMarginMin = centred.flatMap { cosineMargin(centred: $0, labels: labels) }
        return result
    }

    /// argmin ‖h − μ_k‖² = argmin ‖c_k‖² − 2 g·c_k with g = h − μ_G and c_k = μ_k − μ_G; of equals, the first class.
    private func mismatches(centred: Matrix, logits: Matrix) -> Int? {
        guard let centredMeans else { return nil }
        let products = Matrix.product(centred, centredMeans, transposeB: .yes)
        var count = 0
        for sample in 0..<centred.rows {
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

    /// A sample at μ_G itself has no angle; its cosines count as 0, its margin as 0: the decision is a tie.
    private func cosineMargin(centred: Matrix, labels: [Int32]) -> Double? {
        guard let directions else { return nil }
        let lengths = Matrix.product(centred, directions, transposeB: .yes)
        let cosines = lengths.scalingRows(by: centred.rowNorms.map { $0 > resolution ? 1 / $0 : 0 })
        return smallestMargin(of: cosines, labels: labels)
    }

    /// min over rows of score[y] − max_{j≠y} score[j]; +∞ of no rows.
    private func smallestMargin(of scores: Matrix, labels: [Int32]) -> Double {
        var smallest = Double.infinity
        for (sample, label) in labels.enumerated() {
            precondition(label >= 0 && label < scores.columns, "label out of range")
            var rival = -Double.infinity
            for k in 0..<scores.columns where k != Int(label) { rival = max(rival, scores[sample, k]) }
            smallest = min(smallest, scores[sample, Int(label)] - rival)
        }
        return smallest
    }
}
