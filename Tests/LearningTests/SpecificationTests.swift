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
        #expect(error?.description.contains("mlp(512-512") == true)
        #expect(error?.description.contains("\n") == false)
    }

    @Test func noFarFetchedSuggestion() {
        let error = #expect(throws: SpecificationError.self) { try Architecture(parsing: "transformer(3)") }
        #expect(error?.description.contains("did you mean") == false)
    }
}
