// The tables of the two problems about unconstrained features: one model, minimised or looked at. A key stands behind
// those that decide whether it means anything.

extension ParameterSchema {
    /// Unconstrained feature models: W and H are free variables, held back by decays, spheres or balls.
    public static let ufm = ParameterSchema(
        problem: "ufm", summary: "unconstrained feature model", revision: 2,
        definitions: unconstrainedFeatureModel + solver(onlyFor: nil) + start(onlyFor: nil)
            + [
                Definition(
                    "measurements", .integer(in: 2...10_000), .defaultsTo(.integer(20)),
                    "number of log-spaced steps to measure at"),
                precision(default: "float64"),
                seed(),
            ])

    /// The landscape of such a model around a critical point.
    public static let landscape = ParameterSchema(
        problem: "landscape", summary: "landscape of an unconstrained feature model around a critical point",
        revision: 1,
        definitions: unconstrainedFeatureModel + [
            Definition(
                "point", .choice(["end", "origin", "saddle", "optimum"]), .defaultsTo(.text("end")),
                "where to look: where the solver ends, or at a point that theory constructs"),
            Definition(
                "eigenvalues", .choice(["automatic", "all", "extremes"]), .defaultsTo(.text("automatic")),
                "of the Hessian: all of them, or the least and the greatest; `automatic` takes all of small Hessians"),
        ] + solver(onlyFor: Relevance(key: "point", choices: "end"))
            + start(onlyFor: Relevance(key: "point", choices: "end"), pointsNeedRank: true)
            + [seed(onlyFor: Relevance(key: "point", choices: "end"))])

    private static let unconstrainedFeatureModel = sizesAndLoss + samplesOfModel + constraints + decays

    private static let sizesAndLoss =
        [
            Definition("K", .integer(in: 2...Self.largest), .required, "number of classes"),
            Definition("d", .integer(in: 1...Self.largest), .required, "feature dimension"),
            Definition(
                "loss",
                .choice([
                    "cross_entropy", "label_smoothing", "focal", "mse", "mse_rescaled", "supervised_contrastive",
                    "pick_all_label",
                ]), .defaultsTo(.text("cross_entropy")),
                "loss function; `supervised_contrastive` is of features alone, `pick_all_label` of samples with several labels"
            ),
        ] + lossParameters

    private static let samplesOfModel = [
        Definition(
            "label_sets", .word, .required, onlyFor: Relevance(key: "loss", choices: "pick_all_label"),
            listForm: ListForm(call: "label_sets"),
            "samples of each set of one label, of two, …: `[10, 2]` = 10 of each label, 2 of each pair"),
        Definition(
            "counts", .word, .defaultsTo(.text("balanced")),
            onlyFor: Relevance(key: "loss", otherThan: "pick_all_label"), listForm: ListForm(call: "counts"),
            "samples of the classes: `balanced`, `step(10,0.5)` = ratio, share of small classes; `long_tailed(100)` = "
                + "ratio; or a list of `K` numbers, `[100, 100, 5]`"),
        Definition(
            "n", .integer(in: 1...Self.largest), .required,
            onlyFor: Relevance(key: "counts", choices: "balanced", "step", "long_tailed"),
            "samples per class, of the largest where they differ"),
    ]

    private static let hasClassifier = Relevance(key: "loss", otherThan: "supervised_contrastive")
    private static let isDecayed = Relevance(key: "regularization", choices: "decay")
    private static let isDeep = Relevance(key: "depth", atLeast: 2)
    private static let inBalls = Relevance(key: "regularization", choices: "norm_balls")

    private static let constraints = [
        Definition(
            "classifier", .choice(["learned", "fixed_etf"]), .defaultsTo(.text("learned")), onlyFor: hasClassifier,
            "classifier W: free, or a fixed simplex frame"),
        Definition(
            "regularization", .choice(["decay", "spheres", "norm_balls"]), .defaultsTo(.text("decay")),
            "what holds W and H: weight decay, rows and features of length 1, or bounds on mean squared lengths"),
        Definition(
            "temperature", .real(.scale), .required, onlyFor: Relevance(key: "regularization", choices: "spheres"),
            "factor of the logits; of the supervised contrastive loss, what divides them"),
        Definition(
            "E_W", .real(.scale), .required, onlyFor: inBalls && Relevance(key: "classifier", choices: "learned"),
            "most mean squared length of the rows of W"),
        Definition(
            "E_H", .real(.scale), .required, onlyFor: inBalls,
            "most mean over the classes of the mean squared length of their features"),
        Definition(
            "frame_norm", .real(.scale), .defaultsTo(.real(1)),
            onlyFor: Relevance(key: "classifier", choices: "fixed_etf")
                && Relevance(key: "regularization", choices: "decay", "norm_balls"),
            "length of the rows of the fixed W"),
        Definition(
            "depth", .integer(in: 1...100), .defaultsTo(.integer(1)), onlyFor: hasClassifier,
            "number of weight matrices, the classifier's included"),
        Definition(
            "hidden_width", .integer(in: 1...Self.largest), .sameAs("d"), onlyFor: isDeep, "width of hidden layers"),
        Definition(
            "activation", .choice(["linear", "relu"]), .defaultsTo(.text("linear")), onlyFor: isDeep,
            "activation of hidden layers"),
    ]

