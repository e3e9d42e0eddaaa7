import Learning
import LinearAlgebra

#if canImport(Glibc)
    import Glibc
#endif

/// One sample's loss with gradient, Hessian and conjugate, written down plainly: for models of one sample a class,
/// where speed does not matter.
struct SampleLoss {
    enum Form {
        /// −Σ t_k log p_k with t = (1 − α)e_y + α/K.
        case smoothed(Double)
        case focal(Double)
        /// ½[κ(z_y − M)² + Σ_{j≠y} z_j²].
        case quadratic(kappa: Double, target: Double)
    }

    let form: Form
    let isConvex: Bool
    /// Adding one number to all logits changes nothing.
    let isShiftInvariant: Bool

    init(_ loss: ClassificationLoss) {
        (isConvex, isShiftInvariant) = (loss.isConvex, loss.isShiftInvariant)
        form =
            switch loss {
            case .crossEntropy, .focal(gamma: 0): .smoothed(0)
            case .labelSmoothing(let amount): .smoothed(amount)
            case .focal(let gamma): .focal(gamma)
            case .meanSquaredError: .quadratic(kappa: 1, target: 1)
            case .rescaledSquaredError(let kappa, let target): .quadratic(kappa: kappa, target: target)
            }
    }

    /// Value, and gradient with respect to the logits.
    func evaluate(_ logits: [Double], label: Int) -> (value: Double, gradient: [Double]) {
        switch form {
        case .smoothed(let amount):
            let (p, logSum) = softmax(logits)
            let uniform = amount / Double(logits.count)
            let target = (1 - amount) * logits[label] + uniform * logits.reduce(0, +)
            var gradient = p.map { $0 - uniform }
            gradient[label] = wrongMass(p, label) * -1 + (amount - uniform)
            return (logSum - target, gradient)
        case .focal(let gamma):
            let (p, logSum) = softmax(logits)
            let part = focal(p, logSum - logits[label], label, gamma)
            var gradient = p.map { part.slope * $0 }
            gradient[label] = -part.slope * wrongMass(p, label)
            return (part.value, gradient)
        case .quadratic(let kappa, let target):
            var gradient = logits
            gradient[label] = kappa * (logits[label] - target)
            let wrong = logits.indices.reduce(0) { $1 == label ? $0 : $0 + logits[$1] * logits[$1] }
            return ((wrong + kappa * (logits[label] - target) * (logits[label] - target)) / 2, gradient)
        }
    }

    /// The Hessian with respect to the logits times a direction.
    func multiplyHessian(_ logits: [Double], label: Int, _ direction: [Double]) -> [Double] {
        var product = direction
        switch form {
        case .quadratic(let kappa, _): product[label] *= kappa
        case .smoothed:
            let p = softmax(logits).probabilities
            let mean = mean(of: direction, p)
            product = zip(p, direction).map { $0 * ($1 - mean) }
        case .focal(let gamma):
            // Φ(L) of L = −log p_y: Φ′(diag p − ppᵀ) + Φ″(p − e)(p − e)ᵀ.
            let (p, logSum) = softmax(logits)
            let mean = mean(of: direction, p)
            let part = focal(p, logSum - logits[label], label, gamma)
            let along = part.curvature * (mean - direction[label])
            for j in p.indices { product[j] = part.slope * (p[j] * (direction[j] - mean)) + along * p[j] }
            product[label] -= along
        }
        return product
    }

    /// ℓ*(v) = sup_z ⟨v, z⟩ − ℓ(z) of a convex loss, for a v between zero and a gradient.
    func conjugate(_ v: [Double], label: Int) -> Double {
        switch form {
        case .smoothed(let amount):
            // v + t is a vector of probabilities: minus its entropy.
            return v.indices.reduce(0) { sum, j in
                let p = v[j] + amount / Double(v.count) + (j == label ? 1 - amount : 0)
                return p > 0 ? sum + p * log(p) : sum
            }
        case .quadratic(let kappa, let target):
            return v.indices.reduce(0) { sum, j in
                j == label ? sum + v[j] * v[j] / (2 * kappa) + v[j] * target : sum + v[j] * v[j] / 2
            }
        case .focal:
            preconditionFailure("conjugate of a loss that is not convex")
        }
    }

    private func softmax(_ logits: [Double]) -> (probabilities: [Double], logSum: Double) {
        let largest = logits.max()!
        let powers = logits.map { exp($0 - largest) }
        let sum = powers.reduce(0, +)
        return (powers.map { $0 / sum }, largest + log(sum))
    }

    private func mean(of direction: [Double], _ p: [Double]) -> Double {
        zip(p, direction).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// 1 − p_y, without cancellation.
    private func wrongMass(_ p: [Double], _ label: Int) -> Double {
        p.indices.reduce(0) { $1 == label ? $0 : $0 + p[$1] }
    }

    /// Φ(L) = (1 − e^{−L})^γ L and its two derivatives.
    private func focal(_ p: [Double], _ loss: Double, _ label: Int, _ gamma: Double)
        -> (value: Double, slope: Double, curvature: Double)
    {
        let (right, wrong) = (p[label], wrongMass(p, label))
        guard wrong > 0 else { return (0, 0, 0) }
        let power = pow(wrong, gamma)
        let (first, second) = (gamma * power / wrong, gamma * (gamma - 1) * power / (wrong * wrong))
        return (
            power * loss, power + first * right * loss,
            2 * first * right + loss * (second * right * right - first * right)
        )
    }
}
