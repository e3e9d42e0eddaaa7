import Learning
import LinearAlgebra

/// The simplex-encoded-labels interpolation: where the model tends to as decays vanish (Thrampoulidis et al. 2022).
///
/// Ẑ[k, i] = 1{k = y_i} − 1/K = VΛUᵀ; then WWᵀ ∝ VΛVᵀ and HᵀH ∝ UΛUᵀ, whatever the class sizes.
public struct SELIGeometry: Sendable {
    /// VΛVᵀ (K × K), of Frobenius norm 1.
    public let classifierGram: Matrix
    /// UΛUᵀ between class means, each entry times √(n_j n_k) (K × K), of Frobenius norm 1: norms and distances are
    /// those of the N × N matrix of all samples.
    public let featureGram: Matrix
    private let roots: [Double]

    public init(classSizes: [Int]) {
        let classes = Double(classSizes.count)
        let roots = classSizes.map { Double($0).squareRoot() }
        // Columns of a class are alike: P D^½ has the singular values of Ẑ.
        let parts = Matrix(rows: roots.count, columns: roots.count) {
            (($0 == $1 ? 1 : 0) - 1 / classes) * roots[$1]
        }.singularValues()
        func gram(_ vectors: Matrix) -> Matrix {
            let scaled = vectors.scalingRows(by: parts.values.map { $0.squareRoot() })
            return Self.normalized(Matrix.product(scaled, scaled, transposeA: .yes))
        }
        self.roots = roots
        classifierGram = gram(parts.left)
        featureGram = gram(parts.right)
    }

    /// ‖WWᵀ/‖WWᵀ‖_F − VΛVᵀ/‖VΛVᵀ‖_F‖_F of a classifier W (K × d); nil where it is zero.
    public func classifierDistance(_ classifier: Matrix) -> Double? {
        distance(classifier, to: classifierGram)
    }

    /// The same of features collapsed to these class means (K × d, a row a class; not centred).
    public func featureDistance(_ classMeans: Matrix) -> Double? {
        distance(classMeans.scalingRows(by: roots), to: featureGram)
    }

    private func distance(_ rows: Matrix, to target: Matrix) -> Double? {
        let gram = Matrix.product(rows, rows, transposeB: .yes)
        guard gram.frobeniusNorm > 0, gram.isFinite else { return nil }
        return (Self.normalized(gram) - target).frobeniusNorm
    }

    private static func normalized(_ matrix: Matrix) -> Matrix { (1 / matrix.frobeniusNorm) * matrix }
}

/// Minority collapse: small classes of one size share one classifier (Fang et al. 2021, with decays in place of
/// bounds).
extension UnconstrainedFeatureModel {
    /// Which classes share their row of W with all others of their size at the optimum: those of n_k ≤ N²λ_Wλ_H/(1−α)²,
    /// α the label smoothing (0 under cross-entropy), that have others of their size. nil for other models.
    public var minorityCollapse: [Bool]? {
        guard let nuclearDecay, classifier == .learned, hidden == nil, case .classification(let loss) = loss,
            let sizes = samples.classSizes(classes: classes)
        else { return nil }
        let push: Double
        switch loss {
        case .crossEntropy: push = 1
        case .labelSmoothing(let amount): push = 1 - amount
        case .focal, .meanSquaredError, .rescaledSquaredError: return nil
        }
        let threshold = nuclearDecay * Double(sampleCount) / push
        return sizes.map { size in
            sizes.count(where: { $0 == size }) > 1 && Double(size) <= threshold * threshold
        }
    }

    /// R*: with `majority` classes of R·n_B samples and `minority` of n_B the latter collapse where R ≥ R*.
    public static func minorityCollapseRatio(
        majority: Int, minority: Int, minoritySize: Int, classifierDecay: Double, featureDecay: Double
    ) -> Double {
        (1 / (Double(minoritySize) * classifierDecay * featureDecay).squareRoot() - Double(minority)) / Double(majority)
    }
}

extension Matrix {
    /// The least cosine between two of these rows; nil for fewer than two rows, or where one is zero against the whole,
    /// up to what a solver leaves of it: the angle of such a row is rounding.
    public func leastCosine(ofRows rows: [Int]) -> Double? {
        let norms = rowNorms
        guard rows.count >= 2, rows.allSatisfy({ norms[$0] > 1e-6 * frobeniusNorm }) else { return nil }
        var least = Double.infinity
        for (position, i) in rows.enumerated() {
            for j in rows.dropFirst(position + 1) {
                let dot = zip(row(i), row(j)).reduce(0) { $0 + $1.0 * $1.1 }
                least = Swift.min(least, dot / (norms[i] * norms[j]))
            }
        }
        return least
    }
}
