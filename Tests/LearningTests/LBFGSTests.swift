import Foundation
import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

@Suite struct LBFGSTests {
    private struct Minimised<Scalar: BLASScalar> {
        let outcome: SolverOutcome
        let steps: Int
        let evaluations: Int
        let objective: Double
        let gradientNorm: Double
        let point: [Scalar]
    }

    /// Until the gradient norm is at most `tolerance` or no step is left; every step must not go up.
    private func minimise<Scalar: BLASScalar>(
        from start: [Scalar], steps: Int, tolerance: Double, evaluate: @escaping FullBatchEvaluation<Scalar, Never>
    ) -> Minimised<Scalar> {
        var layout = ParameterLayout()
        layout.add("x", shape: [start.count])
        let point = ParameterBlock<Scalar>(layout: layout)
        for (index, value) in start.enumerated() { point.storage[index] = value }
        let solver = LBFGS<Scalar, Never>(layout: layout, evaluate: evaluate)
        solver.start(at: point)
        var (outcome, count) = (SolverOutcome.improved, 0)
        while count < steps, solver.gradient.norm > tolerance, outcome == .improved {
            let before = solver.objective
            outcome = solver.step(point)
            count += 1
            // The approximate Wolfe conditions allow an increase of a few roundings.
            #expect(
                !before.isFinite || solver.objective <= before + 32 * Double(Scalar.ulpOfOne) * max(abs(before), 1e-300)
            )
        }
        return Minimised(
            outcome: outcome, steps: count, evaluations: solver.evaluations, objective: solver.objective,
            gradientNorm: solver.gradient.norm, point: point.storage.array)
    }

    /// Σ 100 (x₂ᵢ₊₁ − x₂ᵢ²)² + (1 − x₂ᵢ)², the extended Rosenbrock function; least, 0, at (1, …, 1).
    private func rosenbrock(_ x: ParameterBlock<Double>, _ g: ParameterBlock<Double>) -> Double {
        var value = 0.0
        for i in stride(from: 0, to: x.count, by: 2) {
            let (a, b) = (x.storage[i], x.storage[i + 1])
            let (valley, distance) = (b - a * a, 1 - a)
            value += 100 * valley * valley + distance * distance
            g.storage[i] = -400 * a * valley - 2 * distance
            g.storage[i + 1] = 200 * valley
        }
        return value
    }

    @Test(arguments: [2, 100]) func solvesRosenbrock(dimension: Int) {
        let start = (0..<dimension).map { $0 % 2 == 0 ? -1.2 : 1.0 }
        let end = minimise(from: start, steps: 200, tolerance: 1e-12, evaluate: rosenbrock)
        #expect(end.gradientNorm <= 1e-12)
        #expect(end.point.allSatisfy { abs($0 - 1) < 1e-12 })
        // The literature's counts are 30 to 50; a broken line search takes hundreds.
        #expect(end.steps < 60)
        #expect(end.evaluations < 2 * end.steps + 10)
    }

    /// From points that differ in each coordinate, so that the pairs do not run in step.
    @Test func solvesRosenbrockFromRandomPoints() {
        let random = Philox(seed: 4, purpose: .test)
        for trial in 0..<20 {
            let start = (0..<100).map { 2 * random.normal(at: UInt64($0), stream: UInt32(trial)) }
            let end = minimise(from: start, steps: 2000, tolerance: 1e-10, evaluate: rosenbrock)
            #expect(end.gradientNorm <= 1e-10)
            #expect(end.point.allSatisfy { abs($0 - 1) < 1e-9 })
        }
    }

    /// ½ Σ cᵢ (xᵢ − 1)² with c from 1 to 10⁶.
    private func quadratic<Scalar: BLASScalar>(condition: Double, dimension: Int) -> FullBatchEvaluation<Scalar, Never>
    {
        { x, g in
            var value = 0.0
            for i in 0..<dimension {
                let curvature = 1 + (condition - 1) * Double(i * i) / Double((dimension - 1) * (dimension - 1))
                let distance = Double(x.storage[i]) - 1
                value += 0.5 * curvature * distance * distance
                g.storage[i] = Scalar(curvature * distance)
            }
            return value
        }
    }

    @Test func solvesAnIllConditionedQuadratic() {
        let start = (0..<60).map { Double($0 % 7) - 3 }
        let end = minimise(
            from: start, steps: 2000, tolerance: 1e-8, evaluate: quadratic(condition: 1e6, dimension: 60))
        #expect(end.gradientNorm <= 1e-8)
        #expect(end.point.allSatisfy { abs($0 - 1) < 1e-8 })
        // SciPy's L-BFGS-B with as long a history takes 1122; steepest descent about the condition number, 10⁶.
        #expect(end.steps < 1500)
    }

    /// In one dimension the first quasi-Newton step of a quadratic lands on the minimum.
    @Test func aQuadraticInOneDimensionTakesAFewSteps() {
        let end = minimise(from: [50.0], steps: 20, tolerance: 1e-12) { x, g in
            let distance = x.storage[0] - 3
            g.storage[0] = 8 * distance
            return 4 * distance * distance
        }
        #expect(end.gradientNorm <= 1e-12 && end.steps <= 6)
    }

    /// x − log x is infinite or not a number for x ≤ 0: the line search must come back from there.
    @Test func backsOffFromANonFiniteRegion() {
        let start = [1e-3, 0.5, 30, 1000]
        let end = minimise(from: start, steps: 500, tolerance: 1e-10) { x, g in
            var value = 0.0
            for i in 0..<4 {
                let number = x.storage[i]
                value += number > 0 ? number - log(number) : i % 2 == 0 ? .infinity : .nan
                g.storage[i] = number > 0 ? 1 - 1 / number : .nan
            }
            return value
        }
        #expect(end.gradientNorm <= 1e-10)
        #expect(end.point.allSatisfy { abs($0 - 1) < 1e-9 })
    }

    @Test func aNonFiniteStartIsDivergence() {
        let end = minimise(from: [1.0], steps: 5, tolerance: -1) { _, g in
            g.storage[0] = 1
            return .nan
        }
        #expect(end.outcome == .diverged)
        let gradient = minimise(from: [1.0], steps: 5, tolerance: -1) { _, g in
            g.storage[0] = .infinity
            return 1
        }
        #expect(gradient.outcome == .diverged)
    }

    /// No step along a straight line fulfils the curvature condition: the solver says that it is at its end.
    @Test func aFunctionWithoutAMinimumEnds() {
        let end = minimise(from: [1.0], steps: 100, tolerance: -1) { x, g in
            g.storage[0] = -1
            return -x.storage[0]
        }
        #expect(end.outcome == .exhausted)
        #expect(end.evaluations < 100)
    }

    /// A gradient that points the wrong way gives no step that helps.
    @Test func aWrongGradientIsExhausted() {
        let end = minimise(from: [1.0, 2.0], steps: 100, tolerance: 1e-12) { x, g in
            for i in 0..<2 { g.storage[i] = -2 * x.storage[i] }
            return x.storage[0] * x.storage[0] + x.storage[1] * x.storage[1]
        }
        #expect(end.outcome == .exhausted)
        #expect(end.objective == 5)
    }

    /// With a tolerance out of reach the solver says so instead of going on for ever, at a point as good as the
    /// precision allows.
    @Test func exhaustsSinglePrecision() {
        let start = (0..<40).map { Float($0 % 5) - 1.5 }
        let end = minimise(
            from: start, steps: 5000, tolerance: 0, evaluate: quadratic(condition: 1e3, dimension: 40))
        #expect(end.outcome == .exhausted || end.gradientNorm == 0)
        #expect(end.point.allSatisfy { abs($0 - 1) < 1e-4 })
        #expect(end.steps < 5000)
    }

    @Test func repeatsItsBits() {
        let random = Philox(seed: 5, purpose: .test)
        let start = (0..<100).map { random.normal(at: UInt64($0)) }
        func run() -> [Double] { minimise(from: start, steps: 50, tolerance: 0, evaluate: rosenbrock).point }
        #expect(run() == run())
    }
}

