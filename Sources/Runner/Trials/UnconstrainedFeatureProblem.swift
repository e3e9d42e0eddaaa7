import Learning
import LinearAlgebra
import NeuralCollapse
import Results
import Sweeps
import UnconstrainedFeatures

/// `problem: ufm`: minimise an unconstrained feature model and hold the end against its closed-form optimum.
struct UnconstrainedFeatureProblem: Problem {
    private enum SolverChoice {
        case lbfgs
        case gradientDescent(learningRate: Double, momentum: Double)
    }

    /// Why the solver stopped; the words of column `stop`.
    private enum Stop: String, CaseIterable {
        /// The gradient fell below the tolerance.
        case gradient
        case steps
        /// No step changes the objective any more in this precision.
        case precision
    }

    private let model: UnconstrainedFeatureModel
    private let solver: SolverChoice
    private let lossName: String
    private let seed: Int
    private let steps: Int
    private let tolerance: Double
    private let initialScale: Double
    private let measurements: Int
    private let precision: String

    init(_ trial: Trial) throws(ParameterProblem) {
        model = try UnconstrainedFeatureModel(trial)
        guard trial.problem == "ufm", case .classification = model.loss, model.decays != nil,
            model.classifier == .learned, model.hidden == nil,
            model.samples.samplesPerClass != nil, trial.text("start") == "gaussian",
            ["lbfgs", "gradient_descent"].contains(trial.text("solver"))
        else { throw ParameterProblem(name: "loss", message: "this model cannot be minimised yet") }
        solver =
            trial.text("solver") == "lbfgs"
            ? .lbfgs
            : .gradientDescent(learningRate: trial.real("learning_rate"), momentum: trial.real("momentum"))
        lossName = trial.text("loss")
        seed = trial.integer("seed")
        steps = trial.integer("steps")
        tolerance = trial.real("tolerance")
        initialScale = trial.real("initial_scale")
        measurements = trial.integer("measurements")
        precision = trial.text("precision")
        try checkMemory()
    }

    /// BLAS and LAPACK count in 32 bits, and measuring decomposes (d × d) matrices.
    private func checkMemory() throws(ParameterProblem) {
        let (k, d, n) = (Double(model.classes), Double(model.dimension), Double(model.samples.samplesPerClass!))
        guard k * k * n < 2e9 else {
            throw ParameterProblem(name: "n", message: "the model has over 2e9 logits; lower K or n")
        }
        guard d <= 30_000 else {
            throw ParameterProblem(
                name: "d", message: "d is more than the 30000 whose metrics can be computed; lower it")
        }
        // L-BFGS keeps 45 blocks of parameters, gradient descent 4; some matrices are copied to be measured.
        let blocks =
            switch solver {
            case .lbfgs: 45.0
            case .gradientDescent: 4.0
            }
        let parameters = d * (k + k * n)
        try MachineMemory.check(bytes: 8 * (blocks * parameters + 4 * d * k * n + k * k * n + 8 * d * d), for: "d")
    }

    var cost: Cost {
        let (k, d, n) = (Double(model.classes), Double(model.dimension), Double(model.sampleCount))
        // Small products run at a fraction of the speed of large ones, and an evaluation has a cost of its own.
        let step = 12 * k * d * n + 100 * k * n + 20_000
        // L-BFGS mostly needs some hundred iterations; the allowance of steps says nothing.
        let (name, count) =
            switch solver {
            case .lbfgs: ("lbfgs", min(Double(steps), 200))
            case .gradientDescent: ("gradient_descent", Double(steps))
            }
        let measuring = Double(measurements) * (20 * d * d * d + 4 * n * d * (d + k))
        return Cost(
            family: "ufm \(name) \(lossName) \(precision)",
            work: step * count * (precision == "float32" ? 0.6 : 1) + measuring)
    }

    func run(_ context: TrialContext) throws -> TrialRecord {
        precondition(context.team == nil, "unconstrained feature model on several ranks")
        return precision == "float32" ? try minimise(Float.self, context.host) : try minimise(Double.self, context.host)
    }

    private func minimise<Scalar: BLASScalar>(_: Scalar.Type, _ host: any TrialHost) throws -> TrialRecord {
        let objective = UnconstrainedFeatureObjective<Scalar>(model)
        let point = ParameterBlock<Scalar>(layout: objective.layout)
        objective.initialize(point, at: .gaussian(scale: initialScale), seed: UInt64(seed))
        let solver = solver(for: objective)
        var record = TrialRecord()
        let points = LogSpacedPoints(last: steps, count: measurements)
        var step = 0
        var stop: Stop?
        solver.start(at: point)
        while true {
            guard solver.objective.isFinite else {
                record.diverge("the objective is not finite at step \(step); lower the learning rate")
                return record
            }
            if objective.relativeGradientNorm(solver.gradient, at: point, value: solver.objective) <= tolerance {
                stop = .gradient
            } else if step == steps {
                stop = stop ?? .steps
            }
            if points.isDue(step) || stop != nil { measure(objective, solver, at: point, step: step, into: &record) }
            if let stop {
                finish(objective, solver, at: point, step: step, stop: stop, &record)
                return record
            }
            try host.poll()
            switch solver.step(point) {
            case .improved: step += 1
            case .exhausted: stop = .precision
            case .diverged: break
            }
        }
    }

