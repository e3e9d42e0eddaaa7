import LinearAlgebra
import Testing

@testable import NeuralCollapse

@Suite struct DecisionTests {
    let features = randomFeatures(sizes: [400, 700, 300], dimension: 4, seed: 15)
    let classifier = LinearClassifier(weights: randomMatrix(3, 4, seed: 16), bias: [0.1, -0.2, 0.3])

    @Test(arguments: [1, 100, 1024, 1400])
    func partsAddUpExactly(_ batch: Int) {
        let probe = DecisionProbe(statistics: features.statistics, classifier: classifier)
        let whole = probe.statistics(of: features.rows, labels: features.labels)
        var merged = DecisionStatistics()
        for first in stride(from: 0, to: 1400, by: batch) {
            let part = features[first..<min(first + batch, 1400)]
            merged.merge(probe.statistics(of: part.rows, labels: part.labels))
        }
        #expect(merged.samples == 1400 && merged.mismatches == whole.mismatches)
        // Products of one row and of many may round differently.
        #expect(isClose(merged.marginMin!, whole.marginMin!, relative: 1e-13))
        #expect(isClose(merged.cosineMarginMin!, whole.cosineMarginMin!, relative: 1e-13))
        #expect(whole.mismatches! > 0 && whole.mismatches! < 1400)
    }

    /// 1e9 away from the origin ‖h‖² has no digits left for the distances; classes lie 1 apart.
    @Test func nearestMeansAreRightFarFromTheOrigin() {
        let rows = Matrix(rows: 4, columns: 2, elements: [0, 0, 0.25, 0, 1, 0, 0.625, 0])
        let near = Features(rows: rows, labels: [0, 0, 1, 1], classes: 2)
        let far = near.mapped(shift: 1e9)
        // Means at 0.125 and 0.8125, halfway 0.46875; the classifier decides at 0.7, so only 0.625 is disputed.
        let weights = Matrix(rows: 2, columns: 2, elements: [-1, 0, 1, 0])
        let bias = [1e9 + 0.7, -1e9 - 0.7]
        let statistics = far.statistics
        let probe = DecisionProbe(
            statistics: statistics, classifier: LinearClassifier(weights: weights, bias: bias))
        #expect(probe.statistics(of: far.rows, labels: far.labels).mismatches == 1)
    }

    /// Means at 1/3 and 11; 6 is nearer to 11, so one of six samples is misplaced, whatever the classifier says.
    @Test func nearestMeansAreHeldAgainstLabelsWithoutAClassifier() {
        let rows = Matrix(rows: 6, columns: 1, elements: [-2, -3, 6, 10, 11, 12])
        let line = Features(rows: rows, labels: [0, 0, 0, 1, 1, 1], classes: 2)
        let decisions = DecisionProbe(statistics: line.statistics)
            .statistics(of: line.rows, labels: line.labels)
        #expect(decisions.samples == 6 && decisions.nearestMeanErrors == 1)
        #expect(decisions.mismatches == nil && decisions.marginMin == nil && decisions.cosineMarginMin == nil)
        let measurement = CollapseMeasurement(of: line.statistics, decisions: decisions)
        #expect(measurement[.nccError] == 1.0 / 6 && measurement[.nc4Mismatch] == nil)
        // All means in one point are nearest to nothing.
        let same = Features(rows: Matrix(rows: 2, columns: 1, elements: [1, 1]), labels: [0, 1], classes: 2)
        #expect(
            DecisionProbe(statistics: same.statistics).statistics(of: same.rows, labels: same.labels)
                .nearestMeanErrors == nil)
    }

    @Test func givenLogitsReplaceTheClassifiers() {
        let probe = DecisionProbe(statistics: features.statistics, classifier: classifier)
        let logits = classifier.logits(of: features.rows)
        let plain = probe.statistics(of: features.rows, labels: features.labels)
        let scaled = probe.statistics(of: features.rows, labels: features.labels, logits: 4 * logits)
        #expect(scaled.mismatches == plain.mismatches && scaled.cosineMarginMin == plain.cosineMarginMin)
        #expect(isClose(scaled.marginMin!, 4 * plain.marginMin!, relative: 1e-13))
    }

    @Test func serializationKeepsEverything() {
        let probe = DecisionProbe(statistics: features.statistics, classifier: classifier)
        let some = probe.statistics(of: features.rows, labels: features.labels)
        #expect(DecisionStatistics(serialized: some.serialized) == some)
        let none = DecisionStatistics()
        #expect(DecisionStatistics(serialized: none.serialized) == none)
        var undefined = some
        undefined.mismatches = nil
        undefined.cosineMarginMin = nil
        #expect(DecisionStatistics(serialized: undefined.serialized) == undefined)
    }
}
