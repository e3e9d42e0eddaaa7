import Learning
import LinearAlgebra
import RandomNumbers
import Testing

@testable import UnconstrainedFeatures

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct LandscapeTests {
    static let models: [UnconstrainedFeatureModel] = [
        decayed(.crossEntropy, sizes: [3, 3, 3, 3, 3], dimension: 7, 5e-3, 2e-3, .free),
        decayed(.crossEntropy, sizes: [2, 2, 2, 2], dimension: 6, 1e-2, 3e-3),
        decayed(.crossEntropy, sizes: [4, 4, 4, 4, 4, 4], dimension: 7, 1e-3, 1e-3, .decayed(0.1)),
        decayed(.labelSmoothing(0.1), sizes: [1, 1, 1], dimension: 4, 2e-2, 5e-2, .free),
        decayed(.crossEntropy, sizes: [5, 5, 5], dimension: 5, 1e-4, 1e-2, .decayed(1)),
        decayed(.focal(gamma: 2), sizes: [2, 2, 2, 2], dimension: 5, 1e-3, 4e-3),
        decayed(.crossEntropy, sizes: [6, 3, 2, 1], dimension: 5, 1e-2, 5e-3),
        decayed(.meanSquaredError, sizes: [2, 2, 2, 2], dimension: 6, 1e-2, 3e-3),
        decayed(.meanSquaredError, sizes: [4, 3, 2], dimension: 5, 1e-2, 2e-2, .free),
        decayed(.rescaledSquaredError(kappa: 5, target: 3), sizes: [2, 2, 2], dimension: 5, 1e-2, 2e-2, .decayed(0.2)),
    ]

    private struct Point {
        let objective: UnconstrainedFeatureObjective<Double>
        let block: ParameterBlock<Double>
        let value: Double
        let gradient: Double

        init(_ model: UnconstrainedFeatureModel, _ configuration: ClassConfiguration) throws {
            objective = UnconstrainedFeatureObjective(model)
            block = ParameterBlock(layout: objective.layout)
            objective.set(block, to: try #require(model.point(of: configuration)))
            let gradient = ParameterBlock<Double>(layout: objective.layout)
            value = objective.evaluate(at: block, gradient: gradient)
            self.gradient = gradient.norm
        }

        var eigenvalues: [Double] { objective.tangentHessian(at: block).symmetricEigenvalues() }

        var certificate: GlobalCertificate {
            GlobalCertificate(
                lossGradient: objective.outputGradient(at: block).gradient,
                nuclearDecay: objective.model.nuclearDecay!)
        }
    }

    /// Every rank below that of the optimum: a critical point, no global minimum, with the curvature that theory tells.
    @Test(arguments: models)
    func saddlesOfEveryRank(_ model: UnconstrainedFeatureModel) throws {
        for rank in 0..<model.classes - 1 {
            let saddle = try #require(model.saddle(rank: rank))
            #expect(saddle.rank == rank)
            let point = try Point(model, saddle.configuration)
            #expect(point.gradient < 1e-12 * (1 + point.block.norm), "rank \(rank): gradient \(point.gradient)")
            #expect(abs(point.value - saddle.value) < 1e-13 * (1 + saddle.value))
            let certificate = point.certificate
            #expect(certificate.excess > 1e-6 && abs(certificate.excess - saddle.excess!) < 1e-13)
            let matrices = point.objective.matrices(at: point.block)
            let escape = try #require(
                EscapeDirection(certificate, classifier: matrices.classifier!, decays: model.decays!))
            let (direction, product) = (
                ParameterBlock<Double>(layout: point.objective.layout),
                ParameterBlock<Double>(layout: point.objective.layout)
            )
            point.objective.set(
                direction,
                to: UnconstrainedFeaturePoint(
                    classifier: escape.classifier, features: escape.features,
                    bias: matrices.bias.map { $0.map { _ in 0 } }))
            point.objective.multiplyHessian(at: point.block, by: direction, into: product)
            let curvature = direction.dot(product)
            #expect(abs(curvature - escape.curvature) < 1e-10 * abs(escape.curvature), "rank \(rank)")
            #expect(abs(direction.dot(direction) - escape.squaredNorm) < 1e-12 * escape.squaredNorm)
            let eigenvalues = point.eigenvalues
            #expect(eigenvalues.last! <= escape.curvature / escape.squaredNorm * (1 - 1e-10))
            // The Morse index: each unused dimension with each singular value of ∇g above Λ.
            let above = certificate.singularValues.count { $0 > model.nuclearDecay! * (1 + 1e-9) }
            #expect(escape.unusedDimensions == model.dimension - rank)
            #expect(eigenvalues.count { $0 < -1e-11 * eigenvalues[0] } == (model.dimension - rank) * above)
            #expect(model.optimum.map { $0.value < saddle.value } ?? true)
        }
    }

    /// ‖∇g‖₂ = Λ at the optimum; its zero modes are symmetries, and all other eigenvalues positive.
    @Test(arguments: models)
    func optimaAreCertifiedAndFlatAlongSymmetriesAlone(_ model: UnconstrainedFeatureModel) throws {
        guard let optimum = model.optimum else { return #expect(model.loss == .classification(.focal(gamma: 2))) }
        let configuration = try #require(optimum.configuration)
        let point = try Point(model, configuration)
        #expect(abs(point.value - optimum.value) < 1e-13)
        #expect(abs(point.certificate.excess) < 1e-12)
        let eigenvalues = point.eigenvalues
        let zeros = eigenvalues.count { abs($0) < 1e-11 * eigenvalues[0] }
        #expect(zeros == model.symmetryZeroModes(rank: configuration.dimension))
        #expect(eigenvalues.allSatisfy { $0 > -1e-11 * eigenvalues[0] })
    }

    @Test(arguments: models)
    func originSpectrumAgreesWithTheHessian(_ model: UnconstrainedFeatureModel) throws {
        guard let spectrum = model.originSpectrum else {
            return #expect(model.bias != .none && model.samples.samplesPerClass == nil)
        }
        let saddle = try #require(model.saddle(rank: 0))
        let eigenvalues = Array(try Point(model, saddle.configuration).eigenvalues.reversed())
        let predicted = spectrum.flatMap { Array(repeating: $0.value, count: $0.multiplicity) }
        #expect(predicted.count == eigenvalues.count)
        for (a, b) in zip(predicted, eigenvalues) { #expect(abs(a - b) < 1e-12) }
        #expect(model.originMorseIndex == eigenvalues.count { $0 < -1e-12 })
        if model.loss == .classification(.crossEntropy), model.samples.samplesPerClass != nil {
            #expect(model.originMorseIndex == model.dimension * (model.classes - 1))
        }
    }

    /// Where the decays win the origin is the optimum, and has no negative curvature.
    @Test func originAboveTheCollapse() throws {
        let model = decayed(.crossEntropy, sizes: [2, 2, 2], dimension: 4, 0.3, 0.3)
        #expect(model.collapseRatio! > 1 && model.originMorseIndex == 0)
        #expect(abs(try #require(model.optimum).value - log(3)) < 1e-15)
        #expect(try #require(model.saddle(rank: 0)?.excess) < 0)
    }

    /// The plain form of each loss is the loss that models are trained with.
    @Test(arguments: ModelCases.losses)
    func sampleLossIsTheLoss(_ loss: UnconstrainedFeatureModel.Loss) {
        guard case .classification(let loss) = loss else { return }
        let random = Philox(seed: 7, purpose: .test)
        let (classes, sample) = (5, SampleLoss(loss))
        for label in 0..<classes {
            let logits = (0..<classes).map { 2 * random.normal(at: UInt64($0), stream: UInt32(label)) }
            let buffer = Buffer<Double>(logits)
            let value = loss.evaluate(
                logits: buffer.start, classes: classes, samples: 1, stride: 1, labels: [Int32(label)], scale: 1,
                workspace: LossWorkspace())
            let plain = sample.evaluate(logits, label: label)
            #expect(abs(value - plain.value) < 1e-13 * (1 + value))
            for (a, b) in zip(buffer.array, plain.gradient) { #expect(abs(a - b) < 1e-13 * (1 + abs(b))) }
        }
        #expect(sample.isConvex == loss.isConvex && sample.isShiftInvariant == loss.isShiftInvariant)
    }

    /// The class program's gradient and Hessian product against central differences.
    @Test(arguments: [
        ClassificationLoss.crossEntropy, .labelSmoothing(0.2), .focal(gamma: 2), .focal(gamma: 0.5), .meanSquaredError,
        .rescaledSquaredError(kappa: 3, target: 2),
    ])
    func classProgramDerivatives(_ loss: ClassificationLoss) {
        let program = ClassProgram(sizes: [4, 2, 1], loss: loss, nuclearDecay: 0.02, biasDecay: 0.1, dimension: 2)
        func block() -> ParameterBlock<Double> { ParameterBlock(layout: program.layout) }
        let (point, direction, moved) = (block(), block(), block())
        for index in 0..<point.count {
            point.start[index] = sin(Double(3 * index + 1))
            direction.start[index] = cos(Double(5 * index))
        }
        let (gradient, above, below, product) = (block(), block(), block(), block())
        _ = program.evaluate(point, gradient)
        program.multiplyHessian(at: point, by: direction, into: product)
        let h = 1e-5
        moved.copy(from: point)
        moved.add(direction, scaledBy: h)
        let high = program.evaluate(moved, above)
        moved.add(direction, scaledBy: -2 * h)
        let low = program.evaluate(moved, below)
        #expect(abs((high - low) / (2 * h) - gradient.dot(direction)) < 1e-9)
        above.add(below, scaledBy: -1)
        above.scale(by: 1 / (2 * h))
        above.add(product, scaledBy: -1)
        #expect(above.norm < 1e-8 * product.norm)
    }

    /// The dual bound is below the least value everywhere, and meets it at the minimum.
    @Test func lowerBound() throws {
        let model = decayed(.crossEntropy, sizes: [10, 6, 3, 1], dimension: 6, 2e-2, 1e-2, .decayed(0.1))
        let value = try #require(model.optimum).value
        let program = try #require(model.classProgram(.crossEntropy, dimension: 4))
        for seed in 0..<20 {
            let point = program.minimum(seed: UInt64(seed), steps: seed)
            #expect(program.lowerBound(point) <= value * (1 + 1e-12))
        }
    }
}

@Suite struct ImbalanceGeometryTests {
    /// K_A = K_B = 3, n_B = 2, λ_W = λ_H = 2e-2: R* = 10.785; cosine 0.653 at R = 10 and 1 at R = 11.
    @Test func minorityCollapse() throws {
        let ratio = UnconstrainedFeatureModel.minorityCollapseRatio(
            majority: 3, minority: 3, minoritySize: 2, classifierDecay: 2e-2, featureDecay: 2e-2)
        #expect(abs(ratio - 10.785) < 5e-4)
        func cosine(_ sizes: [Int]) throws -> (predicted: [Bool], cosine: Double) {
            let model = decayed(.crossEntropy, sizes: sizes, dimension: 8, 2e-2, 2e-2)
            let configuration = try #require(model.optimum?.configuration)
            return (model.minorityCollapse!, try #require(configuration.classifier.leastCosine(ofRows: [3, 4, 5])))
        }
        let apart = try cosine([20, 20, 20, 2, 2, 2])
        #expect(!apart.predicted.contains(true) && abs(apart.cosine - 0.653) < 5e-4)
        let together = try cosine([22, 22, 22, 2, 2, 2])
        #expect(together.predicted == [false, false, false, true, true, true] && together.cosine > 1 - 1e-9)
    }

    /// Balanced classes: a simplex. Unequal ones: the optima approach it as decays fall, slowly.
    @Test func simplexEncodedLabels() throws {
        let balanced = SELIGeometry(classSizes: [3, 3, 3, 3])
        for (i, j) in [(0, 0), (0, 1), (2, 3)] {
            let expected = ((i == j ? 1 : 0) - 0.25) / 3.0.squareRoot()
            #expect(abs(balanced.classifierGram[i, j] - expected) < 1e-14)
            #expect(abs(balanced.featureGram[i, j] - expected) < 1e-14)
        }
        var last = Double.infinity
        for decay in [1e-3, 1e-4, 1e-5, 1e-6] {
            let model = decayed(.crossEntropy, sizes: [20, 20, 20, 2, 2, 2], dimension: 8, decay, decay)
            let end = try #require(model.optimum?.configuration)
            let geometry = SELIGeometry(classSizes: model.classSizes)
            let distance = try #require(geometry.classifierDistance(end.classifier))
            #expect(distance < last && distance < 0.12)
            #expect(try #require(geometry.featureDistance(end.features)) < 0.15)
            last = distance
        }
        #expect(SELIGeometry(classSizes: [2, 1]).classifierDistance(Matrix(rows: 2, columns: 3)) == nil)
    }
}
