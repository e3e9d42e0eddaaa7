import Learning
import LinearAlgebra
import RandomNumbers
import Testing

@testable import UnconstrainedFeatures

#if canImport(Glibc)
    import Glibc
#endif

/// Any depth-1 model under decays.
func decayed(
    _ loss: ClassificationLoss, sizes: [Int], dimension: Int, _ classifierDecay: Double, _ featureDecay: Double,
    _ bias: Bias = .none, classifier: UnconstrainedFeatureModel.Classifier = .learned, linearLayers: Int = 0,
    width: Int? = nil
) -> UnconstrainedFeatureModel {
    UnconstrainedFeatureModel(
        classes: sizes.count, dimension: dimension,
        samples: Set(sizes).count == 1 ? .balanced(sizes[0]) : .classSizes(sizes), loss: .classification(loss),
        regularization: .decay(classifier: classifierDecay, features: featureDecay), classifier: classifier, bias: bias,
        hidden: linearLayers == 0
            ? nil : .init(count: linearLayers, width: width ?? dimension, activation: .linear))
}

func bound(
    _ loss: ClassificationLoss, sizes: [Int], dimension: Int,
    _ regularization: UnconstrainedFeatureModel.Regularization, _ bias: Bias = .none
) -> UnconstrainedFeatureModel {
    UnconstrainedFeatureModel(
        classes: sizes.count, dimension: dimension,
        samples: Set(sizes).count == 1 ? .balanced(sizes[0]) : .classSizes(sizes), loss: .classification(loss),
        regularization: regularization, bias: bias)
}

func labelSets(
    _ classes: Int, _ copies: [Int], _ regularization: UnconstrainedFeatureModel.Regularization
) -> UnconstrainedFeatureModel {
    UnconstrainedFeatureModel(
        classes: classes, dimension: classes, samples: .labelSets(copiesBySize: copies), loss: .pickAllLabel,
        regularization: regularization, bias: .none)
}

private let five = [3, 3, 3, 3, 3]
private let unequal = [10, 6, 3, 1]
private let smoothed = ClassificationLoss.labelSmoothing(0.1)
private let rescaled = ClassificationLoss.rescaledSquaredError(kappa: 5, target: 3)

/// A model and its least value, minimised in Float64 by SciPy's L-BFGS-B from several random starts with gradients of
/// PyTorch, from the definitions alone.
struct IndependentMinimum: Sendable, CustomTestStringConvertible {
    let model: UnconstrainedFeatureModel
    let value: Double
    var testDescription: String { "\(value)" }

    init(_ model: UnconstrainedFeatureModel, _ value: Double) {
        self.model = model
        self.value = value
    }

