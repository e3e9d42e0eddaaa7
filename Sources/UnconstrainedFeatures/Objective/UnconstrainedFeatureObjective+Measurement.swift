import Learning
import LinearAlgebra

/// What is looked at when a point is measured, in Float64.
extension UnconstrainedFeatureObjective {
    /// H as rows (N × d).
    public func featureMatrix(at point: ParameterBlock<Scalar>) -> Matrix { features(at: point).transposed }

    /// H and what each hidden layer makes of it, as rows (N × width); the last is what the classifier reads.
    public func layerFeatures(at point: ParameterBlock<Scalar>) -> [Matrix] {
        network.forward(at: point)
        return [featureMatrix(at: point)]
            + network.layers.dropLast().map {
                Matrix(rows: $0.rows, columns: $0.samples, copying: $0.output.start).transposed
            }
    }

    /// W (K × width), also where it is fixed; on spheres without the temperature. nil where there is no classifier.
    public func classifierMatrix(at point: ParameterBlock<Scalar>) -> Matrix? {
        network.layers.last.map { Matrix(rows: $0.rows, columns: $0.columns, copying: $0.weights(at: point)) }
    }

    /// b (K); nil for a model without one.
    public func biasVector(at point: ParameterBlock<Scalar>) -> [Double]? {
        variables.bias.map { slice in (0..<slice.count).map { Double(point.pointer(to: slice)[$0]) } }
    }

    /// Z (K × N), temperature and bias included; nil where there is no classifier.
    public func logits(at point: ParameterBlock<Scalar>) -> Matrix? {
        guard model.hasClassifier else { return nil }
        network.forward(at: point)
        return Matrix(rows: model.classes, columns: model.sampleCount, copying: network.outputs)
    }

    /// g(Z), the mean loss without decays, and ∇g(Z) (K × N): what the certificate of optimality looks at. Without a
    /// classifier, with respect to H (d × N).
    public func outputGradient(at point: ParameterBlock<Scalar>) -> (loss: Double, gradient: Matrix) {
        network.forward(at: point)
        let value = loss.evaluate(network.outputs)
        let rows = model.hasClassifier ? model.classes : model.dimension
        return (value, Matrix(rows: rows, columns: model.sampleCount, copying: network.outputs))
    }

    /// ‖∇f‖ ÷ the size of the forces that balance at an optimum, a number that `tolerance` bounds.
    ///
    /// Under decays it is ‖∇f‖/(Λ(1 + ‖θ‖)), the gradient measured against their pull (λ_H for Λ where the features
    /// alone decay); the 1 keeps it meaningful where the optimum is zero. Bound variables have no pull to measure by,
    /// and losses fall to exponentially small values: there it is ‖∇f‖‖θ‖/f, the relative change of f were θ moved by
    /// its own length.
    ///
    /// - Parameters:
    ///   - gradient: on spheres its projection, the Riemannian gradient.
    ///   - value: f.
    public func relativeGradientNorm(
        _ gradient: ParameterBlock<Scalar>, at point: ParameterBlock<Scalar>, value: Double
    ) -> Double {
        guard let decays = model.decays else { return gradient.norm * point.norm / value }
        let onlyFeatures = variables.classifier == nil && variables.hidden.isEmpty
        let pull = onlyFeatures ? decays.features : model.nuclearDecay!
        return gradient.norm / (pull * (1 + point.norm))
    }

    /// H (d × N).
    func features(at point: ParameterBlock<Scalar>) -> Matrix {
        var features = Matrix(
            rows: model.dimension, columns: model.sampleCount, copying: point.pointer(to: variables.features))
        if let scales = variables.featureScales {
            features = Matrix(rows: features.rows, columns: features.columns) { features[$0, $1] * scales[$1] }
        }
        return features
    }
}
