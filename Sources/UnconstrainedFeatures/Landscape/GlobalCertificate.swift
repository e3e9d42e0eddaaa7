import Learning
import LinearAlgebra

/// What the gradient of the loss with respect to the logits proves at a critical point under decays (docs/THEORY.md,
/// "The landscape"): one with ‖∇g‖₂ ≤ Λ is a global minimum, in any dimension, where the model `hasGlobalCertificate`;
/// any other has, where W leaves a direction of feature space unused, one of negative curvature.
public struct GlobalCertificate: Sendable {
    /// Of ∇g (K × N), g the mean loss; descending.
    public let singularValues: [Double]
    /// ‖∇g‖₂ − Λ: at most zero, to rounding, proves a critical point a global minimum.
    public let excess: Double
    /// u (K) and v (N) of the top singular triple.
    public let left: [Double]
    public let right: [Double]

    /// - Parameters:
    ///   - lossGradient: ∇g (K × N).
    ///   - nuclearDecay: Λ.
    public init(lossGradient: Matrix, nuclearDecay: Double) {
        let parts = lossGradient.singularValues()
        singularValues = parts.values
        excess = parts.values[0] - nuclearDecay
        left = Array(parts.left.row(0))
        right = Array(parts.right.row(0))
    }
}

extension UnconstrainedFeatureModel {
    /// Whether ‖∇g‖₂ ≤ Λ proves critical points global: two decays, one matrix between features and logits, and a loss
    /// that is convex in the logits, which the focal loss is not.
    public var hasGlobalCertificate: Bool {
        regularization.isDecay && classifier == .learned && hidden == nil && loss.isConvex
    }
}

/// A direction of negative curvature out of a critical point that is no global minimum: Δ_W = (λ_H/λ_W)^¼ u aᵀ and
/// Δ_H = −(λ_W/λ_H)^¼ a vᵀ with Wa = 0, ‖a‖ = 1 (Zhu et al. 2021, proof of theorem 3.2). The bias stays.
public struct EscapeDirection: Sendable {
    /// Δ_W (K × d).
    public let classifier: Matrix
    /// Δ_H (d × N).
    public let features: Matrix
    /// ∇²f[Δ, Δ] = −2(‖∇g‖₂ − Λ), exactly, at a critical point.
    public let curvature: Double
    /// Independent vectors a with Wa = 0.
    public let unusedDimensions: Int

    /// nil where no direction of feature space is unused: ‖Wa‖ > 10⁻⁶‖W‖₂ for every unit vector a. At a critical point
    /// Hᵀa then vanishes with Wa, as λ_W WᵀW = λ_H HHᵀ.
    public init?(
        _ certificate: GlobalCertificate, classifier w: Matrix, decays: (classifier: Double, features: Double)
    ) {
        let spectrum = Matrix.product(w, w, transposeA: .yes).symmetricEigen()
        unusedDimensions = spectrum.values.count { $0 <= 1e-12 * spectrum.values[0] }
        guard unusedDimensions > 0 else { return nil }
        let a = Array(spectrum.vectors.row(w.columns - 1))
        let share = (decays.features / decays.classifier).squareRoot().squareRoot()
        let (u, v) = (certificate.left, certificate.right)
        classifier = Matrix(rows: u.count, columns: a.count) { share * u[$0] * a[$1] }
        features = Matrix(rows: a.count, columns: v.count) { -a[$0] * v[$1] / share }
        curvature = -2 * certificate.excess
    }

    /// ‖Δ‖²: curvature ÷ this bounds the least eigenvalue of the Hessian from above.
    public var squaredNorm: Double {
        [classifier, features].reduce(0) { $0 + $1.frobeniusNorm * $1.frobeniusNorm }
    }
}
