import Learning
import LinearAlgebra

#if canImport(Glibc)
    import Glibc
#endif

/// Squared errors: directions that are decided one by one (docs/THEORY.md, "Mean squared error").
extension UnconstrainedFeatureModel {
    /// ½‖z − e_y‖² under decays, any class sizes; a decayed bias of balanced classes alone.
    var squaredErrorOptimum: Optimum? {
        guard let decays else { return nil }
        guard case .decayed(let decay) = bias else { return spectralOptimum(decays) }
        guard let n = samples.samplesPerClass else { return unequalClassesOptimum(.meanSquaredError) }
        return decayedBiasOptimum(decays, biasDecay: decay, samplesPerClass: n)
    }

    /// Linear hidden layers, M weight matrices in all: the same directions, shrunk by a Schatten quasi-norm (Tirer and
    /// Bruna 2022, Dang et al. 2023). Cross-entropy is not among them: there the simplex is not optimal.
    var deepOptimum: Optimum? {
        guard loss == .classification(.meanSquaredError), let decays, classifier == .learned else { return nil }
        if case .decayed = bias { return nil }
        return spectralOptimum(decays)
    }

    /// No bias, or a free one: then the mean over the samples is taken off the targets, and b is the classes' shares.
    /// With at most `limit` directions it is a critical point of the model.
    func spectralOptimum(_ decays: (classifier: Double, features: Double), rank limit: Int? = nil) -> Optimum? {
        guard let sizes = samples.classSizes(classes: classes), hidden?.activation != .relu else { return nil }
        let rank = min(dimension, hidden?.width ?? dimension, classes, limit ?? classes)
        let fit = DirectionFit(samples: sampleCount, depth: depth, decays: decays)
        let targets = TargetDirections(sizes: sizes, centred: bias == .free)
        let fitted = targets.squares.enumerated().map { fit.gain(square: $1, allowed: $0 < rank) }
        let kept = fitted.indices.filter { fitted[$0].gain > 0 }
        let roots = sizes.map { Double($0).squareRoot() }
        let configuration = ClassConfiguration(
            classifier: Matrix(rows: classes, columns: kept.count) {
                fitted[kept[$1]].weight * targets.left[kept[$1], $0]
            },
            features: Matrix(rows: classes, columns: kept.count) {
                fitted[kept[$1]].feature * targets.right[kept[$1], $0] / roots[$0]
            },
            bias: bias == .none ? nil : sizes.map { Double($0) / Double(sampleCount) },
            hiddenGains: kept.map { fitted[$0].weight }, hiddenCount: depth - 1)
        // Which of several equal directions are left out is open.
        let isUnique =
            rank >= targets.squares.count || (rank > 0 && fitted[rank - 1].gain == 0) || rank == 0
            || targets.squares[rank - 1] > targets.squares[rank] * (1 + 1e-12)
        return Optimum(
            value: fitted.reduce(0) { $0 + $1.cost }, configuration: configuration, sizes: sizes, isUnique: isUnique)
    }

    /// Along the mean direction bias and features share the work (Zhou et al. 2022, theorem 3.1).
    private func decayedBiasOptimum(
        _ decays: (classifier: Double, features: Double), biasDecay: Double, samplesPerClass n: Int
    ) -> Optimum? {
        let (k, c) = (Double(classes), collapseRatio!)
        let fitted = min(c, 1)
        let across = (k - 1) * (fitted - fitted * fitted / 2) / k
        let threshold = biasDecay / (1 + biasDecay)
        // The mean direction is fitted by the bias alone, or by the bias and one more dimension.
        let mean = c >= threshold ? 0 : 1 - c * (1 + 1 / biasDecay)
        guard dimension >= (mean > 0 ? classes : c < 1 ? classes - 1 : 0) else { return nil }
        let cost = mean > 0 ? (c - c * c * (1 + 1 / biasDecay) / 2) / k : threshold / (2 * k)
        return Optimum(
            value: across + cost,
            configuration: .balanced(
                logits: Matrix(rows: classes, columns: classes) {
                    ($0 == $1 ? 1 - fitted : 0) + (mean - (1 - fitted)) / k
                }, sizes: classSizes, decays: decays,
                bias: uniformBias(mean > 0 ? c / (k * biasDecay) : 1 / (k * (1 + biasDecay)))),
            sizes: classSizes)
    }

