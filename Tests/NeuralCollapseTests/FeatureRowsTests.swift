import LinearAlgebra
import Testing

@testable import NeuralCollapse

/// Features in Float32 are measured as the Float64 numbers they are.
@Suite struct FeatureRowsTests {
    @Test func singlePrecisionGivesTheBitsOfTheSameNumbersInDouble() throws {
        let features = randomFeatures(sizes: [300, 500, 100], dimension: 7, shift: 3, seed: 61)
        let single = features.rows.elements.map { Float($0) }
        let double = Matrix(rows: 900, columns: 7, elements: single.map(Double.init))
        let classifier = LinearClassifier(weights: randomMatrix(3, 7, seed: 62), bias: [1, 0, -1])
        let a = single.withFeatureRows(columns: 7) {
            CollapseMeasurement(of: $0, labels: features.labels, classes: 3, classifier: classifier)
        }
        let b = measureAll(Features(rows: double, labels: features.labels, classes: 3), classifier: classifier)
        #expect(a == b && a.entries.count == Metric.allCases.count)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity]) func whatIsNotFiniteIsSeenAnywhere(_ value: Float) {
        for index in [0, 19, 39] {
            var elements = [Float](repeating: 1, count: 40)
            #expect(elements.withFeatureRows(columns: 4) { $0.isFinite })
            elements[index] = value
            #expect(!elements.withFeatureRows(columns: 4) { $0.isFinite })
            let labels = (0..<10).map { Int32($0 % 2) }
            let measurement = elements.withFeatureRows(columns: 4) {
                CollapseMeasurement(
                    of: $0, labels: labels, classes: 2, classifier: LinearClassifier(weights: .identity(4).rows(0..<2)))
            }
            // Only what looks at the classifier alone.
            #expect(measurement[.nc1] == nil && measurement[.marginMin] == nil && measurement[.nc4Mismatch] == nil)
            #expect(measurement[.nc2EquinormClassifier] == 0)
        }
    }

    /// One pass over chunks and a second one over what was kept is what two passes over everything are.
    @Test func decisionsOfKeptRowsAreThoseOfTheWhole() throws {
        let features = randomFeatures(sizes: [30, 50, 40], dimension: 5, seed: 63)
        let classifier = LinearClassifier(weights: randomMatrix(3, 5, seed: 64))
        let store = try #require(RowStore<Double>(capacity: 120, columns: 5, byteLimit: 120 * 5 * 8))
        #expect(RowStore<Double>(capacity: 120, columns: 5, byteLimit: 120 * 5 * 8 - 1) == nil)
        #expect(RowStore<Float>(capacity: .max / 2, columns: 5, byteLimit: .max) == nil)
        for _ in 0..<2 {
            store.removeAll()
            for first in stride(from: 0, to: 120, by: 50) {
                features.rows.withFeatureRows { store.append($0.rows(first..<min(first + 50, 120))) }
            }
            #expect(store.count == 120)
        }
        let probe = DecisionProbe(statistics: features.statistics, classifier: classifier)
        #expect(
            probe.statistics(of: store.rows, labels: features.labels)
                == probe.statistics(of: features.rows, labels: features.labels))
    }

    @Test func rowsAreSlicedInTheirPlace() {
        let elements: [Double] = [0, 1, 2, 3, 4, 5, 6, 7]
        elements.withFeatureRows(columns: 2) { rows in
            var matrix = Matrix(rows: 2, columns: 2)
            matrix.setRows(of: rows.rows(1..<4), startingAt: 1, minus: [1, 2])
            #expect(matrix.elements == [3, 3, 5, 5])
            matrix.setRow(0, to: rows, row: 3)
            #expect(matrix.elements == [6, 7, 5, 5])
        }
    }
}
