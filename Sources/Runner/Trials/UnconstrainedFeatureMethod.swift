import Learning
import LinearAlgebra
import Sweeps
import UnconstrainedFeatures

/// How a trial minimises its model: where it starts, by which solver, and how far.
struct UnconstrainedFeatureMethod {
    enum Solver {
        case lbfgs, conjugateGradient, trustRegion
        case gradientDescent(momentum: Double)
        case nesterov(momentum: Double)
        case adam(beta1: Double, beta2: Double, epsilon: Double)
    }

    enum Start {
        case plain(UnconstrainedFeatureStart)
        /// Normal numbers of standard deviation `noise` are added.
        case near(ConstructedPoint, noise: Double)
    }

    let solver: Solver
    /// The word of `solver`.
    let name: String
    /// Zero for solvers that choose the lengths of their steps.
    let learningRate: Double
    let steps: Int
    let tolerance: Double
    let start: Start
    let seed: UInt64

    init(_ trial: Trial) {
        name = trial.text("solver")
        solver =
            switch name {
            case "gradient_descent": .gradientDescent(momentum: trial.real("momentum"))
            case "nesterov": .nesterov(momentum: trial.real("momentum"))
            case "adam":
                .adam(beta1: trial.real("beta1"), beta2: trial.real("beta2"), epsilon: trial.real("epsilon"))
            case "conjugate_gradient": .conjugateGradient
            case "trust_region": .trustRegion
            case "lbfgs": .lbfgs
            default: preconditionFailure("a solver of the schema without a case")
            }
        learningRate = trial["learning_rate"]?.number ?? 0
        steps = trial.integer("steps")
        tolerance = trial.real("tolerance")
        seed = UInt64(trial.integer("seed"))
        start =
            switch trial.text("start") {
            case "origin": .plain(.origin(noise: trial.real("noise")))
            case "identity": .plain(.identity(scale: trial.real("initial_scale")))
            case "saddle": .near(.saddle(rank: trial.integer("rank")), noise: trial.real("noise"))
            case "gaussian": .plain(.gaussian(scale: trial.real("initial_scale")))
            default: preconditionFailure("a start of the schema without a case")
            }
    }

    func makeSolver<Scalar: BLASScalar>(
        for function: any TwiceDifferentiable<Scalar>,
        isStationary: @escaping (_ gradient: ParameterBlock<Scalar>, _ point: ParameterBlock<Scalar>) -> Bool
    ) -> any FullBatchSolver<Scalar, Never> {
        let (layout, spheres, evaluate) = (function.layout, function.spheres, function.fullBatchEvaluation)
        func descent(_ optimizer: any Optimizer<Scalar>) -> any FullBatchSolver<Scalar, Never> {
            GradientDescent(
                layout: layout, spheres: spheres, optimizer: optimizer, learningRate: learningRate, evaluate: evaluate)
        }
        switch solver {
        case .lbfgs: return LBFGS(layout: layout, spheres: spheres, evaluate: evaluate)
        case .conjugateGradient: return ConjugateGradient(layout: layout, spheres: spheres, evaluate: evaluate)
        case .trustRegion: return TrustRegionNewton(function: function, isStationary: isStationary)
        case .gradientDescent(let momentum): return descent(SGD(layout: layout, momentum: momentum))
        case .nesterov(let momentum): return descent(SGD(layout: layout, momentum: momentum, isNesterov: true))
        case .adam(let beta1, let beta2, let epsilon):
            return descent(
                Adam(layout: layout, beta1: beta1, beta2: beta2, epsilon: epsilon, decouplesDecay: false))
        }
    }

    /// Blocks of parameters that are kept, those of the basis in which Newton's method looks for eigenvalues included.
    var blocks: Double {
        switch solver {
        case .lbfgs: 48
        case .conjugateGradient: 10
        case .trustRegion: 100
        case .gradientDescent, .nesterov, .adam: 6
        }
    }

    /// Rough operations. The allowance of steps says nothing where a solver mostly needs some hundred.
    func work(_ model: UnconstrainedFeatureModel) -> Double {
        let evaluations =
            switch solver {
            case .lbfgs: Double(min(steps, 200))
            case .conjugateGradient: Double(min(steps, 600))
            case .trustRegion: Double(min(steps, 30)) * 60
            case .gradientDescent, .nesterov, .adam: Double(steps)
            }
        return evaluations * model.evaluationWork
    }
}

// MARK: - What it takes

extension UnconstrainedFeatureModel {
    /// Rough operations of an evaluation with its gradient. Small products run at a fraction of the speed of large
    /// ones, and an evaluation has a cost of its own.
    var evaluationWork: Double {
        let (k, d, count) = (Double(classes), Double(dimension), Double(sampleCount))
        guard hasClassifier else { return 8 * count * count * d + 100 * count * count + 20_000 }
        let width = Double(classifierWidth)
        let layers = hidden.map { width * d + Double($0.count - 1) * width * width } ?? 0
        return 12 * (k * width + layers) * count + 100 * k * count + 20_000
    }

    /// Rough operations of measuring all metrics of all layers once.
    var measuringWork: Double {
        let (k, count) = (Double(classes), Double(sampleCount))
        func layer(_ width: Double) -> Double { 20 * width * width * width + 4 * count * width * (width + k) }
        return layer(Double(dimension)) + Double(hidden?.count ?? 0) * layer(Double(classifierWidth))
    }

    /// Models that are predicted from each other: what an evaluation does, not how large it is.
    var family: String {
        let name =
            switch loss {
            case .classification(let loss): loss.name
            case .pickAllLabel: "pick_all_label"
            case .supervisedContrastive: "supervised_contrastive"
            }
        return hidden == nil ? name : "\(name) deep"
    }

    /// Refuses what cannot fit: blocks of parameters, and what measuring copies and decomposes.
    func checkMemory(blocks: Double) throws(ParameterProblem) {
        let (k, d, width) = (Double(classes), Double(dimension), Double(classifierWidth))
        let count = Double(sampleCount)
        guard max(d, width) <= 30_000 else {
            throw ParameterProblem(
                name: d > 30_000 ? "d" : "hidden_width",
                message:
                    "\(Int(max(d, width))) dimensions are more than the 30000 whose metrics can be computed; lower it"
            )
        }
        guard hasClassifier || count * count < SampleDesign.mostLogits else {
            throw ParameterProblem(name: "n", message: "the model has over 2e9 pairs of samples; lower K or n")
        }
        let layers = Double(hidden?.count ?? 0)
        let parameters = k * width + layers * width * max(d, width) + d * count
        let outputs = hasClassifier ? k * count : count * count
        try MachineMemory.check(
            bytes: 8 * (blocks * parameters + 4 * d * count + 6 * layers * width * count + 4 * outputs + 8 * d * d),
            for: "d")
    }
}
