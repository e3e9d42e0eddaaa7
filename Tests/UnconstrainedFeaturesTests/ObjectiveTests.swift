import Learning
import LinearAlgebra
import RandomNumbers
import Testing

@testable import UnconstrainedFeatures

/// Normal numbers in every variable, slacks and biases too.
func randomBlock<Scalar>(_ layout: ParameterLayout, stream: UInt32, scale: Double = 1) -> ParameterBlock<Scalar> {
    let block = ParameterBlock<Scalar>(layout: layout)
    let random = Philox(seed: 11, purpose: .test)
    for i in 0..<block.count { block.storage[i] = Scalar(scale * random.normal(at: UInt64(i), stream: stream)) }
    return block
}

/// Largest difference relative to the largest number; infinite where one is NaN.
func relativeDifference(_ a: [Double], _ b: [Double]) -> Double {
    let differences = zip(a, b).map { abs($0 - $1) }
    guard a.count == b.count, differences.allSatisfy(\.isFinite) else { return .infinity }
    let size = b.map(abs).max() ?? 0
    return size > 0 ? differences.max()! / size : differences.max()!
}

@Suite struct ObjectiveTests {
    static let losses = ModelCases.losses + [.supervisedContrastive]

    static func models(_ loss: UnconstrainedFeatureModel.Loss) -> [UnconstrainedFeatureModel] {
        loss == .supervisedContrastive ? ModelCases.contrastive : ModelCases.models(loss)
    }

