import LinearAlgebra

/// The squared error of a classifier on class statistics, with its decays, in three parts that add up to it (Han,
/// Papyan and Donoho, "Neural collapse under MSE loss: proximity to and dynamics on the central path", 2021, section
/// 2):
///
///     L = (1/2N) Σ ‖W h_i + b − e_{y_i}‖² + (λ_W/2)‖W‖² + (λ_b/2)‖b‖² = L_NC1 + L_NC2/3 + L_⊥.
///
/// The first two are L at the least-squares classifier (W_LS, b_LS) of the same features, on the central path: what
/// varies within classes and what the class means leave; the third is the classifier's distance from that path. The
/// paper's λ is both decays here, and its classes are of one size; neither is needed.
public struct SquaredErrorDecomposition: Equatable, Sendable {
    /// The minimiser of L for these features, that of least norm where there are several; without a bias if the
    /// classifier has none.
    public let leastSquares: LinearClassifier
    /// L_NC1 = ½[tr(W_LS (Σ_W + λ_W I) W_LSᵀ) + λ_b ‖b_LS‖²].
    public let variability: Double
    /// L_NC2/3 = ½ Σ_k (n_k/N) ‖W_LS μ_k + b_LS − e_k‖².
    public let classMeans: Double
    /// L_⊥ = ½ tr((W̃ − W̃_LS)(Σ̃ + Λ)(W̃ − W̃_LS)ᵀ) with W̃ = [W b], Σ̃ the mean of h̃h̃ᵀ, h̃ = (h, 1), Λ the decays.
    public let distance: Double

    /// L.
    public var total: Double { variability + classMeans + distance }

    /// - Returns: nil while a class has no samples, or a feature or weight is not finite.
    public init?(
        of statistics: ClassStatistics, classifier: LinearClassifier, classifierDecay: Double, biasDecay: Double
    ) {
        precondition(classifierDecay >= 0 && biasDecay >= 0, "negative decay of a classifier")
        precondition(
            classifier.weights.rows == statistics.classes && classifier.weights.columns == statistics.dimension,
            "shape of the classifier")
        guard let shares = statistics.weights(.sample), statistics.isFinite, classifier.isFinite else { return nil }
        let (k, d) = (statistics.classes, statistics.dimension)
        let hasBias = classifier.bias != nil
        let width = hasBias ? d + 1 : d
        let withinClass = 1 / Double(statistics.sampleCount) * statistics.withinClassScatter
        // μ̃_k as rows: the mean and a 1 for the bias.
        let means = Matrix(rows: k, columns: width) { $1 < d ? statistics.means[$0, $1] : 1 }
        var moments = Matrix(rows: width, columns: width) { $0 < d && $1 < d ? withinClass[$0, $1] : 0 }
        moments.addGram(of: means.scalingRows(by: shares.map { $0.squareRoot() }))
        for j in 0..<width { moments[j, j] += j < d ? classifierDecay : biasDecay }

        // W̃_LS = (mean of e_y h̃ᵀ)(Σ̃ + Λ)⁺
        let solution = Self.solve(moments, means.scalingRows(by: shares))
        let bias = hasBias ? (0..<k).map { solution[$0, d] } : nil
        leastSquares = LinearClassifier(weights: Matrix(rows: k, columns: d) { solution[$0, $1] }, bias: bias)

        var decayed = withinClass
        for j in 0..<d { decayed[j, j] += classifierDecay }
        let biasCost = (bias ?? []).reduce(0) { $0 + biasDecay * $1 * $1 }
        variability = (Self.quadraticForm(leastSquares.weights, decayed) + biasCost) / 2
        let residuals = leastSquares.logits(of: statistics.means) - .identity(k)
        classMeans = zip(shares, residuals.rowNorms).reduce(0) { $0 + $1.0 * $1.1 * $1.1 } / 2
        let difference = Matrix(rows: k, columns: width) {
            ($1 < d ? classifier.weights[$0, $1] : classifier.bias![$0]) - solution[$0, $1]
        }
        distance = Self.quadraticForm(difference, moments) / 2
    }

    /// X A⁺ for a positive semidefinite A; eigenvalues that are rounding count as zero.
    private static func solve(_ a: Matrix, _ x: Matrix) -> Matrix {
        let eigen = a.symmetricEigen()
        let smallest = 10 * Double(a.rows) * Double.ulpOfOne * (eigen.values.first ?? 0)
        let inverses = eigen.values.map { $0 > smallest ? 1 / $0 : 0 }
        let coordinates = Matrix.product(x, eigen.vectors, transposeB: .yes)
        return Matrix(rows: x.rows, columns: a.rows) { coordinates[$0, $1] * inverses[$1] } * eigen.vectors
    }

    /// tr(X A Xᵀ).
    private static func quadraticForm(_ x: Matrix, _ a: Matrix) -> Double {
        zip((x * a).elements, x.elements).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
