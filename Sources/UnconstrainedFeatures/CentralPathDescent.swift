import LinearAlgebra
import NeuralCollapse

/// Gradient descent on the features of squared error along its central path: before each step the classifier is the
/// least-squares one (with a bias, without decays), after it the variation within classes is brought back to Σ_W = I
/// (Han, Papyan and Donoho 2021, the continually renormalised flow, in steps).
///
/// What a step does within classes is a multiplication from the left, which is undone; what remains is that class means
/// move along −(1/n)∂L/∂μ_k. So a step of size η is an Euler step of ω̇ = (1/n)·ω/(K + ω²)² for each singular value of
/// `CentralPath`, and steps of vanishing size follow its invariant.
public struct CentralPathDescent: Sendable {
    /// (N × d)
    public private(set) var features: Matrix
    public let labels: [Int32]
    public let classes: Int
    /// Σ η of the steps so far.
    public private(set) var time = 0.0

    /// Starts from Σ_W^{−½}h of the given features (N × d).
    ///
    /// - Returns: nil where `CentralPath` has no values.
    public init?(features: Matrix, labels: [Int32], classes: Int) {
        var statistics = ClassStatistics(classes: classes, dimension: features.columns)
        statistics.add(features, labels: labels)
        guard CentralPath(of: statistics) != nil, let root = statistics.inverseRootOfWithinClassCovariance else {
            return nil
        }
        self.features = features * root
        self.labels = labels
        self.classes = classes
    }

    public var statistics: ClassStatistics {
        var statistics = ClassStatistics(classes: classes, dimension: features.columns)
        statistics.add(features, labels: labels)
        return statistics
    }

    /// h ← h − η ∂L/∂h with L the mean of ½‖W h + b − e_y‖² at its least-squares W and b; then
    /// h ← μ_y + Σ_W^{−½}(h − μ_y).
    public mutating func step(_ learningRate: Double) {
        let before = statistics
        let anything = LinearClassifier(
            weights: Matrix(rows: classes, columns: features.columns), bias: Array(repeating: 0, count: classes))
        guard
            let leastSquares = SquaredErrorDecomposition(
                of: before, classifier: anything, classifierDecay: 0, biasDecay: 0)?.leastSquares
        else { preconditionFailure("central path of features that are not finite") }
        var residuals = leastSquares.logits(of: features)
        for (sample, label) in labels.enumerated() { residuals[sample, Int(label)] -= 1 }
        features.add(residuals * leastSquares.weights, scaledBy: -learningRate / Double(labels.count))

        let after = statistics
        guard let root = after.inverseRootOfWithinClassCovariance else {
            preconditionFailure("the step was so long that a direction within classes vanished")
        }
        let means = Matrix(rows: labels.count, columns: features.columns) { after.means[Int(labels[$0]), $1] }
        features = means + (features - means) * root
        time += learningRate
    }
}
