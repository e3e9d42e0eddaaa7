import Learning
import LinearAlgebra
import RandomNumbers

/// The objective of an unconstrained feature model in one precision; full batch, samples sorted by class.
public final class UnconstrainedFeatureObjective<Scalar: BLASScalar>: Objective {
    public typealias Shard = FullBatch

    public let model: UnconstrainedFeatureModel
    public let layout: ParameterLayout
    /// W (K × d)
    public let classifier: ParameterLayout.Slice
    /// H (d × N): each feature's values of all samples lie side by side, so that the loss vectorises over samples.
    public let features: ParameterLayout.Slice
    /// b (K)
    public let bias: ParameterLayout.Slice?
    /// Class of each sample.
    public let labels: [Int32]
    private let loss: ClassificationLoss
    /// λ_W and λ_H.
    private let decays: (classifier: Double, features: Double)

    /// Standard deviations of the initial W and H times √d and 1.
    private let initialScale: Double
    /// Z (K × N), overwritten by ∂f/∂Z.
    private let logits: Buffer<Scalar>
    private let workspace: LossWorkspace<Scalar>

    public init(_ model: UnconstrainedFeatureModel, initialScale: Double) {
        guard case .classification(let loss) = model.loss, let decays = model.decays, model.classifier == .learned,
            model.hidden == nil, let sizes = model.samples.classSizes(classes: model.classes)
        else { preconditionFailure("unconstrained feature model of another kind") }
        self.model = model
        self.loss = loss
        self.decays = decays
        self.initialScale = initialScale
        var layout = ParameterLayout()
        classifier = layout.add("classifier.weight", shape: [model.classes, model.dimension])
        features = layout.add("features", shape: [model.dimension, model.sampleCount])
        bias = model.bias == .none ? nil : layout.add("classifier.bias", shape: [model.classes])
        self.layout = layout
        labels = sizes.enumerated().flatMap { Array(repeating: Int32($0.offset), count: $0.element) }
        logits = Buffer(count: model.classes * model.sampleCount)
        workspace = LossWorkspace()
    }

    /// Z ← W·H + b1ᵀ.
    @inline(__always)
    private func computeLogits(at parameters: ParameterBlock<Scalar>) {
        let (k, d, count) = (model.classes, model.dimension, model.sampleCount)
        if let bias {
            let values = parameters.pointer(to: bias)
            for row in 0..<k { (logits.start + row * count).update(repeating: values[row], count: count) }
        }
        Scalar.gemm(
            .no, .no, k, count, d, 1, parameters.pointer(to: classifier), d, parameters.pointer(to: features), count,
            bias == nil ? 0 : 1, logits.start, count)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func evaluate(
        _: FullBatch, at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>
    ) -> Double {
        let (k, d, count) = (model.classes, model.dimension, model.sampleCount)
        computeLogits(at: parameters)
        let scale = Scalar(1 / Double(count))
        let value = labels.withUnsafeBufferPointer {
            loss.evaluate(
                logits: logits.start, classes: k, samples: count, stride: count, labels: $0.baseAddress!,
                scale: scale, workspace: workspace)
        }
        // ∂f/∂W = ∂f/∂Z·Hᵀ and ∂f/∂H = Wᵀ·∂f/∂Z
        Scalar.gemm(
            .no, .yes, k, d, count, 1, logits.start, count, parameters.pointer(to: features), count, 1,
            gradients.pointer(to: classifier), d)
        Scalar.gemm(
            .yes, .no, d, count, k, 1, parameters.pointer(to: classifier), d, logits.start, count, 1,
            gradients.pointer(to: features), count)
        if let bias {
            let target = gradients.pointer(to: bias)
            for row in 0..<k { target[row] += fixedOrderSum(logits.start + row * count, count) }
        }
        return value
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func decay(at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>) -> Double {
        func add(_ slice: ParameterLayout.Slice, _ decay: Double) -> Double {
            guard decay > 0 else { return 0 }
            let values = parameters.pointer(to: slice)
            Scalar.axpy(slice.count, Scalar(decay), values, gradients.pointer(to: slice))
            return decay / 2 * Double(Scalar.dot(slice.count, values, values))
        }
        return add(classifier, decays.classifier) + add(features, decays.features)
            + (bias.map { add($0, model.biasDecay) } ?? 0)
    }

    /// Independent normal numbers: W with standard deviation scale/√d, H with scale, b zero.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func initialize(_ parameters: ParameterBlock<Scalar>, seed: UInt64) {
        parameters.zero()
        let deviations = [initialScale / Double(model.dimension).squareRoot(), initialScale]
        for (index, slice) in [classifier, features].enumerated() {
            let random = Philox(seed: seed, purpose: .initialization(index))
            let target = parameters.pointer(to: slice)
            for element in 0..<slice.count {
                target[element] = Scalar(deviations[index] * random.normal(at: UInt64(element)))
            }
        }
    }
}
