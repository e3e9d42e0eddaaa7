import Learning
import LinearAlgebra
import Testing

@testable import UnconstrainedFeatures

#if canImport(Glibc)
    import Glibc
#endif

typealias Bias = UnconstrainedFeatureModel.Bias

func model(
    _ loss: ClassificationLoss, _ bias: Bias, classes: Int = 5, dimension: Int = 8, samplesPerClass: Int = 3,
    classifierDecay: Double = 5e-3, featureDecay: Double = 2e-3
) -> UnconstrainedFeatureModel {
    UnconstrainedFeatureModel(
        classes: classes, dimension: dimension, samplesPerClass: samplesPerClass, loss: loss,
        classifierDecay: classifierDecay, featureDecay: featureDecay, bias: bias)
}

/// The end of L-BFGS from random numbers.
func minimise(
    _ model: UnconstrainedFeatureModel, seed: UInt64 = 0, steps: Int = 20_000
) -> (
    objective: UnconstrainedFeatureObjective<Double>, point: ParameterBlock<Double>, value: Double, steps: Int,
    gradient: Double
) {
    let objective = UnconstrainedFeatureObjective<Double>(model)
    let point = ParameterBlock<Double>(layout: objective.layout)
    objective.initialize(point, at: .gaussian(scale: 1), seed: seed)
    let solver = LBFGS<Double, Never>(layout: objective.layout) { objective.evaluate(at: $0, gradient: $1) }
    solver.start(at: point)
    var step = 0
    func gradientNorm() -> Double {
        objective.relativeGradientNorm(solver.gradient, at: point, value: solver.objective)
    }
    while step < steps, gradientNorm() > 1e-10, solver.step(point) == .improved { step += 1 }
    return (objective, point, solver.objective, step, gradientNorm())
}

@Suite struct OptimumTests {
    /// K=5, n=3, λ_W=5e-3, λ_H=2e-3, minimised independently in Float64 to all shown digits.
    @Test func knownValues() throws {
        func expect(
            _ model: UnconstrainedFeatureModel, _ value: Double, sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            #expect(abs(try #require(model.optimum).value - value) < 6e-11, sourceLocation: sourceLocation)
        }
        try expect(model(.crossEntropy, .free), 0.1357502151)
        try expect(model(.crossEntropy, .none), 0.1357502151)
        try expect(model(.crossEntropy, .decayed(0.01)), 0.1357502151)
        try expect(model(.meanSquaredError, .none), 0.0270111279)
        try expect(model(.meanSquaredError, .free), 0.0216089023)
        try expect(model(.meanSquaredError, .decayed(0.01)), 0.0225990013)
        try expect(model(.meanSquaredError, .decayed(0.1)), 0.0262611279)
        #expect(abs(try #require(model(.crossEntropy, .free).optimum?.lead) - 5.1850041218) < 1e-10)
    }

    @Test func geometryOfTheCrossEntropyOptimum() {
        let end = minimise(model(.crossEntropy, .free))
        let (w, h) = (
            end.point.norm(of: end.objective.variables.classifier!),
            end.point.norm(of: end.objective.variables.features)
        )
        #expect(abs(w * w - 22.7195497461) < 1e-6)
        #expect(abs(h * h - 56.7988743653) < 1e-6)
    }

    @Test func geometryOfTheSquaredErrorOptima() throws {
        let plain = minimise(model(.meanSquaredError, .none))
        #expect(abs(pow(plain.point.norm(of: plain.objective.variables.classifier!), 2) / 5 - 1.0654451150) < 1e-7)
        #expect(abs(pow(plain.point.norm(of: plain.objective.variables.features), 2) / 15 - 0.8878709292) < 1e-7)
        let small = minimise(model(.meanSquaredError, .decayed(0.01)))
        #expect(try #require(small.objective.biasVector(at: small.point)).allSatisfy { abs($0 - 0.1980198020) < 1e-7 })
        let large = minimise(model(.meanSquaredError, .decayed(0.1)))
        #expect(try #require(large.objective.biasVector(at: large.point)).allSatisfy { abs($0 - 0.0547722558) < 1e-7 })
    }

    static let sizes: [(K: Int, d: Int, n: Int)] = [
        (2, 1, 1), (2, 3, 4), (3, 2, 5), (4, 8, 10), (7, 6, 3), (10, 9, 5), (10, 16, 10), (13, 64, 2), (20, 19, 3),
        (20, 64, 5),
    ]

    /// Every supported case from random starts: decays over four decades, unequal too, on both sides of c = 1.
    @Test(arguments: [ClassificationLoss.crossEntropy, .meanSquaredError], sizes)
    func minimisersReachTheOptimum(_ loss: ClassificationLoss, _ size: (K: Int, d: Int, n: Int)) {
        var checked = 0
        for bias in [Bias.none, .free, .decayed(1e-2), .decayed(0.3)] {
            for (classifierDecay, featureDecay) in [
                (1e-5, 1e-5), (1e-4, 1e-4), (1e-3, 1e-3), (1e-2, 1e-2), (1e-1, 1e-1), (1e-2, 1e-4), (1e-4, 1e-2),
            ] {
                let model = model(
                    loss, bias, classes: size.K, dimension: size.d, samplesPerClass: size.n,
                    classifierDecay: classifierDecay, featureDecay: featureDecay)
                guard let optimum = model.optimum?.value else { continue }
                let end = minimise(model)
                let gap = (end.value - optimum) / optimum
                #expect(
                    abs(gap) < 1e-8,
                    "gap \(gap) after \(end.steps) steps, gradient \(end.gradient), c = \(model.collapseRatio!): \(model)"
                )
                checked += 1
            }
        }
        #expect(checked >= 14)
    }

    /// c = 1 exactly, and close to it on both sides, where curvature vanishes.
    @Test(arguments: [ClassificationLoss.crossEntropy, .meanSquaredError], [0.9, 0.999, 1, 1.001, 1.1])
    func atTheCollapseToZero(_ loss: ClassificationLoss, _ c: Double) throws {
        let model = model(
            loss, .free, classes: 4, dimension: 6, samplesPerClass: 4, classifierDecay: c / 8, featureDecay: c / 8)
        #expect(abs(model.collapseRatio! - c) < 1e-12)
        let optimum = try #require(model.optimum).value
        #expect(abs(minimise(model).value - optimum) < 1e-8 * optimum)
    }

    @Test func noOptimumWhereTheoryGivesNone() {
        #expect(model(.crossEntropy, .free, dimension: 3).optimum == nil)
        #expect(model(.crossEntropy, .free, dimension: 4).optimum != nil)
        #expect(model(.meanSquaredError, .decayed(0.1), dimension: 4).optimum == nil)
    }

    /// Mean squared error has its optimum in any dimension.
    @Test(arguments: [Bias.none, .free], 1...6)
    func fewDimensions(_ bias: Bias, _ dimension: Int) throws {
        let model = model(.meanSquaredError, bias, dimension: dimension)
        let optimum = try #require(model.optimum).value
        let gap = (minimise(model).value - optimum) / optimum
        #expect(abs(gap) < 1e-8, "gap \(gap)")
    }
}