/// Training that is told to stop, and goes on elsewhere.
@Suite struct InterruptedSolverTests {
    private struct Stopped: Error, Equatable {}

    /// A network's loss on all its data, evaluated in two shards; throws at the evaluation given.
    private final class Training<Scalar: BLASScalar> {
        let objective: NetworkObjective<Scalar>
        let point: ParameterBlock<Scalar>
        var evaluations = 0
        var stopsAt: Int?

        init() throws {
            let data = randomData(samples: 40, width: 12, classes: 4)
            objective = NetworkObjective(
                network: try Network(Architecture(parsing: "mlp(10)"), input: FeatureShape(vector: 12), classes: 4),
                loss: .crossEntropy,
                data: data, normalization: Normalization(of: data, samples: Array(0..<40)), weightDecay: .all(1e-3),
                largestShard: 20)
            point = ParameterBlock(layout: objective.layout)
            objective.initialize(point, seed: 2)
        }

        func evaluate(
            _ point: ParameterBlock<Scalar>, _ gradient: ParameterBlock<Scalar>
        ) throws(Stopped) -> Double {
            evaluations += 1
            if evaluations == stopsAt { throw Stopped() }
            gradient.zero()
            var value = 0.0
            for half in [0..<20, 20..<40] {
                value += objective.evaluate(
                    BatchShard(samples: Array(half)[...], batchSize: 40), at: point, addingTo: gradient)
            }
            return value + objective.decay(at: point, addingTo: gradient)
        }

        func solver() -> LBFGS<Scalar, Stopped> {
            LBFGS(layout: objective.layout, history: 5) { point, gradient throws(Stopped) in
                try self.evaluate(point, gradient)
            }
        }
    }

