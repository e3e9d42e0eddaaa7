import Foundation
import Testing

@testable import NeuralCollapse

@Suite struct SeparationLawTests {
    @Test func aLawIsFoundExactly() throws {
        let law = try #require(SeparationLaw(fuzziness: (0..<8).map { 3 * pow(0.4, Double($0)) }))
        #expect(isClose(law.slope, log(0.4), relative: 1e-14))
        #expect(isClose(law.intercept, log(3), relative: 1e-14))
        #expect(isClose(law.decayRatio, 0.4, relative: 1e-14))
        #expect(isClose(try #require(law.rSquared), 1, relative: 1e-14))
        #expect(law.layers == Array(0..<8))
    }

    /// log D = 0, −1, −1, −4 over 0, 1, 2, 3: slope −6/5, intercept 3/10, Σ residual² = 9 − 5 · (6/5)² = 9/5, of 9.
    @Test func leastSquaresByHand() throws {
        let law = try #require(SeparationLaw(fuzziness: [1, exp(-1), exp(-1), exp(-4)]))
        #expect(isClose(law.slope, -1.2, relative: 1e-14))
        #expect(isClose(law.intercept, 0.3, relative: 1e-14))
        #expect(isClose(try #require(law.rSquared), 0.8, relative: 1e-14))
    }

    @Test func layersWithoutAValueKeepTheirPlace() throws {
        let law = try #require(SeparationLaw(fuzziness: [nil, 8, 0, 2, .nan, 0.5, .infinity]))
        #expect(law.layers == [1, 3, 5])
        #expect(isClose(law.decayRatio, 0.5, relative: 1e-14))
        #expect(isClose(exp(law.intercept), 16, relative: 1e-14))
        #expect(SeparationLaw(fuzziness: [1]) == nil)
        #expect(SeparationLaw(fuzziness: []) == nil)
        #expect(SeparationLaw(fuzziness: [nil, 3, 0]) == nil)
    }

    @Test func equalLayersHaveNoShareExplained() throws {
        let law = try #require(SeparationLaw(fuzziness: [0.3, 0.3, 0.3]))
        #expect(law.slope == 0 && law.rSquared == nil && law.decayRatio == 1)
        // One unit in the last place is no trend either.
        #expect(try #require(SeparationLaw(fuzziness: [0.3, 0.3.nextUp, 0.3])).rSquared == nil)
    }

    @Test func unitsOfDChangeTheInterceptAlone() throws {
        let values = [0.9, 0.5, 0.35, 0.1]
        let law = try #require(SeparationLaw(fuzziness: values))
        let scaled = try #require(SeparationLaw(fuzziness: values.map { 1e6 * $0 }))
        #expect(isClose(law.slope, scaled.slope, relative: 1e-13))
        #expect(isClose(law.intercept + log(1e6), scaled.intercept, relative: 1e-13))
        #expect(isClose(law.rSquared!, scaled.rSquared!, relative: 1e-13))
    }

    @Test func theEffectiveDepthIsTheFirstLayerWithinTolerance() {
        let errors: [Double?] = [0.5, nil, 0.01, 0.2, 0]
        #expect(EffectiveDepth.depth(errors: errors) == 3)
        #expect(EffectiveDepth.depth(errors: errors, tolerance: 0) == 5)
        #expect(EffectiveDepth.depth(errors: errors, tolerance: 0.5) == 1)
        #expect(EffectiveDepth.depth(errors: [0.5, 0.02]) == nil)
        #expect(EffectiveDepth.depth(errors: []) == nil)
    }
}
