import Testing

@testable import Sweeps

/// Every mistake is one line with its place and a way out.
@Suite struct MistakeTests {
    /// Text, then what is expected: the places with a part of each message.
    static let cases: [(String, [String])] = [
        ("", ["1:1: the file is empty"]),
        ("# nothing\n", ["1:1: the file is empty"]),
        ("- a\n", ["1:1: the file is a list"]),
        ("{problem: ufm, K: 4\n", ["2:1: not YAML"]),
        ("problem: ufm\n\tK: 4\n", ["2:1: a tab cannot indent YAML; use spaces"]),
        ("problem: ufm\nK: \"\\q\"\n", ["2:5: not YAML: found unknown escape character"]),
        ("problem: ufm\n---\nproblem: ufm\n", ["2:1: a second document starts here; remove the '---'"]),
        ("problem: ufm\nK: 4\0\n", ["2:5: NUL byte is not allowed"]),
        ("problem: ufm\r\nK: \u{7}4\n", ["2:4: character U+0007 is not allowed"]),
        ("? [a]\n: 1\n", ["1:3: a key must be a plain word"]),
        (minimal + "seed: *x\n", ["6:7: '*x' names no anchor"]),
        (minimal + "seed: !!int 3\n", ["6:7: the tag 'tag:yaml.org,2002:int' has no meaning"]),
        (
            minimal + "K: 5\nd: 9\nK: 6\n",
            [
                "6:1: 'K' is given twice (first in line 2); keep one",
                "7:1: 'd' is given twice (first in line 3); keep one",
                "8:1: 'K' is given twice (first in line 2); keep one",
            ]
        ),
        (minimal + "'K': 5\n", ["6:1: 'K' is given twice"]),

        ("K: 4\nlambada: 3\n", ["1:1: the problem is missing", "2:1: unknown key 'lambada'; did you mean 'lambda'?"]),
        ("problem: umf\n", ["1:10: there is no problem 'umf'; did you mean 'ufm'?"]),
        ("problem: [ufm, network]\n", ["1:10: 'problem' takes one word"]),
        (
            "problem: ufm\nK: 4\n",
            [
                "1:1: 'd' is missing; add a whole number of at least 1", "1:1: 'n' is missing",
                "1:1: 'lambda_W' is missing, which regularization decay with classifier learned or depth of at least 2 "
                    + "needs; add a number greater than 0, or 'lambda' for all decays",
                "1:1: 'lambda_H' is missing",
            ]
        ),
        (
            minimal.replacing("lambda: ", with: "lambda_W: ") + "lambda_H: 1\nbias: decayed\n",
            ["1:1: 'lambda_b' is missing, which bias decayed needs"]
        ),
        (
            minimal.replacing("lambda: ", with: "lambda_W: ") + "lambda_H: 1\ngrid: {bias: [none, decayed]}\n",
            ["1:1: 'lambda_b' is missing, which bias decayed needs"]
        ),

        (minimal + "grdi: {d: [1]}\n", ["6:1: unknown key 'grdi'; did you mean 'grid'?"]),
        (minimal + "were: d > 1\n", ["6:1: unknown key 'were'; did you mean 'where'?"]),
        (minimal + "Lambda_w: 1\n", ["6:1: unknown key 'Lambda_w'; did you mean 'lambda_W'?"]),
        (minimal + "grid: {stps: [1]}\n", ["6:8: unknown key 'stps'; did you mean 'steps'?"]),
        (minimal + "grid: {seeds: [1]}\n", ["6:8: 'seeds' cannot stand under grid:"]),
        (minimal + "epochs: 3\n", ["6:1: 'epochs' belongs to problem network, and this block is ufm"]),

        (minimal + "steps: 4.0\n", ["6:8: 'steps' is a whole number, and '4.0' is a real one; write 4"]),
        (minimal + "steps: many\n", ["6:8: 'steps' cannot be 'many'; it is a whole number of at least 0"]),
        (minimal + "steps: \"4\"\n", ["6:8: '4' is quoted, so it is a word; remove the quotes"]),
        (minimal + "steps: -1\n", ["6:8: 'steps' is -1; it must be a whole number of at least 0"]),
        (minimal + "steps: 99999999999999999999\n", ["6:8: '99999999999999999999' is too large"]),
        (minimal + "steps: 0x10\n", ["6:8: 'steps' cannot be '0x10'"]),
        (minimal + "tolerance: .inf\n", ["6:12: 'tolerance' cannot be '.inf'; it is a finite number"]),
        (minimal + "tolerance: nan\n", ["6:12: 'tolerance' cannot be 'nan'"]),
        (minimal + "tolerance: 1e999\n", ["6:12: '1e999' is too large"]),
        (minimal + "lambda_W: 0\n", ["6:11: 'lambda_W' is 0; it must be a number greater than 0"]),
        (
            minimal + "solver: gradient_descent\nmomentum: 1.0\n",
            ["7:11: 'momentum' is 1.0; it must be a number of at least 0 and less than 1"]
        ),
        (minimal + "loss: crossentropy\n", ["6:7: 'loss' cannot be 'crossentropy'; did you mean 'cross_entropy'?"]),
        (minimal + "loss: hinge\n", ["6:7: 'loss' cannot be 'hinge'; there are cross_entropy, "]),
        (minimal + "loss:\n", ["6:1: 'loss' has no value"]),
        (minimal + "steps: [1, 2]\n", ["6:8: 'steps' has several values; put it under grid:"]),
        (minimal + "steps: range(1, 3)\n", ["6:8: 'steps' has several values; put it under grid:"]),
        (minimal + "steps: integers(1, 3)\n", ["6:8: 'steps' has several values; put it under random:"]),
        (minimal + "steps: {a: 1}\n", ["6:8: 'steps' is a mapping"]),
        (
            "problem: network\nlambda: 0\nepochs: 1\narchitecture: mlp(512\n",
            ["4:15: parentheses in 'mlp(512' do not match"]
        ),

        (minimal + "grid:\n", ["6:1: 'grid' must be a mapping"]),
        (minimal + "grid: {}\n", ["6:7: 'grid' must be a mapping"]),
        (minimal + "grid: [1]\n", ["6:7: 'grid' must be a mapping"]),
        (minimal + "grid: {steps: []}\n", ["6:15: 'steps' has no values"]),
        (minimal + "grid:\n  steps:\n", ["7:3: 'steps' has no values"]),
        (
            minimal + "grid: {steps: [1, -2, 3.5, x]}\n",
            [
                "6:19: 'steps' is -2", "6:23: 'steps' is a whole number, and '3.5'", "6:28: 'steps' cannot be 'x'",
            ]
        ),
        (minimal + "grid: {steps: [[1]]}\n", ["6:16: 'steps' needs single values; this one is a list"]),
        (minimal + "grid: {K: [4, 10]}\n", ["6:8: 'K' is given under grid: and in line 2 also fixed; keep one"]),
        (
            minimal + "grid: {steps: [1]}\nzip: {steps: [2]}\n",
            ["7:7: 'steps' is given under zip: and in line 6 also under grid:"]
        ),
        (
            minimal + "zip: {steps: [1, 2], measurements: [2, 3, 4]}\n",
            ["6:36: zip goes side by side, and 'measurements' has 3 values where 'steps' has 2"]
        ),
        (minimal + "grid: {steps: range(5, 5)}\n", ["6:15: range(5, 5, 1) is empty"]),
        (minimal + "grid: {steps: range(1, 5, 0)}\n", ["6:15: range cannot step by 0"]),
        (minimal + "grid: {steps: range(1.5, 5)}\n", ["6:15: range takes whole numbers, not '1.5'"]),
        (minimal + "grid: {steps: range(5, -5, -2)}\n", ["6:15: 'steps' is -3; it must be"]),
        (minimal + "grid: {steps: rnage(5, 9)}\n", ["6:15: there is no helper 'rnage'; did you mean 'range'?"]),
        (
            minimal + "grid: {steps: logspace(1, 10, 3)}\n",
            ["6:15: logspace makes real numbers, and 'steps' is whole; use range"]
        ),
        (minimal + "grid: {tolerance: logspace(-5, -1, 3)}\n", ["6:19: 'tolerance' is -5; it must be"]),
        (minimal + "grid: {tolerance: logspace(0, 1, 3)}\n", ["6:19: logspace takes end values greater than 0"]),
        (minimal + "grid: {tolerance: logspace(1, 2, 1)}\n", ["6:19: logspace needs a count of at least 2"]),
        (minimal + "grid: {tolerance: linspace(1, 2)}\n", ["6:19: linspace takes both end values and a count"]),
        (minimal + "grid: {tolerance: uniform(1, 2)}\n", ["6:19: uniform(…) is drawn at random; put it under random:"]),
        (minimal + "grid: {loss: range(1, 2)}\n", ["6:14: range(…) makes numbers, and 'loss' is a word"]),

        (
            minimal + "random: {count: 0, steps: integers(1, 2)}\n",
            ["6:17: 'count' under random: is a whole number of at least 1"]
        ),
        (minimal + "random: {steps: integers(1, 2)}\n", ["6:1: random needs a count of draws"]),
        (minimal + "random: {count: 3}\n", ["6:1: random draws no key"]),
        (minimal + "random: {count: 3, seed: -1, steps: integers(1, 2)}\n", ["6:26: 'seed' under random:"]),
        (minimal + "random: {count: 3, steps: integers(2, 1)}\n", ["6:27: integers(2, 1) is empty"]),
        (
            minimal + "random: {count: 3, steps: uniform(1, 2)}\n",
            ["6:27: uniform makes real numbers, and 'steps' is whole"]
        ),
        (
            minimal + "random: {count: 3, steps: 5}\n",
            ["6:27: 'steps' needs a distribution under random:, such as integers(4, 64)"]
        ),
        (
            minimal + "random: {count: 3, steps: intgers(1, 2)}\n",
            ["6:27: there is no distribution 'intgers'; did you mean 'integers'?"]
        ),
        (
            minimal + "random: {count: 3, steps: range(1, 2)}\n",
            ["6:27: range(…) is not drawn at random; put it under grid:"]
        ),
        (
            minimal + "random: {count: 3, tolerance: loguniform(0, 2)}\n",
            ["6:31: loguniform takes end values greater than 0"]
        ),
        (minimal + "random: {count: 3, loss: choice(mse, hinge)}\n", ["6:26: 'loss' cannot be 'hinge'"]),
        (minimal + "random: {count: 3, steps: [1, 2]}\n", ["6:27: 'steps' is a list; under random:"]),

        (minimal + "seeds: 0\n", ["6:8: 'seeds' cannot be '0'; write how many (at least 1), or a list"]),
        (minimal + "seeds: []\n", ["6:8: 'seeds' has no values"]),
        (minimal + "seeds: [1, -1]\n", ["6:12: 'seed' is -1"]),
        (minimal + "seeds: 3\nseed: 1\n", ["7:1: both 'seed' and 'seeds' are given; keep one"]),
        (
            minimal + "execution: {ranks: 0, retires: 1, checkpoint_interval: 5 days}\n",
            [
                "6:20: 'ranks' cannot be '0'", "6:23: unknown key 'retires' under execution:; did you mean 'retries'?",
                "6:56: '5 days' is no interval",
            ]
        ),
        ("name: a b\n" + minimal, ["1:7: a name is up to 100 letters, digits"]),
        ("blocks: []\n", ["1:9: 'blocks' must be a list of blocks"]),
        ("K: 4\nblocks:\n  - 3\n", ["1:1: 'K' belongs to a block", "3:5: a block is a mapping"]),
        (
            "blocks:\n  - {name: a, problem: x}\n  - {name: a, problem: y}\n",
            [
                "2:24: there is no problem 'x'", "3:12: two blocks have the name 'a' (first in line 2)",
                "3:24: there is no problem 'y'",
            ]
        ),

        (minimal + "where: dd > 1\n", ["6:8: where: unknown name 'dd'; did you mean 'd'?"]),
        (minimal + "where: d > 1 and lamda < 1\n", ["6:18: where: unknown name 'lamda'; did you mean 'lambda'?"]),
        (minimal + "where: 'loss == msee'\n", ["6:17: where: 'loss' is never 'msee'; did you mean 'mse'?"]),
        (minimal + "where: loss == 3\n", ["6:13: where: a number is compared with a word"]),
        (minimal + "where: loss < mse\n", ["6:13: where: words have no order"]),
        (minimal + "where: loss + 1 > 2\n", ["6:8: where: 'loss' is a word and cannot be computed with"]),
        (
            "problem: network\nlambda: 0\nepochs: 1\narchitecture: mlp(8)\nwhere: dataset == fashion-mnist\n",
            ["5:19: where: 'fashion' is no name; quote a word that holds other signs, as in 'fashion-mnist'"]
        ),
        (minimal + "where: d = 8\n", ["6:10: where: '=' has no meaning here; write '==' to compare"]),
        (minimal + "where: []\n", ["6:8: 'where' is empty"]),
        (minimal + "where:\n  - d >= 1\n  - d < 1 <\n", ["8:12: where: the condition ends too early"]),
        (minimal + "where: d > 100\n", ["6:8: where: no combination is left of 1 in 'block 1'"]),

        (
            minimal + "momentum: 0.5\n",
            [
                "6:1: 'momentum' has no effect on any trial of the block: only solver gradient_descent or nesterov uses it"
            ]
        ),
        (
            minimal + "lambda_W: 1\nlambda_H: 1\n",
            ["5:1: 'lambda' has no effect on any trial of the block: the keys it stands for are all given themselves"]
        ),
        (
            minimal + "regularization: spheres\ntemperature: 1\n",
            [
                "5:1: 'lambda' has no effect on any trial of the block: none of them uses lambda_W or lambda_H or lambda_b"
            ]
        ),
        (
            minimal + "regularization: spheres\n",
            ["1:1: 'temperature' is missing, which regularization spheres needs; add a number greater than 0"]
        ),
        (
            minimal + "grid: {classifier: [learned, fixed_etf], regularization: [decay, norm_balls]}\nE_H: 1\n",
            ["1:1: 'E_W' is missing, which regularization norm_balls with classifier learned needs"]
        ),
        (
            minimal.replacing("lambda: ", with: "lambda_H: ")
                + "grid: {classifier: [learned, fixed_etf], depth: range(1, 4)}\nwhere: classifier != learned\n",
            [
                "1:1: 'lambda_W' is missing, which regularization decay with classifier learned or depth of at least 2 "
                    + "needs; add a number greater than 0, or 'lambda' for all decays"
            ]
        ),
        (
            minimal + "activation: relu\n",
            ["6:1: 'activation' has no effect on any trial of the block: only depth of at least 2 uses it"]
        ),
        (
            minimal + "grid: {depth: [1, 2, 3], activation: [linear, relu]}\nhidden_width: 0\n",
            ["7:15: 'hidden_width' is 0; it must be a whole number of at least 1"]
        ),
        (minimal + "depth: 0\n", ["6:8: 'depth' is 0; it must be a whole number of at least 1"]),
        (minimal + "loss: pick_all_label\n", ["1:1: 'label_sets' is missing, which loss pick_all_label needs"]),
        (
            minimal + "loss: pick_all_label\nlabel_sets: [10, 2]\n",
            ["4:1: 'n' has no effect on any trial of the block: only counts balanced or step or long_tailed uses it"]
        ),
        (minimal + "counts: []\n", ["6:9: the list is empty; write at least one item"]),
        (minimal + "counts: [5, [2]]\n", ["6:13: a list within the list lacks its name"]),
        (
            minimal + "counts: [5, 5, 5, 2]\n",
            ["4:1: 'n' has no effect on any trial of the block: only counts balanced or step or long_tailed uses it"]
        ),
        (
            minimal + "loss: supervised_contrastive\nregularization: spheres\ntemperature: 0\nbias: none\n",
            ["8:14: 'temperature' is 0; it must be a number greater than 0"]
        ),
        (
            minimal.replacing("lambda: 1e-3\n", with: "")
                + "loss: supervised_contrastive\nregularization: spheres\ntemperature: 1\nbias: none\n",
            [
                "8:1: 'bias' has no effect on any trial of the block: only loss other than supervised_contrastive uses it"
            ]
        ),
        (
            minimal + "grid: {steps: range(0, 1000000), tolerance: linspace(0, 1, 1000)}\n",
            ["1:1: grid has 1000000000 combinations (steps 1000000 × tolerance 1000); the limit is 2000000"]
        ),
        (
            minimal + "grid: {seed: range(0, 9000000000000000000), tolerance: linspace(0, 1, 1000)}\n",
            ["1:1: grid has more than 9e18 combinations (seed 9000000000000000000 × tolerance 1000)"]
        ),
        (
            "blocks:\n- {problem: ufm, K: 4, d: 1, n: 1, lambda: 1, seeds: 1500000}\n- {problem: ufm, K: 5, d: 1, n: 1, lambda: 1, seeds: 1500000}\n",
            ["3:3: the blocks together have 3000000 combinations; the limit is 2000000"]
        ),
    ]

