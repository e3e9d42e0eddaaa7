import LinearAlgebra
import NeuralCollapse

/// A point of the model at which all samples of a class share one feature, in the r dimensions it needs: what optima
/// and saddles look like, up to a rotation of feature space.
public struct ClassConfiguration: Sendable, Equatable {
    /// W (K × r).
    public let classifier: Matrix
    /// H̄ᵀ (K × r): row k is the feature of every sample of class k.
    public let features: Matrix
    /// b (K); nil for a model without.
    public let bias: [Double]?
    /// Linear hidden layers, all alike: diagonal (r × r) with these entries. 1 where there are none.
    public let hiddenGains: [Double]
    public let hiddenCount: Int

    public init(
        classifier: Matrix, features: Matrix, bias: [Double]?, hiddenGains: [Double]? = nil, hiddenCount: Int = 0
    ) {
        precondition(
            classifier.columns == features.columns && (hiddenGains?.count ?? classifier.columns) == classifier.columns,
            "dimensions of a class configuration")
        self.classifier = classifier
        self.features = features
        self.bias = bias
        self.hiddenGains = hiddenGains ?? Array(repeating: 1, count: classifier.columns)
        self.hiddenCount = hiddenCount
    }

    public var classes: Int { classifier.rows }
    /// r.
    public var dimension: Int { classifier.columns }

    public var classifierGram: Matrix { Matrix.product(classifier, classifier, transposeB: .yes) }
    public var featureGram: Matrix { Matrix.product(features, features, transposeB: .yes) }

    /// WH̄ + b1ᵀ (K × K): column k holds the logits of the samples of class k.
    public var logits: Matrix {
        var scaled = features
        for _ in 0..<hiddenCount {
            scaled = Matrix(rows: classes, columns: dimension) { scaled[$0, $1] * hiddenGains[$1] }
        }
        let product = Matrix.product(classifier, scaled, transposeB: .yes)
        guard let bias else { return product }
        return Matrix(rows: classes, columns: classes) { product[$0, $1] + bias[$0] }
    }

    public var classifierSquaredNorm: Double { classifier.elements.reduce(0) { $0 + $1 * $1 } }

    /// ‖H‖² of all N samples, `sizes[k]` of class k.
    public func featuresSquaredNorm(sizes: [Int]) -> Double {
        zip(sizes, features.rowNorms).reduce(0) { $0 + Double($1.0) * $1.1 * $1.1 }
    }

    /// How far W (K × d) and class features (K × d, a row a class) are from this configuration turned by any rotation:
    /// the larger of ‖WWᵀ − G_W‖_F/‖G_W‖_F and the same of the features. Where the configuration is zero, absolute.
    public func deviation(classifier other: Matrix, features otherFeatures: Matrix) -> Double {
        func distance(_ a: Matrix, _ gram: Matrix) -> Double {
            let (difference, norm) = (Matrix.product(a, a, transposeB: .yes) - gram, gram.frobeniusNorm)
            return difference.frobeniusNorm / (norm > 0 ? norm : 1)
        }
        return max(distance(other, classifierGram), distance(otherFeatures, featureGram))
    }
}

extension UnconstrainedFeatureModel {
    /// A configuration as a point of this model: coordinates behind the first r are zero. nil where fewer are there,
    /// and for sets of labels.
    public func point(of configuration: ClassConfiguration) -> UnconstrainedFeaturePoint? {
        let (r, width) = (configuration.dimension, classifierWidth)
        guard min(dimension, width) >= r, let sizes = samples.classSizes(classes: classes) else { return nil }
        let labels = sizes.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
        let isTrained = hasClassifier && classifier == .learned
        return UnconstrainedFeaturePoint(
            classifier: isTrained
                ? Matrix(rows: classes, columns: width) { $1 < r ? configuration.classifier[$0, $1] : 0 } : nil,
            hidden: (0..<depth - 1).map { layer in
                Matrix(rows: width, columns: layer == 0 ? dimension : width) {
                    $0 == $1 && $0 < r ? configuration.hiddenGains[$0] : 0
                }
            },
            features: Matrix(rows: dimension, columns: labels.count) {
                $0 < r ? configuration.features[labels[$1], $0] : 0
            }, bias: configuration.bias)
    }
}

extension ClassConfiguration {
    /// W and H̄ along the same simplex frame, its vectors scaled to these lengths (r = K − 1).
    static func simplex(classes: Int, classifierNorm: Double, featureNorm: Double, bias: [Double]?) -> Self {
        let frame = SimplexETF(classes: classes, dimension: classes - 1).vectors
        return Self(classifier: classifierNorm * frame, features: featureNorm * frame, bias: bias)
    }

    /// The balanced factors of given class logits X̄ (K × K, column k those of class k): with X = X̄ D^½ = Σ s_j u_j
    /// v_jᵀ, D = diag(n_k), the W and H of least λ_W‖W‖² + λ_H‖H‖² among all with WH̄ = X̄ (docs/THEORY.md, "One matrix
    /// instead of two"). Singular values below 10⁻¹³ of the largest are rounding.
    static func balanced(
        logits: Matrix, sizes: [Int], decays: (classifier: Double, features: Double), bias: [Double]?
    ) -> Self {
        let roots = sizes.map { Double($0).squareRoot() }
        let weighted = Matrix(rows: logits.rows, columns: logits.columns) { logits[$0, $1] * roots[$1] }
        let parts = weighted.singularValues()
        let rank = parts.values.prefix { $0 > 1e-13 * max(parts.values[0], .leastNormalMagnitude) }.count
        let share = (decays.features / decays.classifier).squareRoot()
        return Self(
            classifier: Matrix(rows: logits.rows, columns: rank) { row, j in
                (share * parts.values[j]).squareRoot() * parts.left[j, row]
            },
            features: Matrix(rows: logits.columns, columns: rank) { column, j in
                (parts.values[j] / share).squareRoot() * parts.right[j, column] / roots[column]
            }, bias: bias)
    }

    /// W = H = 0.
    static func zero(classes: Int, bias: [Double]?) -> Self {
        Self(classifier: Matrix(rows: classes, columns: 0), features: Matrix(rows: classes, columns: 0), bias: bias)
    }
}
