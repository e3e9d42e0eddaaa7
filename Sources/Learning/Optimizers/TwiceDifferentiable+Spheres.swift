import LinearAlgebra

/// A function as it is seen on the spheres that its variables are bound to. Without spheres these are the function's
/// own gradient and products.
extension TwiceDifferentiable {
    /// Value at a point, the Riemannian gradient written to `gradient` and the spheres' multipliers to `multipliers`.
    public func evaluateOnSpheres(
        at point: ParameterBlock<Scalar>, gradient: ParameterBlock<Scalar>, multipliers: ParameterBlock<Scalar>
    ) -> Double {
        let value = evaluate(at: point, gradient: gradient)
        spheres.split(gradient, at: point, multipliers: multipliers)
        return value
    }

    /// product ← Hess f(point)·direction for a tangent direction; the multipliers are those of the point.
    public func multiplyTangentHessian(
        at point: ParameterBlock<Scalar>, multipliers: ParameterBlock<Scalar>, by direction: ParameterBlock<Scalar>,
        into product: ParameterBlock<Scalar>
    ) {
        multiplyHessian(at: point, by: direction, into: product)
        spheres.restrict(product: product, of: direction, at: point, multipliers: multipliers)
    }

    /// Value and gradient alone, as first-order solvers take them, together with `layout` and `spheres`.
    public var fullBatchEvaluation: FullBatchEvaluation<Scalar, Never> {
        { point, gradient in self.evaluate(at: point, gradient: gradient) }
    }
}