    /// ½[κ(z_y − M)² + Σ_{j≠y} z_j²], balanced classes: X̄ = ξP + βJ/K, logits ξ(1 − 1/K) + s of right and s − ξ/K of
    /// wrong classes with s = β/K + b.
    func rescaledSquaredErrorOptimum(kappa: Double, target: Double) -> Optimum? {
        guard let c = collapseRatio, let decays else { return nil }
        let loss = RescaledPair(classes: Double(classes), kappa: kappa, target: target)
        let slope = (loss.classes - 1) * c / loss.classes
        // The shift costs λ_b K s²/2 while the bias alone makes it, and is dearer by c for each s that features make.
        let stiffness = biasStiffness
        func best(_ shiftStiffness: Double, _ shiftSlope: Double) -> RescaledPair.Point {
            loss.minimizer(gainSlope: slope, shiftStiffness: shiftStiffness, shiftSlope: shiftSlope)
        }
        var point = stiffness.isInfinite ? nil : best(stiffness * loss.classes, 0)
        var bias = point.map(\.shift)
        if point == nil || stiffness * loss.classes * point!.shift > c {
            bias = stiffness.isInfinite ? nil : c / (stiffness * loss.classes)
            point = best(0, c)
        }
        let (gain, shift) = (point!.gain, point!.shift)
        let mean = max(0, (shift - (bias ?? 0)) * loss.classes)
        guard dimension >= (gain > 0 ? classes - 1 : 0) + (mean > 0 ? 1 : 0) else { return nil }
        let value =
            point!.loss + slope * gain + c * mean / loss.classes
            + (bias.map { biasDecay * loss.classes * $0 * $0 / 2 } ?? 0)
        return Optimum(
            value: value,
            configuration: .balanced(
                logits: Matrix(rows: classes, columns: classes) {
                    ($0 == $1 ? gain : 0) + (mean - gain) / loss.classes
                }, sizes: classSizes, decays: decays, bias: bias.flatMap(uniformBias)),
            sizes: classSizes)
    }

    /// W a simplex frame of norm α: WH̄ = ξP, whose K − 1 directions W stretches by α√(K/(K−1)). nil for other losses.
    func fixedClassifierSquaredErrorOptimum(_ loss: ClassificationLoss, norm: Double, sizes: [Int]) -> Optimum? {
        let pair: RescaledPair
        switch loss {
        case .rescaledSquaredError(let kappa, let target):
            pair = RescaledPair(classes: Double(classes), kappa: kappa, target: target)
        case .meanSquaredError: pair = RescaledPair(classes: Double(classes), kappa: 1, target: 1)
        case .crossEntropy, .labelSmoothing, .focal: return nil
        }
        let reach = (pair.classes - 1) / (norm * pair.classes)
        let stiffness = decays!.features * Double(sampleCount) * reach * reach
        let point = pair.minimizer(
            gainStiffness: stiffness, gainSlope: 0,
            shiftStiffness: biasStiffness.isInfinite ? nil : biasStiffness * pair.classes, shiftSlope: 0)
        return Optimum(
            value: point.loss + stiffness * point.gain * point.gain / 2
                + biasDecay * pair.classes * point.shift * point.shift / 2,
            configuration: .simplex(
                classes: classes, classifierNorm: norm, featureNorm: point.gain * reach, bias: uniformBias(point.shift)),
            sizes: sizes)
    }

