import Learning
import LinearAlgebra

@testable import UnconstrainedFeatures

/// What theory says of all eigenvalues at the origin, in closed form: tests hold Hessians against it.
extension UnconstrainedFeatureModel {
    /// The whole spectrum of the Hessian where W = H = 0 and the bias is what it then is best at, with multiplicities,
    /// ascending; nil where that is not the same for all classes (unequal classes with a bias), without decays, or with
    /// hidden layers.
    ///
    /// Each singular value σ of ∇g there makes d pairs (λ_W + λ_H)/2 ± √((λ_W − λ_H)²/4 + σ²); under balanced
    /// cross-entropy σ = 1/(K√n), K − 1 times, and once 0.
    var originSpectrum: [(value: Double, multiplicity: Int)]? {
        guard let decays, classifier == .learned, hidden == nil, case .classification(let loss) = loss,
            let sizes = samples.classSizes(classes: classes), bias == .none || samples.samplesPerClass != nil
        else { return nil }
        let uniform = originBias(loss)
        let gradient = classGradient(loss, logits: Matrix(rows: classes, columns: classes, repeating: uniform))
        let centre = (decays.classifier + decays.features) / 2
        let half = (decays.classifier - decays.features) / 2
        var values: [(Double, Int)] = [(decays.features, dimension * (sizes.reduce(0, +) - classes))]
        for singular in gradient.singularValues().values {
            let spread = (half * half + singular * singular).squareRoot()
            values += [(centre - spread, dimension), (centre + spread, dimension)]
        }
        if bias != .none {
            let (mean, across) = meanCurvature(loss, at: uniform)
            values += [(mean + biasDecay, 1), (across + biasDecay, classes - 1)]
        }
        var merged: [(value: Double, multiplicity: Int)] = []
        for (value, multiplicity) in values.sorted(by: { $0.0 < $1.0 }) where multiplicity > 0 {
            if let last = merged.last, abs(value - last.value) <= 1e-13 * max(abs(value), centre) {
                merged[merged.count - 1].multiplicity += multiplicity
            } else {
                merged.append((value, multiplicity))
            }
        }
        return merged
    }

    /// How many eigenvalues of the Hessian at the origin are negative: d(K−1) under cross-entropy with c < 1.
    var originMorseIndex: Int? {
        originSpectrum.map { $0.reduce(0) { $1.value < 0 ? $0 + $1.multiplicity : $0 } }
    }

    /// b = β1 of least loss at W = H = 0: zero unless the loss sees more than differences.
    private func originBias(_ loss: ClassificationLoss) -> Double {
        guard bias != .none else { return 0 }
        switch SampleLoss(loss).form {
        case .smoothed, .focal: return 0
        case .quadratic(let kappa, let target):
            return kappa * target / (kappa + Double(classes - 1) + biasDecay * Double(classes))
        }
    }

    /// Of the loss averaged over the classes, all logits equal: its second derivative along 1/√K and along any
    /// direction orthogonal to it.
    private func meanCurvature(_ loss: ClassificationLoss, at logit: Double) -> (mean: Double, across: Double) {
        let (sample, logits) = (SampleLoss(loss), Array(repeating: logit, count: classes))
        func curvature(_ direction: [Double]) -> Double {
            let square = direction.reduce(0) { $0 + $1 * $1 }
            return (0..<classes).reduce(0) { sum, label in
                let product = sample.multiplyHessian(logits, label: label, direction)
                return sum + zip(product, direction).reduce(0) { $0 + $1.0 * $1.1 }
            } / (square * Double(classes))
        }
        return (
            curvature(Array(repeating: 1, count: classes)),
            curvature((0..<classes).map { $0 == 0 ? 1 : $0 == 1 ? -1 : 0 })
        )
    }
}
