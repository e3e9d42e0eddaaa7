import LinearAlgebra

/// Minimises the quadratic model ⟨g, s⟩ + ½⟨s, Hs⟩ over ‖s‖ ≤ Δ by conjugate gradients that stop at the boundary, or
/// follow a direction of negative curvature there (Steihaug, "The conjugate gradient method and trust regions in large
/// scale optimization", SIAM J. Numer. Anal. 20, 1983; Conn, Gould and Toint, "Trust-Region Methods", algorithm 7.5.1).
final class TrustRegionModel<Scalar: BLASScalar> {
    typealias Block = ParameterBlock<Scalar>

    struct Minimum {
        /// How much lower the model is there than at 0.
        let decrease: Double
        let isAtBoundary: Bool
    }

    /// s.
    let step: Block
    /// g + Hs.
    private let residual: Block
    private let direction: Block
    private let product: Block
    /// The largest ‖Hp‖/‖p‖ seen in the last minimisation, as a norm of H.
    var norm = 0.0

    init(layout: ParameterLayout) {
        step = Block(layout: layout)
        residual = Block(layout: layout)
        direction = Block(layout: layout)
        product = Block(layout: layout)
    }

    /// Leaves the minimiser in `step`, with ‖g + Hs‖ ≤ accuracy where that lies inside.
    func minimize(
        gradient: Block, radius: Double, accuracy: Double, multiply: (_ direction: Block, _ product: Block) -> Void
    ) -> Minimum {
        step.zero()
        residual.copy(from: gradient)
        direction.copy(from: gradient)
        direction.scale(by: -1)
        var square = residual.dot(residual)
        var isAtBoundary = false
        norm = 0
        for iteration in 0..<min(10 * gradient.count, 2000) {
            multiply(direction, product)
            let (curvature, length) = (direction.dot(product), direction.norm)
            norm = max(norm, product.norm / length)
            // Along symmetries of a minimum the curvature is zero, but for rounding and for the gradient that is left,
            // and no direction to follow to the boundary.
            let ulp = Double(Scalar.ulpOfOne)
            let flatness = curvature < 0 ? ulp.squareRoot() : 32 * ulp
            let isFlat = abs(curvature) <= flatness * norm * length * length
            if isFlat && iteration > 0 { break }
            let factor = square / curvature
            let (along, inside) = (step.dot(direction), radius * radius - step.dot(step))
            let reach = Self.reach(along: along, length: length, inside: inside)
            isAtBoundary = isFlat || curvature <= 0 || factor >= reach
            step.add(direction, scaledBy: isAtBoundary ? reach : factor)
            residual.add(product, scaledBy: isAtBoundary ? reach : factor)
            if isAtBoundary { break }
            let next = residual.dot(residual)
            if next.squareRoot() <= accuracy { break }
            direction.scale(by: next / square)
            direction.add(residual, scaledBy: -1)
            square = next
        }
        return Minimum(decrease: -0.5 * (step.dot(gradient) + step.dot(residual)), isAtBoundary: isAtBoundary)
    }

    /// The positive t with ‖s + tp‖ = Δ: `along` = ⟨s, p⟩, `length` = ‖p‖, `inside` = Δ² − ‖s‖².
    private static func reach(along: Double, length: Double, inside: Double) -> Double {
        let square = length * length
        let root = (along * along + square * max(inside, 0)).squareRoot()
        // The form without cancellation.
        return along > 0 ? max(inside, 0) / (along + root) : (root - along) / square
    }
}