    @Test(arguments: cases.indices)
    func mistakesHavePlaces(index: Int) {
        let (text, expected) = Self.cases[index]
        let found = mistakes(in: text)
        #expect(found.count == expected.count, "\(text)\n\(found)")
        for (message, part) in zip(found, expected) {
            #expect(message.hasPrefix("s.yaml:" + part), "\(text)\n\(message)")
            #expect(!message.contains { $0.isNewline })
        }
    }

    @Test func allMistakesComeAtOnceInOrder() {
        let found = mistakes(
            in: """
                problem: ufm
                K: 1
                loss: hinge
                grid: {d: [0, 4, x]}
                where: q > 1
                """)
        #expect(
            found.map { String($0.dropFirst("s.yaml:".count).prefix { $0 != " " }) }
                == ["1:1:", "2:4:", "3:7:", "4:12:", "4:18:", "5:8:"])
    }

    @Test(arguments: ["K: 4 # (a, b", "description: (x, y\nK: 4", "description: 'a * b, (c, d)'\nK: 4"])
    func parenthesesElsewhereDoNoHarm(line: String) throws {
        #expect(try trials(minimal.replacing("K: 4", with: line)) == trials(minimal))
    }

    @Test func anyNumberOfRepeatedKeysIsReported() {
        let found = mistakes(in: minimal + String(repeating: "K: 4\n", count: 100))
        #expect(!found.isEmpty && found.allSatisfy { $0.contains("'K' is given twice") })
    }

    @Test func textsAreKeptAsWritten() throws {
        let file = try SweepFile.parse(minimal + "description: '* (a, b) \u{E000} ü'\n", path: "s.yaml")
        #expect(file.description == "* (a, b) \u{E000} ü")
        #expect(try SweepFile.parse("\u{FEFF}" + minimal, path: "s.yaml").expand().trials.count == 1)
    }
}
