import Learning
import LinearAlgebra
import NeuralCollapse

/// From the variables to the outputs that a loss sees, and back: Z = τ·W σ(W_{M−1} … σ(W_1 H)) + b1ᵀ, or H itself where
/// there is no classifier. All samples at once.
final class OutputNetwork<Scalar: BLASScalar> {
    /// Hidden layers, and last the classifier; empty where there is none.
    let layers: [WeightLayer<Scalar>]
    private let dimension: Int
    private let samples: Int
    private let classes: Int
    /// Where H lies among the variables, b if there is one, and numbers that the outputs do not depend on.
    private let featuresOffset: Int
    private let biasOffset: Int?
    private let slackOffsets: [Int]
    /// Copies of H where it is not itself what the first layer reads.
    private let scaledFeatures: Buffer<Scalar>?
    private let scales: Buffer<Scalar>?
    private lazy var scaledFeatureTangents = Buffer<Scalar>(count: dimension * samples)
    /// For gradients with respect to what hidden layers put out, and their derivatives: two each, used in turns.
    private let deltas: [Buffer<Scalar>]
    private lazy var deltaTangents = deltas.map { Buffer<Scalar>(count: $0.count) }

    init(_ model: UnconstrainedFeatureModel, _ variables: UnconstrainedFeatureVariables) {
        (dimension, samples, classes) = (model.dimension, model.sampleCount, model.classes)
        featuresOffset = variables.features.offset
        biasOffset = variables.bias?.offset
        slackOffsets = [variables.classifierSlack, variables.featuresSlack].compactMap { $0?.offset }
        let count = samples
        var layers = variables.hidden.map { slice in
            WeightLayer<Scalar>(
                .variable(offset: slice.offset), rows: slice.shape[0], columns: slice.shape[1], samples: count, gain: 1,
                rectifies: model.hidden!.activation == .relu)
        }
        if model.hasClassifier {
            layers.append(
                WeightLayer(
                    variables.classifier.map { .variable(offset: $0.offset) } ?? .fixed(Self.fixedClassifier(model)),
                    rows: model.classes, columns: model.classifierWidth, samples: count,
                    gain: Scalar(model.logitScale), rectifies: false))
        }
        self.layers = layers
        scales = variables.featureScales.map { Buffer($0.map { Scalar($0) }) }
        // The loss overwrites outputs, so features that are outputs are copied too.
        let copies = scales != nil || layers.isEmpty
        scaledFeatures = copies ? Buffer(count: dimension * samples) : nil
        let widest = variables.hidden.map { $0.shape[0] }.max()
        deltas = widest.map { width in (0..<2).map { _ in Buffer(count: width * count) } } ?? []
    }

    /// α times the simplex frame in the first K − 1 coordinates (K × width).
    private static func fixedClassifier(_ model: UnconstrainedFeatureModel) -> Buffer<Scalar> {
        guard case .fixedETF(let norm) = model.classifier else { preconditionFailure("classifier not fixed") }
        let frame = SimplexETF(classes: model.classes, dimension: model.classifierWidth)
        return Buffer(frame.vectors.elements.map { Scalar(norm * $0) })
    }

    /// Z (K × N), or H (d × N) where there is no classifier; for the loss to overwrite by ∂/∂Z.
    @inline(__always)
    var outputs: UnsafeMutablePointer<Scalar> { layers.last?.output.start ?? scaledFeatures!.start }

    /// Ż, for the loss to overwrite by the derivative of ∂/∂Z.
    @inline(__always)
    var outputTangents: UnsafeMutablePointer<Scalar> { layers.last?.tangent.start ?? scaledFeatureTangents.start }

    /// Outputs at a point.
    @inline(__always)
    func forward(at point: ParameterBlock<Scalar>) {
        var input = input(at: point)
        for layer in layers {
            layer.forward(input, at: point, bias: bias(of: layer, in: point))
            input = UnsafePointer(layer.output.start)
        }
    }

    /// Derivatives of the outputs along a direction, after `forward` at the point.
    @inline(__always)
    func forwardTangent(at point: ParameterBlock<Scalar>, along direction: ParameterBlock<Scalar>) {
        var input = inputOfFirstLayer(at: point)
        var tangent = inputTangent(along: direction)
        for layer in layers {
            layer.forwardTangent(
                input, tangent, at: point, along: direction, bias: bias(of: layer, in: direction))
            (input, tangent) = (UnsafePointer(layer.output.start), UnsafePointer(layer.tangent.start))
        }
    }

    /// gradient ← the gradient that follows from the one with respect to the outputs, which lies in `outputs`.
    @inline(__always)
    func backward(at point: ParameterBlock<Scalar>, into gradient: ParameterBlock<Scalar>) {
        let target = gradient.start + featuresOffset
        writeBiasAndSlack(outputs, into: gradient)
        guard !layers.isEmpty else {
            target.update(from: outputs, count: dimension * samples)
            return
        }
        var delta = UnsafePointer(outputs)
        for index in layers.indices.reversed() {
            let layer = layers[index]
            let input =
                index == 0 ? inputOfFirstLayer(at: point) : UnsafePointer(layers[index - 1].output.start)
            if let part = layer.part(of: gradient) { layer.weightGradient(delta, input, beta: 0, into: part) }
            let next = index == 0 ? target : deltas[index % 2].start
            layer.inputGradient(layer.weights(at: point), delta, beta: 0, into: next)
            if index > 0 { layers[index - 1].maskInactive(next) }
            delta = UnsafePointer(next)
        }
        scale(target)
    }