    /// Norm balls bound the nuclear norm of the class logits X̄ by K√(E_W E_H): gains 1 − ν/w_j > 0 of directions whose
    /// errors weigh w_j, the pressure ν such that they use it up.
    func normBallSquaredErrorOptimum(_ loss: ClassificationLoss) -> Optimum? {
        guard case .normBalls(let classifierBound, let featureBound) = regularization, loss == .meanSquaredError,
            let sizes = samples.classSizes(classes: classes)
        else { return nil }
        let k = Double(classes)
        let budget = k * (classifierBound * featureBound).squareRoot()
        // Of the error ½ Σ_j w_j (1 − ξ_j)²: classes one by one, or the directions across them and their mean.
        var weights: [Double]
        if bias == .none {
            weights = sizes.map { Double($0) / Double(sampleCount) }
        } else {
            guard samples.samplesPerClass != nil else { return nil }
            weights = Array(repeating: 1 / k, count: classes - 1)
            if biasDecay > 0 { weights.append(biasDecay / (1 + biasDecay) / k) }
        }
        func gains(_ pressure: Double) -> [Double] { weights.map { max(0, 1 - pressure / $0) } }
        let isActive = budget < Double(weights.count)
        let pressure = isActive ? bisect(0, weights.max()!) { gains($0).reduce(0, +) > budget } : 0
        let fitted = gains(pressure)
        guard dimension >= fitted.count(where: { $0 > 0 }) else { return nil }
        let value = zip(weights, fitted).reduce(0) { $0 + $1.0 * (1 - $1.1) * (1 - $1.1) / 2 }
        return Optimum(
            value: value, isUnique: false, classifierSquaredNorm: isActive ? k * classifierBound : nil,
            featuresSquaredNorm: isActive && samples.samplesPerClass != nil ? Double(sampleCount) * featureBound : nil)
    }
}

/// ½[κ(z_y − M)² + Σ_{j≠y} z_j²] at logits ξ(e_y − 1/K) + s: a quadratic in two numbers.
///
/// κM may be many orders above the rest, so nothing is taken from what nearly equals it: determinants are multiplied
/// out, and errors follow from the forces they balance.
struct RescaledPair {
    typealias Point = (gain: Double, shift: Double, loss: Double)

    let classes: Double
    let kappa: Double
    let target: Double

    /// The least of loss + (gainStiffness/2)ξ² + gainSlope·ξ + (shiftStiffness/2)s² + shiftSlope·s over ξ, s ≥ 0; s = 0
    /// where the stiffness is nil.
    func minimizer(
        gainStiffness: Double = 0, gainSlope: Double, shiftStiffness: Double?, shiftSlope: Double
    ) -> Point {
        let (up, down) = (1 - 1 / classes, 1 / classes)
        let (aa, ab) = (kappa * up * up + up * down + gainStiffness, (kappa - 1) * up)
        let (ra, rs) = (kappa * target * up - gainSlope, kappa * target - shiftSlope)
        /// From κ times the error of the right logit and the sum of the wrong ones' errors.
        func loss(_ right: Double, _ wrong: Double) -> Double {
            right * right / (2 * kappa) + wrong * wrong / (2 * (classes - 1))
        }
        func gainAlone() -> Point {
            guard ra > 0 else { return (0, 0, kappa * target * target / 2) }
            let gain = ra / aa
            let wrong = -up * gain
            return (gain, 0, loss((wrong * down - gainStiffness * gain - gainSlope) / up, wrong))
        }
        guard let shiftStiffness else { return gainAlone() }
        let ss = kappa + classes - 1 + shiftStiffness
        // (aa ab; ab ss)(ξ, s) = (ra, rs), bound by bound: convex, so the one that is feasible and satisfies the
        // conditions of Karush, Kuhn and Tucker is the answer.
        let determinant =
            kappa * up * (classes + up * shiftStiffness) + up * down * shiftStiffness + gainStiffness * ss
        let gain =
            (kappa * target * up * (classes + shiftStiffness) - gainSlope * ss + shiftSlope * ab) / determinant
        let shift = (kappa * target * (up + gainStiffness) - shiftSlope * aa + gainSlope * ab) / determinant
        if gain >= 0, shift >= 0 {
            let (gainForce, shiftForce) = (gainStiffness * gain + gainSlope, shiftStiffness * shift + shiftSlope)
            return (gain, shift, loss(-gainForce - shiftForce * down, gainForce - shiftForce * up))
        }
        let shiftAlone = max(0, rs / ss)
        guard ab * shiftAlone >= ra else { return gainAlone() }
        guard shiftAlone > 0 else { return (0, 0, kappa * target * target / 2) }
        let wrong = (classes - 1) * shiftAlone
        return (0, shiftAlone, loss(-shiftStiffness * shiftAlone - shiftSlope - wrong, wrong))
    }
}
