import LinearAlgebra

/// The few vector operations that solvers are made of.
extension ParameterBlock {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func dot(_ other: ParameterBlock) -> Double { Double(Scalar.dot(count, start, other.start)) }

    public var norm: Double { dot(self).squareRoot() }

    /// self ← self + factor·other.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func add(_ other: ParameterBlock, scaledBy factor: Double) {
        Scalar.axpy(count, Scalar(factor), other.start, start)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func scale(by factor: Double) { Scalar.scale(count, Scalar(factor), start) }

    /// Euclidean norm of one slice.
    public func norm(of slice: ParameterLayout.Slice) -> Double {
        let first = pointer(to: slice)
        return Double(Scalar.dot(slice.count, first, first)).squareRoot()
    }
}
