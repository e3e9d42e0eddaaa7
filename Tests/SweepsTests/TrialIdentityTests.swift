import Testing

@testable import Sweeps

/// What a trial is called must never change unnoticed: results are found again by it.
@Suite struct TrialIdentityTests {
    private static let deep = """
        loss: pick_all_label
        label_sets: [10, 2]
        classifier: fixed_etf
        depth: 3
        activation: relu
        bias: none
        solver: trust_region
        start: saddle
        rank: 2

        """

    private static let contrastive = """
        problem: landscape
        K: 4
        d: 8
        loss: supervised_contrastive
        counts: [9, 9, 9, 2]
        regularization: spheres
        temperature: 0.5
        point: origin
        eigenvalues: all

        """

    @Test(arguments: [
        (
            minimal,
            "ufm/2;K=4;d=8;loss:cross_entropy;counts:balanced;n=10;classifier:learned;regularization:decay;"
                + "depth=1;lambda_W=0.001;lambda_H=0.001;bias:free;solver:lbfgs;steps=20000;tolerance=1e-10;"
                + "start:gaussian;initial_scale=1.0;measurements=20;precision:float64;seed=0",
            "e27c4390c4a15121"
        ),
        (
            minimal + "bias: decayed\nsolver: gradient_descent\nlambda_W: 2\nloss: mse\nseed: 3\n",
            "ufm/2;K=4;d=8;loss:mse;counts:balanced;n=10;classifier:learned;regularization:decay;depth=1;"
                + "lambda_W=2.0;lambda_H=0.001;bias:decayed;lambda_b=0.001;solver:gradient_descent;learning_rate=0.1;"
                + "momentum=0.9;steps=20000;tolerance=1e-10;start:gaussian;initial_scale=1.0;measurements=20;"
                + "precision:float64;seed=3",
            "e823819778bcece4"
        ),
        (
            minimal.replacing("n: 10\n", with: "") + deep,
            "ufm/2;K=4;d=8;loss:pick_all_label;label_sets:label_sets(10,2);classifier:fixed_etf;"
                + "regularization:decay;frame_norm=1.0;depth=3;hidden_width=8;activation:relu;lambda_W=0.001;"
                + "lambda_H=0.001;bias:none;solver:trust_region;steps=20000;tolerance=1e-10;start:saddle;rank=2;"
                + "noise=1e-06;measurements=20;precision:float64;seed=0",
            "7c1f5926da40471c"
        ),
        (
            contrastive,
            "landscape/1;K=4;d=8;loss:supervised_contrastive;counts:counts(9,9,9,2);regularization:spheres;"
                + "temperature=0.5;point:origin;eigenvalues:all",
            "a50f8d0acbb5b9c6"
        ),
        (
            "problem: network\narchitecture: mlp(512 - 512)\nlambda: 0\nepochs: 3\nschedule: step(0.1, 60, 120)\n",
            "network/2;architecture:mlp(512-512);dataset:fashion-mnist;samples_per_class=0;imbalance:none;"
                + "label_noise=0.0;augmentation:none;pad=0;head:learned;bias:free;normalized:none;decay:all;lambda=0.0;"
                + "loss:cross_entropy;optimizer:sgd;learning_rate=0.1;momentum=0.9;schedule:step(0.1,60,120);epochs=3;"
                + "batch=128;shards=1;layers:all;measurements=10;precision:float32;seed=0",
            "13c2c9dba7ed1e2c"
        ),
    ])
    func goldenTextsAndIDs(text: String, canonical: String, id: String) throws {
        let trial = try #require(try trials(text).first)
        #expect(trial.canonicalText == canonical)
        #expect(trial.id.description == id)
        #expect(trial.id == TrialID(hashing: canonical))
        #expect(Trial(canonicalText: canonical) == trial)
    }

    @Test func defaultsAndShorthandMakeNoDifference() throws {
        let short = try trials(minimal)
        let long = try trials(
            """
            # Other order, other spelling, the same trial.
            loss: cross_entropy
            lambda_H: 0.001
            lambda_W: 1.0e-3
            solver: 'lbfgs'
            n: 10
            d: 8
            K: 4
            problem: ufm
            execution: {ranks: 2, retries: 1, checkpoint_interval: 5 min}
            """)
        #expect(short == long)
    }

    @Test func irrelevantKeysDoNotSplitTrials() throws {
        let plan = try plan(
            minimal + "grid: {solver: [lbfgs, gradient_descent], momentum: [0.5, 0.9]}\n")
        #expect(plan.trials.count == 3)
        #expect(plan.duplicates == 1)
        #expect(plan.trials[0].trial["momentum"] == nil)
    }

    @Test(arguments: ["a;b", "50%", "%3b", "%25;", "a=b:c", "é;\u{301}"])
    func wordsSurviveTheCanonicalText(word: String) throws {
        let trial = Trial(problem: "network", revision: 1, parameters: [.init(name: "dataset", value: .text(word))])
        #expect(Trial(canonicalText: trial.canonicalText) == trial)
    }

    @Test(arguments: [0.1, 1e-5, 1e16, 2.2250738585072014e-308, 1.7976931348623157e308, 3, 0])
    func realsSurviveTheCanonicalText(value: Double) throws {
        let trial = Trial(problem: "ufm", revision: 1, parameters: [.init(name: "lambda_W", value: .real(value))])
        #expect(Trial(canonicalText: trial.canonicalText) == trial)
    }

    @Test func negativeZeroIsZero() throws {
        let start = "problem: network\narchitecture: mlp(8)\nepochs: 1\nlambda: "
        #expect(try trials(start + "-0.0") == trials(start + "0"))
    }
}
