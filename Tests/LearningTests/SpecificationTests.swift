import Testing

@testable import Learning

@Suite struct SpecificationTests {
    @Test(arguments: ["mlp()", "mlp(512)", "mlp(512-512)", "mlp(1-2-3)"])
    func architecturesRoundTrip(_ text: String) throws {
        #expect(try Architecture(parsing: text).description == text)
    }

    @Test func architecturesForgiveSpaces() throws {
        #expect(
            try Architecture(parsing: " mlp( 64 - 32 ) ")
                == .multilayerPerceptron(hiddenWidths: [64, 32], normalization: .none, activation: .relu))
    }

    @Test(arguments: [
        ("mpl(512)", "known: mlp"), ("resnet19", "unknown architecture 'resnet19'"), ("mlp", "mlp()"),
        ("mlp(512", "closing parenthesis"), ("mlp512)", "parenthesis"), ("mlp(512-)", "''"), ("mlp(0)", "'0'"),
        ("mlp(-5)", "''"), ("mlp(a)", "'a'"), ("mlp(512-512,512)", "'512'"), ("mlp(+5)", "'+5'"),
        ("mlp(99999999999999999999)", "'99999999999999999999'"), ("", "unknown architecture ''"),
        ("mlp(5)x", "closing"),
    ])
    func badArchitecturesSayWhat(_ text: String, _ part: String) {
        let error = #expect(throws: SpecificationError.self) { try Architecture(parsing: text) }
        #expect(error?.description.contains(part) == true)
        #expect(error?.description.contains("mlp(512-512)") == true)
        #expect(error?.description.contains("\n") == false)
    }

    @Test func noFarFetchedSuggestion() {
        let error = #expect(throws: SpecificationError.self) { try Architecture(parsing: "transformer(3)") }
        #expect(error?.description.contains("did you mean") == false)
    }

    @Test func schedules() throws {
        #expect(try LearningRateSchedule(parsing: "constant") == .constant)
        #expect(LearningRateSchedule.constant.rate(base: 0.3, epoch: 1000) == 0.3)
        let step = try LearningRateSchedule(parsing: "step(0.1, 60, 120)")
        #expect(step == .step(factor: 0.1, epochs: [60, 120]))
        #expect([0, 59].allSatisfy { step.rate(base: 0.5, epoch: $0) == 0.5 })
        #expect([60, 119].allSatisfy { step.rate(base: 0.5, epoch: $0) == 0.5 * 0.1 })
        #expect([120, 500].allSatisfy { step.rate(base: 0.5, epoch: $0) == 0.5 * 0.1 * 0.1 })
        #expect(try LearningRateSchedule(parsing: step.description) == step)
    }

    @Test(arguments: [
        "cosine", "constnat", "constant(1)", "step", "step()", "step(0.1)", "step(0, 5)", "step(nan, 5)", "step(x, 5)",
        "step(0.1, 60, 60)", "step(0.1, 0)", "step(0.1, 2.5)", "step(0.1, 60,)", "step(0.1, 60",
    ])
    func badSchedulesAreRefusedInOneLine(_ text: String) {
        let error = #expect(throws: SpecificationError.self) { try LearningRateSchedule(parsing: text) }
        #expect(error?.description.contains("\n") == false)
    }
}
