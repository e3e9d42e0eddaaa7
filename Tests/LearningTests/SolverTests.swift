import LinearAlgebra
import Testing

@testable import Learning

/// Every solver on functions whose minima are known.
@Suite struct SolverTests {
    enum Method: String, CaseIterable, Sendable {
        case lbfgs, conjugateGradient, trustRegion, gradientDescent, heavyBall, nesterov, adam

        func solver<Scalar: BLASScalar>(
            for f: SmoothFunction<Scalar>, rate: Double, tolerance: Double
        ) -> any FullBatchSolver<Scalar, Never> {
            func descent(_ optimizer: any Optimizer<Scalar>, _ rate: Double) -> any FullBatchSolver<Scalar, Never> {
                GradientDescent(
                    layout: f.layout, spheres: f.spheres, optimizer: optimizer, learningRate: rate,
                    evaluate: f.fullBatchEvaluation)
            }
            switch self {
            case .lbfgs:
                return LBFGS(layout: f.layout, spheres: f.spheres, evaluate: f.fullBatchEvaluation)
            case .conjugateGradient:
                return ConjugateGradient(layout: f.layout, spheres: f.spheres, evaluate: f.fullBatchEvaluation)
            case .trustRegion: return TrustRegionNewton(function: f) { gradient, _ in gradient.norm <= tolerance }
            case .gradientDescent: return descent(SGD(layout: f.layout, momentum: 0), rate)
            case .heavyBall: return descent(SGD(layout: f.layout, momentum: 0.8), rate)
            case .nesterov: return descent(SGD(layout: f.layout, momentum: 0.8, isNesterov: true), rate)
            case .adam: return descent(Adam(layout: f.layout, decouplesDecay: false), 0.05 * rate)
            }
        }

        /// With a fixed rate it circles around the minimum, at a distance that falls with the rate.
        var tolerance: Double { self == .adam ? 1e-6 : 1e-9 }

        /// Steps that a problem of condition 20 or so may take.
        var limit: Int {
            switch self {
            case .trustRegion: 25
            case .lbfgs, .conjugateGradient: 100
            case .heavyBall, .nesterov: 400
            case .gradientDescent: 1500
            case .adam: 4000
            }
        }
    }

    private func minimise<Scalar: BLASScalar>(
        _ f: SmoothFunction<Scalar>, _ method: Method, from point: ParameterBlock<Scalar>, rate: Double = 0.1,
        tolerance: Double, patience: Int = 1
    ) -> (solver: any FullBatchSolver<Scalar, Never>, steps: Int) {
        let solver = method.solver(for: f, rate: rate, tolerance: tolerance)
        solver.start(at: point)
        var steps = 0
        while solver.gradient.norm > tolerance || solver.hasEscape, steps < patience * method.limit {
            guard solver.step(point) == .improved else { break }
            steps += 1
        }
        return (solver, steps)
    }

    private func expectOnSpheres(
        _ f: SmoothFunction<Double>, _ solver: any FullBatchSolver<Double, Never>, _ point: ParameterBlock<Double>
    ) {
        let (again, gradient) = (f.block(point.storage.array), f.block(solver.gradient.storage.array))
        f.spheres.normalize(again)
        f.spheres.project(gradient, at: point)
        for i in 0..<f.layout.count {
            #expect(abs(again.storage[i] - point.storage[i]) < 1e-14 * (1 + abs(point.storage[i])))
            #expect(abs(gradient.storage[i] - solver.gradient.storage[i]) < 1e-14)
        }
    }

    @Test(arguments: Method.allCases) func minimisesAQuadratic(method: Method) {
        let spectrum = (0..<40).map { 0.5 + 9.5 * Double($0) / 39 }
        let (matrix, _) = symmetricMatrix(spectrum: spectrum)
        let f = SmoothFunction<Double>.quadratic(matrix, linear: (0..<40).map { Double($0 % 3) })
        let point = f.randomBlock(2)
        let end = minimise(f, method, from: point, tolerance: method.tolerance)
        #expect(end.solver.gradient.norm <= method.tolerance, "\(method) after \(end.steps)")
    }