    /// product ← the derivative of `backward`'s gradient along the direction: the gradient with respect to the outputs
    /// lies in `outputs`, its derivative in `outputTangents` (Pearlmutter 1994).
    @inline(__always)
    func backwardTangent(
        at point: ParameterBlock<Scalar>, along direction: ParameterBlock<Scalar>, into product: ParameterBlock<Scalar>
    ) {
        let target = product.start + featuresOffset
        writeBiasAndSlack(outputTangents, into: product)
        guard !layers.isEmpty else {
            target.update(from: outputTangents, count: dimension * samples)
            return
        }
        var (delta, deltaTangent) = (UnsafePointer(outputs), UnsafePointer(outputTangents))
        for index in layers.indices.reversed() {
            let layer = layers[index]
            let isFirst = index == 0
            let input = isFirst ? inputOfFirstLayer(at: point) : UnsafePointer(layers[index - 1].output.start)
            let inputTangent =
                isFirst ? inputTangentOfFirstLayer(along: direction) : UnsafePointer(layers[index - 1].tangent.start)
            if let part = layer.part(of: product) {
                layer.weightGradient(deltaTangent, input, beta: 0, into: part)
                layer.weightGradient(delta, inputTangent, beta: 1, into: part)
            }
            let nextTangent = isFirst ? target : deltaTangents[index % 2].start
            layer.inputGradient(layer.weights(at: point), deltaTangent, beta: 0, into: nextTangent)
            if let change = layer.part(of: direction) {
                layer.inputGradient(UnsafePointer(change), delta, beta: 1, into: nextTangent)
            }
            guard !isFirst else { break }
            let next = deltas[index % 2].start
            layer.inputGradient(layer.weights(at: point), delta, beta: 0, into: next)
            layers[index - 1].maskInactive(next)
            layers[index - 1].maskInactive(nextTangent)
            (delta, deltaTangent) = (UnsafePointer(next), UnsafePointer(nextTangent))
        }
        scale(target)
    }

    // MARK: Features, bias, slack

    /// What the first layer reads, made where it is not H itself.
    @inline(__always)
    private func input(at point: ParameterBlock<Scalar>) -> UnsafePointer<Scalar> {
        guard let scaledFeatures else { return inputOfFirstLayer(at: point) }
        scaledFeatures.start.update(from: point.start + featuresOffset, count: scaledFeatures.count)
        scale(scaledFeatures.start)
        return UnsafePointer(scaledFeatures.start)
    }

    @inline(__always)
    private func inputOfFirstLayer(at point: ParameterBlock<Scalar>) -> UnsafePointer<Scalar> {
        UnsafePointer(scaledFeatures?.start ?? point.start + featuresOffset)
    }

    /// The derivative of what the first layer reads.
    @inline(__always)
    private func inputTangent(along direction: ParameterBlock<Scalar>) -> UnsafePointer<Scalar> {
        guard scaledFeatures != nil else { return inputTangentOfFirstLayer(along: direction) }
        let start = scaledFeatureTangents.start
        start.update(from: direction.start + featuresOffset, count: scaledFeatureTangents.count)
        scale(start)
        return UnsafePointer(start)
    }

    @inline(__always)
    private func inputTangentOfFirstLayer(along direction: ParameterBlock<Scalar>) -> UnsafePointer<Scalar> {
        UnsafePointer(
            scaledFeatures == nil ? direction.start + featuresOffset : scaledFeatureTangents.start)
    }

    /// Each column times its sample's scale.
    @inline(__always)
    private func scale(_ columns: UnsafeMutablePointer<Scalar>) {
        guard let scales = scales?.start else { return }
        for row in 0..<dimension {
            let start = columns + row * samples
            for i in 0..<samples { start[i] *= scales[i] }
        }
    }

    /// b or ḃ for the classifier, nil for hidden layers.
    @inline(__always)
    private func bias(of layer: WeightLayer<Scalar>, in block: ParameterBlock<Scalar>) -> UnsafePointer<Scalar>? {
        guard let biasOffset, layer === layers.last else { return nil }
        return UnsafePointer(block.start + biasOffset)
    }

    /// The bias's part is the sum over samples; outputs do not depend on slacks.
    @inline(__always)
    private func writeBiasAndSlack(_ delta: UnsafePointer<Scalar>, into block: ParameterBlock<Scalar>) {
        if let biasOffset {
            let target = block.start + biasOffset
            for row in 0..<classes { target[row] = fixedOrderSum(delta + row * samples, samples) }
        }
        for offset in slackOffsets { block.start[offset] = 0 }
    }
}
