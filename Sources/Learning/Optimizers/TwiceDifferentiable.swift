import LinearAlgebra

/// A function of a parameter block, always evaluated in full, with gradient and exact products with its Hessian: what
/// second-order solvers and the study of critical points need.
///
/// The variables may be bound to `spheres`; value, gradient and products are those of the surrounding space, and
/// whoever works on the spheres projects them.
public protocol TwiceDifferentiable<Scalar>: AnyObject {
    associatedtype Scalar: BLASScalar

    var layout: ParameterLayout { get }

    /// The spheres that parts of the block lie on; empty where all variables are free.
    var spheres: SphereProduct { get }

    /// Value at a point, the gradient written to `gradient`.
    func evaluate(at point: ParameterBlock<Scalar>, gradient: ParameterBlock<Scalar>) -> Double

    /// product ← ∇²f(point) · direction, exact to rounding.
    func multiplyHessian(
        at point: ParameterBlock<Scalar>, by direction: ParameterBlock<Scalar>, into product: ParameterBlock<Scalar>)
}
