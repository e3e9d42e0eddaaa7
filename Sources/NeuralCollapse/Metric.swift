/// What can be measured of neural collapse. The raw value is the name of the column; docs/METRICS.md has the same
/// formulas with ranges, conventions and how to convert from papers.
///
/// Notation: K classes, N samples h of dimension d, class means μ_k, global mean μ_G, M = [μ_k − μ_G] (d × K),
/// Σ_W = (1/N) Σ (h − μ_k)(h − μ_k)ᵀ, Σ_B = Σ ω_k (μ_k − μ_G)(μ_k − μ_G)ᵀ with the weights ω_k of `Weighting`,
/// Σ_T = Σ_W + Σ_B, classifier W (K × d) with rows w_k, bias b, P = I − 11ᵀ/K.
public enum Metric: String, CaseIterable, Sendable {
    /// tr(Σ_W Σ_B⁺)/K (Papyan, Han and Donoho 2020; Zhu et al. 2021).
    case nc1
    /// The number of eigenvalues of Σ_B that Σ_B⁺ inverts: at most min(K − 1, d).
    case nc1EffectiveRank = "nc1_effective_rank"
    /// tr(Σ_W Σ_B⁺), the separation fuzziness D (Han, Papyan and Donoho 2021; He and Su 2022).
    case nc1Unscaled = "nc1_unscaled"
    /// tr Σ_W / tr Σ_B (Tirer and Bruna 2022; Wang et al.).
    case nc1TraceRatio = "nc1_trace_ratio"
    /// Class-distance normalised variance: mean over i ≠ j of (v_i + v_j)/(2‖μ_i − μ_j‖²), v_k = mean ‖h − μ_k‖²
    /// (Galanti, György and Hutter 2022).
    case cdnv
    /// Variability collapse index 1 − tr(Σ_T⁺ Σ_B)/rank Σ_B (Xu and Liu 2023).
    case vci
    /// Standard deviation over mean of ‖μ_k − μ_G‖ (Papyan et al. 2020).
    case nc2EquinormFeatures = "nc2_equinorm_features"
    /// Standard deviation over mean of ‖w_k‖ (Papyan et al. 2020).
    case nc2EquinormClassifier = "nc2_equinorm_classifier"
    /// Mean over i ≠ j of |cos(μ_i − μ_G, μ_j − μ_G) + 1/(K−1)| (Papyan et al. 2020).
    case nc2EquiangularFeatures = "nc2_equiangular_features"
    /// Mean over i ≠ j of |cos(w_i, w_j) + 1/(K−1)| (Papyan et al. 2020).
    case nc2EquiangularClassifierUncentred = "nc2_equiangular_classifier_uncentred"
    /// The same with the mean of the rows taken off W first.
    case nc2EquiangularClassifier = "nc2_equiangular_classifier"
    /// ‖MᵀM/‖MᵀM‖_F − P/√(K−1)‖_F (Kothapalli 2023).
    case nc2ETFFeatures = "nc2_etf_features"
    /// ‖WWᵀ/‖WWᵀ‖_F − P/√(K−1)‖_F (Zhu et al. 2021; Zhou et al. 2022).
    case nc2ETFClassifier = "nc2_etf_classifier"
    /// The same with the mean of the rows taken off W first.
    case nc2ETFClassifierCentred = "nc2_etf_classifier_centred"
    /// ‖WM/‖WM‖_F − P/√(K−1)‖_F (Zhu et al. 2021).
    case nc3Duality = "nc3_duality"
    /// ‖Wᵀ/‖W‖_F − M/‖M‖_F‖_F (Papyan et al. 2020).
    case nc3Alignment = "nc3_alignment"
    /// Fraction of samples with argmin_k ‖h − μ_k‖ ≠ y: the error of the nearest-class-mean classifier (Galanti,
    /// Galanti and Ben-Shaul 2022).
    case nccError = "ncc_error"
    /// Fraction of samples with argmax_k (Wh + b)_k ≠ argmin_k ‖h − μ_k‖ (Papyan et al. 2020).
    case nc4Mismatch = "nc4_mismatch"
    /// ‖b + Wμ_G‖₂ ("NC4" of Zhu et al. 2021).
    case biasCollapse = "bias_collapse"
    /// ‖Wᵀ1‖₂/‖W‖_F ("NC0").
    case classifierRowSum = "classifier_row_sum"
    /// min over samples of z_y − max_{j≠y} z_j.
    case marginMin = "margin_min"
    /// The same of the cosines between h − μ_G and w_k; at most K/(K−1).
    case cosineMarginMin = "cosine_margin_min"
    /// ‖A‖_F²/‖A‖₂² of the features centred at μ_G.
    case stableRank = "stable_rank"
    /// exp of the entropy of the normalised singular values of the features centred at μ_G (Roy and Vetterli 2007).
    case effectiveRank = "effective_rank"
}

extension Metric {
    /// The value, or nil where the metric is not defined. Here alone a case meets its formula.
    func value(in geometry: inout CollapseGeometry) -> Double? {
        switch self {
        case .nc1: geometry.nc1
        case .nc1EffectiveRank: geometry.betweenClassRank
        case .nc1Unscaled: geometry.separationFuzziness
        case .nc1TraceRatio: geometry.traceRatio
        case .cdnv: geometry.classDistanceNormalizedVariance
        case .vci: geometry.variabilityCollapseIndex
        case .nc2EquinormFeatures: geometry.equinormFeatures
        case .nc2EquinormClassifier: geometry.equinormClassifier
        case .nc2EquiangularFeatures: geometry.equiangularFeatures
        case .nc2EquiangularClassifierUncentred: geometry.equiangularClassifierUncentred
        case .nc2EquiangularClassifier: geometry.equiangularClassifier
        case .nc2ETFFeatures: geometry.etfDistanceFeatures
        case .nc2ETFClassifier: geometry.etfDistanceClassifier
        case .nc2ETFClassifierCentred: geometry.etfDistanceClassifierCentred
        case .nc3Duality: geometry.dualityDistance
        case .nc3Alignment: geometry.alignmentDistance
        case .nccError: geometry.nearestMeanError
        case .nc4Mismatch: geometry.nearestMeanMismatch
        case .biasCollapse: geometry.biasCollapse
        case .classifierRowSum: geometry.classifierRowSum
        case .marginMin: geometry.decisions?.marginMin
        case .cosineMarginMin: geometry.decisions?.cosineMarginMin
        case .stableRank: geometry.stableRank
        case .effectiveRank: geometry.effectiveRank
        }
    }
}