    /// The least eigenvalue by its Rayleigh quotient, on a sphere whose radius is not 1.
    @Test(arguments: Method.allCases) func findsTheFirstEigenvector(method: Method) {
        let spectrum = [-1.0] + (0..<24).map { 0.5 * Double($0) / 24 }
        let (matrix, vectors) = symmetricMatrix(spectrum: spectrum)
        let f = SmoothFunction<Double>.quadratic(matrix, spheres: sphere(25, radius: 2))
        let point = f.randomBlock(3)
        let end = minimise(f, method, from: point, rate: 0.2, tolerance: 1e-9)
        #expect(end.solver.gradient.norm <= 1e-9, "\(method) after \(end.steps)")
        #expect(abs(end.solver.objective + 2) < 1e-12)
        let alignment = f.block(Array(vectors.row(0))).dot(point)
        #expect(abs(abs(alignment) - 2) < 1e-12)
        expectOnSpheres(f, end.solver, point)
    }

    /// Tight frames, as rows and as columns: the same numbers up to the order of sums.
    @Test(arguments: Method.allCases, [false, true]) func findsTightFrames(method: Method, areColumns: Bool) {
        let f = SmoothFunction<Double>.framePotential(vectors: 9, dimension: 4, areColumns: areColumns)
        let point = f.randomBlock(5)
        let end = minimise(f, method, from: point, tolerance: 1e-8)
        #expect(end.solver.gradient.norm <= 1e-8, "\(method) after \(end.steps)")
        #expect(abs(end.solver.objective - 81.0 / 16) < 1e-12)
        expectOnSpheres(f, end.solver, point)
    }

    /// Spheres of several radii and strides, with a free variable, and a landscape that bends.
    @Test(arguments: [Method.lbfgs, .conjugateGradient, .trustRegion]) func minimisesOnSpheresOfSeveralKinds(
        method: Method
    ) throws {
        let f = SmoothFunction<Double>.bilinear(rows: 5, dimension: 3, columns: 20)
        let point = f.randomPoint(6)
        let end = minimise(f, method, from: point, tolerance: 1e-9, patience: 5)
        #expect(end.solver.gradient.norm <= 1e-9, "\(method) after \(end.steps)")
        #expect(try #require(f.hessianSpectrum(at: point)).negativeCount == 0)
        expectOnSpheres(f, end.solver, point)
    }

    /// Saved between steps and resumed by another solver.
    @Test(arguments: Method.allCases) func resumesWithTheSameBits(method: Method) {
        let f = SmoothFunction<Double>.framePotential(vectors: 9, dimension: 4, areColumns: true)
        func solver() -> any FullBatchSolver<Double, Never> { method.solver(for: f, rate: 0.1, tolerance: 1e-10) }
        let (straight, end, steps) = (solver(), f.randomPoint(8), 9)
        straight.start(at: end)
        for _ in 0..<steps { _ = straight.step(end) }
        for stop in 0..<steps {
            let (first, point) = (solver(), f.randomPoint(8))
            first.start(at: point)
            for _ in 0..<stop { _ = first.step(point) }
            let saved = Dictionary(uniqueKeysWithValues: first.blocks.map { ($0.name, $0.block.storage.array) })
            let second = solver()
            let isResumed = second.resume(from: first.progress) { state in
                guard let values = saved[state.name] else { return false }
                for (index, value) in values.enumerated() { state.block.storage[index] = value }
                return true
            }
            #expect(isResumed)
            for _ in stop..<steps { _ = second.step(point) }
            #expect(point.storage.array == end.storage.array && second.objective == straight.objective)
        }
        let damaged = solver()
        #expect(!damaged.resume(from: straight.progress) { _ in false })
        #expect(damaged.objective.isNaN && damaged.gradient.norm == 0)
    }

