import Learning
import LinearAlgebra
import UnconstrainedFeatures

/// Why a minimisation stopped; the words of column `stop`.
enum StopReason: String, CaseIterable {
    /// The gradient fell below the tolerance.
    case gradient
    case steps
    /// No step changes the objective any more in this precision.
    case precision
}

/// A minimisation of an unconstrained feature model under way.
final class UnconstrainedFeatureMinimization<Scalar: BLASScalar> {
    typealias Block = ParameterBlock<Scalar>

    let objective: UnconstrainedFeatureObjective<Scalar>
    let point: Block
    let solver: any FullBatchSolver<Scalar, Never>
    private(set) var step = 0
    private(set) var stop: StopReason?
    private let method: UnconstrainedFeatureMethod
    private let function: any TwiceDifferentiable<Scalar>

    /// - Parameter disguise: what is minimised in the objective's place; tests put mistakes into it.
    /// - Throws: where the point to start from is not known.
    init(
        _ model: UnconstrainedFeatureModel, _ method: UnconstrainedFeatureMethod,
        disguise: (UnconstrainedFeatureObjective<Scalar>) -> any TwiceDifferentiable<Scalar> = { $0 }
    ) throws {
        let objective = UnconstrainedFeatureObjective<Scalar>(model)
        let function = disguise(objective)
        self.objective = objective
        self.function = function
        self.method = method
        point = try Self.start(objective, method)
        let (tolerance, unused) = (method.tolerance, Block(layout: objective.layout))
        solver = method.makeSolver(for: function) { gradient, point in
            // Decays are all that a gradient is held against where there are some.
            let value = model.decays == nil ? function.evaluate(at: point, gradient: unused) : 0
            return objective.relativeGradientNorm(gradient, at: point, value: value) <= tolerance
        }
    }

    static func start(
        _ objective: UnconstrainedFeatureObjective<Scalar>, _ method: UnconstrainedFeatureMethod
    ) throws -> Block {
        let point = Block(layout: objective.layout)
        switch method.start {
        case .plain(let start): objective.initialize(point, at: start, seed: method.seed)
        case .near(let constructed, let noise):
            guard let matrices = constructed.matrices(of: objective.model) else { throw UnknownPoint(constructed) }
            objective.initialize(point, at: .point(matrices), seed: method.seed)
            guard noise > 0 else { break }
            let shift = Block(layout: objective.layout)
            objective.initialize(shift, at: .origin(noise: noise), seed: method.seed)
            point.add(shift, scaledBy: 1)
        }
        return point
    }

    var relativeGradientNorm: Double {
        objective.relativeGradientNorm(solver.gradient, at: point, value: solver.objective)
    }

    var arrived: ArrivedPoint<Scalar> {
        ArrivedPoint(
            objective: objective, point: point, value: solver.objective, gradient: solver.gradient, step: step,
            stop: stop, smallestEigenvalue: solver.smallestEigenvalue, hasEscape: solver.hasEscape)
    }

    /// The point as it is now.
    var measured: MeasuredPoint<Scalar> {
        MeasuredPoint(objective, function, at: point, value: solver.objective, gradient: solver.gradient)
    }

    /// Steps to the end. `visit` is called wherever the minimisation arrives, at the start first; at the end `stop` is
    /// known.
    ///
    /// - Returns: false where the objective ceased to be finite.
    func run(_ host: any TrialHost, visit: () -> Void = {}) throws -> Bool {
        solver.start(at: point)
        while true {
            guard solver.objective.isFinite else { return false }
            if relativeGradientNorm <= method.tolerance && !solver.hasEscape {
                stop = .gradient
            } else if step == method.steps {
                stop = stop ?? .steps
            }
            visit()
            if stop != nil { return true }
            try host.poll()
            switch solver.step(point) {
            case .improved: step += 1
            case .exhausted: stop = .precision
            case .diverged: return false
            }
        }
    }
}

/// A point was asked for that theory does not construct for this model.
struct UnknownPoint: Error, CustomStringConvertible {
    let description: String

    init(_ point: ConstructedPoint) {
        let name =
            switch point {
            case .origin: "the origin"
            case .optimum: "the optimum"
            case .saddle(let rank): "a saddle of rank \(rank)"
            }
        description = "\(name) of this model is not known; take another point"
    }
}
