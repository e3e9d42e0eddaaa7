import Learning
import LinearAlgebra

/// A point of a model as matrices in Float64: what a constructed critical point is given by.
public struct UnconstrainedFeaturePoint: Sendable, Equatable {
    /// W (K × width); nil where it is fixed or there is none.
    public var classifier: Matrix?
    /// W_1 (width × d), W_2, … (width × width).
    public var hidden: [Matrix]
    /// H (d × N): column i is sample i.
    public var features: Matrix
    /// b (K); nil for a model without one.
    public var bias: [Double]?

    public init(classifier: Matrix?, hidden: [Matrix] = [], features: Matrix, bias: [Double]? = nil) {
        self.classifier = classifier
        self.hidden = hidden
        self.features = features
        self.bias = bias
    }
}

extension UnconstrainedFeatureObjective {
    /// The point that a block of variables is.
    public func matrices(at point: ParameterBlock<Scalar>) -> UnconstrainedFeaturePoint {
        func matrix(_ slice: ParameterLayout.Slice) -> Matrix {
            Matrix(rows: slice.shape[0], columns: slice.shape[1], copying: point.pointer(to: slice))
        }
        return UnconstrainedFeaturePoint(
            classifier: variables.classifier.map(matrix), hidden: variables.hidden.map(matrix),
            features: features(at: point), bias: biasVector(at: point))
    }

    /// The variables of a point. On spheres each vector is scaled to its length; under norm balls the slack is what the
    /// norms leave, and larger norms are scaled down.
    public func set(_ point: ParameterBlock<Scalar>, to matrices: UnconstrainedFeaturePoint) {
        precondition(matrices.hidden.count == variables.hidden.count, "hidden layers of a point")
        precondition(
            (matrices.classifier == nil) == (variables.classifier == nil)
                && (matrices.bias == nil) == (variables.bias == nil), "variables of a point")
        var features = matrices.features
        if let scales = variables.featureScales {
            features = Matrix(rows: features.rows, columns: features.columns) { features[$0, $1] / scales[$1] }
        }
        func write(_ values: Matrix, to slice: ParameterLayout.Slice) {
            precondition(slice.shape == [values.rows, values.columns], "shape of a point's matrix")
            write(values.elements, to: slice)
        }
        func write(_ values: [Double], to slice: ParameterLayout.Slice) {
            precondition(values.count == slice.count, "length of a point's bias")
            let target = point.pointer(to: slice)
            for (index, value) in values.enumerated() { target[index] = Scalar(value) }
        }
        if let slice = variables.classifier { write(matrices.classifier!, to: slice) }
        for (slice, matrix) in zip(variables.hidden, matrices.hidden) { write(matrix, to: slice) }
        write(features, to: variables.features)
        if let slice = variables.bias { write(matrices.bias!, to: slice) }
        if let slack = variables.classifierSlack { setSlack(slack, behind: variables.classifier!, of: point) }
        if let slack = variables.featuresSlack { setSlack(slack, behind: variables.features, of: point) }
        if model.regularization.isSpheres {
            variables.spheres.normalize(point)
            precondition(point.norm.isFinite, "a vector of length zero has no place on a sphere")
        }
    }

    /// The slack that brings a matrix and it to the length of their sphere, the matrix scaled down where it is longer.
    private func setSlack(
        _ slack: ParameterLayout.Slice, behind slice: ParameterLayout.Slice, of point: ParameterBlock<Scalar>
    ) {
        let radius = variables.spheres.families.first { $0.offset == slice.offset }!.radius
        let norm = point.norm(of: slice)
        if norm > radius { Scalar.scale(slice.count, Scalar(radius / norm), point.pointer(to: slice)) }
        point.pointer(to: slack)[0] = Scalar(max(0, radius * radius - norm * norm).squareRoot())
    }
}
