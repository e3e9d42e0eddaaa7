import Testing

@testable import Sweeps

/// Words written as lists: what they become, and where their mistakes are.
@Suite struct ListWordTests {
    private static let head = "problem: network\nlambda: 1e-3\nepochs: 1\n"

    private func architectures(_ text: String) throws -> [String] {
        try trials(Self.head + text).map { $0.text("architecture") }
    }

    private static let word = "layers(conv(16,3),batch_norm,relu,residual(conv(16,3),batch_norm),relu,global_pool)"

    static let writings = [
        "architecture: layers(conv(16, 3), batch_norm, relu, residual(conv(16,3), batch_norm), relu, global_pool)",
        "architecture: [conv(16, 3), batch_norm, relu, residual: [conv(16, 3), batch_norm], relu, global_pool]",
        """
        architecture:
          - conv(16, 3)
          - batch_norm
          - relu
          - residual: [conv(16, 3), batch_norm]
          - relu
          - global_pool
        """,
        """
        architecture:
          - conv: [16, 3]
          - batch_norm
          - relu
          - residual:
              - conv(16,3)
              - batch_norm
          - "relu"
          - global_pool
        """,
        """
        architecture: own
        architectures:
          own: [conv(16, 3), batch_norm, relu, "residual(conv(16, 3), batch_norm)", relu, global_pool]
        """,
        """
        x: &branch [conv(16, 3), batch_norm]
        grid:
          architecture:
            - [conv(16, 3), batch_norm, relu, residual: *branch, relu, global_pool]
        """.replacing("x: &branch [conv(16, 3), batch_norm]\n", with: "")
            .replacing("*branch", with: "[conv(16,3),batch_norm]"),
        "grid: {architecture: [[conv(16,3), batch_norm, relu, residual(conv(16,3),batch_norm), relu, global_pool]]}",
        """
        random: {count: 1, architecture: choice(own)}
        architectures: {own: [conv(16,3), batch_norm, relu, residual(conv(16,3),batch_norm), relu, global_pool]}
        """,
    ]

    @Test(arguments: writings) func isOneWordHoweverItIsWritten(text: String) throws {
        #expect(try architectures(text) == [Self.word])
        #expect(try trials(Self.head + text)[0].id == trials(Self.head + "architecture: \(Self.word)")[0].id)
    }

    @Test func listsStandBesideWordsInAGrid() throws {
        let text = """
            architectures: {small: [flatten, dense(8), relu], large: [flatten, dense(64), relu]}
            grid: {architecture: [mlp(8-8), small, [flatten, dense(16)], large, resnet18]}
            """
        #expect(
            try architectures(text) == [
                "mlp(8-8)", "layers(flatten,dense(8),relu)", "layers(flatten,dense(16))",
                "layers(flatten,dense(64),relu)", "resnet18",
            ])
        #expect(
            try architectures(text + "\nwhere: architecture in [small, resnet18] and not architecture == 'large'")
                == ["layers(flatten,dense(8),relu)", "resnet18"])
        #expect(
            try architectures("zip: {architecture: [[flatten], mlp(4)], batch: [4, 8]}")
                == ["layers(flatten)", "mlp(4)"])
        // Also for the blocks of a file, and for a key that is spelt as a name.
        let blocks = """
            architectures: {small: [flatten, residual: [dense(8), shortcut: dense(8)]]}
            blocks:
              - {problem: network, lambda: 0, epochs: 1, architecture: small}
              - {problem: network, lambda: 0, epochs: 2, architecture: mlp(4), dataset: small}
            """
        let trials = try trials(blocks)
        #expect(trials[0].text("architecture") == "layers(flatten,residual(dense(8),shortcut(dense(8))))")
        #expect(trials[1].text("dataset") == "small")
    }

    static let mistaken: [(text: String, says: [String])] = [
        ("architecture: []", ["4:15: the list is empty"]),
        ("architecture:\n  - relu\n  -\n  - relu", ["6:4: an item is empty"]),
        ("architecture:\n  - relu\n  - relu, relu", ["6:5: 'relu, relu' is not one item"]),
        ("architecture:\n  - conv(16\n  - conv)16(", ["5:5: 'conv(16' is not one", "6:5: 'conv)16(' is not one"]),
        ("architecture: [relu, [relu]]", ["4:22: a list within the list lacks its name"]),
        ("architecture:\n  - residual: [relu]\n    relu: [x]", ["5:5: an item has one name, and this has 2"]),
        ("architecture:\n  - residual:", ["5:5: 'residual' has nothing in it"]),
        ("architecture:\n  - residual: {a: b}", ["5:15: 'residual' holds a mapping"]),
        ("architecture:\n  - residual: [relu, []]", ["5:22: a list within the list lacks its name"]),
        ("architecture:\n  - a(b: [relu]", ["5:5: 'a(b' is no name"]),
        ("dataset: [a, b]\narchitecture: x", ["4:10: 'dataset' has several values; put it under grid:"]),
        ("grid: {dataset: [[a]]}\narchitecture: x", ["4:18: 'dataset' needs single values; this one is a list"]),
        ("grid: {architecture: [[relu, ''], x]}", ["4:30: '' is not one item"]),
        ("architectures: [relu]\narchitecture: x", ["4:16: 'architectures' is a list"]),
        (
            "architectures: {a b: [relu], c: mlp(4)}\narchitecture: x",
            ["'a b' is no name for a list", "'c' is no list"]
        ),
        (
            "architecture: x\nexecution: {ranks: 1}\ngrid: {architectures: [a]}",
            ["'architectures' belongs at the top of the file"]
        ),
    ]

    @Test(arguments: mistaken) func mistakesAreAtTheirItems(text: String, says: [String]) {
        let found = mistakes(in: Self.head + text)
        #expect(found.count == says.count, "\(found)")
        for (line, part) in zip(found, says) { #expect(line.contains(part), "\(line)") }
    }

    @Test func wordsOfManyAliasesStayBounded() {
        var text = Self.head + "architectures:\n  a: &a [\(String(repeating: "x", count: 2000))]\n"
        text += "architecture:\n" + String(repeating: "  - b: *a\n", count: 200)
        let found = mistakes(in: text)
        #expect(found.count == 1 && found[0].contains("more than 100000 letters"), "\(found)")
    }

    @Test func aProblemOfAnItemIsShownWhereTheItemStands() throws {
        let text =
            Self.head + """
                architectures:
                  own:
                    - flatten
                    - bad(1)
                grid:
                  architecture:
                    - own
                    - [flatten, relu, bad(2)]
                    - layers(bad(3))
                    - - bad(4)
                """
        var messages: [String] = []
        do {
            _ = try SweepFile.parse(text, path: "s.yaml").expand { trial in
                let items = trial.text("architecture").dropFirst(7).split(separator: ",")
                let item = items.firstIndex { $0.hasPrefix("bad") }
                return [ParameterProblem(name: "architecture", message: "no \(items[item ?? 0])", item: item)]
            }
        } catch { messages = error.messages }
        #expect(
            messages.map { $0.replacing(")", with: "") } == [
                "s.yaml:7:7: no bad(1", "s.yaml:9:3: no bad(3", "s.yaml:11:23: no bad(2", "s.yaml:13:9: no bad(4",
            ])
    }
}
