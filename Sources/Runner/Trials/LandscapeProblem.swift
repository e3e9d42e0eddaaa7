import Learning
import LinearAlgebra
import Results
import Sweeps
import UnconstrainedFeatures

/// `problem: landscape`: an unconstrained feature model around one point, where a solver ends or that theory
/// constructs: gradient, certificate, the Hessian's eigenvalues, and what all that makes of the point.
struct LandscapeProblem: Problem {
    private enum Place {
        case end(UnconstrainedFeatureMethod)
        case constructed(ConstructedPoint)
    }

    private typealias Point = (objective: UnconstrainedFeatureObjective<Double>, block: ParameterBlock<Double>)

    private let model: UnconstrainedFeatureModel
    private let place: Place
    /// Number of variables.
    private let order: Int
    private let takesAll: Bool

    /// Up to this many variables a dense matrix is faster than Lanczos' method, and tells more.
    private static let mostVariables = 2000

    init(_ trial: Trial) throws(ParameterProblem) {
        model = try UnconstrainedFeatureModel(trial)
        place =
            switch trial.text("point") {
            case "origin": .constructed(.origin)
            case "optimum": .constructed(.optimum)
            case "saddle": .constructed(.saddle(rank: trial.integer("rank")))
            case "end": .end(UnconstrainedFeatureMethod(trial))
            default: preconditionFailure("a point of the schema without a case")
            }
        // As many blocks as the basis of an eigenvalue problem has.
        try model.checkMemory(blocks: 100)
        order = UnconstrainedFeatureVariables(model).layout.count
        takesAll =
            switch trial.text("eigenvalues") {
            case "all": true
            case "extremes": false
            default: order <= Self.mostVariables
            }
        guard takesAll else { return }
        guard order <= 40_000 else {
            throw ParameterProblem(
                name: "eigenvalues", message: "the Hessian of \(order) variables is too large for all; write extremes")
        }
        try MachineMemory.check(bytes: 40 * Double(order) * Double(order), for: "eigenvalues")
    }

    var cost: Cost {
        let (order, evaluation) = (Double(order), model.evaluationWork)
        let spectrum = takesAll ? order * (4 * order * order + 2 * evaluation) : 2000 * evaluation
        switch place {
        case .constructed: return Cost(family: "landscape point \(model.family)", work: 1000 * evaluation + spectrum)
        case .end(let method):
            return Cost(family: "landscape \(method.name) \(model.family)", work: method.work(model) + spectrum)
        }
    }

    static let reports = ReportSchema(
        columns: UnconstrainedFeatureTheory.columns + [.choice("stop", StopReason.allCases.map(\.rawValue))]
            + [
                "steps_made", "smallest_eigenvalue", "smallest_residual", "largest_eigenvalue", "largest_residual",
                "negative_eigenvalues", "negative_eigenvalues_predicted", "zero_eigenvalues",
                "zero_eigenvalues_predicted", "escape_curvature", "escape_curvature_predicted",
            ].map(Vocabulary.Name.number))

    func run(_ context: TrialContext) throws -> TrialRecord {
        precondition(context.team == nil, "unconstrained feature model on several ranks")
        var record = TrialRecord()
        guard let (objective, block) = try point(context.host, &record) else { return record }
        try context.host.poll()
        let gradient = ParameterBlock<Double>(layout: objective.layout)
        let multipliers = ParameterBlock<Double>(layout: objective.spheres.multiplierLayout)
        let value = objective.evaluateOnSpheres(at: block, gradient: gradient, multipliers: multipliers)
        let measured = MeasuredPoint(objective, objective, at: block, value: value, gradient: gradient)
        let spectrum = objective.hessianSpectrum(at: block, denseUpTo: takesAll ? .max : 0)
        let theory = UnconstrainedFeatureTheory(model)
        theory.record(measured, curvesDown: spectrum.map { $0.smallest.value < -$0.zeroTolerance }, in: &record)
        if let spectrum { self.record(spectrum, &record) }
        let escape = measured.escape
        recordPredictions(theory, escape?.count, &record)
        if let escape {
            record.set("escape_curvature", escape.measured)
            record.set("escape_curvature_predicted", escape.predicted)
        }
        return record
    }

    /// nil where the solver diverged.
    private func point(_ host: any TrialHost, _ record: inout TrialRecord) throws -> Point? {
        switch place {
        case .constructed(let constructed):
            guard let matrices = constructed.matrices(of: model) else { throw UnknownPoint(constructed) }
            let objective = UnconstrainedFeatureObjective<Double>(model)
            let block = ParameterBlock<Double>(layout: objective.layout)
            objective.initialize(block, at: .point(matrices), seed: 0)
            return (objective, block)
        case .end(let method):
            let minimization = try UnconstrainedFeatureMinimization<Double>(model, method)
            guard try minimization.run(host) else {
                record.diverge("the objective is not finite at step \(minimization.step); lower the learning rate")
                return nil
            }
            if let stop = minimization.stop { record.set("stop", stop.rawValue) }
            record.set("steps_made", minimization.step)
            return (minimization.objective, minimization.point)
        }
    }

    private func record(_ spectrum: HessianSpectrum<Double>, _ record: inout TrialRecord) {
        record.set("smallest_eigenvalue", spectrum.smallest.value)
        record.set("smallest_residual", spectrum.smallest.residual)
        record.set("largest_eigenvalue", spectrum.largest.value)
        record.set("largest_residual", spectrum.largest.residual)
        if let count = spectrum.negativeCount { record.set("negative_eigenvalues", count) }
        if let count = spectrum.zeroCount { record.set("zero_eigenvalues", count) }
    }

    /// Where theory counts eigenvalues: at constructed saddles, the origin among them, which are minima in the
    /// dimensions they use, and at an optimum that is unique up to symmetry.
    private func recordPredictions(
        _ theory: UnconstrainedFeatureTheory, _ escapes: Int?, _ record: inout TrialRecord
    ) {
        let isOptimal = record.outcomes.contains { $0.name == "verdict" && $0.value == .text(Verdict.global.rawValue) }
        if isOptimal {
            record.set("negative_eigenvalues_predicted", 0)
            if let modes = theory.zeroModes { record.set("zero_eigenvalues_predicted", modes) }
        } else if case .constructed = place, let escapes {
            record.set("negative_eigenvalues_predicted", escapes)
        }
    }
}

extension UnconstrainedFeatureTheory {
    /// At an optimum under decays whose only flat directions are its symmetries.
    fileprivate var zeroModes: Int? {
        guard let optimum, optimum.isUnique, let configuration = optimum.configuration, model.decays != nil,
            model.classifier == .learned, model.hidden == nil
        else { return nil }
        return model.symmetryZeroModes(rank: configuration.dimension)
    }
}
