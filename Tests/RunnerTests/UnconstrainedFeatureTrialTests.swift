import Sweeps
import Testing
import UnconstrainedFeatures

@testable import Runner

/// From the sweep file to the model, and what cannot be, with its place, before anything runs.
@Suite struct UnconstrainedFeatureTrialTests {
    private static let start = "problem: ufm\nK: 4\nd: 8\n"

    private func plan(_ text: String) throws -> Plan {
        let builder = TrialBuilder(dataSets: DataSetShelf(folder: nil, environmentFolder: nil))
        return try SweepFile.parse(text, path: "s.yaml").expand(check: builder.check)
    }

    private func model(_ text: String) throws -> UnconstrainedFeatureModel {
        let plan = try plan(Self.start + text)
        #expect(plan.trials.count == 1)
        return try UnconstrainedFeatureModel(plan.trials[0].trial)
    }

    @Test func modelsAreWhatTheirKeysSay() throws {
        let decay = UnconstrainedFeatureModel.Regularization.decay(classifier: 2e-3, features: 1e-3)
        #expect(
            try model("n: 10\nlambda: 1e-3\nlambda_W: 2e-3\n")
                == UnconstrainedFeatureModel(
                    classes: 4, dimension: 8, samples: .balanced(10), loss: .classification(.crossEntropy),
                    regularization: decay, bias: .free))
        #expect(
            try model(
                "loss: mse\ncounts: [9, 9, 5, 2]\nlambda_H: 1e-3\nlambda_W: 2e-3\nbias: decayed\nlambda_b: 0.5\n"
                    + "depth: 3\nactivation: relu\n")
                == UnconstrainedFeatureModel(
                    classes: 4, dimension: 8, samples: .classSizes([9, 9, 5, 2]),
                    loss: .classification(.meanSquaredError), regularization: decay, bias: .decayed(0.5),
                    hidden: .init(count: 2, width: 8, activation: .relu)))
        #expect(
            try model("counts: step(10, 0.5)\nn: 20\nregularization: norm_balls\nE_W: 2\nE_H: 3\nbias: none\n")
                == UnconstrainedFeatureModel(
                    classes: 4, dimension: 8, samples: .classSizes([20, 20, 2, 2]),
                    loss: .classification(.crossEntropy), regularization: .normBalls(classifier: 2, features: 3),
                    bias: .none))
        #expect(
            try model("loss: supervised_contrastive\nn: 3\nregularization: spheres\ntemperature: 0.5\n")
                == UnconstrainedFeatureModel(
                    classes: 4, dimension: 8, samples: .balanced(3), loss: .supervisedContrastive,
                    regularization: .spheres(temperature: 0.5), bias: .none))
        #expect(
            try model("loss: pick_all_label\nlabel_sets: [10, 2]\nlambda: 1e-3\nlambda_W: 2e-3\n")
                == UnconstrainedFeatureModel(
                    classes: 4, dimension: 8, samples: .labelSets(copiesBySize: [10, 2]), loss: .pickAllLabel,
                    regularization: decay, bias: .free))
        let fixed = try model("n: 2\nclassifier: fixed_etf\nframe_norm: 3\nlambda_H: 1e-3\nbias: none\n")
        #expect(fixed.classifier == .fixedETF(norm: 3) && fixed.decays?.features == 1e-3)
    }

    /// Classes that come out alike are the balanced model, whatever they are written as.
    @Test func equalSizesAreBalanced() throws {
        #expect(try model("n: 10\ncounts: step(1, 0.5)\nlambda: 1e-3\n").samples == .balanced(10))
    }

    static let mistakes: [(String, [String])] = [
        (
            "lambda: 1e-3\ncounts: [100, 100, 5]\n",
            ["5:1: the list has 3 numbers, and there are 4 classes; write one for each"]
        ),
        (
            "lambda: 1e-3\ncounts: [100, 100, 5, 5, 5]\n",
            ["5:26: the list has 5 numbers, and there are 4 classes; write one for each"]
        ),
        (
            "lambda: 1e-3\ncounts: [9, 9, 0, 9]\n",
            ["5:16: '0' is not a number of samples; write a whole number of at least 1"]
        ),
        (
            "lambda: 1e-3\ncounts: [9, 9, 9, 9]\n",
            [
                "5:1: all classes of 'counts(9,9,9,9)' have the same number of samples; write counts: balanced and n: 9"
            ]
        ),
        (
            "lambda: 1e-3\nn: 4\ncounts: long_tailed(100)\n",
            ["6:1: with 4 samples in the largest class, class 2 has none; raise n or lower the ratio"]
        ),
        ("lambda: 1e-3\nn: 4\ncounts: stepp(10,0.5)\n", ["5:1: 'n' has no effect", "6:1: unknown counts 'stepp'"]),
        (
            "lambda: 1e-3\nloss: pick_all_label\nlabel_sets: [1, 0, 0, 0, 2]\n",
            ["6:26: a set of 5 labels is more than the 4 classes; shorten the list"]
        ),
        (
            "lambda: 1e-3\nloss: pick_all_label\nlabel_sets: [1, 1, 1, 1]\n",
            ["6:23: a set of 4 labels holds all 4 classes, and tells nothing of them; shorten the list"]
        ),
        (
            "lambda: 1e-3\nloss: pick_all_label\nlabel_sets: [1, 0]\n",
            ["6:17: there are no sets of 2 labels; end the list with a number greater than 0"]
        ),
        (
            "lambda: 1e-3\nn: 4\nloss: supervised_contrastive\n",
            ["6:1: supervised_contrastive compares unit vectors; add 'regularization: spheres' and a temperature"]
        ),
        (
            "regularization: spheres\ntemperature: 1\nn: 1\nloss: supervised_contrastive\n",
            ["6:1: class 0 has one sample, and supervised_contrastive compares samples of one class; give it two"]
        ),
        (
            "regularization: spheres\ntemperature: 1\nn: 2\ndepth: 2\nstart: origin\n",
            [
                "7:1: hidden layers are held by decays alone; write 'regularization: decay', or depth: 1",
                "8:1: no trial on spheres starts at 'origin'; write gaussian",
            ]
        ),
        (
            "lambda: 1e-3\nn: 2\nclassifier: fixed_etf\ndepth: 2\nhidden_width: 2\n",
            [
                "8:1: a simplex frame of 4 classes needs 3 dimensions at least, and 'hidden_width' is 2; raise it"
            ]
        ),
        (
            "lambda: 1e-3\nn: 2\ndepth: 2\nhidden_width: 2\nstart: identity\n",
            ["8:1: an identity start puts 4 classes side by side, and 'hidden_width' is 2; raise it"]
        ),
        (
            "lambda: 1e-3\nn: 2\ndepth: 2\nstart: saddle\nrank: 3\n",
            [
                "7:1: saddles are constructed for one label a sample, decays, a learned classifier and depth 1;",
                "8:1: saddles have a rank of at most K - 2 = 2, and 'rank' is 3; lower it",
            ]
        ),
        ("lambda: 1e-3\nn: 600000000\n", ["5:1: the model has over 2e9 logits; lower K or n"]),
        ("lambda: 1e-3\ncounts: [1000000000, 1000000000, 1, 1]\n", ["5:1: the model has over 2e9 logits"]),
    ]

    @Test(arguments: mistakes.indices) func mistakesAreToldAtTheirPlace(index: Int) {
        let (text, expected) = Self.mistakes[index]
        do {
            _ = try plan(Self.start + text)
            Issue.record("no mistakes in \(text)")
        } catch let error as SweepFileErrors {
            #expect(error.messages.count == expected.count, "\(error)")
            for (message, part) in zip(error.messages, expected) {
                #expect(message.hasPrefix("s.yaml:" + part), "\(message)")
            }
        } catch {
            Issue.record(error)
        }
    }

    /// A word that sweep files may say is one that trials can be made of.
    @Test(arguments: ParameterSchema.all.map(\.problem))
    func everyLossOfTheSchemaIsKnown(_ problem: String) throws {
        let schema = try #require(ParameterSchema.all.first { $0.problem == problem })
        guard case .choice(let words)? = schema["loss"]?.kind else { return }
        for word in words {
            var text = "problem: \(problem)\nloss: \(word)\n"
            if problem == "network" {
                text += "dataset: gaussian(K=3, d=4, n=5)\narchitecture: linear(4)\nlambda: 0\nepochs: 1\n"
            } else {
                text += "K: 3\nd: 4\n" + (word == "pick_all_label" ? "label_sets: [2]\n" : "n: 2\n")
                text +=
                    word == "supervised_contrastive" ? "regularization: spheres\ntemperature: 1\n" : "lambda: 1e-3\n"
            }
            if word == "mse_rescaled" { text += "kappa: 1\ntarget: 1\n" }
            #expect(try plan(text).trials.count == 1, "\(word)")
        }
    }

    @Test func landscapesRefuseWhatTheoryDoesNotConstruct() throws {
        let text = "problem: landscape\nK: 4\nd: 8\nn: 3\n"
        let cases = [
            ("regularization: spheres\ntemperature: 1\npoint: origin\n", "7:1: the origin is no critical point"),
            ("lambda: 1e-3\ndepth: 3\npoint: optimum\n", "7:1: theory constructs no optimum of this model; write end"),
            (
                "regularization: spheres\ntemperature: 1\ncounts: step(3,0.5)\npoint: optimum\n",
                "8:1: theory constructs no optimum of this model; write end"
            ),
            ("lambda: 1e-3\npoint: saddle\nrank: 3\n", "7:1: saddles have a rank of at most K - 2 = 2"),
        ]
        for (rest, expected) in cases {
            #expect { try plan(text + rest) } throws: { error in
                let messages = (error as? SweepFileErrors)?.messages ?? []
                return messages.count == 1 && messages[0].hasPrefix("s.yaml:" + expected)
            }
        }
        #expect(try plan(text + "lambda: 1e-3\npoint: saddle\ngrid: {rank: [0, 1, 2]}\n").trials.count == 3)
    }
}