    @Test func singlePrecisionTrainsANetwork() throws {
        let (single, double) = (try Training<Float>(), try Training<Double>())
        let (a, b) = (single.solver(), double.solver())
        try a.start(at: single.point)
        try b.start(at: double.point)
        let first = a.objective
        for _ in 0..<100 {
            #expect(try a.step(single.point) != .diverged)
            #expect(try b.step(double.point) == .improved)
        }
        #expect(first > 1)
        #expect(a.objective < 0.3 * first)
        // Another path to about the same depth.
        #expect(abs(a.objective / b.objective - 1) < 0.2)
    }

    /// Stopped in the middle of every single evaluation in turn, saved, and resumed by another solver.
    @Test func resumesAnywhereWithTheSameBits() throws {
        let steps = 12
        let straight = try Training<Float>()
        let whole = straight.solver()
        try whole.start(at: straight.point)
        for _ in 0..<steps { _ = try whole.step(straight.point) }
        #expect(whole.blocks.count == 11)

        for stop in 2...straight.evaluations {
            let training = try Training<Float>()
            let first = training.solver()
            training.stopsAt = stop
            var made = 0
            try first.start(at: training.point)
            #expect(throws: Stopped.self) {
                while true {
                    _ = try first.step(training.point)
                    made += 1
                }
            }
            let progress = first.progress.mapValues { String($0) }.compactMapValues(Double.init)
            let saved = Dictionary(uniqueKeysWithValues: first.blocks.map { ($0.name, $0.block.storage.array) })
            let second = training.solver()
            let isResumed = second.resume(from: progress) { state in
                guard let values = saved[state.name] else { return false }
                for (index, value) in values.enumerated() { state.block.storage[index] = value }
                return true
            }
            #expect(isResumed)
            while made < steps {
                _ = try second.step(training.point)
                made += 1
            }
            #expect(training.point.storage.array == straight.point.storage.array)
            #expect(second.objective == whole.objective)
            #expect(second.evaluations == whole.evaluations)
        }
    }

    @Test func aDamagedStateIsRefused() throws {
        let training = try Training<Double>()
        let solver = training.solver()
        try solver.start(at: training.point)
        for _ in 0..<3 { _ = try solver.step(training.point) }
        let good = solver.progress
        #expect(good["pairs"] == 3)
        // A gradient of zeros and pairs of zeros: no curvature.
        #expect(
            !solver.resume(from: good) { state in
                state.block.zero()
                return true
            })
        #expect(solver.objective.isNaN && solver.blocks.count == 1)
        for (name, value) in [("pairs", 6.0), ("pairs", -1), ("objective", .nan), ("evaluations", 0.5)] {
            var bad = good
            bad[name] = value
            #expect(
                !solver.resume(from: bad) { state in
                    for i in 0..<state.block.count { state.block.storage[i] = 1 }
                    return true
                })
        }
        // It starts again from there.
        try solver.start(at: training.point)
        #expect(try solver.step(training.point) == .improved)
    }
}

@Suite struct GradientDescentTests {
    /// f = x² + 2y² from (1, −1), rate 0.1, momentum 0.5. By hand: g = (2, −4), v = g, (0.8, −0.6);
    /// g = (1.6, −2.4), v = (2.6, −4.4), (0.54, −0.16).
    @Test func makesTheHandComputedSteps() {
        var layout = ParameterLayout()
        layout.add("x", shape: [2])
        let point = ParameterBlock<Double>(layout: layout)
        (point.storage[0], point.storage[1]) = (1, -1)
        let solver = GradientDescent<Double>(layout: layout, learningRate: 0.1, momentum: 0.5) { x, g in
            g.storage[0] = 2 * x.storage[0]
            g.storage[1] = 4 * x.storage[1]
            return x.storage[0] * x.storage[0] + 2 * x.storage[1] * x.storage[1]
        }
        solver.start(at: point)
        #expect(solver.objective == 3)
        let expected = [(x: 0.8, y: -0.6, f: 1.36), (x: 0.54, y: -0.16, f: 0.3428)]
        for (x, y, f) in expected {
            #expect(solver.step(point) == .improved)
            #expect(abs(point.storage[0] - x) < 1e-15 && abs(point.storage[1] - y) < 1e-15)
            #expect(abs(solver.objective - f) < 1e-15)
            #expect(abs(solver.gradient.storage[0] - 2 * x) < 1e-14)
        }
    }

    @Test func tellsDivergence() {
        var layout = ParameterLayout()
        layout.add("x", shape: [1])
        let point = ParameterBlock<Float>(layout: layout)
        point.storage[0] = 1
        let solver = GradientDescent<Float>(layout: layout, learningRate: 1e3, momentum: 0) { x, g in
            g.storage[0] = x.storage[0]
            return Double(x.storage[0] * x.storage[0])
        }
        solver.start(at: point)
        var outcome = SolverOutcome.improved
        for _ in 0..<100 where outcome == .improved { outcome = solver.step(point) }
        #expect(outcome == .diverged)
    }
}
