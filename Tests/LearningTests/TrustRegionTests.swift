import Foundation
import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

@Suite struct TrustRegionTests {
    private struct Run<Scalar: BLASScalar> {
        let solver: TrustRegionNewton<Scalar>
        let outcome: SolverOutcome
        /// After the start and after each step.
        let gradientNorms: [Double]
        let point: ParameterBlock<Scalar>
        var steps: Int { gradientNorms.count - 1 }
        var smallest: Double { solver.smallestEigenvalue ?? .nan }
    }

    /// Until the gradient norm is at most `tolerance` at a point that nothing leads away from, as a caller stops.
    private func minimise<Scalar: BLASScalar>(
        _ f: SmoothFunction<Scalar>, from point: ParameterBlock<Scalar>, steps: Int = 200, tolerance: Double = 1e-10
    ) -> Run<Scalar> {
        let solver = TrustRegionNewton(function: f) { gradient, _ in gradient.norm <= tolerance }
        solver.start(at: point)
        var norms = [solver.gradient.norm]
        var outcome = SolverOutcome.improved
        while norms.count <= steps, outcome == .improved, !(norms.last! <= tolerance) || solver.hasEscape {
            let before = solver.objective
            outcome = solver.step(point)
            norms.append(solver.gradient.norm)
            #expect(outcome == .diverged || solver.objective <= before + 32 * Double(Scalar.ulpOfOne) * abs(before))
        }
        return Run(solver: solver, outcome: outcome, gradientNorms: norms, point: point)
    }

    @Test(arguments: [2, 100]) func solvesRosenbrock(dimension: Int) {
        let f = SmoothFunction<Double>.rosenbrock(dimension)
        let run = minimise(
            f, from: f.block((0..<dimension).map { $0 % 2 == 0 ? -1.2 : 1.0 }), tolerance: 1e-12)
        #expect(run.gradientNorms.last! <= 1e-12 && run.steps < 50)
        #expect(run.point.storage.array.allSatisfy { abs($0 - 1) < 1e-12 })
        // At the minimum: 501 ∓ √(501² − 400), 0.39936 the smaller.
        #expect(abs(run.smallest - (501 - (501.0 * 501 - 400).squareRoot())) < 1e-6)
        #expect(!run.solver.hasEscape)
    }

