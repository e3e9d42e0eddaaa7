import LinearAlgebra
import NeuralCollapse
import Testing

/// (1/2N) Σ ‖W h + b − e_y‖² and the decays, in plain loops.
private func squaredError(
    _ features: Features, _ classifier: LinearClassifier, _ classifierDecay: Double, _ biasDecay: Double
) -> Double {
    var sum = 0.0
    for (i, label) in features.labels.enumerated() {
        for k in 0..<features.classes {
            var z = classifier.bias?[k] ?? 0
            for j in 0..<features.rows.columns { z += classifier.weights[k, j] * features.rows[i, j] }
            sum += (z - (Int(label) == k ? 1 : 0)) * (z - (Int(label) == k ? 1 : 0))
        }
    }
    func squares(_ numbers: [Double]) -> Double { numbers.reduce(0) { $0 + $1 * $1 } }
    return sum / Double(2 * features.labels.count) + classifierDecay / 2 * squares(classifier.weights.elements)
        + biasDecay / 2 * squares(classifier.bias ?? [])
}

@Suite struct SquaredErrorDecompositionTests {
    struct Case: Sendable {
        var sizes: [Int]
        var dimension: Int
        var hasBias: Bool
        var decays: (classifier: Double, bias: Double)
    }

    static let cases = [
        Case(sizes: [10, 10, 10], dimension: 4, hasBias: true, decays: (0.05, 0.05)),
        Case(sizes: [10, 10, 10], dimension: 4, hasBias: false, decays: (0.05, 0)),
        Case(sizes: [3, 20, 8, 5], dimension: 6, hasBias: true, decays: (1e-3, 0.2)),
        Case(sizes: [9, 9], dimension: 3, hasBias: true, decays: (0, 0)),
        // More dimensions than samples: the least-squares classifier fits all, and is not alone.
        Case(sizes: [2, 2, 2], dimension: 12, hasBias: true, decays: (0, 0)),
        Case(sizes: [2, 2, 2], dimension: 12, hasBias: false, decays: (1e-2, 0)),
    ]

    @Test(arguments: cases)
    func partsAddUp(_ test: Case) throws {
        let features = randomFeatures(sizes: test.sizes, dimension: test.dimension, shift: 0.3, seed: 3)
        let classes = test.sizes.count
        let bias = test.hasBias ? (0..<classes).map { 0.2 * Double($0) - 0.1 } : nil
        let classifier = LinearClassifier(
            weights: 0.1 * randomMatrix(classes, test.dimension, seed: 8), bias: bias)
        let parts = try #require(
            SquaredErrorDecomposition(
                of: features.statistics, classifier: classifier, classifierDecay: test.decays.classifier,
                biasDecay: test.decays.bias))
        let total = squaredError(features, classifier, test.decays.classifier, test.decays.bias)
        #expect(abs(parts.total - total) < 1e-13 * total)
        #expect(parts.variability >= 0 && parts.classMeans >= 0 && parts.distance > 0)

        // On the central path two parts are left, the same two.
        let best = squaredError(features, parts.leastSquares, test.decays.classifier, test.decays.bias)
        #expect(abs(parts.variability + parts.classMeans - best) < 1e-13 * max(best, total))
        let again = try #require(
            SquaredErrorDecomposition(
                of: features.statistics, classifier: parts.leastSquares, classifierDecay: test.decays.classifier,
                biasDecay: test.decays.bias))
        #expect(again.distance < 1e-24 * total)
        #expect(again.variability == parts.variability && again.classMeans == parts.classMeans)
        // Nothing near it is better.
        let shift = randomMatrix(classes, test.dimension, seed: 9)
        for step in [1e-4, -1e-4] {
            let near = LinearClassifier(
                weights: parts.leastSquares.weights + step * shift, bias: parts.leastSquares.bias)
            #expect(squaredError(features, near, test.decays.classifier, test.decays.bias) >= best)
        }
    }

    /// A simplex of squared radius m² with isotropic noise σ² is fitted by W_LS = ω/(K + ω²)/√σ² along each of K − 1
    /// directions, ω² = K m²/((K − 1)σ²).
    @Test(arguments: [2, 3, 6])
    func noisySimplex(_ classes: Int) throws {
        let (m, sigma, k) = (1.7, 0.4, Double(classes))
        let features = isotropicFeatures(
            around: m * SimplexETF(classes: classes, dimension: classes).vectors, deviation: sigma)
        let path = try #require(CentralPath(of: features.statistics))
        let omega = (k * m * m / ((k - 1) * sigma * sigma)).squareRoot()
        #expect(path.singularValues.count == classes - 1)
        #expect(path.singularValues.allSatisfy { abs($0 - omega) < 1e-13 * omega })
        let zero = LinearClassifier(
            weights: Matrix(rows: classes, columns: classes), bias: Array(repeating: 0, count: classes))
        let parts = try #require(
            SquaredErrorDecomposition(
                of: features.statistics, classifier: zero, classifierDecay: 0, biasDecay: 0))
        let square = omega * omega
        #expect(abs(parts.variability - (k - 1) / 2 * square / ((k + square) * (k + square))) < 1e-14)
        #expect(abs(parts.classMeans - (k - 1) / 2 * k / ((k + square) * (k + square))) < 1e-14)
        #expect(abs(parts.variability + parts.classMeans - path.squaredError) < 1e-14)
        #expect(abs(parts.total - 0.5) < 1e-14)
    }

    @Test func nothingOfNothing() {
        let classifier = LinearClassifier(weights: Matrix(rows: 2, columns: 3))
        let empty = ClassStatistics(classes: 2, dimension: 3)
        #expect(
            SquaredErrorDecomposition(of: empty, classifier: classifier, classifierDecay: 0, biasDecay: 0) == nil)
        #expect(CentralPath(of: empty) == nil)
        // Classes of one sample have no variation, unequal classes no central path.
        let single = randomFeatures(sizes: [1, 1], dimension: 3, seed: 1)
        #expect(CentralPath(of: single.statistics) == nil)
        #expect(CentralPath(of: randomFeatures(sizes: [9, 8], dimension: 3, seed: 1).statistics) == nil)
    }

    @Test(arguments: [2, 3, 10, 100], [1e-3, 0.1, 1, 7, 300, 1e5])
    func invariantAndItsInverse(_ classes: Int, _ value: Double) {
        let invariant = CentralPath.invariant(of: value, classes: classes)
        let back = CentralPath.singularValue(withInvariant: invariant, classes: classes)
        #expect(abs(back - value) < 1e-13 * value)
    }
}
