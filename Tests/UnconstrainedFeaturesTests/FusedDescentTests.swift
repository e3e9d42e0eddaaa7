import Learning
import LinearAlgebra
import Testing

@testable import UnconstrainedFeatures

@Suite struct FusedDescentTests {
    /// Sizes of every form, odd dimensions, samples that fill no vector, rows that are cut into blocks of each kind.
    static let sizes: [(K: Int, d: Int, n: Int)] = [
        (2, 1, 1), (4, 8, 10), (3, 5, 7), (10, 16, 10), (5, 3, 1), (7, 13, 41), (10, 16, 100), (11, 40, 33),
        (33, 17, 9), (40, 50, 20),
    ]
    static let forms: [DescentForm] = [.packed, .tiled, .blas]
    static let losses: [ClassificationLoss] = [
        .crossEntropy, .meanSquaredError, .labelSmoothing(0.1), .focal(gamma: 1.5),
        .rescaledSquaredError(kappa: 2, target: 3),
    ]

    /// Gradient descent in as many passes as the objective has terms.
    private static func naive<Scalar: BLASScalar>(
        _ trial: DescentTrial, seed: UInt64, steps: Int, _: Scalar.Type
    ) -> (point: ParameterBlock<Scalar>, state: DescentState) {
        let objective = UnconstrainedFeatureObjective<Scalar>(trial.model)
        let point = ParameterBlock<Scalar>(layout: objective.layout)
        objective.initialize(point, at: .gaussian(scale: 1), seed: seed)
        let solver = GradientDescent<Scalar>(
            layout: objective.layout, learningRate: trial.learningRate, momentum: trial.momentum,
            evaluate: objective.fullBatchEvaluation)
        solver.start(at: point)
        for _ in 0..<steps { _ = solver.step(point) }
        return (
            point,
            DescentState(
                objective: solver.objective, gradientNorm: solver.gradient.norm, parameterNorm: point.norm)
        )
    }

    /// The trials side by side, as many at a time as the form takes.
    private static func fused<Scalar: BLASScalar>(
        _ trials: [DescentTrial], seeds: [UInt64], steps: Int, form: DescentForm, lanes: [Int]? = nil, _: Scalar.Type
    ) -> [(point: ParameterBlock<Scalar>, state: DescentState)] {
        let objectives = trials.map { UnconstrainedFeatureObjective<Scalar>($0.model) }
        let descent = FusedDescent<Scalar>(DescentShape(trials[0].model)!, form: form, tileVectors: nil)
        let lanes = lanes ?? Array(trials.indices)
        for index in trials.indices {
            let point = ParameterBlock<Scalar>(layout: objectives[index].layout)
            objectives[index].initialize(point, at: .gaussian(scale: 1), seed: seeds[index])
            descent.place(trials[index], at: point, objectives[index].variables, lane: lanes[index])
        }
        for _ in 0...steps { descent.step() }
        return trials.indices.map { index in
            let point = ParameterBlock<Scalar>(layout: objectives[index].layout)
            descent.copyPoint(of: lanes[index], to: point, objectives[index].variables)
            return (point, descent.state(of: lanes[index]))
        }
    }

    private static func trial(
        _ size: (K: Int, d: Int, n: Int), _ loss: ClassificationLoss, _ bias: Bias, rate: Double = 0.1
    ) -> DescentTrial {
        DescentTrial(
            model(loss, bias, classes: size.K, dimension: size.d, samplesPerClass: size.n),
            learningRate: rate, momentum: 0.9)
    }

    private static func compare<Scalar: BLASScalar>(
        _ end: (point: ParameterBlock<Scalar>, state: DescentState),
        _ expected: (point: ParameterBlock<Scalar>, state: DescentState), within tolerance: Double, _ what: String
    ) {
        let pairs = [
            (end.state.objective, expected.state.objective), (end.state.gradientNorm, expected.state.gradientNorm),
            (end.state.parameterNorm, expected.state.parameterNorm),
        ]
        for (value, wanted) in pairs {
            #expect(abs(value - wanted) <= tolerance * abs(wanted), "\(value), not \(wanted): \(what)")
        }
        let scale = expected.point.norm
        expected.point.add(end.point, scaledBy: -1)
        #expect(expected.point.norm <= tolerance * scale, "\(expected.point.norm / scale): \(what)")
    }

    @Test(arguments: sizes, forms)
    func agreesWithTheNaiveTwin(_ size: (K: Int, d: Int, n: Int), _ form: DescentForm) {
        for loss in Self.losses {
            for bias in [Bias.none, .free, .decayed(0.05)] {
                let trial = Self.trial(size, loss, bias)
                let what = "\(form) \(loss) \(bias) \(size)"
                Self.compare(
                    Self.fused([trial], seeds: [5], steps: 7, form: form, Double.self)[0],
                    Self.naive(trial, seed: 5, steps: 7, Double.self), within: 1e-12, what)
                Self.compare(
                    Self.fused([trial], seeds: [5], steps: 7, form: form, Float.self)[0],
                    Self.naive(trial, seed: 5, steps: 7, Float.self), within: 1e-5, what)
            }
        }
    }

    /// A pack of different trials, and each of them alone in another lane.
    @Test func neighboursDoNotMatter() {
        func check<Scalar: BLASScalar>(_: Scalar.Type) {
            let trials = (0..<Scalar.Lanes.scalarCount).map { index in
                let factor = Double(index + 1)
                let model = model(
                    .crossEntropy, .decayed(1e-3 * factor), classes: 4, dimension: 7, samplesPerClass: 5,
                    classifierDecay: 1e-3 * factor, featureDecay: 2e-3 / factor)
                return DescentTrial(
                    model, learningRate: index == 1 ? 1e30 : 0.1 * factor, momentum: 0.5 + 0.05 * factor)
            }
            let seeds = trials.indices.map { UInt64($0) }
            let together = Self.fused(trials, seeds: seeds, steps: 50, form: .packed, Scalar.self)
            for index in trials.indices {
                let lane = (index + 3) % trials.count
                let alone = Self.fused(
                    [trials[index]], seeds: [seeds[index]], steps: 50, form: .packed, lanes: [lane], Scalar.self)[0]
                #expect(!alone.state.objective.isFinite == (index == 1))
                guard index != 1 else { continue }
                #expect(alone.state == together[index].state)
                #expect(alone.point.storage.array == together[index].point.storage.array)
            }
        }
        check(Float.self)
        check(Double.self)
    }
}
