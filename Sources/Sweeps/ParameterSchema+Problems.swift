// The two tables. What a change to them does to the ids of stored trials is in docs/ARCHITECTURE.md, "Keys and ids"; the
// golden ids in the tests show it.

extension ParameterSchema {
    /// Unconstrained feature models: W and H are free variables under weight decay.
    public static let ufm = ParameterSchema(
        problem: "ufm", summary: "unconstrained feature model", revision: 1,
        definitions: [
            Definition("K", .integer(in: 2...Self.largest), .required, "number of classes"),
            Definition("d", .integer(in: 1...Self.largest), .required, "feature dimension"),
            Definition("n", .integer(in: 1...Self.largest), .required, "samples per class"),
            Definition(
                "lambda", .real(.decay), .optional, shorthandFor: ["lambda_W", "lambda_H", "lambda_b"],
                "shorthand: sets each of `lambda_W`, `lambda_H` and, for a decayed bias, `lambda_b` not given itself"),
            Definition("lambda_W", .real(.decay), .required, "weight decay of the classifier W"),
            Definition("lambda_H", .real(.decay), .required, "weight decay of the features H"),
            Definition(
                "bias", .choice(["free", "decayed", "none"]), .defaultsTo(.text("free")),
                "classifier bias: without decay, with decay, or absent"),
            Definition(
                "lambda_b", .real(.decay), .required, onlyFor: Relevance(key: "bias", choices: "decayed"),
                "weight decay of the bias"),
            loss,
            Definition(
                "solver", .choice(["lbfgs", "gradient_descent"]), .defaultsTo(.text("lbfgs")), "minimiser"),
            Definition(
                "learning_rate", .real(.positive), .defaultsTo(.real(0.1)), onlyFor: gradientDescent,
                "step length"),
            Definition(
                "momentum", .real(.fraction), .defaultsTo(.real(0.9)), onlyFor: gradientDescent,
                "heavy-ball momentum"),
            Definition("steps", .integer(in: 0...Self.largest), .defaultsTo(.integer(20000)), "most iterations"),
            Definition(
                "tolerance", .real(.nonnegative), .defaultsTo(.real(1e-10)), "relative gradient norm to stop at"),
            Definition(
                "initial_scale", .real(.nonnegative), .defaultsTo(.real(1)),
                "scale of the standard deviation of the initial W and H"),
            Definition(
                "measurements", .integer(in: 2...10_000), .defaultsTo(.integer(20)),
                "number of log-spaced steps to measure at"),
            precision(default: "float64"),
            seed,
        ])

    /// Networks trained on a data set by stochastic gradient descent.
    public static let network = ParameterSchema(
        problem: "network", summary: "network trained on a data set", revision: 1,
        definitions: [
            Definition("architecture", .word, .required, "layers, such as `mlp(512-512)`"),
            Definition("dataset", .word, .defaultsTo(.text("fashion-mnist")), "data set"),
            Definition(
                "samples_per_class", .integer(in: 0...Self.largest), .defaultsTo(.integer(0)),
                "training samples kept of each class; 0 keeps all"),
            Definition("lambda", .real(.weightDecay), .required, "weight decay of all parameters"),
            Definition(
                "bias", .choice(["free", "none"]), .defaultsTo(.text("free")), "classifier bias: with or without"),
            loss,
            Definition("learning_rate", .real(.positive), .defaultsTo(.real(0.1)), "initial step length"),
            Definition("momentum", .real(.fraction), .defaultsTo(.real(0.9)), "momentum"),
            Definition(
                "schedule", .word, .defaultsTo(.text("constant")),
                "learning rate over time: `constant`, or `step(0.1, 60, 120)` = factor, then epochs"),
            Definition("epochs", .integer(in: 1...Self.largest), .required, "passes over the data"),
            Definition("batch", .integer(in: 1...Self.largest), .defaultsTo(.integer(128)), "samples in a batch"),
            Definition(
                "shards", .integer(in: 1...Self.largest), .defaultsTo(.integer(1)), "logical shards a batch is cut into"
            ),
            Definition(
                "measurements", .integer(in: 2...10_000), .defaultsTo(.integer(10)),
                "number of log-spaced epochs to measure at"),
            precision(default: "float32"),
            seed,
        ])

    /// Above every number that makes sense, and far from where arithmetic on it overflows.
    private static let largest = 1_000_000_000

    private static let gradientDescent = Relevance(key: "solver", choices: "gradient_descent")

    private static let loss = Definition(
        "loss", .choice(["cross_entropy", "mse"]), .defaultsTo(.text("cross_entropy")), "loss function")

    private static let seed = Definition(
        "seed", .integer(in: 0...Int.max), .defaultsTo(.integer(0)), "seed of every random number of the trial")

    private static func precision(default word: String) -> Definition {
        Definition("precision", .choice(["float64", "float32"]), .defaultsTo(.text(word)), "floating-point format")
    }
}