    static let all: [IndependentMinimum] = [
        .init(decayed(smoothed, sizes: five, dimension: 8, 5e-3, 2e-3), 0.470532866518916),
        .init(decayed(.focal(gamma: 2), sizes: five, dimension: 8, 5e-3, 2e-3), 0.069668777917554),
        .init(decayed(.focal(gamma: 3), sizes: five, dimension: 8, 5e-3, 2e-3, .free), 0.058275340130508),
        .init(decayed(rescaled, sizes: five, dimension: 8, 5e-3, 2e-3), 0.082083383625775),
        .init(decayed(rescaled, sizes: five, dimension: 8, 5e-3, 2e-3, .free), 0.065618706900620),
        .init(decayed(rescaled, sizes: five, dimension: 8, 5e-3, 2e-3, .decayed(0.01)), 0.074583383625775),
        .init(decayed(rescaled, sizes: five, dimension: 8, 5e-3, 2e-3, .decayed(0.1)), 0.081333383625775),
        .init(decayed(rescaled, sizes: five, dimension: 8, 5e-3, 2e-3, .decayed(1)), 0.082008383625775),
        .init(decayed(.meanSquaredError, sizes: unequal, dimension: 6, 2e-2, 1e-2), 0.109999408752936),
        .init(decayed(.meanSquaredError, sizes: unequal, dimension: 6, 2e-2, 1e-2, .free), 0.076430437303565),
        .init(decayed(.meanSquaredError, sizes: unequal, dimension: 2, 2e-2, 1e-2, .free), 0.093743003032176),
        .init(decayed(.meanSquaredError, sizes: unequal, dimension: 6, 2e-2, 1e-2, .decayed(0.1)), 0.091197888774253),
        .init(decayed(.crossEntropy, sizes: unequal, dimension: 6, 2e-2, 1e-2), 0.397177406278895),
        .init(decayed(.crossEntropy, sizes: unequal, dimension: 6, 2e-2, 1e-2, .free), 0.358351699610124),
        .init(decayed(.crossEntropy, sizes: unequal, dimension: 6, 2e-2, 1e-2, .decayed(0.1)), 0.390752180027243),
        .init(
            decayed(.labelSmoothing(0.2), sizes: unequal, dimension: 6, 2e-2, 1e-2, .decayed(0.1)), 0.806975235574904),
        .init(decayed(.crossEntropy, sizes: [20, 20, 20, 2, 2, 2], dimension: 7, 2e-2, 2e-2), 1.046005712595798),
        // Minority classes collapse, and fewer dimensions than K − 1 suffice.
        .init(decayed(.crossEntropy, sizes: [24, 24, 24, 2, 2, 2], dimension: 4, 2e-2, 2e-2), 1.088060539871825),
        .init(
            decayed(.crossEntropy, sizes: five, dimension: 4, 1, 1e-3, classifier: .fixedETF(norm: 2)),
            0.052275903811953),
        .init(
            decayed(smoothed, sizes: unequal, dimension: 3, 1, 1e-3, classifier: .fixedETF(norm: 2)), 0.366427501070770),
        .init(
            decayed(.focal(gamma: 2), sizes: five, dimension: 4, 1, 1e-3, classifier: .fixedETF(norm: 2)),
            0.015255825970602),
        .init(
            decayed(
                .meanSquaredError, sizes: five, dimension: 4, 1, 1e-2, .decayed(0.1), classifier: .fixedETF(norm: 2)),
            0.020741394527802),
        .init(decayed(rescaled, sizes: five, dimension: 4, 1, 1e-2, classifier: .fixedETF(norm: 2)), 1.223404255319149),
        .init(
            decayed(rescaled, sizes: five, dimension: 4, 1, 1e-2, .free, classifier: .fixedETF(norm: 2)),
            0.106846062524732),
        .init(
            decayed(.meanSquaredError, sizes: five, dimension: 6, 1e-3, 2e-3, linearLayers: 1), 0.013587004463805),
        .init(
            decayed(.meanSquaredError, sizes: five, dimension: 6, 1e-3, 2e-3, .free, linearLayers: 2), 0.012496085143897
        ),
        .init(
            decayed(.meanSquaredError, sizes: unequal, dimension: 6, 1e-3, 2e-3, linearLayers: 2), 0.013427692265380),
        .init(
            decayed(.meanSquaredError, sizes: unequal, dimension: 6, 1e-3, 2e-3, .free, linearLayers: 3),
            0.011040264325100),
        .init(labelSets(4, [5, 2], .decay(classifier: 1e-2, features: 5e-3)), 0.815804557125069),
        .init(labelSets(5, [2, 0, 1], .decay(classifier: 1e-3, features: 2e-3)), 1.728108364809103),
        .init(labelSets(4, [5, 2], .normBalls(classifier: 4, features: 9)), 0.521183576874193),
        .init(
            bound(.meanSquaredError, sizes: five, dimension: 8, .normBalls(classifier: 0.5, features: 0.8)),
            0.067544467966324),
        .init(
            bound(.meanSquaredError, sizes: five, dimension: 8, .normBalls(classifier: 0.5, features: 0.8), .free),
            0.017544467966324),
        .init(
            bound(
                .meanSquaredError, sizes: five, dimension: 8, .normBalls(classifier: 0.5, features: 0.8), .decayed(0.1)),
            0.026635377057233),
        .init(
            bound(.meanSquaredError, sizes: unequal, dimension: 8, .normBalls(classifier: 0.5, features: 0.8)),
            0.033772233983162),
        .init(
            bound(.crossEntropy, sizes: five, dimension: 8, .normBalls(classifier: 0.5, features: 0.8), .free),
            1.034729826468481),
        .init(
            bound(smoothed, sizes: five, dimension: 8, .normBalls(classifier: 5, features: 8), .free), 0.389672920658179
        ),
        .init(bound(smoothed, sizes: [2, 2, 2, 2, 2], dimension: 4, .spheres(temperature: 8)), 0.389672920658179),
        .init(bound(smoothed, sizes: [2, 2, 2, 2, 2], dimension: 4, .spheres(temperature: 1)), 0.863614585194053),
        .init(
            bound(.focal(gamma: 2), sizes: [2, 2, 2, 2, 2], dimension: 4, .spheres(temperature: 3)), 0.000664671481794),
        .init(
            bound(.focal(gamma: 2), sizes: [2, 2, 2, 2, 2], dimension: 4, .spheres(temperature: 1)), 0.217766359814200),
        .init(
            UnconstrainedFeatureModel(
                classes: 4, dimension: 5, samples: .balanced(3), loss: .supervisedContrastive,
                regularization: .spheres(temperature: 0.5), bias: .none), 0.965214624627317),
    ]
}