    @Test(arguments: [Method.lbfgs, .conjugateGradient, .trustRegion]) func singlePrecisionComesClose(method: Method) {
        let f = SmoothFunction<Float>.framePotential(vectors: 9, dimension: 4, areColumns: true)
        let point = f.randomPoint(7)
        let end = minimise(f, method, from: point, tolerance: 2e-5)
        #expect(end.solver.gradient.norm <= 2e-5, "\(method) after \(end.steps)")
        #expect(abs(end.solver.objective - 81.0 / 16) < 1e-5)
    }
}

@Suite struct ConjugateGradientTests {
    private typealias Solver = ConjugateGradient<Double, Never>

    @Test(arguments: [2, 100]) func solvesRosenbrock(dimension: Int) {
        let f = SmoothFunction<Double>.rosenbrock(dimension)
        let point = f.block((0..<dimension).map { $0 % 2 == 0 ? -1.2 : 1.0 })
        let solver = Solver(layout: f.layout, evaluate: f.fullBatchEvaluation)
        solver.start(at: point)
        var steps = 0
        while solver.gradient.norm > 1e-10, steps < 100, solver.step(point) == .improved { steps += 1 }
        #expect(solver.gradient.norm <= 1e-10)
        #expect(point.storage.array.allSatisfy { abs($0 - 1) < 1e-9 })
        #expect(solver.evaluations < 4 * steps)
    }

    /// With lengths close to the minimum along the line, a quadratic with few distinct eigenvalues takes few steps more
    /// than that (conjugate gradients need as many as there are).
    @Test func needsAFewStepsForFewEigenvalues() {
        let spectrum = (0..<60).map { [1.0, 10, 100][$0 % 3] }
        let f = SmoothFunction<Double>.quadratic(
            symmetricMatrix(spectrum: spectrum).matrix, linear: [Double](repeating: 1, count: 60))
        let point = f.randomBlock(0)
        let solver = Solver(layout: f.layout, evaluate: f.fullBatchEvaluation)
        solver.start(at: point)
        let first = solver.gradient.norm
        var steps = 0
        while solver.gradient.norm > 1e-8 * first, steps < 100, solver.step(point) == .improved { steps += 1 }
        // Steepest descent takes 600 at a condition of 100.
        #expect(steps < 30)
    }

    /// Interrupted in the middle of every evaluation, and resumed by another solver.
    @Test func resumesAnywhereWithTheSameBits() throws {
        struct Stopped: Error, Equatable {}
        let f = SmoothFunction<Double>.framePotential(vectors: 6, dimension: 3, areColumns: false)
        final class Counter {
            var count = 0
            var stopsAt: Int?
        }
        func solver(_ counter: Counter) -> ConjugateGradient<Double, Stopped> {
            ConjugateGradient(layout: f.layout, spheres: f.spheres) { point, gradient throws(Stopped) in
                counter.count += 1
                if counter.count == counter.stopsAt { throw Stopped() }
                return f.evaluate(at: point, gradient: gradient)
            }
        }
        let (counter, straight) = (Counter(), f.randomPoint(1))
        let whole = solver(counter)
        try whole.start(at: straight)
        let steps = 12
        for _ in 0..<steps { _ = try whole.step(straight) }
        for stop in 2...counter.count {
            let (counter, point) = (Counter(), f.randomPoint(1))
            counter.stopsAt = stop
            let first = solver(counter)
            try first.start(at: point)
            var made = 0
            #expect(throws: Stopped.self) {
                while true {
                    _ = try first.step(point)
                    made += 1
                }
            }
            let saved = Dictionary(uniqueKeysWithValues: first.blocks.map { ($0.name, $0.block.storage.array) })
            let second = solver(counter)
            let isResumed = second.resume(from: first.progress) { state in
                guard let values = saved[state.name] else { return false }
                for (index, value) in values.enumerated() { state.block.storage[index] = value }
                return true
            }
            #expect(isResumed)
            for _ in made..<steps { _ = try second.step(point) }
            #expect(point.storage.array == straight.storage.array)
            #expect(second.objective == whole.objective && second.evaluations == whole.evaluations)
        }
        var progress = whole.progress
        progress["last_change"] = 1
        #expect(!whole.resume(from: progress) { _ in true })
        #expect(whole.objective.isNaN)
    }
}
