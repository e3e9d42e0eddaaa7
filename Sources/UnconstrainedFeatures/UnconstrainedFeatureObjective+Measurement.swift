import Learning
import LinearAlgebra

extension UnconstrainedFeatureObjective {
    /// The features as measured: (N × d), Float64.
    public func featureMatrix(at parameters: ParameterBlock<Scalar>) -> Matrix {
        Matrix(rows: model.dimension, columns: model.sampleCount, copying: parameters.pointer(to: features)).transposed
    }

    /// W (K × d), Float64.
    public func classifierMatrix(at parameters: ParameterBlock<Scalar>) -> Matrix {
        Matrix(rows: model.classes, columns: model.dimension, copying: parameters.pointer(to: classifier))
    }

    /// b (K), Float64; nil for a model without one.
    public func biasVector(at parameters: ParameterBlock<Scalar>) -> [Double]? {
        bias.map { slice in (0..<slice.count).map { Double(parameters.pointer(to: slice)[$0]) } }
    }

    /// ‖∇f‖ ÷ (Λ·(1 + ‖θ‖)): the gradient measured against the pull of the decays, the natural size of the forces that
    /// balance at an optimum. It is what `tolerance` bounds; the 1 keeps it meaningful where the optimum is zero.
    public func relativeGradientNorm(_ gradients: ParameterBlock<Scalar>, at parameters: ParameterBlock<Scalar>)
        -> Double
    {
        gradients.norm / (model.nuclearDecay! * (1 + parameters.norm))
    }
}
