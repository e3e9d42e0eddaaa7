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

    // MARK: Several keys at once

    /// A key that needs two others, one that needs either of two, one that follows another, and one behind a key that
    /// means something only sometimes itself.
    private static let chained = ParameterSchema(
        problem: "chain", summary: "for this test", revision: 1,
        definitions: [
            .init("kind", .choice(["deep", "flat", "none"]), .defaultsTo(.text("flat")), "kind"),
            .init("width", .integer(in: 1...99), .defaultsTo(.integer(7)), "width"),
            .init(
                "depth", .integer(in: 1...9), .defaultsTo(.integer(1)), onlyFor: .init(key: "kind", otherThan: "none"),
                "depth"),
            .init("hidden", .integer(in: 1...99), .sameAs("width"), onlyFor: .init(key: "depth", atLeast: 2), "hidden"),
            .init("shape", .word, .optional, "shape"),
            .init(
                "slope", .real(.positive), .required,
                onlyFor: .init(key: "shape", choices: "ramp", "roof") && .init(key: "kind", choices: "deep"), "slope"),
            .init(
                "rest", .real(.positive), .defaultsTo(.real(1)),
                onlyFor: .init(key: "shape", choices: "roof") || .init(key: "depth", atLeast: 3), "rest"),
        ])

    private func chain(_ values: [String: ParameterValue], _ axes: [(key: String, values: [ParameterValue])] = [])
        -> Block
    {
        let names = Self.chained.definitions.map(\.name)
        let keys = Set(values.keys).union(axes.map(\.key))
        return Block(
            name: "a", problem: "chain", position: Self.position, execution: Execution(), sweptKeys: [],
            schema: Self.chained, fixed: names.map { values[$0] },
            axes: axes.map { axis in
                Block.Axis(
                    label: axis.key,
                    columns: [
                        .init(
                            definition: names.firstIndex(of: axis.key)!,
                            values: SweptValues(rule: .list(axis.values), isReal: false))
                    ], count: axis.values.count)
            }, conditions: [], keyPositions: names.map { keys.contains($0) ? Self.position : nil }, itemPositions: [:])
    }

    @Test func clausesMustAllHold() {
        let kinds = ["deep", "flat"].map(ParameterValue.text)
        let shapes = ["ramp(3,4)", "roof", "dome"].map(ParameterValue.text)
        let (texts, mistakes) = expand(chain(["slope": .real(2)], [("kind", kinds), ("shape", shapes)]))
        #expect(
            texts == [
                "chain/1;kind:deep;width=7;depth=1;shape:ramp(3,4);slope=2.0",
                "chain/1;kind:deep;width=7;depth=1;shape:roof;slope=2.0;rest=1.0",
                "chain/1;kind:deep;width=7;depth=1;shape:dome", "chain/1;kind:flat;width=7;depth=1;shape:ramp(3,4)",
                "chain/1;kind:flat;width=7;depth=1;shape:roof;rest=1.0", "chain/1;kind:flat;width=7;depth=1;shape:dome",
            ])
        #expect(mistakes == [])
    }

    @Test func aKeyThatMeansNothingPassesNoTest() {
        let depths = [1, 2, 3].map(ParameterValue.integer)
        let kinds = ["flat", "none"].map(ParameterValue.text)
        let (texts, _) = expand(chain(["width": .integer(5)], [("kind", kinds), ("depth", depths)]))
        #expect(
            texts == [
                "chain/1;kind:flat;width=5;depth=1", "chain/1;kind:flat;width=5;depth=2;hidden=5",
                "chain/1;kind:flat;width=5;depth=3;hidden=5;rest=1.0", "chain/1;kind:none;width=5",
                "chain/1;kind:none;width=5", "chain/1;kind:none;width=5",
            ])
    }

    /// `kind` and `shape` vary, and whether any combination needs the key only the expansion knows.
    @Test func whatSeveralKeysNeedTogetherIsMissedByTheExpansion() {
        let (kinds, shapes) = (["deep", "flat"].map(ParameterValue.text), ["ramp", "dome"].map(ParameterValue.text))
        let (_, mistakes) = expand(chain([:], [("kind", kinds), ("shape", shapes)]))
        #expect(
            mistakes == [
                "s.yaml:1:1: 'slope' is missing, which shape ramp or roof with kind deep needs; add a number greater "
                    + "than 0"
            ])
        #expect(expand(chain([:], [("kind", [.text("flat")]), ("shape", shapes)])).mistakes == [])
    }

    @Test func theReasonNamesEveryClause() {
        let (_, mistakes) = expand(chain(["slope": .real(2), "rest": .real(3), "hidden": .integer(4)]))
        let start = "s.yaml:1:1: "
        #expect(
            mistakes == [
                "\(start)'hidden' has no effect on any trial of the block: only depth of at least 2 uses it; remove it",
                "\(start)'slope' has no effect on any trial of the block: only shape ramp or roof with kind deep uses it; "
                    + "remove it",
                "\(start)'rest' has no effect on any trial of the block: only shape roof or depth of at least 3 uses it; "
                    + "remove it",
            ])
        #expect(
            Self.chained["slope"]?.relevance?.markdown == "(`shape: ramp` or `shape: roof`) and `kind: deep`")
        #expect(Self.chained["rest"]?.relevance?.markdown == "`shape: roof` or `depth` of at least 3")
        #expect(Self.chained["depth"]?.relevance?.markdown == "`kind` other than `none`")
    }

    /// What is looked at must be known when it is looked at.
    @Test(arguments: ParameterSchema.all.map(\.problem))
    func whatDecidesStandsBefore(problem: String) throws {
        let schema = try #require(ParameterSchema.named(problem))
        for (index, definition) in schema.definitions.enumerated() {
            var keys = (definition.relevance?.clauses ?? []).joined().map(\.key)
            if case .sameAs(let key) = definition.requirement { keys.append(key) }
            for key in keys {
                let place = try #require(schema.index(of: key), "\(key)")
                #expect(place < index, "\(key) stands behind \(definition.name)")
            }
        }
    }
}
