import Learning
import LinearAlgebra
import NeuralCollapse
import RandomNumbers
import Testing

@testable import UnconstrainedFeatures

#if canImport(Glibc)
    import Glibc
#endif

private func start(
    _ model: UnconstrainedFeatureModel, _ start: UnconstrainedFeatureStart, seed: UInt64 = 0
) -> (objective: UnconstrainedFeatureObjective<Double>, point: ParameterBlock<Double>) {
    let objective = UnconstrainedFeatureObjective<Double>(model)
    let point = ParameterBlock<Double>(layout: objective.layout)
    objective.initialize(point, at: start, seed: seed)
    return (objective, point)
}

@Suite struct StartTests {
    /// Whatever the start, each vector of each sphere has its sphere's length.
    @Test func startsLieOnTheirSpheres() {
        for model in ModelCases.all where !model.regularization.isDecay {
            for kind in [UnconstrainedFeatureStart.gaussian(scale: 3), .origin(noise: 0.01)] where kind.fits(model) {
                let (objective, point) = start(model, kind, seed: 4)
                #expect(!objective.spheres.isEmpty)
                var seen = 0
                for family in objective.spheres.families {
                    for vector in 0..<family.count {
                        let square = (0..<family.length).reduce(0.0) {
                            let x = point.storage[
                                family.offset + vector * family.vectorStride + $1 * family.elementStride]
                            return $0 + x * x
                        }
                        #expect(abs(square.squareRoot() - family.radius) < 1e-14 * family.radius)
                        seen += family.length
                    }
                }
                // Every number but the bias is on one of them.
                #expect(seen == point.count - (objective.variables.bias?.count ?? 0))
                for slack in [objective.variables.classifierSlack, objective.variables.featuresSlack] {
                    if let slack { #expect(point.pointer(to: slack)[0] > 0) }
                }
            }
        }
    }

    /// The start of the plain model: the same numbers as ever, W before H.
    @Test func gaussianStart() {
        let (objective, point) = start(model(.crossEntropy, .free), .gaussian(scale: 1.5), seed: 9)
        let (w, h) = (
            Philox(seed: 9, purpose: .initialization(0)), Philox(seed: 9, purpose: .initialization(1))
        )
        let variables = objective.variables
        for i in 0..<40 {
            #expect(
                point.pointer(to: variables.classifier!)[i] == 1.5 / 8.0.squareRoot() * w.normal(at: UInt64(i)))
        }
        for i in 0..<120 { #expect(point.pointer(to: variables.features)[i] == 1.5 * h.normal(at: UInt64(i))) }
        for k in 0..<5 { #expect(point.pointer(to: variables.bias!)[k] == 0) }
        // A deeper one has the same W and H.
        let deep = UnconstrainedFeatureModel(
            classes: 5, dimension: 8, samples: .balanced(3), loss: .classification(.crossEntropy),
            regularization: .decay(classifier: 1, features: 1), bias: .free,
            hidden: .init(count: 2, width: 8, activation: .relu))
        let (deepObjective, deepPoint) = start(deep, .gaussian(scale: 1.5), seed: 9)
        #expect(deepObjective.featureMatrix(at: deepPoint) == objective.featureMatrix(at: point))
        #expect(deepObjective.classifierMatrix(at: deepPoint) == objective.classifierMatrix(at: point))
    }

    @Test func samePointFromTheSameSeed() {
        for model in ModelCases.all {
            let points = [UInt64(1), 1, 2].map { start(model, .gaussian(scale: 1), seed: $0).point.storage.array }
            #expect(points[0] == points[1])
            #expect(points[0] != points[2])
        }
    }

    @Test func originWithNoise() {
        let (objective, point) = start(
            model(.crossEntropy, .none, classes: 20, dimension: 30, samplesPerClass: 20), .origin(noise: 1e-3))
        for slice in [objective.variables.classifier!, objective.variables.features] {
            let deviation = point.norm(of: slice) / Double(slice.count).squareRoot()
            #expect(abs(deviation / 1e-3 - 1) < 0.1)
        }
    }

    /// The balanced identity puts out the one-hot labels, and λ_W VᵀV is the same in every layer, λ_H HHᵀ for the
    /// first.
    @Test(arguments: [0, 1, 3], [SampleDesign.balanced(4), .classSizes([2, 5, 3])])
    func balancedIdentity(_ hiddenCount: Int, _ design: SampleDesign) throws {
        let model = UnconstrainedFeatureModel(
            classes: 3, dimension: 5, samples: design, loss: .classification(.meanSquaredError),
            regularization: .decay(classifier: 2e-3, features: 7e-4), bias: .none,
            hidden: hiddenCount == 0 ? nil : .init(count: hiddenCount, width: 4, activation: .relu))
        let (objective, point) = start(model, .identity(scale: 1))
        let logits = try #require(objective.logits(at: point))
        for sample in 0..<model.sampleCount {
            for k in 0..<3 {
                #expect(abs(logits[k, sample] - (objective.labels[sample] == k ? 1 : 0)) < 1e-14)
            }
        }
        let matrices = objective.matrices(at: point)
        var below = 7e-4 * Matrix.product(matrices.features, matrices.features, transposeB: .yes)
        for weights in matrices.hidden + [matrices.classifier!] {
            let gram = 2e-3 * Matrix.product(weights, weights, transposeA: .yes)
            #expect((gram - below).frobeniusNorm < 1e-15)
            below = 2e-3 * Matrix.product(weights, weights, transposeB: .yes)
        }
    }

    /// From there descent reaches the solution of deep linear squared error: gain x^M/(1 + x^M) of each class with the
    /// larger root of β = M x^{M−1}/(1 + x^M)², β = MN(Nλ_W^M λ_H)^{1/M}/n_k (Dang et al. 2023).
    @Test(arguments: [1, 2, 3, 4], [SampleDesign.balanced(4), .classSizes([4, 5, 3])])
    func balancedIdentityReachesTheDeepOptimum(_ depth: Int, _ design: SampleDesign) throws {
        let (lambdaW, lambdaH, M) = (2e-3, 5e-4, Double(depth))
        let model = UnconstrainedFeatureModel(
            classes: 3, dimension: 5, samples: design, loss: .classification(.meanSquaredError),
            regularization: .decay(classifier: lambdaW, features: lambdaH), bias: .none,
            hidden: depth == 1 ? nil : .init(count: depth - 1, width: 4, activation: .linear))
        let (objective, point) = start(model, .identity(scale: 1))
        let solver = LBFGS<Double, Never>(layout: objective.layout) { objective.evaluate(at: $0, gradient: $1) }
        solver.start(at: point)
        var steps = 0
        while steps < 2000, solver.gradient.norm > 1e-13, solver.step(point) == .improved { steps += 1 }
        let logits = try #require(objective.logits(at: point))
        for sample in 0..<model.sampleCount {
            let label = Int(objective.labels[sample])
            let (N, n) = (Double(model.sampleCount), Double(design.classSizes(classes: 3)![label]))
            let beta = M * N * pow(N * pow(lambdaW, M) * lambdaH, 1 / M) / n
            // Right of its maximum the function falls to the larger root.
            var (low, high) = (pow((M - 1) / (M + 1), 1 / M), 1e9)
            for _ in 0..<200 {
                let x = (low + high) / 2
                if M * pow(x, M - 1) / pow(1 + pow(x, M), 2) > beta { low = x } else { high = x }
            }
            let gain = pow(low, M) / (1 + pow(low, M))
            for k in 0..<3 { #expect(abs(logits[k, sample] - (k == label ? gain : 0)) < 1e-8) }
        }
    }

    /// Written and read again, whatever the scaling of features or the slack.
    @Test func givenMatricesComeBack() {
        for model in ModelCases.all {
            let (objective, point) = start(model, .gaussian(scale: 1), seed: 5)
            let matrices = objective.matrices(at: point)
            let (_, again) = start(model, .point(matrices))
            #expect(relativeDifference(again.storage.array, point.storage.array) < 1e-14, "\(model)")
        }
    }
}

@Suite struct MeasuredPointTests {
    /// Logits are those of the matrices, and ∇g is what they change the loss by.
    @Test func logitsAndTheirGradient() throws {
        for model in ModelCases.all {
            let (objective, point) = start(model, .gaussian(scale: 1), seed: 5)
            let layers = objective.layerFeatures(at: point)
            #expect(layers.count == model.depth)
            let (value, outputs) = objective.outputGradient(at: point)
            let gradient = ParameterBlock<Double>(layout: objective.layout)
            let total = objective.evaluate(at: point, gradient: gradient)
            let penalty = objective.variables.decays.reduce(0.0) {
                $0 + $1.decay / 2 * point.norm(of: $1.slice) * point.norm(of: $1.slice)
            }
            #expect(abs(value + penalty - total) <= 1e-14 * total)
            guard model.hasClassifier else {
                #expect(objective.logits(at: point) == nil && objective.classifierMatrix(at: point) == nil)
                continue
            }
            let (z, w) = (
                try #require(objective.logits(at: point)), try #require(objective.classifierMatrix(at: point))
            )
            let b = objective.biasVector(at: point) ?? Array(repeating: 0, count: model.classes)
            let expected = Matrix.product(w, layers.last!, transposeB: .yes, scale: model.logitScale)
            #expect((z - expected).elements.enumerated().allSatisfy { abs($1 - b[$0 / z.columns]) < 1e-13 })
            // ∂f/∂W = γ ∇g(Z) Aᵀ and the decay.
            guard let slice = objective.variables.classifier else { continue }
            let decay = model.decays?.classifier ?? 0
            let product = Matrix.product(outputs, layers.last!, scale: model.logitScale)
            let actual = Matrix(rows: w.rows, columns: w.columns, copying: gradient.pointer(to: slice))
            #expect((product + decay * w - actual).frobeniusNorm < 1e-14)
        }
    }

    /// On unit simplex frames: log(1 + (K−1)e^{−Kτ/(K−1)}), K = 10 with τ = 1 and 5, K = 100 with τ = 10; and norm
    /// balls with τ = √(E_W E_H).
    @Test(arguments: [(10, 1.0, 1.3769349205), (10, 5.0, 0.0342016785), (100, 10.0, 0.0040545393)])
    func frameOnSpheres(_ classes: Int, _ tau: Double, _ known: Double) {
        let frame = SimplexETF(classes: classes, dimension: classes + 2).vectors
        func value(
            _ regularization: UnconstrainedFeatureModel.Regularization, _ design: SampleDesign,
            _ lengths: (Double, Double)
        ) -> Double {
            let objective = UnconstrainedFeatureObjective<Double>(
                UnconstrainedFeatureModel(
                    classes: classes, dimension: classes + 2, samples: design, loss: .classification(.crossEntropy),
                    regularization: regularization, bias: .none))
            let features = Matrix(rows: classes + 2, columns: objective.labels.count) {
                lengths.1 * frame[Int(objective.labels[$1]), $0]
            }
            let (point, gradient) = (
                ParameterBlock<Double>(layout: objective.layout), ParameterBlock<Double>(layout: objective.layout)
            )
            objective.set(point, to: UnconstrainedFeaturePoint(classifier: lengths.0 * frame, features: features))
            return objective.evaluate(at: point, gradient: gradient)
        }
        let unequal = SampleDesign.classSizes((0..<classes).map { 1 + $0 % 3 })
        #expect(abs(value(.spheres(temperature: tau), .balanced(2), (1, 1)) - known) < 6e-11)
        let (w, h) = (2.0, tau * tau / 2)
        for design in [SampleDesign.balanced(2), unequal] {
            let peeled = value(
                .normBalls(classifier: w, features: h), design, (w.squareRoot(), h.squareRoot()))
            #expect(abs(peeled - known) < 6e-11)
        }
    }

    /// log(n − 1 + n(K−1)e^{−K/((K−1)τ)}): each sample's denominator runs over all others, positives included.
    @Test(arguments: [(3, 2, 0.5), (5, 4, 0.1), (4, 2, 0.05), (10, 3, 1)])
    func frameUnderTheContrastiveLoss(_ classes: Int, _ n: Int, _ tau: Double) {
        let frame = SimplexETF(classes: classes, dimension: classes).vectors
        let objective = UnconstrainedFeatureObjective<Double>(
            UnconstrainedFeatureModel(
                classes: classes, dimension: classes, samples: .balanced(n), loss: .supervisedContrastive,
                regularization: .spheres(temperature: tau), bias: .none))
        let (point, gradient) = (
            ParameterBlock<Double>(layout: objective.layout), ParameterBlock<Double>(layout: objective.layout)
        )
        let features = Matrix(rows: classes, columns: classes * n) { frame[$1 / n, $0] }
        objective.set(point, to: UnconstrainedFeaturePoint(classifier: nil, features: features))
        let k = Double(classes)
        let (rest, expected) = (
            Double(n) * (k - 1) * exp(-k / ((k - 1) * tau)), objective.evaluate(at: point, gradient: gradient)
        )
        // With two of a class the loss is log1p of something that may be tiny.
        let theory = n == 2 ? log1p(rest) : log(Double(n - 1) + rest)
        #expect(abs(expected - theory) < 1e-13 * theory)
    }

    /// The samples of a design with sets of labels: by size, lexicographically, copies side by side.
    @Test func labelSets() {
        let sets = SampleDesign.labelSets(copiesBySize: [2, 0, 1]).labels(classes: 4)
        #expect(sets == [[0], [0], [1], [1], [2], [2], [3], [3], [0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]])
        let model = UnconstrainedFeatureModel(
            classes: 4, dimension: 4, samples: .labelSets(copiesBySize: [2, 0, 1]), loss: .pickAllLabel,
            regularization: .decay(classifier: 1, features: 1), bias: .none)
        #expect(UnconstrainedFeatureObjective<Double>(model).labels == [0, 0, 1, 1, 2, 2, 3, 3])
        #expect(model.sampleCount == 12)
    }
}
