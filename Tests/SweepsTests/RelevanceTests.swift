import Testing

@testable import Sweeps

/// Keys that mean something under some choices of another key, tried on a schema of their own.
@Suite struct RelevanceTests {
    static let schema = ParameterSchema(
        problem: "training", summary: "for this test", revision: 1,
        definitions: [
            ParameterSchema.Definition(
                "optimizer", .choice(["sgd", "nesterov", "adam", "lbfgs"]), .defaultsTo(.text("sgd")), "method"),
            ParameterSchema.Definition(
                "momentum", .real(.fraction), .defaultsTo(.real(0.9)), onlyFor: Self.momentum, "momentum"),
            ParameterSchema.Definition(
                "beta", .real(.fraction), .required, onlyFor: .init(key: "optimizer", choices: "adam"), "average"),
            ParameterSchema.Definition(
                "rate", .real(.positive), .required,
                onlyFor: .init(key: "optimizer", choices: "sgd", "nesterov", "adam"), "step length"),
        ])

    static let momentum = ParameterSchema.Relevance(key: "optimizer", choices: "sgd", "nesterov")
    private static let position = SourcePosition(line: 1, column: 1)

    private func block(
        _ fixed: [ParameterValue?] = [nil, nil, nil, .real(0.1)], optimizers: [String] = []
    ) -> Block {
        let axis = Block.Axis(
            label: "optimizer",
            columns: [
                Block.Axis.Column(
                    definition: 0, values: SweptValues(rule: .list(optimizers.map(ParameterValue.text)), isReal: false))
            ], count: optimizers.count)
        return Block(
            name: "a", problem: "training", position: Self.position, execution: Execution(), sweptKeys: [],
            schema: Self.schema, fixed: fixed, axes: optimizers.isEmpty ? [] : [axis], conditions: [],
            keyPositions: fixed.map { $0 == nil ? nil : Self.position }, itemPositions: [:])
    }

    private func expand(_ block: Block) -> (texts: [String], mistakes: [String]) {
        var expansion = BlockExpansion(block)
        var mistakes = Mistakes(path: "s.yaml")
        var texts: [String] = []
        while let outcome = expansion.next(&mistakes) {
            guard case .trial(let trial) = outcome else { continue }
            #expect(trial.id == TrialID(hashing: trial.canonicalText))
            texts.append(trial.canonicalText)
        }
        expansion.report(kept: texts.count, &mistakes)
        return (texts, mistakes.isEmpty ? [] : mistakes.errors.messages)
    }

    @Test func aKeyIsThereUnderEachOfItsChoices() {
        let (texts, mistakes) = expand(
            block(
                [nil, .real(0.5), .real(0.25), .real(0.1)], optimizers: ["sgd", "nesterov", "adam", "lbfgs"]))
        #expect(
            texts == [
                "training/1;optimizer:sgd;momentum=0.5;rate=0.1", "training/1;optimizer:nesterov;momentum=0.5;rate=0.1",
                "training/1;optimizer:adam;beta=0.25;rate=0.1", "training/1;optimizer:lbfgs",
            ])
        #expect(mistakes == [])
    }

    @Test func theDefaultChoiceCounts() {
        #expect(expand(block()).texts == ["training/1;optimizer:sgd;momentum=0.9;rate=0.1"])
    }

    @Test func aKeyWithoutEffectNamesAllItsChoices() {
        let (texts, mistakes) = expand(block([.text("lbfgs"), .real(0.5), nil, nil]))
        #expect(texts == ["training/1;optimizer:lbfgs"])
        #expect(mistakes.count == 1)
        #expect(
            mistakes.first?.contains(
                "'momentum' has no effect on any trial of the block: only optimizer sgd or nesterov uses it; remove it")
                == true, "\(mistakes)")
    }

    @Test(
        arguments: [
            (nil, ["rate"]), ("nesterov", ["rate"]), ("adam", ["beta", "rate"]), ("lbfgs", []),
        ] as [(String?, [String])])
    func aRequiredKeyIsMissedUnderEachOfItsChoices(_ optimizer: String?, _ missing: [String]) {
        var parser = BlockParser(index: 0, execution: Execution(), source: SourceLines(""), lists: [:], names: [:])
        parser.fixed = [optimizer.map(ParameterValue.text), nil, nil, nil]
        parser.given = parser.fixed.map { $0 == nil ? nil : (Self.position, "fixed") }
        #expect(missed(parser) == missing)
    }

    @Test func aSweptChoiceNeedsWhatAnyOfItsValuesNeeds() {
        var parser = BlockParser(index: 0, execution: Execution(), source: SourceLines(""), lists: [:], names: [:])
        parser.fixed = [nil, nil, nil, nil]
        parser.given = [(Self.position, "under grid:"), nil, nil, nil]
        parser.axes = block(optimizers: ["lbfgs", "nesterov"]).axes
        #expect(missed(parser) == ["rate"])
        parser.axes = block(optimizers: ["lbfgs"]).axes
        #expect(missed(parser) == [])
    }

    /// The keys that are missing, each said with its choices.
    private func missed(_ parser: BlockParser) -> [String] {
        var mistakes = Mistakes(path: "s.yaml")
        parser.checkRequired(Self.schema, Self.position, &mistakes)
        let messages = mistakes.isEmpty ? [] : mistakes.errors.messages
        return ["beta", "rate"].filter { name in
            let choices = name == "beta" ? "adam" : "sgd or nesterov or adam"
            return messages.contains { $0.contains("'\(name)' is missing, which optimizer \(choices) needs") }
        }
    }
}