    @Test func casesAreMany() {
        #expect(
            ModelCases.all.count == (ModelCases.losses.count - 1) * 2 * (2 * 4 + 2 + 2) * 3 + (2 * 4 + 2 + 2) * 3 + 3)
    }

    /// Value, gradient and the dense Hessian of products with unit vectors against the definition in plain loops, whose
    /// derivatives are exact.
    @Test(arguments: losses)
    func agreesWithTheNaiveTwin(_ loss: UnconstrainedFeatureModel.Loss) {
        for model in Self.models(loss) {
            let objective = UnconstrainedFeatureObjective<Double>(model)
            let point: ParameterBlock<Double> = randomBlock(objective.layout, stream: 0, scale: 0.8)
            // Written, not added to: what was there before does not show.
            let gradient: ParameterBlock<Double> = randomBlock(objective.layout, stream: 1)
            let value = objective.evaluate(at: point, gradient: gradient)
            let variables = point.storage.array
            let naive = NaiveObjective<Double>(model: model, layout: objective.layout).value(variables)
            #expect(abs(value - naive) <= 1e-13 * abs(naive), "\(model)")
            let exact = NaiveObjective<HyperDual>(model: model, layout: objective.layout).derivatives(at: variables)
            #expect(relativeDifference(gradient.storage.array, exact.gradient) < 1e-12, "\(model)")

            let (unit, product) = (ParameterBlock<Double>(layout: objective.layout), gradient)
            var hessian: [Double] = []
            for i in 0..<point.count {
                unit.zero()
                unit.storage[i] = 1
                objective.multiplyHessian(at: point, by: unit, into: product)
                hessian += product.storage.array
            }
            #expect(relativeDifference(hessian, exact.hessian.elements) < 1e-12, "\(model)")
            #expect(point.storage.array == variables)
        }
    }

    /// Central differences of values and of gradients, along a random direction.
    @Test(arguments: losses)
    func agreesWithCentralDifferences(_ loss: UnconstrainedFeatureModel.Loss) {
        for model in Self.models(loss) {
            let objective = UnconstrainedFeatureObjective<Double>(model)
            let point: ParameterBlock<Double> = randomBlock(objective.layout, stream: 0, scale: 0.8)
            let direction: ParameterBlock<Double> = randomBlock(objective.layout, stream: 2)
            func evaluated(_ shift: Double) -> (value: Double, gradient: ParameterBlock<Double>) {
                let (shifted, gradient) = (
                    ParameterBlock<Double>(layout: objective.layout), ParameterBlock<Double>(layout: objective.layout)
                )
                shifted.copy(from: point)
                shifted.add(direction, scaledBy: shift)
                return (objective.evaluate(at: shifted, gradient: gradient), gradient)
            }
            let h = 1e-5
            let (above, below, here) = (evaluated(h), evaluated(-h), evaluated(0))
            let slope = here.gradient.dot(direction)
            #expect(
                abs((above.value - below.value) / (2 * h) - slope) < 1e-6 * max(abs(slope), here.gradient.norm),
                "\(model)")
            let product = ParameterBlock<Double>(layout: objective.layout)
            objective.multiplyHessian(at: point, by: direction, into: product)
            let differences = zip(above.gradient.storage.array, below.gradient.storage.array).map {
                ($0 - $1) / (2 * h)
            }
            #expect(relativeDifference(product.storage.array, differences) < 1e-6, "\(model)")
        }
    }

    /// uᵀ∇²f v = vᵀ∇²f u at sizes at which tiles of samples and several cache lines are crossed.
    @Test(arguments: losses)
    func productsAreSymmetric(_ loss: UnconstrainedFeatureModel.Loss) {
        for small in Self.models(loss) {
            let model = small.resized(classes: 5, dimension: 7, copies: loss == .pickAllLabel ? 20 : 60)
            let objective = UnconstrainedFeatureObjective<Double>(model)
            let point: ParameterBlock<Double> = randomBlock(objective.layout, stream: 0, scale: 0.5)
            let (u, v): (ParameterBlock<Double>, ParameterBlock<Double>) = (
                randomBlock(objective.layout, stream: 1), randomBlock(objective.layout, stream: 2)
            )
            let (productU, productV) = (
                ParameterBlock<Double>(layout: objective.layout), ParameterBlock<Double>(layout: objective.layout)
            )
            objective.multiplyHessian(at: point, by: u, into: productU)
            objective.multiplyHessian(at: point, by: v, into: productV)
            let (a, b) = (productU.dot(v), productV.dot(u))
            #expect(abs(a - b) < 1e-13 * productU.norm * v.norm, "\(model)")
        }
    }

    @Test(arguments: losses)
    func floatAgrees(_ loss: UnconstrainedFeatureModel.Loss) {
        for model in Self.models(loss) {
            let (double, single) = (
                UnconstrainedFeatureObjective<Double>(model), UnconstrainedFeatureObjective<Float>(model)
            )
            // The same numbers in both.
            let single32: ParameterBlock<Float> = randomBlock(single.layout, stream: 0, scale: 0.8)
            let direction32: ParameterBlock<Float> = randomBlock(single.layout, stream: 2)
            let (point, direction) = (
                ParameterBlock<Double>(layout: double.layout), ParameterBlock<Double>(layout: double.layout)
            )
            for i in 0..<point.count {
                point.storage[i] = Double(single32.storage[i])
                direction.storage[i] = Double(direction32.storage[i])
            }
            let (gradient, gradient32) = (
                ParameterBlock<Double>(layout: double.layout), ParameterBlock<Float>(layout: single.layout)
            )
            let value = double.evaluate(at: point, gradient: gradient)
            let value32 = single.evaluate(at: single32, gradient: gradient32)
            #expect(abs(value - value32) < 2e-6 * abs(value), "\(model)")
            #expect(relativeDifference(gradient32.storage.array.map(Double.init), gradient.storage.array) < 1e-5)
            double.multiplyHessian(at: point, by: direction, into: gradient)
            single.multiplyHessian(at: single32, by: direction32, into: gradient32)
            #expect(
                relativeDifference(gradient32.storage.array.map(Double.init), gradient.storage.array) < 1e-5, "\(model)"
            )
        }
    }

    /// The plain model of one layer under decays is the same to the last bit as when it was all there was: logits,
    /// loss, two products added to zero, then the decays.
    @Test(arguments: [(4, 8, 10), (10, 16, 33), (7, 5, 50)])
    func plainModelKeepsItsBits(_ size: (K: Int, d: Int, n: Int)) {
        keepsItsBits(Double.self, size)
        keepsItsBits(Float.self, size)
    }

    private func keepsItsBits<Scalar: BLASScalar>(_: Scalar.Type, _ size: (K: Int, d: Int, n: Int)) {
        let (K, d, n) = size
        let (loss, N) = (ClassificationLoss.crossEntropy, K * n)
        let objective = UnconstrainedFeatureObjective<Scalar>(
            UnconstrainedFeatureModel(
                classes: K, dimension: d, samplesPerClass: n, loss: loss, classifierDecay: 5e-3, featureDecay: 2e-3,
                bias: .decayed(0.01)))
        let point: ParameterBlock<Scalar> = randomBlock(objective.layout, stream: 0)
        let (gradient, expected) = (
            ParameterBlock<Scalar>(layout: objective.layout), ParameterBlock<Scalar>(layout: objective.layout)
        )
        let value = objective.evaluate(at: point, gradient: gradient)

        let slices = objective.layout.slices
        let (w, h, b) = (
            point.pointer(to: slices[0]), point.pointer(to: slices[1]), point.pointer(to: slices[2])
        )
        let z = Buffer<Scalar>(count: K * N)
        for k in 0..<K { (z.start + k * N).update(repeating: b[k], count: N) }
        Scalar.gemm(.no, .no, K, N, d, 1, w, d, h, N, 1, z.start, N)
        var total = loss.evaluate(
            logits: z.start, classes: K, samples: N, stride: N, labels: objective.labels, scale: Scalar(1 / Double(N)),
            workspace: LossWorkspace())
        Scalar.gemm(.no, .yes, K, d, N, 1, z.start, N, h, N, 1, expected.pointer(to: slices[0]), d)
        Scalar.gemm(.yes, .no, d, N, K, 1, w, d, z.start, N, 1, expected.pointer(to: slices[1]), N)
        for k in 0..<K { expected.pointer(to: slices[2])[k] += fixedOrderSum(z.start + k * N, N) }
        var penalty = 0.0
        for (slice, decay) in zip(slices, [5e-3, 2e-3, 0.01]) {
            let values = point.pointer(to: slice)
            Scalar.axpy(slice.count, Scalar(decay), values, expected.pointer(to: slice))
            penalty += decay / 2 * Double(Scalar.dot(slice.count, values, values))
        }
        total += penalty
        #expect(value == total)
        #expect(gradient.storage.array == expected.storage.array)
    }
}

extension UnconstrainedFeatureModel {
    /// The same kind of model with other sizes: about `copies` samples of a class, or of a set of labels.
    func resized(classes: Int, dimension: Int, copies: Int) -> UnconstrainedFeatureModel {
        let design: SampleDesign =
            switch samples {
            case .balanced: .balanced(copies)
            case .classSizes: .classSizes((0..<classes).map { copies - 5 * $0 })
            case .labelSets: .labelSets(copiesBySize: [copies, copies / 2, 0, 1])
            }
        return UnconstrainedFeatureModel(
            classes: classes, dimension: dimension, samples: design, loss: loss, regularization: regularization,
            classifier: classifier, bias: bias,
            hidden: hidden.map { HiddenLayers(count: $0.count, width: $0.width + 3, activation: $0.activation) })
    }
}
