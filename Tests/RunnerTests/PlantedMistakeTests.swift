import Learning
import LinearAlgebra
import Results
import Sweeps
import Testing
import UnconstrainedFeatures

@testable import Runner

/// What a program with a mistake in it would report: never a minimum that is none.
@Suite struct PlantedMistakeTests {
    /// An objective whose value, gradient or both are wrong.
    private final class Wrong: TwiceDifferentiable {
        typealias Scalar = Double

        enum Mistake: CaseIterable {
            /// The gradient of other decays than the value's.
            case decays
            /// The loss's part is too strong by a tenth.
            case scale
            /// The features of one sample do not move.
            case sample
            /// Value and gradient of a function that is lower by a part in 10⁶.
            case lower
        }

        let objective: UnconstrainedFeatureObjective<Double>
        let mistake: Mistake
        private let other: UnconstrainedFeatureObjective<Double>

        init(_ objective: UnconstrainedFeatureObjective<Double>, _ mistake: Mistake) {
            self.objective = objective
            self.mistake = mistake
            let model = objective.model
            other = UnconstrainedFeatureObjective(
                UnconstrainedFeatureModel(
                    classes: model.classes, dimension: model.dimension, samples: model.samples, loss: model.loss,
                    regularization: .decay(
                        classifier: 1.2 * model.decays!.classifier, features: 1.2 * model.decays!.features),
                    bias: model.bias))
        }

        var layout: ParameterLayout { objective.layout }
        var spheres: SphereProduct { objective.spheres }

        func evaluate(at point: ParameterBlock<Double>, gradient: ParameterBlock<Double>) -> Double {
            let value = objective.evaluate(at: point, gradient: gradient)
            switch mistake {
            case .decays: _ = other.evaluate(at: point, gradient: gradient)
            case .scale: gradient.add(point, scaledBy: -0.1 * objective.model.decays!.features)
            case .sample:
                let (features, count) = (objective.variables.features, objective.model.sampleCount)
                for row in 0..<objective.model.dimension { gradient.pointer(to: features)[row * count] = 0 }
            case .lower:
                gradient.scale(by: 1 - 1e-6)
                return (1 - 1e-6) * value
            }
            return value
        }

        func multiplyHessian(
            at point: ParameterBlock<Double>, by direction: ParameterBlock<Double>, into product: ParameterBlock<Double>
        ) {
            objective.multiplyHessian(at: point, by: direction, into: product)
        }
    }

    private final class Host: TrialHost {
        func poll() throws(Abandoned) {}
    }

    private func end(_ solver: String, _ loss: String, _ mistake: Wrong.Mistake?) throws -> (
        verdict: String?, gap: Double?
    ) {
        let text = """
            problem: ufm
            K: 4
            d: 6
            n: 5
            lambda: 5e-3
            loss: \(loss)
            solver: \(solver)
            steps: 3000
            """
        let trial = try SweepFile.parse(text, path: "s.yaml").expand().trials[0].trial
        let model = try UnconstrainedFeatureModel(trial)
        let minimization = try UnconstrainedFeatureMinimization<Double>(model, UnconstrainedFeatureMethod(trial)) {
            objective in
            if let mistake { return Wrong(objective, mistake) }
            return objective
        }
        #expect(try minimization.run(Host()))
        var record = TrialRecord()
        UnconstrainedFeatureTheory(model).record(minimization.measured, curvesDown: nil, in: &record)
        var verdict: String?
        var gap: Double?
        for outcome in record.outcomes {
            if outcome.name == "verdict", case .text(let word) = outcome.value { verdict = word }
            if outcome.name == "gap", case .real(let value) = outcome.value { gap = value }
        }
        return (verdict, gap)
    }

    @Test(arguments: ["lbfgs", "conjugate_gradient", "gradient_descent", "trust_region"], ["cross_entropy", "mse"])
    func mistakesShow(solver: String, loss: String) throws {
        for mistake in Wrong.Mistake.allCases {
            let (verdict, gap) = try end(solver, loss, mistake)
            #expect(
                verdict == "contradicts" || verdict == "unconverged",
                "\(solver) \(loss) \(mistake): \(verdict ?? "none"), gap \(gap ?? .nan)")
        }
    }

    @Test(arguments: ["lbfgs", "conjugate_gradient", "trust_region"], ["cross_entropy", "mse"])
    func withoutAMistakeTheEndIsGlobal(solver: String, loss: String) throws {
        let (verdict, gap) = try end(solver, loss, nil)
        #expect(verdict == "global")
        #expect(abs(gap ?? .nan) <= 1e-12)
    }
}
