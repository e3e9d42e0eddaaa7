import Foundation
import LinearAlgebra
import Testing

@testable import Learning

/// Optimisers and schedules against PyTorch's, in float64; Reference/make_optimizer_reference.py wrote its numbers.
@Suite struct OptimizerReferenceTests {
    struct Reference: Decodable {
        struct Case: Decodable, Sendable, CustomTestStringConvertible {
            let method: String
            let settings: [String: Double]
            /// λ of the three slices.
            let decay: [Double]
            /// After steps 1, 5 and 10.
            let parameters: [[Double]]

            var testDescription: String { "\(method) \(settings.sorted { $0.key < $1.key }) \(decay)" }
        }

        let cases: [Case]
        /// The rates of 48 steps, 4 an epoch, from a base rate of 0.3.
        let schedules: [String: [Double]]

        static let stored: Reference = {
            let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("Reference/optimizers.json")
            do {
                return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: file))
            } catch {
                fatalError("\(file.path) cannot be read: \(error)")
            }
        }()
    }

    @Test func everyCaseIsRead() {
        #expect(Reference.stored.cases.count == 27)
        #expect(Set(Reference.stored.cases.map(\.method)) == ["sgd", "nesterov", "adam", "adamw"])
        #expect(Reference.stored.schedules.count == 5)
    }

    @Test(arguments: Reference.stored.cases) func tenStepsAgree(_ reference: Reference.Case) throws {
        var layout = ParameterLayout()
        for (index, count) in [3, 4, 1].enumerated() { layout.add("slice\(index)", shape: [count]) }
        let decay = WeightDecay(layout) { reference.decay[Int(String($0.name.last!))!] }
        let optimizer = try optimizer(reference, layout, decay)
        let parameters = ParameterBlock<Double>(layout: layout)
        let gradients = ParameterBlock<Double>(layout: layout)
        for i in 0..<8 { parameters.storage[i] = 0.3 * Double(i + 1) * (i % 2 == 0 ? 1 : -1) }
        var seen: [[Double]] = []
        for step in 0..<10 {
            for i in 0..<8 {
                gradients.storage[i] = sin(3 * parameters.storage[i]) + (Double(i) - 3) / 10 * cos(Double(step))
            }
            optimizer.update(
                parameters, along: gradients, learningRate: step < 5 ? 0.1 : 0.02, clearingGradients: step % 2 == 0)
            if [0, 4, 9].contains(step) { seen.append(parameters.storage.array) }
        }
        for (ours, theirs) in zip(seen, reference.parameters) {
            #expect(zip(ours, theirs).allSatisfy { abs($0 - $1) <= 1e-12 * max(abs($1), 1) })
        }
    }

    private func optimizer(
        _ reference: Reference.Case, _ layout: ParameterLayout, _ decay: WeightDecay
    ) throws -> any Optimizer<Double> {
        func setting(_ name: String) throws -> Double { try #require(reference.settings[name]) }
        if reference.method.hasPrefix("adam") {
            return try Adam<Double>(
                layout: layout, beta1: setting("beta1"), beta2: setting("beta2"), epsilon: setting("epsilon"),
                weightDecay: decay, decouplesDecay: reference.method == "adamw")
        }
        return try SGD<Double>(
            layout: layout, momentum: setting("momentum"), isNesterov: reference.method == "nesterov",
            weightDecay: decay)
    }

    @Test(arguments: Reference.stored.schedules.keys.sorted()) func ratesAgree(_ text: String) throws {
        let schedule = try LearningRateSchedule(parsing: text)
        let rates = try #require(Reference.stored.schedules[text])
        #expect(rates.count == 48)
        for (step, rate) in rates.enumerated() {
            #expect(abs(schedule.rate(base: 0.3, step: step, stepsPerEpoch: 4, epochs: 12) - rate) < 1e-15)
        }
    }
}
