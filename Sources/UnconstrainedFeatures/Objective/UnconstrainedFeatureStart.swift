import Learning
import LinearAlgebra
import RandomNumbers

#if canImport(Glibc)
    import Glibc
#endif

/// Where a minimisation starts. Biases start at zero.
public enum UnconstrainedFeatureStart: Sendable, Equatable {
    /// Independent normal numbers: each weight matrix with standard deviation scale/√columns, H with scale. On spheres
    /// and norm balls directions alone count: matrices fill their balls but for a slack of a tenth of the radius.
    case gaussian(scale: Double)
    /// Zero plus independent normal numbers of standard deviation `noise`, for all matrices alike; not on spheres.
    case origin(noise: Double)
    /// The balanced identity, under decays with W learned and no dimension below K: every matrix is diagonal in the
    /// first K coordinates and zero elsewhere, class k's features lie along coordinate k. All weights of a class are
    /// alike, w = scale·(n_k λ_H/λ_W)^{1/(2(M+1))}, and √(λ_H n_k)·h = √λ_W·w, as at critical points; with scale = 1
    /// the logits are the one-hot labels.
    case identity(scale: Double)
    /// At given matrices, e.g. of a saddle.
    case point(UnconstrainedFeaturePoint)

    /// Whether a model can start so.
    public func fits(_ model: UnconstrainedFeatureModel) -> Bool {
        switch self {
        case .gaussian(let scale): scale > 0 || scale == 0 && model.regularization.isDecay
        case .origin(let noise): noise >= 0 && !model.regularization.isSpheres
        case .identity(let scale):
            scale >= 0 && model.regularization.isDecay && model.classifier == .learned && !model.samples.hasLabelSets
                && min(model.dimension, model.classifierWidth) >= model.classes
        case .point: true
        }
    }
}

extension UnconstrainedFeatureObjective {
    /// Starting values, a function of model, start and seed alone.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func initialize(_ point: ParameterBlock<Scalar>, at start: UnconstrainedFeatureStart, seed: UInt64) {
        precondition(start.fits(model), "start of an unconstrained feature model")
        point.zero()
        switch start {
        case .gaussian(let scale):
            fillMatrices(of: point, seed: seed) { $0 == variables.features ? scale : scale / rootOfColumns($0) }
            fillBalls(of: point)
            if model.regularization.isSpheres { variables.spheres.normalize(point) }
        case .origin(let noise):
            fillMatrices(of: point, seed: seed) { _ in noise }
            // The slack is what the noise leaves.
            set(point, to: matrices(at: point))
        case .identity(let scale): set(point, to: balancedIdentity(scale))
        case .point(let matrices): set(point, to: matrices)
        }
    }

    private func rootOfColumns(_ slice: ParameterLayout.Slice) -> Double { Double(slice.shape[1]).squareRoot() }

    /// Normal numbers in W, H and the hidden layers. Their streams are numbered in this order, so that a model with
    /// fewer of them has the same numbers in those it has.
    private func fillMatrices(
        of point: ParameterBlock<Scalar>, seed: UInt64, deviation: (ParameterLayout.Slice) -> Double
    ) {
        let slices = [variables.classifier, variables.features] + variables.hidden
        for (index, slice) in slices.enumerated() {
            guard let slice else { continue }
            let random = Philox(seed: seed, purpose: .initialization(index))
            let (target, deviation) = (point.pointer(to: slice), deviation(slice))
            for element in 0..<slice.count {
                target[element] = Scalar(deviation * random.normal(at: UInt64(element)))
            }
        }
    }

    /// Of a ball's radius a tenth is slack at the start: without any it could never grow.
    private func fillBalls(of point: ParameterBlock<Scalar>) {
        for (slice, slack) in [
            (variables.classifier, variables.classifierSlack), (variables.features, variables.featuresSlack),
        ] {
            guard let slice, let slack else { continue }
            point.pointer(to: slack)[0] = Scalar(0.1 / 0.99.squareRoot() * point.norm(of: slice))
        }
        if !model.regularization.isSpheres { variables.spheres.normalize(point) }
    }

    private func balancedIdentity(_ scale: Double) -> UnconstrainedFeaturePoint {
        let (lambdaW, lambdaH) = model.decays!
        let sizes = model.samples.classSizes(classes: model.classes)!.map(Double.init)
        let exponent = 1 / (2 * Double(model.depth + 1))
        let weights = sizes.map { scale * pow($0 * lambdaH / lambdaW, exponent) }
        func diagonal(rows: Int, columns: Int) -> Matrix {
            Matrix(rows: rows, columns: columns) { $0 == $1 && $0 < weights.count ? weights[$0] : 0 }
        }
        let features = Matrix(rows: model.dimension, columns: model.sampleCount) { row, sample in
            let label = Int(labels[sample])
            return row == label ? weights[label] * (lambdaW / (lambdaH * sizes[label])).squareRoot() : 0
        }
        return UnconstrainedFeaturePoint(
            classifier: diagonal(rows: model.classes, columns: model.classifierWidth),
            hidden: variables.hidden.map { diagonal(rows: $0.shape[0], columns: $0.shape[1]) }, features: features,
            bias: model.bias == .none ? nil : Array(repeating: 0, count: model.classes))
    }
}