    /// Gradients near the end fall quadratically: each below a constant times the square of the one before.
    @Test func convergesQuadratically() {
        let f = SmoothFunction<Double>(30) { x, g in
            var value = 0.0
            for i in 0..<30 {
                let (a, scale) = (x.start[i], 1 + Double(i))
                value += scale * (exp(a) - a)
                g.start[i] = scale * (exp(a) - 1)
            }
            return value
        } product: { x, v, hv in
            for i in 0..<30 { hv.start[i] = (1 + Double(i)) * exp(x.start[i]) * v.start[i] }
        }
        let run = minimise(f, from: f.randomBlock(0, scale: 0.3), tolerance: 1e-13)
        #expect(run.gradientNorms.last! <= 1e-13)
        let tail = run.gradientNorms.filter { $0 < 1 }
        #expect(tail.count >= 3 && tail.count <= 6)
        for (now, next) in zip(tail, tail.dropFirst()) where now > 1e-6 { #expect(next < 1.5 * now * now) }
    }

    @Test func solvesAnIllConditionedQuadratic() {
        let spectrum = (0..<60).map { pow(10, 6 * Double($0) / 59 - 4) }
        let f = SmoothFunction<Double>.quadratic(
            symmetricMatrix(spectrum: spectrum).matrix, linear: [Double](repeating: 1e-3, count: 60))
        let run = minimise(f, from: f.randomBlock(1), tolerance: 1e-10)
        #expect(run.gradientNorms.last! <= 1e-10)
        #expect(abs(run.smallest - 1e-4) < 1e-9)
    }

    /// ½x² − ½y² + ¼y⁴ + ¼z²: a saddle at 0, minima −¼ at y = ±1 with the Hessian diag(1, 2, ½).
    private static func doubleWell<Scalar: BLASScalar>(_: Scalar.Type) -> SmoothFunction<Scalar> {
        SmoothFunction(3) { x, g in
            let (a, b, c) = (Double(x.start[0]), Double(x.start[1]), Double(x.start[2]))
            (g.start[0], g.start[1], g.start[2]) = (Scalar(a), Scalar(b * b * b - b), Scalar(0.5 * c))
            return 0.5 * a * a - 0.5 * b * b + 0.25 * b * b * b * b + 0.25 * c * c
        } product: { x, v, hv in
            hv.start[0] = v.start[0]
            hv.start[1] = (3 * x.start[1] * x.start[1] - 1) * v.start[1]
            hv.start[2] = v.start[2] / 2
        }
    }

    /// From the very saddle, and from its stable manifold, where every gradient leads to it.
    @Test(arguments: [[0.0, 0, 0], [0.7, 0, -2], [1e-9, 0, 0]]) func leavesASaddle(start: [Double]) {
        let f = Self.doubleWell(Double.self)
        let run = minimise(f, from: f.block(start))
        #expect(abs(run.solver.objective + 0.25) < 1e-14)
        #expect(abs(abs(run.point.storage[1]) - 1) < 1e-10)
        #expect(abs(run.smallest - 0.5) < 1e-8 && !run.solver.hasEscape)
        #expect(run.steps < 20)

        let single = Self.doubleWell(Float.self)
        let coarse = minimise(single, from: single.block(start), tolerance: 1e-5)
        #expect(abs(coarse.solver.objective + 0.25) < 1e-6 && !coarse.solver.hasEscape)
    }

    @Test func knowsASaddleFromTheStart() {
        let f = Self.doubleWell(Double.self)
        let solver = TrustRegionNewton(function: f) { gradient, _ in gradient.norm <= 1e-10 }
        solver.start(at: f.block([0, 0, 0]))
        #expect(solver.hasEscape && abs((solver.smallestEigenvalue ?? .nan) + 1) < 1e-12)
        solver.start(at: f.block([0, 1, 0]))
        #expect(!solver.hasEscape && abs((solver.smallestEigenvalue ?? .nan) - 0.5) < 1e-12)
        solver.start(at: f.block([1, 1, 0]))
        #expect(!solver.hasEscape && solver.smallestEigenvalue == nil)
    }

    /// A tolerance that is never reached does not keep it from looking: no gradient, no step, then the curvature.
    @Test func leavesASaddleWithoutATolerance() {
        let f = Self.doubleWell(Double.self)
        let run = minimise(f, from: f.block([0.5, 0, 1]), tolerance: -1)
        #expect(run.outcome == .exhausted)
        #expect(abs(run.solver.objective + 0.25) < 1e-14 && run.solver.gradient.norm < 1e-14)
        #expect(abs(run.smallest - 0.5) < 1e-8)
    }

    /// (‖x‖² − 1)²: a sphere of minima, with a Hessian of rank one.
    @Test func acceptsZeroModes() {
        let f = SmoothFunction<Double>(5) { x, g in
            let excess = x.dot(x) - 1
            g.copy(from: x)
            g.scale(by: 4 * excess)
            return excess * excess
        } product: { x, v, hv in
            hv.copy(from: v)
            hv.scale(by: 4 * (x.dot(x) - 1))
            hv.add(x, scaledBy: 8 * x.dot(v))
        }
        for start in [f.randomBlock(4), f.block([])] {
            let run = minimise(f, from: start, tolerance: 1e-12)
            #expect(run.gradientNorms.last! <= 1e-12 && !run.solver.hasEscape && run.steps < 30)
            #expect(abs(run.smallest) < 1e-10)
            #expect(abs(run.point.norm - 1) < 1e-12)
        }
    }

    /// ½⟨x, Ax⟩ on a sphere has a critical point in every eigenvector and a minimum in the first alone.
    @Test(arguments: [1, 7, 19]) func descendsFromEveryEigenvectorToTheFirst(index: Int) {
        let spectrum = (0..<20).map { 0.3 * Double($0) - 1 }
        let (matrix, vectors) = symmetricMatrix(spectrum: spectrum)
        let f = SmoothFunction<Double>.quadratic(matrix, spheres: sphere(20, radius: 3))
        let run = minimise(f, from: f.block(vectors.row(index).map { 3 * $0 }))
        #expect(abs(run.solver.objective + 4.5) < 1e-12)
        #expect(abs(run.smallest - 0.3) < 1e-8)
        #expect(abs(run.point.norm - 3) < 1e-14)
    }

    /// x − log x, infinite or not a number for x ≤ 0.
    @Test func staysInTheDomain() {
        let f = SmoothFunction<Double>(4) { x, g in
            var value = 0.0
            for i in 0..<4 {
                let number = x.storage[i]
                value += number > 0 ? number - log(number) : i % 2 == 0 ? .infinity : .nan
                g.storage[i] = number > 0 ? 1 - 1 / number : .nan
            }
            return value
        } product: { x, v, hv in
            for i in 0..<4 { hv.start[i] = v.start[i] / (x.start[i] * x.start[i]) }
        }
        let run = minimise(f, from: f.block([1e-3, 0.5, 5, 30]))
        #expect(run.gradientNorms.last! <= 1e-10)
        #expect(run.point.storage.array.allSatisfy { abs($0 - 1) < 1e-9 })
    }

    @Test func tellsWhenItCannotGoOn() {
        let wrong = SmoothFunction<Double>(2) { x, g in
            for i in 0..<2 { g.start[i] = -2 * x.start[i] }
            return x.dot(x)
        } product: { _, v, hv in
            hv.copy(from: v)
            hv.scale(by: 2)
        }
        let run = minimise(wrong, from: wrong.block([1, 2]))
        #expect(run.outcome == .exhausted && run.solver.objective == 5)
        let broken = SmoothFunction<Double>(1) { _, g in
            g.start[0] = .infinity
            return .nan
        } product: { _, v, hv in
            hv.copy(from: v)
        }
        #expect(minimise(broken, from: broken.block([1])).outcome == .diverged)
    }

    @Test func singlePrecisionGoesAsFarAsItsRounding() {
        let f = SmoothFunction<Float>.framePotential(vectors: 7, dimension: 3, areColumns: true)
        let run = minimise(f, from: f.randomPoint(0), tolerance: 1e-5)
        #expect(abs(run.solver.objective - 49.0 / 12) < 1e-5 && run.gradientNorms.last! <= 1e-5)
        let end = minimise(f, from: f.randomPoint(0), tolerance: 0)
        #expect(end.outcome == .exhausted || end.gradientNorms.last == 0)
    }

    /// Saved after every step and resumed by another solver, also where a saddle is about to be left.
    @Test func resumesWithTheSameBits() {
        let f = SmoothFunction<Double>.framePotential(vectors: 7, dimension: 3, areColumns: true)
        // Seven equal vectors: critical, and the worst there is.
        func start() -> ParameterBlock<Double> { f.block((0..<21).map { $0 < 7 ? 1 : 0 }) }
        func solver() -> TrustRegionNewton<Double> {
            TrustRegionNewton(function: f) { gradient, _ in gradient.norm <= 1e-10 }
        }
        let straight = (solver: solver(), point: start())
        straight.solver.start(at: straight.point)
        #expect(straight.solver.hasEscape)
        for _ in 0..<12 { _ = straight.solver.step(straight.point) }
        #expect(abs(straight.solver.objective - 49.0 / 12) < 1e-8)
        for stop in 0..<12 {
            let (first, point) = (solver(), start())
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
            #expect(second.hasEscape == first.hasEscape && second.smallestEigenvalue == first.smallestEigenvalue)
            for _ in stop..<12 { _ = second.step(point) }
            #expect(point.storage.array == straight.point.storage.array)
            #expect(second.products == straight.solver.products)
        }
        let damaged = solver()
        #expect(!damaged.resume(from: straight.solver.progress) { _ in false })
        #expect(damaged.objective.isNaN)
    }
}