@Suite struct OptimumFamilyTests {
    @Test(arguments: IndependentMinimum.all)
    func agreesWithAnIndependentMinimiser(_ known: IndependentMinimum) throws {
        let optimum = try #require(known.model.optimum)
        #expect(abs(optimum.value - known.value) < 1e-10 * known.value + 2e-15)
        guard let configuration = optimum.configuration, let point = known.model.point(of: configuration) else {
            return
        }
        // The configuration attains the value, at a critical point.
        let objective = UnconstrainedFeatureObjective<Double>(known.model)
        let (block, gradient) = (
            ParameterBlock<Double>(layout: objective.layout), ParameterBlock<Double>(layout: objective.layout)
        )
        objective.set(block, to: point)
        let value = objective.evaluate(at: block, gradient: gradient)
        #expect(abs(value - optimum.value) < 1e-12 * value)
        if known.model.regularization.isDecay { #expect(gradient.norm < 1e-9 * (1 + block.norm)) }
        if let norm = optimum.classifierSquaredNorm, known.model.regularization.isDecay,
            known.model.classifier == .learned
        {
            let measured = point.classifier!.frobeniusNorm
            #expect(abs(measured * measured - norm) < 1e-9 * norm)
        }
    }

    /// K=5, n=3, λ_W=5e-3, λ_H=2e-3: leads and norms to all digits of the independent minimiser.
    @Test func leadsAndNorms() throws {
        func optimum(_ loss: ClassificationLoss) throws -> Optimum {
            try #require(decayed(loss, sizes: five, dimension: 8, 5e-3, 2e-3).optimum)
        }
        let plain = try optimum(.crossEntropy)
        #expect(abs(plain.lead! - 5.1850041218) < 1e-10)
        #expect(abs(plain.classifierSquaredNorm! - 22.7195497461) < 1e-9)
        #expect(abs(plain.featuresSquaredNorm! - 56.7988743653) < 1e-9)
        let smooth = try optimum(smoothed)
        #expect(abs(smooth.lead! - 3.5624865699) < 1e-10)
        #expect(abs(smooth.value - 0.4705328665) < 1e-10)
        #expect(abs(smooth.classifierSquaredNorm! - 15.6100340410) < 1e-9)
        #expect(abs(try optimum(.focal(gamma: 2)).lead! - 2.77980) < 5e-6)
        #expect(abs(try optimum(.focal(gamma: 3)).lead! - 2.32768) < 5e-6)
        for (classes, temperature, value) in [(10, 1.0, 1.3769349205), (10, 5, 0.0342016785), (100, 10, 0.0040545393)] {
            let sphere = bound(
                .crossEntropy, sizes: Array(repeating: 2, count: classes), dimension: classes,
                .spheres(temperature: temperature))
            #expect(abs(try #require(sphere.optimum).value - value) < 6e-11)
            let ball = bound(
                .crossEntropy, sizes: Array(repeating: 2, count: classes), dimension: classes,
                .normBalls(classifier: temperature * 4, features: temperature / 4))
            #expect(abs(try #require(ball.optimum).value - value) < 6e-11)
        }
    }

    /// The rescaled error with κ = M = 1 is the plain one, by another derivation.
    @Test(arguments: [Bias.none, .free, .decayed(0.01), .decayed(0.1), .decayed(3)], [1e-3, 0.03, 0.2, 2])
    func rescaledErrorGeneralisesThePlainOne(_ bias: Bias, _ scale: Double) throws {
        let plain = try #require(decayed(.meanSquaredError, sizes: five, dimension: 8, scale, scale, bias).optimum)
        let other = try #require(
            decayed(
                .rescaledSquaredError(kappa: 1, target: 1), sizes: five, dimension: 8, scale, scale, bias
            ).optimum)
        #expect(abs(plain.value - other.value) < 1e-14)
        #expect(abs(plain.classifierSquaredNorm! - other.classifierSquaredNorm!) < 1e-11)
    }

