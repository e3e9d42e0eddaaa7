import Learning

/// The variables of a model: where they lie in one block, which decay, and which spheres they are bound to.
public struct UnconstrainedFeatureVariables: Sendable {
    public let layout: ParameterLayout
    /// W (K × width of the layer it reads); nil where it is fixed, or there is none.
    public let classifier: ParameterLayout.Slice?
    /// One number: ‖W‖² + slack² = K·E_W under norm balls.
    public let classifierSlack: ParameterLayout.Slice?
    /// W_1 (width × d), W_2, … (width × width).
    public let hidden: [ParameterLayout.Slice]
    /// H (d × N): each feature's values of all samples lie side by side, so that losses vectorise over samples. Under
    /// norm balls column i times `featureScales[i]` is the sample's feature.
    public let features: ParameterLayout.Slice
    /// One number: ‖H‖² + slack² = N·E_H under norm balls.
    public let featuresSlack: ParameterLayout.Slice?
    /// b (K)
    public let bias: ParameterLayout.Slice?
    /// What adds λ/2·‖·‖² to the objective, with λ > 0.
    public let decays: [(slice: ParameterLayout.Slice, decay: Double)]
    public let spheres: SphereProduct
    /// √(K n_k/N) of each sample, where classes differ under norm balls: the bound, a mean over classes of means over
    /// samples, is then one sphere of the block; nil where all are 1.
    public let featureScales: [Double]?

    public init(_ model: UnconstrainedFeatureModel) {
        let (k, d, count) = (model.classes, model.dimension, model.sampleCount)
        let hasSlack = if case .normBalls = model.regularization { true } else { false }
        var layout = ParameterLayout()
        if model.hasClassifier, model.classifier == .learned {
            classifier = layout.add("classifier.weight", shape: [k, model.classifierWidth])
            classifierSlack = hasSlack ? layout.add("classifier.slack", shape: [1]) : nil
        } else {
            (classifier, classifierSlack) = (nil, nil)
        }
        var hidden: [ParameterLayout.Slice] = []
        if let layers = model.hidden {
            for number in 1...layers.count {
                let inputs = number == 1 ? d : layers.width
                hidden.append(layout.add("hidden.\(number).weight", shape: [layers.width, inputs]))
            }
        }
        self.hidden = hidden
        features = layout.add("features", shape: [d, count])
        featuresSlack = hasSlack ? layout.add("features.slack", shape: [1]) : nil
        bias = model.bias == .none ? nil : layout.add("classifier.bias", shape: [k])
        self.layout = layout
        decays = Self.decays(model, classifier: classifier, hidden: hidden, features: features, bias: bias)
        spheres = Self.spheres(model, classifier: classifier, features: features)
        featureScales = Self.featureScales(model)
    }

    private static func decays(
        _ model: UnconstrainedFeatureModel, classifier: ParameterLayout.Slice?, hidden: [ParameterLayout.Slice],
        features: ParameterLayout.Slice, bias: ParameterLayout.Slice?
    ) -> [(slice: ParameterLayout.Slice, decay: Double)] {
        var decays: [(slice: ParameterLayout.Slice, decay: Double)] = []
        if let lambda = model.decays {
            decays += ([classifier].compactMap { $0 } + hidden).map { ($0, lambda.classifier) }
            decays.append((features, lambda.features))
        }
        if let bias, model.biasDecay > 0 { decays.append((bias, model.biasDecay)) }
        return decays
    }

    private static func spheres(
        _ model: UnconstrainedFeatureModel, classifier: ParameterLayout.Slice?, features: ParameterLayout.Slice
    ) -> SphereProduct {
        let (k, d, count) = (model.classes, model.dimension, model.sampleCount)
        var families: [SphereProduct.Family] = []
        switch model.regularization {
        case .decay: break
        case .spheres:
            // Rows of W, columns of H.
            if let classifier {
                families.append(
                    .init(
                        offset: classifier.offset, count: k, length: d, vectorStride: d, elementStride: 1, radius: 1))
            }
            families.append(
                .init(
                    offset: features.offset, count: count, length: d, vectorStride: 1, elementStride: count, radius: 1))
        case .normBalls(let meanClassifier, let meanFeatures):
            // A matrix and the slack behind it are one vector.
            func ball(_ slice: ParameterLayout.Slice, _ squaredRadius: Double) -> SphereProduct.Family {
                .init(
                    offset: slice.offset, count: 1, length: slice.count + 1, vectorStride: slice.count + 1,
                    elementStride: 1, radius: squaredRadius.squareRoot())
            }
            if let classifier { families.append(ball(classifier, Double(k) * meanClassifier)) }
            families.append(ball(features, Double(count) * meanFeatures))
        }
        return SphereProduct(families)
    }

    private static func featureScales(_ model: UnconstrainedFeatureModel) -> [Double]? {
        guard case .normBalls = model.regularization, case .classSizes(let sizes) = model.samples else { return nil }
        let (k, count) = (Double(model.classes), Double(model.sampleCount))
        return sizes.flatMap { Array(repeating: (k * Double($0) / count).squareRoot(), count: $0) }
    }
}
