import Learning
import LinearAlgebra

#if canImport(Glibc)
    import Glibc
#endif

/// Balanced classes under the losses that softmax makes: cross-entropy, label smoothing, focal. Every optimum is a
/// simplex frame and a lead a that solves one equation (docs/THEORY.md, "Cross-entropy and its relatives").
extension UnconstrainedFeatureModel {
    /// Under decays: f* = min over a ≥ 0 of φ(a) + (K−1)μa, μ = c/K (Zhu et al. 2021, theorem 3.1; Zhou et al. 2022).
    func logisticOptimum(_ loss: LeadLoss) -> Optimum? {
        guard let c = collapseRatio, let decays, let n = samples.samplesPerClass else { return nil }
        let k = Double(classes)
        let slope = (k - 1) * c / k
        let lead = loss.minimizer(slope: slope)
        // With a bias the bound that proves this for the focal loss needs φ(a) + slope·a to fall up to its minimum.
        guard loss.isConvex || bias == .none || (slope <= 1 && lead > 0) else { return nil }
        guard lead > 0 else {
            return Optimum(
                value: loss.value(0), configuration: .zero(classes: classes, bias: uniformBias()), sizes: classSizes,
                leads: [0])
        }
        guard dimension >= classes - 1 else { return nil }
        // ‖W‖² = (K−1) a √n √(λ_H/λ_W), shared by K rows; h_k = √(λ_W/(nλ_H)) w_k.
        let square =
            (k - 1) * lead * Double(n).squareRoot() * (decays.features / decays.classifier).squareRoot() / k
        return Optimum(
            value: loss.value(lead) + slope * lead,
            configuration: .simplex(
                classes: classes, classifierNorm: square.squareRoot(),
                featureNorm: (square * decays.classifier / (Double(n) * decays.features)).squareRoot(),
                bias: uniformBias()),
            sizes: classSizes, leads: [lead])
    }

    /// A simplex frame with rows of norm α that is not trained: h = t w_k/α, a = αtK/(K−1). Without a bias samples do
    /// not know of each other, so that sizes of classes do not matter.
    func fixedClassifierOptimum(_ loss: ClassificationLoss, norm: Double) -> Optimum? {
        guard let decays, dimension >= classes - 1, let sizes = samples.classSizes(classes: classes),
            bias == .none || samples.samplesPerClass != nil
        else { return nil }
        let (k, samples) = (Double(classes), Double(sampleCount))
        guard let logistic = LeadLoss(loss, classes) else {
            return fixedClassifierSquaredErrorOptimum(loss, norm: norm, sizes: sizes)
        }
        guard logistic.isConvex || bias == .none else { return nil }
        // λ_H N t²/2 with t = a(K−1)/(αK).
        let reach = (k - 1) / (norm * k)
        let stiffness = decays.features * samples * reach * reach
        guard let lead = logistic.minimizer(stiffness: stiffness) else { return nil }
        return Optimum(
            value: logistic.value(lead) + stiffness * lead * lead / 2,
            configuration: .simplex(
                classes: classes, classifierNorm: norm, featureNorm: lead * reach, bias: uniformBias()),
            sizes: sizes, leads: [lead])
    }

    /// Unit vectors and temperature τ: φ at the largest lead there is, Kτ/(K−1) (Yaras et al. 2022, theorem 1).
    func sphereOptimum(_ loss: ClassificationLoss, temperature: Double) -> Optimum? {
        let k = Double(classes)
        guard let logistic = LeadLoss(loss, classes), samples.samplesPerClass != nil, dimension >= classes - 1,
            let lead = logistic.minimizer(upTo: k * temperature / (k - 1))
        else { return nil }
        let isFrame = lead == k * temperature / (k - 1)
        // Smoothed labels want no larger lead than log((K − Kα + α)/α). Unit vectors of the simplex agree less by a
        // part that all rows of W share, in one more dimension, or for K ≥ 4 by W ↦ WA, H ↦ A⁻¹H within K − 1
        // (docs/THEORY.md).
        guard isFrame || dimension >= classes || classes >= 4 else { return nil }
        let configuration = ClassConfiguration.simplex(
            classes: classes, classifierNorm: 1, featureNorm: 1, bias: uniformBias())
        return Optimum(
            value: logistic.value(lead), configuration: isFrame ? configuration : nil, isUnique: isFrame, leads: [lead],
            classifierSquaredNorm: k, featuresSquaredNorm: Double(sampleCount))
    }

    /// Norms bounded on average, the layer-peeled model (Fang et al. 2021): as on spheres with τ = √(E_W E_H).
    func normBallOptimum(_ loss: ClassificationLoss) -> Optimum? {
        guard case .normBalls(let classifierBound, let featureBound) = regularization else { return nil }
        guard let logistic = LeadLoss(loss, classes) else { return normBallSquaredErrorOptimum(loss) }
        let k = Double(classes)
        let bound = k * (classifierBound * featureBound).squareRoot() / (k - 1)
        guard samples.samplesPerClass != nil, dimension >= classes - 1, let lead = logistic.minimizer(upTo: bound)
        else { return nil }
        let isActive = lead == bound
        // Where the bounds are not reached, any W and H with this product do.
        let share = (lead / bound).squareRoot()
        return Optimum(
            value: logistic.value(lead),
            configuration: .simplex(
                classes: classes, classifierNorm: share * classifierBound.squareRoot(),
                featureNorm: share * featureBound.squareRoot(), bias: uniformBias()),
            isUnique: isActive, leads: [lead],
            classifierSquaredNorm: isActive ? k * classifierBound : nil,
            featuresSquaredNorm: isActive ? Double(sampleCount) * featureBound : nil)
    }

    /// log(n − 1 + n(K−1)e^{−K/((K−1)τ)}), by convexity twice and ‖Σ h‖² ≥ 0 (Graf et al. 2021, Khosla's loss in full
    /// batch).
    var contrastiveOptimum: Optimum? {
        guard case .spheres(let temperature) = regularization, let n = samples.samplesPerClass, n >= 2,
            dimension >= classes - 1
        else { return nil }
        let (k, n1) = (Double(classes), Double(n))
        return Optimum(
            value: log(n1 - 1 + n1 * (k - 1) * exp(-k / ((k - 1) * temperature))),
            configuration: ClassConfiguration.simplex(classes: classes, classifierNorm: 0, featureNorm: 1, bias: nil),
            classifierSquaredNorm: nil, featuresSquaredNorm: Double(sampleCount))
    }
}