    /// Unequal classes that are equal: the numerical program against the closed forms.
    @Test(arguments: [ClassificationLoss.crossEntropy, smoothed, .meanSquaredError, rescaled])
    func programOfUnequalClassesAgreesWithClosedForms(_ loss: ClassificationLoss) throws {
        for (scale, bias) in [(2e-3, Bias.none), (1e-2, .free), (3e-2, .decayed(0.1)), (0.5, .free)] {
            let model = decayed(loss, sizes: [4, 4, 4, 4, 4, 4], dimension: 9, scale, 2 * scale, bias)
            let (closed, solved) = (try #require(model.optimum), try #require(model.unequalClassesOptimum(loss)))
            #expect(abs(closed.value - solved.value) < 1e-12 * closed.value)
            let (a, b) = (try #require(closed.configuration), try #require(solved.configuration))
            #expect(b.deviation(classifier: a.classifier, features: a.features) < 1e-7)
        }
    }

    /// Over 2⁻¹⁴ … 2⁶ of decay: φ(a) + slope·a of the focal loss against a fine grid, its transition included.
    @Test(arguments: [0.3, 1, 2, 3, 5], [2, 10, 100])
    func focalLeadIsTheGlobalMinimum(_ gamma: Double, _ classes: Int) throws {
        let loss = try #require(LeadLoss(.focal(gamma: gamma), classes))
        for slope in stride(from: -14.0, through: 6, by: 0.25).map({ exp2($0) }) {
            let lead = loss.minimizer(slope: slope)
            let value = loss.value(lead) + slope * lead
            for a in stride(from: 0.0, through: 60, by: 0.01) { #expect(loss.value(a) + slope * a >= value - 1e-13) }
        }
        // The descent is the derivative.
        for a in [0.0, 0.5, 2, 7] {
            let difference = (loss.value(a - 1e-5) - loss.value(a + 1e-5)) / 2e-5
            #expect(abs(difference - loss.descent(a)) < 1e-8)
        }
    }

    /// K = 100, γ = 3: the origin turns into a local minimum at c = 1.1057, the collapsed point stays lower until
    /// 1.1752.
    @Test func focalTransitionOfFirstOrder() throws {
        func model(_ c: Double) -> UnconstrainedFeatureModel {
            decayed(.focal(gamma: 3), sizes: Array(repeating: 1, count: 100), dimension: 100, c / 100, c / 100)
        }
        #expect(try #require(model(1.1056).originMorseIndex) == 99 * 100)
        #expect(try #require(model(1.1058).originMorseIndex) == 0)
        #expect(try #require(model(1.1751).optimum?.lead) > 2)
        #expect(try #require(model(1.1753).optimum?.lead) == 0)
    }

    @Test func noOptimumWhereTheoryGivesNone() {
        let none: [UnconstrainedFeatureModel] = [
            decayed(.crossEntropy, sizes: five, dimension: 3, 5e-3, 2e-3),
            decayed(.crossEntropy, sizes: unequal, dimension: 2, 2e-2, 1e-2),
            decayed(.focal(gamma: 2), sizes: unequal, dimension: 6, 2e-2, 1e-2),
            // Deep cross-entropy: the simplex is not optimal.
            decayed(.crossEntropy, sizes: [2, 2, 2, 2, 2, 2], dimension: 8, 1e-3, 1e-3, linearLayers: 1),
            decayed(.meanSquaredError, sizes: five, dimension: 8, 1e-3, 1e-3, .decayed(0.1), linearLayers: 1),
            bound(.crossEntropy, sizes: unequal, dimension: 6, .spheres(temperature: 2)),
            bound(.meanSquaredError, sizes: five, dimension: 6, .spheres(temperature: 2)),
            bound(smoothed, sizes: [2, 2, 2], dimension: 2, .spheres(temperature: 8)),
        ]
        for model in none { #expect(model.optimum == nil, "\(model)") }
    }

    @Test func references() throws {
        let deep = decayed(.crossEntropy, sizes: [2, 2, 2, 2, 2, 2], dimension: 8, 1e-3, 1e-3, linearLayers: 1)
        let points = deep.referencePoints
        #expect(points.map(\.family) == [.simplex, .blockPairs])
        #expect(abs(points[0].value - 0.038929) < 5e-7 && abs(points[1].value - 0.036538) < 5e-7)
        let octagon = UnconstrainedFeatureModel(
            classes: 8, dimension: 2, samplesPerClass: 2, loss: .crossEntropy, classifierDecay: 1e-3,
            featureDecay: 1e-3,
            bias: .decayed(1e-2))
        #expect(octagon.optimum == nil)
        #expect(abs(try #require(octagon.referencePoints.first).value - 0.190335) < 5e-7)
    }

    /// The search over scales ends where the least value is at the smallest, as in deep models of large decays.
    @Test func referencesOfCollapsedModels() {
        for layers in [2, 49, 99] {
            let model = decayed(.crossEntropy, sizes: [1, 1], dimension: 1, 0.5, 0.5, linearLayers: layers)
            #expect(model.referencePoints.allSatisfy { abs($0.value - log(2)) < 1e-9 })
        }
    }

    /// The least rescaled error against the stationary point of the plain formula, and where κ and M are so large that
    /// this loses all digits against ½M²κ/(κ(K − 1) + 1), which it is without slopes and bias.
    @Test func rescaledErrorsKeepTheirDigits() {
        let random = Philox(seed: 3, purpose: .test)
        for trial in 0..<200 {
            func draw(_ index: Int) -> Double { exp2(6 * random.uniform(at: UInt64(16 * trial + index)) - 3) }
            let (kappa, target, k) = (draw(0), draw(1), Double(2 + trial % 7))
            let pair = RescaledPair(classes: k, kappa: kappa, target: target)
            let (stiffness, slope, shiftSlope) = (draw(2), 0.1 * draw(3), 0.1 * draw(4))
            let point = pair.minimizer(
                gainStiffness: 0.1 * draw(5), gainSlope: slope, shiftStiffness: trial % 3 == 0 ? nil : stiffness,
                shiftSlope: shiftSlope)
            let right = point.gain * (1 - 1 / k) + point.shift - target
            let wrong = point.shift - point.gain / k
            let plain = (kappa * right * right + (k - 1) * wrong * wrong) / 2
            #expect(abs(point.loss - plain) < 1e-11 * (1 + plain), "\(point) \(plain)")
        }
        for kappa in [1e4, 1e9] {
            for target in [1.0, 1e9] {
                let point = RescaledPair(classes: 3, kappa: kappa, target: target).minimizer(
                    gainSlope: 0, shiftStiffness: nil, shiftSlope: 0)
                let exact = target * target * kappa / (2 * (2 * kappa + 1))
                #expect(abs(point.loss - exact) < 1e-13 * exact)
            }
        }
    }
}