    private func solver<Scalar: BLASScalar>(
        for objective: UnconstrainedFeatureObjective<Scalar>
    ) -> any FullBatchSolver<Scalar, Never> {
        let evaluate: FullBatchEvaluation<Scalar, Never> = { objective.evaluate(at: $0, gradient: $1) }
        switch solver {
        case .lbfgs:
            return LBFGS(layout: objective.layout, evaluate: evaluate)
        case .gradientDescent(let learningRate, let momentum):
            return GradientDescent(
                layout: objective.layout, learningRate: learningRate, momentum: momentum, evaluate: evaluate)
        }
    }

    // MARK: Measuring

    static let reports = ReportSchema(
        columns: [
            .number("objective"), .number("optimum"), .number("gap"), .choice("stop", Stop.allCases.map(\.rawValue)),
            .number("steps_made"), .number("gradient_norm"), .number("classifier_norm"), .number("features_norm"),
        ] + Metric.allCases.map { .number($0.rawValue) },
        modelMetrics: ["objective", "gap", "gradient_norm"], layerMetrics: Metric.allCases.map(\.rawValue))

    private func measure<Scalar: BLASScalar>(
        _ objective: UnconstrainedFeatureObjective<Scalar>, _ solver: any FullBatchSolver<Scalar, Never>,
        at point: ParameterBlock<Scalar>, step: Int, into record: inout TrialRecord
    ) {
        guard record.measurements.last?.step != step else { return }
        func add(_ metric: String, _ value: Double, layer: String) {
            record.measurements.append(
                Measurement(step: step, layer: layer, split: "train", metric: metric, value: value))
        }
        add("objective", solver.objective, layer: "")
        if let gap = gap(solver.objective) { add("gap", gap, layer: "") }
        add("gradient_norm", solver.gradient.norm, layer: "")
        for (metric, value) in collapse(objective, at: point) { add(metric.rawValue, value, layer: Self.layer) }
    }

    private func finish<Scalar: BLASScalar>(
        _ objective: UnconstrainedFeatureObjective<Scalar>, _ solver: any FullBatchSolver<Scalar, Never>,
        at point: ParameterBlock<Scalar>, step: Int, stop: Stop, _ record: inout TrialRecord
    ) {
        record.set("objective", solver.objective)
        record.set("optimum", model.optimum?.value)
        record.set("gap", gap(solver.objective))
        record.set("stop", stop.rawValue)
        record.set("steps_made", step)
        record.set("gradient_norm", solver.gradient.norm)
        record.set("classifier_norm", objective.variables.classifier.map { point.norm(of: $0) })
        record.set("features_norm", point.norm(of: objective.variables.features))
        // Measured at this very step.
        for measurement in record.measurements where measurement.step == step && measurement.layer == Self.layer {
            record.set(measurement.metric, measurement.value)
        }
    }

    /// Name of the only layer, in the series.
    private static let layer = "features"

    /// (f − f*)/f*.
    private func gap(_ objective: Double) -> Double? { model.optimum.map { (objective - $0.value) / $0.value } }

    /// The metrics; none where the model has collapsed to zero, as there the directions they compare are rounding.
    private func collapse<Scalar: BLASScalar>(
        _ objective: UnconstrainedFeatureObjective<Scalar>, at point: ParameterBlock<Scalar>
    ) -> [(Metric, Double)] {
        let features = objective.featureMatrix(at: point)
        let classifier = LinearClassifier(
            weights: objective.classifierMatrix(at: point)!, bias: objective.biasVector(at: point))
        var statistics = ClassStatistics(classes: model.classes, dimension: model.dimension)
        statistics.add(features, labels: objective.labels)
        guard !hasVanished(statistics, classifier) else { return [] }
        let decisions = DecisionProbe(statistics: statistics, classifier: classifier)
            .statistics(of: features, labels: objective.labels)
        return CollapseMeasurement(of: statistics, classifier: classifier, decisions: decisions)
            .entries.map { ($0.metric, $0.value) }
    }

    /// Whether the logits of the class means, W·H̄, are so small that the classes are one for every purpose.
    private func hasVanished(_ statistics: ClassStatistics, _ classifier: LinearClassifier) -> Bool {
        Matrix.product(classifier.weights, statistics.means, transposeB: .yes).frobeniusNorm < 1e-6
    }
}