    private static let decays = [
        Definition(
            "lambda", .real(.decay), .optional, shorthandFor: ["lambda_W", "lambda_H", "lambda_b"],
            "shorthand: sets each of `lambda_W`, `lambda_H` and, for a decayed bias, `lambda_b` not given itself"),
        Definition(
            "lambda_W", .real(.decay), .required,
            onlyFor: isDecayed && (Relevance(key: "classifier", choices: "learned") || isDeep),
            "weight decay of the classifier W, if it is learned, and of each hidden layer"),
        Definition("lambda_H", .real(.decay), .required, onlyFor: isDecayed, "weight decay of the features H"),
        Definition(
            "bias", .choice(["free", "decayed", "none"]), .defaultsTo(.text("free")), onlyFor: hasClassifier,
            "classifier bias: without decay, with decay, or absent"),
        Definition(
            "lambda_b", .real(.decay), .required, onlyFor: Relevance(key: "bias", choices: "decayed"),
            "weight decay of the bias"),
    ]

    /// - Parameter relevance: of all keys; nil for always.
    private static func solver(onlyFor relevance: Relevance?) -> [Definition] {
        let descent = Relevance(key: "solver", choices: "gradient_descent", "nesterov", "adam")
        let heavyBall = Relevance(key: "solver", choices: "gradient_descent", "nesterov")
        let adam = Relevance(key: "solver", choices: "adam")
        return [
            Definition(
                "solver",
                .choice(["lbfgs", "gradient_descent", "nesterov", "adam", "conjugate_gradient", "trust_region"]),
                .defaultsTo(.text("lbfgs")), onlyFor: relevance,
                "minimiser; `trust_region` is Newton's method, and ends where no direction curves down"),
            Definition(
                "learning_rate", .real(.positive), .defaultsTo(.real(0.1)), onlyFor: descent, "step length"),
            Definition("momentum", .real(.fraction), .defaultsTo(.real(0.9)), onlyFor: heavyBall, "momentum"),
            Definition(
                "beta1", .real(.fraction), .defaultsTo(.real(0.9)), onlyFor: adam, "decay of the mean gradient"),
            Definition(
                "beta2", .real(.fraction), .defaultsTo(.real(0.999)), onlyFor: adam,
                "decay of the mean squared gradient"),
            Definition(
                "epsilon", .real(.positive), .defaultsTo(.real(1e-8)), onlyFor: adam,
                "added to the root of the mean squared gradient"),
            Definition(
                "steps", .integer(in: 0...Self.largest), .defaultsTo(.integer(20000)), onlyFor: relevance,
                "most iterations"),
            Definition(
                "tolerance", .real(.nonnegative), .defaultsTo(.real(1e-10)), onlyFor: relevance,
                "relative gradient norm to stop at"),
        ]
    }

    /// - Parameters:
    ///   - relevance: of all keys; nil for always.
    ///   - pointsNeedRank: a saddle may also be the point that is looked at.
    private static func start(onlyFor relevance: Relevance?, pointsNeedRank: Bool = false) -> [Definition] {
        let saddle = Relevance(key: "start", choices: "saddle")
        return [
            Definition(
                "start", .choice(["gaussian", "origin", "identity", "saddle"]), .defaultsTo(.text("gaussian")),
                onlyFor: relevance,
                "where to begin: normal numbers, zero, scaled identities, or a saddle; with noise at zero and a saddle"),
            Definition(
                "rank", .integer(in: 0...Self.largest), .required,
                onlyFor: pointsNeedRank ? Relevance(key: "point", choices: "saddle") || saddle : saddle,
                "rank of the saddle, at most K − 2"),
            Definition(
                "initial_scale", .real(.nonnegative), .defaultsTo(.real(1)),
                onlyFor: Relevance(key: "start", choices: "gaussian", "identity"),
                "scale of the standard deviations of the initial numbers, or of the identities"),
            Definition(
                "noise", .real(.nonnegative), .defaultsTo(.real(1e-6)),
                onlyFor: Relevance(key: "start", choices: "origin", "saddle"),
                "scale of the standard deviations of what is added to the point"),
        ]
    }
}
