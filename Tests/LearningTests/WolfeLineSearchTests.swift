import Foundation
import Testing

@testable import Learning

@Suite struct WolfeLineSearchTests {
    /// e^{−ct} + t²/10 falls steeply and rises slowly: the first probes land right of the minimum, where the search has
    /// to keep the left side. A tight condition is met in a few evaluations.
    @Test(arguments: [5.0, 10, 20, 40], [1.0, 1.5, 2, 3]) func findsASteepMinimumFromFarBeyond(
        steepness: Double, first: Double
    ) throws {
        let f = SmoothFunction<Double>(1) { x, g in
            let (t, fall) = (x.start[0], exp(-steepness * x.start[0]))
            g.start[0] = 0.2 * t - steepness * fall
            return fall + 0.1 * t * t
        } product: { _, _, _ in
        }
        let search = WolfeLineSearch<Double, Never>(
            layout: f.layout, spheres: f.spheres, flatness: 1e-3, evaluate: f.fullBatchEvaluation)
        let (origin, gradient) = (f.block([0]), f.block([]))
        let value = search.start(at: origin, gradient: gradient)
        let length = search.search(
            from: origin, objective: value, along: f.block([1]), slope: gradient.start[0], first: first)
        #expect(try #require(length) == search.point.start[0])
        #expect(abs(search.gradient.start[0]) <= 1e-3 * steepness && search.objective < value)
        #expect(search.evaluations <= 8)
    }
}
