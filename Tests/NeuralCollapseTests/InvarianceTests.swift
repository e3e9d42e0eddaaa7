import LinearAlgebra
import Testing

@testable import NeuralCollapse

@Suite struct InvarianceTests {
    static let scaleDependent: Set<Metric> = [.marginMin, .biasCollapse]

    func expectSame(_ a: CollapseMeasurement, _ b: CollapseMeasurement, except: Set<Metric> = []) throws {
        for metric in Metric.allCases where !except.contains(metric) {
            let (left, right) = (try #require(a[metric]), try #require(b[metric]))
            #expect(isClose(left, right, relative: 1e-11, absolute: 1e-12), "\(metric): \(left), \(right)")
        }
    }

    @Test(arguments: Weighting.allCases)
    func rotationChangesNothing(_ weighting: Weighting) throws {
        let features = randomFeatures(sizes: [5, 9, 14, 6], dimension: 7, seed: 7)
        let weights = randomMatrix(4, 7, seed: 8)
        let bias = [0.3, -1, 0.5, 2]
        let rotation = randomRotation(7, seed: 9)
        try expectSame(
            measureAll(features, classifier: LinearClassifier(weights: weights, bias: bias), weighting: weighting),
            measureAll(
                features.mapped(by: rotation),
                classifier: LinearClassifier(weights: weights * rotation, bias: bias), weighting: weighting))
    }

    @Test(arguments: Weighting.allCases, [1e-3, 40])
    func scaleChangesOnlyWhatMeasuresLogits(_ weighting: Weighting, _ scale: Double) throws {
        let features = randomFeatures(sizes: [5, 9, 14, 6], dimension: 7, seed: 10)
        let weights = randomMatrix(4, 7, seed: 11)
        let plain = measureAll(features, classifier: LinearClassifier(weights: weights), weighting: weighting)
        // Features and classifier by different factors.
        let scaled = measureAll(
            features.mapped(scale: scale), classifier: LinearClassifier(weights: 3 * weights), weighting: weighting)
        try expectSame(plain, scaled, except: Self.scaleDependent)
        for metric in Self.scaleDependent {
            let (before, after) = (try #require(plain[metric]), try #require(scaled[metric]))
            #expect(isClose(after, 3 * scale * before, relative: 1e-11))
        }
    }

    /// Feature metrics do not see where the origin is.
    @Test func translationChangesNoFeatureMetric() throws {
        let features = randomFeatures(sizes: [5, 9, 14, 6], dimension: 7, seed: 12)
        let plain = CollapseMeasurement(of: features.statistics)
        let moved = CollapseMeasurement(of: features.mapped(shift: 64).statistics)
        #expect(plain.entries.map(\.metric) == moved.entries.map(\.metric))
        for (a, b) in zip(plain.entries, moved.entries) { #expect(isClose(a.value, b.value, relative: 1e-11)) }
    }

    /// Renaming the classes changes nothing but the order in which ties would be decided.
    @Test func classOrderChangesNothing() throws {
        let features = randomFeatures(sizes: [5, 9, 14, 6], dimension: 7, seed: 13)
        let weights = randomMatrix(4, 7, seed: 14)
        var renamed = features
        renamed.labels = features.labels.map { 3 - $0 }
        let reversed = Matrix(rows: 4, columns: 7) { weights[3 - $0, $1] }
        try expectSame(
            measureAll(features, classifier: LinearClassifier(weights: weights)),
            measureAll(renamed, classifier: LinearClassifier(weights: reversed)))
    }
}
