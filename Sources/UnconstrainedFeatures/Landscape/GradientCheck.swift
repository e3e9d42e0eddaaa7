import Learning
import LinearAlgebra
import RandomNumbers

#if canImport(Glibc)
    import Glibc
#endif

extension TwiceDifferentiable {
    /// Whether the gradient at a point is that of the values around it: by central differences along the point itself
    /// and along a direction that is random and always the same. What a mistake in a derivative would make a critical
    /// point shows here.
    ///
    /// Each variable's part of a direction is as long as the variable, however different these are; the step is ε^⅓. A
    /// difference may be off by its change from the doubled step, three times the error of truncation; by √ε of value
    /// and slope; and by the rounding of the two values.
    ///
    /// - Parameter rounding: of a value, in units of ε, beyond that of its own size: the largest logit. Where a step
    /// moves
    ///   logits by more than one, differences tell nothing, and nothing is refuted.
    public func gradientAgreesWithValues(at point: ParameterBlock<Scalar>, rounding: Double = 0) -> Bool {
        guard cbrt(Double(Scalar.ulpOfOne)) * rounding < 1 else { return true }
        let (gradient, unused) = (ParameterBlock<Scalar>(layout: layout), ParameterBlock<Scalar>(layout: layout))
        let value = evaluate(at: point, gradient: gradient)
        let random = ParameterBlock<Scalar>(layout: layout)
        let numbers = Philox(seed: 0, purpose: .eigenvector)
        for i in 0..<layout.count { random.start[i] = Scalar(numbers.normal(at: UInt64(i))) }
        // A variable that is zero is moved as far as the smallest other.
        let shortest = layout.slices.map { point.norm(of: $0) }.filter { $0 > 0 }.min() ?? 1
        var pull = 0.0
        for slice in layout.slices {
            let length = point.norm(of: slice) > 0 ? point.norm(of: slice) : shortest
            Scalar.scale(slice.count, Scalar(length / random.norm(of: slice)), random.pointer(to: slice))
            pull += gradient.norm(of: slice) * length
        }
        let (epsilon, moved) = (Double(Scalar.ulpOfOne), ParameterBlock<Scalar>(layout: layout))
        let step = cbrt(epsilon)
        func difference(_ direction: ParameterBlock<Scalar>, _ step: Double) -> Double {
            let values = [step, -step].map { step in
                moved.copy(from: point)
                moved.add(direction, scaledBy: step)
                return evaluate(at: moved, gradient: unused)
            }
            return (values[0] - values[1]) / (2 * step)
        }
        for direction in point.norm > 0 ? [point, random] : [random] {
            let (near, far) = (difference(direction, step), difference(direction, 2 * step))
            let allowance =
                abs(far - near) + epsilon.squareRoot() * (abs(value) + pull)
                + 16 * epsilon * rounding / step
            guard abs(near - gradient.dot(direction)) <= allowance else { return false }
        }
        return true
    }
}
