import LinearAlgebra

/// The last layer z = W h + b.
public struct LinearClassifier: Equatable, Sendable {
    /// W (K × d); row k is the classifier w_k.
    public let weights: Matrix
    /// b (K); nil if the layer has none, which measures as b = 0.
    public let bias: [Double]?

    public init(weights: Matrix, bias: [Double]? = nil) {
        precondition(bias == nil || bias!.count == weights.rows, "length of the classifier's bias")
        self.weights = weights
        self.bias = bias
    }

    /// H Wᵀ + 1 bᵀ (samples × K) of features H (samples × d).
    public func logits(of features: Matrix) -> Matrix {
        let products = Matrix.product(features, weights, transposeB: .yes)
        guard let bias else { return products }
        return products.addingToRows(bias)
    }

    var isFinite: Bool { weights.isFinite && (bias ?? []).allSatisfy(\.isFinite) }

    /// W with each row scaled to unit length; a zero row stays zero.
    var directions: Matrix { weights.scalingRows(by: weights.rowNorms.map { $0 > 0 ? 1 / $0 : 0 }) }
}
