import Learning
import LinearAlgebra
import NeuralCollapse
import Results
import Sweeps
import UnconstrainedFeatures

/// `problem: ufm`: minimise an unconstrained feature model and hold the end against theory.
struct UnconstrainedFeatureProblem: Problem {
    let model: UnconstrainedFeatureModel
    let method: UnconstrainedFeatureMethod
    private let measurements: Int
    let precision: String

    init(_ trial: Trial) throws(ParameterProblem) {
        model = try UnconstrainedFeatureModel(trial)
        method = UnconstrainedFeatureMethod(trial)
        measurements = trial.integer("measurements")
        precision = trial.text("precision")
        try model.checkMemory(blocks: method.blocks)
    }

    var cost: Cost {
        let sideBySide = sideBySide ?? 1
        return Cost(
            family: "ufm \(method.name) \(model.family) \(precision)" + (sideBySide > 1 ? " side by side" : ""),
            work: method.work(model) * (precision == "float32" ? 0.6 : 1) + Double(measurements) * model.measuringWork,
            sideBySide: sideBySide)
    }

    static let reports: ReportSchema = {
        let metrics = Metric.allCases.map(\.rawValue)
        return ReportSchema(
            columns: UnconstrainedFeatureTheory.columns + [.choice("stop", StopReason.allCases.map(\.rawValue))]
                + (["steps_made", "smallest_eigenvalue", "classifier_norm", "features_norm"] + metrics)
                .map(Vocabulary.Name.number),
            modelMetrics: ["objective", "gap", "gradient_norm"] + SquaredErrorDynamics.metrics, layerMetrics: metrics)
    }()

    func run(_ context: TrialContext) throws -> TrialRecord {
        precondition(context.team == nil, "unconstrained feature model on several ranks")
        return precision == "float32" ? try minimise(Float.self, context.host) : try minimise(Double.self, context.host)
    }

    private func minimise<Scalar: BLASScalar>(_: Scalar.Type, _ host: any TrialHost) throws -> TrialRecord {
        let minimization = try UnconstrainedFeatureMinimization<Scalar>(model, method)
        var course = course
        let isFinite = try minimization.run(host) {
            guard course.isDue(minimization.step) || minimization.stop != nil else { return }
            course.measure(minimization.arrived)
        }
        if isFinite {
            course.finish(minimization.arrived, minimization.measured)
        } else {
            course.diverge(at: minimization.step)
        }
        return course.record
    }

    var course: UnconstrainedFeatureCourse {
        UnconstrainedFeatureCourse(model, steps: method.steps, measurements: measurements)
    }
}

extension UnconstrainedFeatureProblem {
    /// Gradient descent has kernels of its own where classifier and features are all there is.
    var sideBySide: Int? {
        guard case .gradientDescent = method.solver, let shape = DescentShape(model) else { return nil }
        return isSingle
            ? FusedDescent<Float>.trials(of: shape, DescentForm(for: shape, Float.self))
            : FusedDescent<Double>.trials(of: shape, DescentForm(for: shape, Double.self))
    }

    private var isSingle: Bool { precision == "float32" }

    func run(in pack: TrialPack) throws(Abandoned) {
        if isSingle {
            try UnconstrainedFeatureDescents<Float>(pack).run()
        } else {
            try UnconstrainedFeatureDescents<Double>(pack).run()
        }
    }
}
