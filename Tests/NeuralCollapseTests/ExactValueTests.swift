import LinearAlgebra
import Testing

@testable import NeuralCollapse

/// Values known in closed form.
@Suite struct ExactValueTests {
    static let shapes = [(2, 1), (2, 5), (3, 2), (4, 3), (10, 16), (25, 24)]

    @Test(arguments: shapes, [1e-3, 0.1, 2])
    func isotropicNoiseAroundASimplex(_ shape: (Int, Int), _ sigma: Double) throws {
        let (classes, dimension) = shape
        let (k, d, m) = (Double(classes), Double(dimension), 1.5)
        let means = m * SimplexETF(classes: classes, dimension: dimension).vectors
        let features = isotropicFeatures(around: means, deviation: sigma)
        let ratio = sigma * sigma / (m * m)
        for weighting in Weighting.allCases {
            let measured = CollapseMeasurement(of: features.statistics, weighting: weighting)
            func expect(_ metric: Metric, _ exact: Double) throws {
                let value = try #require(measured[metric])
                #expect(isClose(value, exact, relative: 1e-12, absolute: 1e-15), "\(metric): \(value), not \(exact)")
            }
            try expect(.nc1, ratio * (k - 1) * (k - 1) / k)
            try expect(.nc1Unscaled, ratio * (k - 1) * (k - 1))
            try expect(.nc1EffectiveRank, k - 1)
            try expect(.nc1TraceRatio, d * ratio)
            try expect(.cdnv, d * ratio * (k - 1) / (2 * k))
            // The difference of two numbers near 1: absolute accuracy.
            let vci = try #require(measured[.vci])
            #expect(abs(vci - (1 - 1 / (1 + ratio * (k - 1)))) < 1e-12)
            // Total variance m²/(K−1) + σ² in K − 1 directions, σ² in the others.
            let (large, small) = (m * m / (k - 1) + sigma * sigma, sigma * sigma)
            try expect(.stableRank, (k - 1) + (d - k + 1) * small / large)
        }
    }

    @Test(arguments: shapes)
    func aSimplexWithItsDualScoresZero(_ shape: (Int, Int)) throws {
        let (classes, dimension) = shape
        let frame = SimplexETF(classes: classes, dimension: dimension)
            .mapped(by: randomRotation(dimension, seed: 5))
        let features = isotropicFeatures(around: 3 * frame.vectors, deviation: 0.01).mapped(shift: 0.25)
        // b = −Wμ_G, so that the logits do not see the shift.
        let weights = 0.7 * frame.vectors
        let bias = (0..<classes).map { -0.25 * weights.row($0).reduce(0, +) }
        let measured = measureAll(features, classifier: LinearClassifier(weights: weights, bias: bias))
        for metric in Metric.allCases where metric.rawValue.hasPrefix("nc2") || metric.rawValue.hasPrefix("nc3") {
            let value = try #require(measured[metric])
            #expect(value <= 1e-12, "\(metric.rawValue) is \(value)")
        }
        #expect(try #require(measured[.nc4Mismatch]) == 0)
        #expect(try #require(measured[.biasCollapse]) < 1e-12)
        #expect(try #require(measured[.classifierRowSum]) < 1e-12)
    }

    /// Without noise the smallest margins are those of the frame itself.
    @Test(arguments: shapes)
    func marginsOfASimplex(_ shape: (Int, Int)) throws {
        let (classes, dimension) = shape
        let frame = SimplexETF(classes: classes, dimension: dimension).vectors
        let features = Features(
            rows: 3 * frame, labels: (0..<classes).map { Int32($0) }, classes: classes)
        let measured = measureAll(features, classifier: LinearClassifier(weights: 2 * frame))
        let largest = Double(classes) / Double(classes - 1)
        #expect(isClose(try #require(measured[.cosineMarginMin]), largest, relative: 1e-14))
        #expect(isClose(try #require(measured[.marginMin]), 6 * largest, relative: 1e-14))
        // One sample per class: no scatter, and a total scatter with K − 1 equal singular values.
        #expect(measured[.nc1] == 0)
        #expect(isClose(try #require(measured[.effectiveRank]), Double(classes - 1), relative: 1e-12))
    }

    @Test func anOrthogonalFrameKeepsItsDistance() throws {
        for classes in [2, 3, 10, 50] {
            let classifier = LinearClassifier(weights: 4 * Matrix.identity(classes))
            let features = randomFeatures(sizes: Array(repeating: 3, count: classes), dimension: classes, seed: 6)
            let measured = CollapseMeasurement(of: features.statistics, classifier: classifier)
            let k = Double(classes)
            let exact = (2 - 2 * ((k - 1) / k).squareRoot()).squareRoot()
            #expect(isClose(try #require(measured[.nc2ETFClassifier]), exact, relative: 1e-12))
            #expect(try #require(measured[.nc2ETFClassifierCentred]) < 1e-12)
            #expect(try #require(measured[.nc2EquiangularClassifier]) < 1e-12)
            #expect(isClose(try #require(measured[.nc2EquiangularClassifierUncentred]), 1 / (k - 1), relative: 1e-12))
            // ‖Wᵀ1‖ = 4√K and ‖W‖_F = 4√K.
            #expect(isClose(try #require(measured[.classifierRowSum]), 1, relative: 1e-12))
        }
        let value = (2 - 2 * 0.9.squareRoot()).squareRoot()
        #expect(abs(value - 0.32036) < 1e-5)
    }

    /// Two classes on a line with counts 3 and 1: small enough to do by hand.
    @Test func weightingsDifferAsTheyShould() throws {
        // μ_1 = 0 with deviations −1, 0, 1; μ_2 = 4. N = 4, Σ_W = 2/4.
        let features = Features(
            rows: Matrix(rows: 4, columns: 1, elements: [-1, 0, 1, 4]), labels: [0, 0, 0, 1], classes: 2)
        let byClass = CollapseMeasurement(of: features.statistics, weighting: .class)
        let bySample = CollapseMeasurement(of: features.statistics, weighting: .sample)
        // μ_G = 2, Σ_B = 4; against μ_G = 1, Σ_B = (3/4)·1 + (1/4)·9 = 3.
        #expect(isClose(try #require(byClass[.nc1Unscaled]), 0.5 / 4, relative: 1e-14))
        #expect(isClose(try #require(bySample[.nc1Unscaled]), 0.5 / 3, relative: 1e-14))
        #expect(isClose(try #require(byClass[.vci]), 1 - 4 / 4.5, relative: 1e-14))
        #expect(isClose(try #require(bySample[.vci]), 1 - 3 / 3.5, relative: 1e-14))
        // Lengths 2, 2 and 1, 3.
        #expect(try #require(byClass[.nc2EquinormFeatures]) == 0)
        #expect(isClose(try #require(bySample[.nc2EquinormFeatures]), 0.5, relative: 1e-14))
    }
}
