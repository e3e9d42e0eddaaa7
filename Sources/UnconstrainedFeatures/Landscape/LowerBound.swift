import Learning
import LinearAlgebra

#if canImport(Glibc)
    import Glibc
#endif

/// What a point proves about every other point of a model with a convex loss and no hidden layers: the objective is
/// nowhere below `value`. At a certified minimum the two meet (docs/METRICS.md, "The lower bound").
///
/// With G = ∇g(Z), g(Z') ≥ g(Z) + ⟨G, Z' − Z⟩ for all logits Z', and what W, H and b may be bounds ⟨G, Z'⟩ from below.
/// Under decays (λ_W/2)‖W‖² + (λ_H/2)‖H‖² ≥ Λ‖WH‖_*, so that ⟨G, WH⟩ costs nothing while ‖G‖₂ ≤ Λ; where ‖G‖₂ is
/// larger, G is scaled down, which is allowed as losses are nowhere below zero.
public struct LowerBound: Sendable {
    public let value: Double
    /// ‖∇g(Z)‖₂ − Λ: not positive at a critical point that is certified; nil where W is fixed or nothing decays.
    public let certificate: Double?
    /// Whether the model's minimum meets its bound. On spheres, and in fewer dimensions than a frame needs, it may not:
    /// then a bound that is not met says nothing.
    public let isAttained: Bool
}

extension UnconstrainedFeatureModel {
    /// nil where losses are not convex in the logits, there are hidden layers or no logits, or a free bias is far from
    /// its optimum: objectives then fall along it beyond any bound that this gradient gives.
    ///
    /// - Parameters:
    ///   - loss: g(Z), without decays.
    ///   - gradient: ∇g(Z), (K × N).
    ///   - weights: W (K × d), also where it is fixed.
    ///   - features: rows (N × d).
    ///   - bias: b; nil for a model without.
    public func lowerBound(
        loss: Double, gradient: Matrix, weights: Matrix, features: Matrix, bias: [Double]?
    ) -> LowerBound? {
        guard hidden == nil, self.loss.isConvex else { return nil }
        var gradient = gradient
        // What a bias can make of ⟨G, b1ᵀ⟩ at worst, and what it makes of it here.
        let sums = gradient.rowSums
        var (biasAtWorst, biasHere, leftOver) = (0.0, 0.0, 0.0)
        switch self.bias {
        case .none: break
        case .free:
            // Zero at a critical point; what is left of it is taken out of the bound's direction, and costs what it can
            // gain with logits as large again as those here.
            let pull = sums.reduce(0) { $0 + abs($1) }
            guard pull <= max(1e-9, 1e-3 * gradient.elements.reduce(0) { $0 + abs($1) }) else { return nil }
            let logits = Matrix.product(weights, features, transposeB: .yes).elements
            let largest = logitScale * (logits.map(abs).max() ?? 0) + ((bias ?? []).map(abs).max() ?? 0)
            leftOver = 2 * pull * (1 + largest)
            let means = sums.map { $0 / Double(gradient.columns) }
            gradient = Matrix(rows: gradient.rows, columns: gradient.columns) { gradient[$0, $1] - means[$0] }
        case .decayed(let decay):
            biasAtWorst = -sums.reduce(0) { $0 + $1 * $1 } / (2 * decay)
            biasHere = zip(sums, bias ?? []).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let here = logitScale * Matrix.product(gradient, features).dot(weights) + biasHere
        let scaling: Double
        let atWorst: Double
        var certificate: Double?
        switch (classifier, regularization) {
        case (.learned, .decay(let classifier, let features)):
            let (norm, balance) = (gradient.spectralNorm, (classifier * features).squareRoot())
            (scaling, atWorst, certificate) = (norm > balance ? balance / norm : 1, 0, norm - balance)
        case (.learned, .spheres), (.learned, .normBalls):
            (scaling, atWorst) = (1, -rowRadius * featureRadius * logitScale * weighted(gradient).spectralNorm)
        case (.fixedETF, .decay(_, let decay)):
            let pull = Matrix.product(weights, gradient, transposeA: .yes).frobeniusNorm
            (scaling, atWorst) = (1, -pull * pull / (2 * decay))
        case (.fixedETF, .spheres(let temperature)):
            let pulls = Matrix.product(gradient, weights, transposeA: .yes).rowNorms
            (scaling, atWorst) = (1, -temperature * pulls.reduce(0, +))
        case (.fixedETF, .normBalls):
            let pull = Matrix.product(weights, weighted(gradient), transposeA: .yes).frobeniusNorm
            (scaling, atWorst) = (1, -featureRadius * pull)
        }
        return LowerBound(
            value: scaling * (loss - here) + atWorst + scaling * scaling * biasAtWorst - leftOver,
            certificate: certificate, isAttained: attainsLowerBound)
    }

    /// Without the bound on the rank that d is, and with norms free within their bounds, the model is convex. Its
    /// minimum has rank K at most, and K − 1 where a free bias, or a loss that sees differences of logits alone, leaves
    /// no mean.
    private var attainsLowerBound: Bool {
        switch regularization {
        case .spheres: return false
        case .decay, .normBalls: break
        }
        return classifier != .learned || dimension >= classes
            || (dimension == classes - 1 && (bias == .free || loss.isShiftInvariant))
    }

    /// The most that ‖W‖_F can be where it is bounded.
    private var rowRadius: Double {
        let mean =
            switch regularization {
            case .normBalls(let classifier, _): classifier
            case .spheres: 1.0
            case .decay: Double.infinity
            }
        return (Double(classes) * mean).squareRoot()
    }

    /// The most that the root of Σ_i c_i ‖h_i‖² can be where it is bounded: c_i = 1/n_y where a bound is the mean over
    /// classes, 1 elsewhere.
    private var featureRadius: Double {
        switch regularization {
        case .normBalls(_, let features):
            (features * Double(samples.hasLabelSets ? sampleCount : classes)).squareRoot()
        case .spheres: Double(sampleCount).squareRoot()
        case .decay: .infinity
        }
    }

    /// G C^(−½).
    private func weighted(_ gradient: Matrix) -> Matrix {
        guard case .normBalls = regularization, let sizes = samples.classSizes(classes: classes) else {
            return gradient
        }
        let roots = sizes.flatMap { Array(repeating: Double($0).squareRoot(), count: $0) }
        return Matrix(rows: gradient.rows, columns: gradient.columns) { gradient[$0, $1] * roots[$1] }
    }
}

extension Matrix {
    fileprivate var rowSums: [Double] {
        (0..<rows).map { row in (0..<columns).reduce(0) { $0 + self[row, $1] } }
    }

    /// ⟨A, B⟩.
    fileprivate func dot(_ other: Matrix) -> Double {
        zip(elements, other.elements).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// ‖A‖₂, from the smaller of AAᵀ and AᵀA.
    fileprivate var spectralNorm: Double {
        let gram =
            rows <= columns
            ? Matrix.product(self, self, transposeB: .yes) : Matrix.product(self, self, transposeA: .yes)
        return max(0, gram.symmetricEigenvalues().first ?? 0).squareRoot()
    }
}
