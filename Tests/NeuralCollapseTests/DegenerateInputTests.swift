import LinearAlgebra
import Testing

@testable import NeuralCollapse

/// What is not defined is left out; nothing crashes and nothing is NaN.
@Suite struct DegenerateInputTests {
    let classifierOnly: [Metric] = [
        .nc2EquinormClassifier, .nc2EquiangularClassifierUncentred, .nc2EquiangularClassifier, .nc2ETFClassifier,
        .nc2ETFClassifierCentred, .classifierRowSum,
    ]

    @Test func aClassWithoutSamplesLeavesTheClassifierAndTheMargin() {
        let features = randomFeatures(sizes: [4, 0, 5], dimension: 3, seed: 17)
        let measured = measureAll(features, classifier: LinearClassifier(weights: randomMatrix(3, 3, seed: 18)))
        #expect(Set(measured.entries.map(\.metric)) == Set(classifierOnly + [.marginMin]))
        let nothing = CollapseMeasurement(of: ClassStatistics(classes: 3, dimension: 3))
        #expect(nothing.entries.isEmpty)
    }

    @Test(arguments: [0, 7.1])
    func coincidingMeansHaveNoGeometry(_ value: Double) {
        let features = Features(
            rows: Matrix(rows: 9, columns: 4, repeating: value), labels: [0, 1, 2, 0, 1, 2, 0, 1, 2], classes: 3)
        let measured = measureAll(features, classifier: LinearClassifier(weights: randomMatrix(3, 4, seed: 19)))
        #expect(
            Set(measured.entries.map(\.metric))
                == Set(
                    classifierOnly + [.nc1EffectiveRank, .biasCollapse, .marginMin, .cosineMarginMin]))
        #expect(measured[.nc1EffectiveRank] == 0)
        #expect(measured[.cosineMarginMin] == 0)
    }

    /// One unit in the last place is rounding, not a distance between classes.
    @Test func meansThatDifferByRoundingCoincide() {
        let rows = Matrix(rows: 3, columns: 2, elements: [7.1, 7.1, (7.1).nextUp, 7.1, 7.1, (7.1).nextDown])
        let measured = CollapseMeasurement(of: Features(rows: rows, labels: [0, 1, 2], classes: 3).statistics)
        #expect(measured.entries == [.init(metric: .nc1EffectiveRank, value: 0)])
    }

    /// The documented tolerance: a direction counts if its eigenvalue of Σ_B exceeds 1e-15 of the largest.
    @Test(arguments: [(1e-7, 2), (1e-9, 1)])
    func directionsBelowTheToleranceDoNotCount(_ height: Double, _ rank: Double) {
        // Means (−1, −h), (1, −h), (0, 2h): singular values √2 and h√6.
        let rows = Matrix(rows: 3, columns: 2, elements: [-1, -height, 1, -height, 0, 2 * height])
        let measured = CollapseMeasurement(of: Features(rows: rows, labels: [0, 1, 2], classes: 3).statistics)
        #expect(measured[.nc1EffectiveRank] == rank)
    }

    @Test func aZeroClassifierLeavesTheFeatures() {
        let features = randomFeatures(sizes: [4, 3, 5], dimension: 3, seed: 20)
        let measured = measureAll(features, classifier: LinearClassifier(weights: Matrix(rows: 3, columns: 3)))
        for metric in classifierOnly + [.nc3Duality, .nc3Alignment, .cosineMarginMin] {
            #expect(measured[metric] == nil, "\(metric)")
        }
        #expect(measured[.biasCollapse] == 0 && measured[.marginMin] == 0)
        #expect(measured[.nc1] != nil && measured[.vci] != nil && measured[.nc2ETFFeatures] != nil)
    }

    /// K equal rows: a collapsed classifier has lengths, but no angles once centred.
    @Test func equalClassifierRowsHaveNoCentredAngles() {
        let features = randomFeatures(sizes: [4, 3, 5], dimension: 3, seed: 21)
        let row = [0.1, 0.7, -0.3]
        let classifier = LinearClassifier(weights: Matrix(rows: 3, columns: 3) { row[$1] })
        let measured = CollapseMeasurement(of: features.statistics, classifier: classifier)
        #expect(measured[.nc2EquiangularClassifier] == nil && measured[.nc2ETFClassifierCentred] == nil)
        #expect(measured[.nc2EquiangularClassifierUncentred] != nil)
        #expect(isClose(measured[.classifierRowSum]!, 3.0.squareRoot(), relative: 1e-13))
    }

    /// Means −1, 0, 1 on a line: one class sits at the global mean and has no angle; the rest is defined.
    @Test func threeClassesOnALine() throws {
        let features = Features(
            rows: Matrix(rows: 6, columns: 1, elements: [-1.5, -0.5, -0.5, 0.5, 0.5, 1.5]),
            labels: [0, 0, 1, 1, 2, 2], classes: 3)
        let measured = measureAll(
            features, classifier: LinearClassifier(weights: Matrix(rows: 3, columns: 1, elements: [-1, 0, 1])))
        #expect(measured[.nc2EquiangularFeatures] == nil)
        #expect(measured[.nc1EffectiveRank] == 1)
        // Σ_W = 1/4, Σ_B = 2/3.
        #expect(isClose(try #require(measured[.nc1Unscaled]), 0.375, relative: 1e-14))
        #expect(isClose(try #require(measured[.stableRank]), 1, relative: 1e-14))
    }

    /// −0.8, 0.1 and 1.0 have the mean 0.1, but in floating point not quite: what is left has no angle.
    @Test func aSampleAtTheGlobalMeanHasNoAngleUpToRounding() throws {
        let features = Features(
            rows: Matrix(rows: 3, columns: 1, elements: [-0.8, 0.1, 1.0]), labels: [0, 1, 2], classes: 3)
        let center = try #require(features.statistics.globalMean())
        #expect(center[0] != 0.1)
        let measured = measureAll(
            features, classifier: LinearClassifier(weights: Matrix(rows: 3, columns: 1, elements: [-1, 0, 1])))
        #expect(measured[.cosineMarginMin] == 0)
    }

    @Test func oneSamplePerClassHasNoScatter() {
        let features = randomFeatures(sizes: [1, 1, 1, 1], dimension: 6, seed: 22)
        let measured = measureAll(features, classifier: LinearClassifier(weights: randomMatrix(4, 6, seed: 23)))
        #expect(measured.entries.count == Metric.allCases.count)
        for metric in [Metric.nc1, .nc1Unscaled, .nc1TraceRatio, .cdnv] { #expect(measured[metric] == 0) }
        #expect(measured[.vci]! < 1e-13)
    }

    @Test(arguments: [Double.nan, .infinity, 1e300])
    func featuresThatAreNotFiniteOrOverflowLeaveOnlyTheClassifier(_ value: Double) {
        var features = randomFeatures(sizes: [4, 3, 5], dimension: 3, seed: 24)
        features.rows[5, 1] = value
        let measured = measureAll(features, classifier: LinearClassifier(weights: randomMatrix(3, 3, seed: 25)))
        #expect(measured.entries.allSatisfy { $0.value.isFinite })
        #expect(measured[.nc1] == nil && measured[.vci] == nil && measured[.effectiveRank] == nil)
        #expect(measured[.nc2ETFClassifier] != nil)
        if !value.isFinite { #expect(measured[.marginMin] == nil && measured[.nc4Mismatch] == nil) }
    }

    @Test func aClassifierThatIsNotFiniteLeavesOnlyTheFeatures() {
        let features = randomFeatures(sizes: [4, 3, 5], dimension: 3, seed: 26)
        let measured = measureAll(
            features, classifier: LinearClassifier(weights: Matrix(rows: 3, columns: 3, repeating: .nan)))
        let alone = CollapseMeasurement(of: features.statistics)
        #expect(measured == alone)
        #expect(alone[.nc1] != nil && !alone.entries.contains { classifierOnly.contains($0.metric) })
    }

    @Test func onlyWhatIsAskedForIsMeasured() {
        let features = randomFeatures(sizes: [4, 3, 5], dimension: 3, seed: 27)
        let measured = CollapseMeasurement(of: features.statistics, metrics: [.cdnv, .nc1])
        #expect(measured.entries.map(\.metric) == [.nc1, .cdnv])
    }
}
