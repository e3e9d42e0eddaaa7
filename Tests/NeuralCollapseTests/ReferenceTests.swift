import Foundation
import LinearAlgebra
import Testing

@testable import NeuralCollapse

/// Agreement with Reference/make_reference.py, which computes every metric from its definition with NumPy.
@Suite struct ReferenceTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let classes: Int
        let dimension: Int
        let features: [Double]
        let labels: [Int32]
        let testFeatures: [Double]
        let testLabels: [Int32]
        let weights: [Double]
        let bias: [Double]?
        /// Values of the metrics by weighting and name.
        let expected: [String: [String: Double]]
        let expectedTest: [String: [String: Double]]

        var testDescription: String { name }

        func matrix(_ elements: [Double]) -> Matrix {
            Matrix(rows: elements.count / dimension, columns: dimension, elements: elements)
        }

        static let all: [Case] = {
            let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("Reference/reference.json")
            do {
                return try JSONDecoder().decode([Case].self, from: Data(contentsOf: file))
            } catch {
                fatalError("\(file.path) cannot be read: \(error)")
            }
        }()
    }

    @Test func everyCaseIsRead() { #expect(Case.all.count == 10) }

    @Test(arguments: Case.all, Weighting.allCases)
    func everyMetricAgreesWithNumPy(_ reference: Case, _ weighting: Weighting) throws {
        let features = Features(
            rows: reference.matrix(reference.features), labels: reference.labels, classes: reference.classes)
        let classifier = LinearClassifier(weights: reference.matrix(reference.weights), bias: reference.bias)
        let measurement = measureAll(features, classifier: classifier, weighting: weighting)
        let expected = try #require(reference.expected[weighting.rawValue])
        #expect(expected.count == Metric.allCases.count)
        for metric in Metric.allCases {
            let value = try #require(measurement[metric], "\(metric.rawValue) is missing")
            let twin = try #require(expected[metric.rawValue])
            #expect(isClose(value, twin, relative: 1e-10), "\(metric.rawValue): \(value) is not \(twin)")
        }
    }

    @Test(arguments: Case.all, Weighting.allCases)
    func testSamplesAreComparedWithTrainingMeans(_ reference: Case, _ weighting: Weighting) throws {
        let training = Features(
            rows: reference.matrix(reference.features), labels: reference.labels, classes: reference.classes)
        let classifier = LinearClassifier(weights: reference.matrix(reference.weights), bias: reference.bias)
        let statistics = training.statistics
        let decisions = DecisionProbe(statistics: statistics, classifier: classifier, weighting: weighting)
            .statistics(of: reference.matrix(reference.testFeatures), labels: reference.testLabels)
        let measurement = CollapseMeasurement(of: statistics, decisions: decisions, weighting: weighting)
        for (name, twin) in try #require(reference.expectedTest[weighting.rawValue]) {
            let metric = try #require(Metric(rawValue: name))
            let value = try #require(measurement[metric])
            #expect(isClose(value, twin, relative: 1e-10), "\(name): \(value) is not \(twin)")
        }
    }
}
