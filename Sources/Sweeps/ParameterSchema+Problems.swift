// What all tables share, and the table of networks. What a change to them does to the ids of stored trials is in
// docs/ARCHITECTURE.md, "Keys and ids"; the golden ids in the tests show it.

extension ParameterSchema {
    /// Networks trained on a data set.
    public static let network = ParameterSchema(
        problem: "network", summary: "network trained on a data set", revision: 2,
        definitions: architecture + samples + classifier + training + [
            Definition(
                "layers", .word, .defaultsTo(.text("all")),
                "layers to measure: `all`, `features`, or names joined by `+`"),
            Definition(
                "measurements", .integer(in: 2...10_000), .defaultsTo(.integer(10)),
                "number of log-spaced epochs to measure at"),
            precision(default: "float32"),
            seed(),
        ])

    private static let architecture = [
        Definition(
            "architecture", .word, .required, listForm: ListForm(call: "layers", section: "architectures"),
            "layers, such as `mlp(512-512)` or `resnet18`, or a list of them"),
        Definition(
            "width", .integer(in: 1...Self.widest), .optional,
            "channels of the first stage, or growth rate; the published one if not given"),
        Definition(
            "feature_dimension", .integer(in: 1...Self.widest), .optional,
            "width of the features; the architecture's own if not given"),
    ]

    private static let samples = [
        Definition("dataset", .word, .defaultsTo(.text("fashion-mnist")), "data set"),
        Definition("classes", .word, .optional, "classes to keep: `first(5)` or `only(0,3,5-7)`; all if not given"),
        Definition(
            "samples_per_class", .integer(in: 0...Self.largest), .defaultsTo(.integer(0)),
            "training samples kept of each class; 0 keeps all"),
        Definition(
            "imbalance", .word, .defaultsTo(.text("none")),
            "unequal classes: `none`, `step(10,0.5)` = ratio, share of small classes; or `long_tailed(100)` = ratio"),
        Definition("label_noise", .real(.fraction), .defaultsTo(.real(0)), "share of training labels that are wrong"),
        Definition(
            "augmentation", .choice(["none", "flips", "crops", "flips_and_crops"]), .defaultsTo(.text("none")),
            "random changes of training images"),
        Definition("pad", .integer(in: 0...1024), .defaultsTo(.integer(0)), "black pixels put around images"),
    ]

    private static let classifier =
        [
            Definition(
                "head", .choice(["learned", "fixed_etf"]), .defaultsTo(.text("learned")),
                "classifier: trained, or a fixed simplex frame turned by the seed"),
            Definition(
                "bias", .choice(["free", "none"]), .defaultsTo(.text("free")), "classifier bias: with or without"),
            Definition(
                "normalized", .choice(["none", "features", "both"]), .defaultsTo(.text("none")),
                "what has length 1 in the logits: nothing, features, or features and classifiers"),
            Definition(
                "temperature", .real(.positive), .required,
                onlyFor: Relevance(key: "normalized", choices: "features", "both"),
                "factor of the logits"),
            Definition(
                "decay", .choice(["all", "last_layer"]), .defaultsTo(.text("all")),
                "what decays: all parameters, or classifier and features alone"),
            Definition(
                "lambda", .real(.weightDecay), .required, onlyFor: Relevance(key: "decay", choices: "all"),
                "weight decay of all parameters"),
            Definition(
                "lambda_W", .real(.weightDecay), .required, onlyFor: lastLayer, "weight decay of the classifier"),
            Definition(
                "lambda_H", .real(.weightDecay), .required, onlyFor: lastLayer,
                "decay of the features: of the mean of their squared lengths"),
            Definition(
                "loss", .choice(["cross_entropy", "label_smoothing", "focal", "mse", "mse_rescaled"]),
                .defaultsTo(.text("cross_entropy")), "loss function"),
        ] + lossParameters

    private static let training = [
        Definition(
            "optimizer", .choice(["sgd", "nesterov", "adam", "adamw", "lbfgs"]), .defaultsTo(.text("sgd")),
            "method of training; `lbfgs` takes all samples at once, a step an epoch"),
        Definition(
            "learning_rate", .real(.positive), .defaultsTo(.real(0.1)),
            onlyFor: Relevance(key: "optimizer", choices: "sgd", "nesterov", "adam", "adamw"), "initial step length"),
        Definition(
            "momentum", .real(.fraction), .defaultsTo(.real(0.9)),
            onlyFor: Relevance(key: "optimizer", choices: "sgd", "nesterov"), "momentum"),
        Definition(
            "beta1", .real(.fraction), .defaultsTo(.real(0.9)), onlyFor: adaptive, "decay of the mean gradient"),
        Definition(
            "beta2", .real(.fraction), .defaultsTo(.real(0.999)), onlyFor: adaptive,
            "decay of the mean squared gradient"),
        Definition(
            "epsilon", .real(.positive), .defaultsTo(.real(1e-8)), onlyFor: adaptive,
            "added to the root of the mean squared gradient"),
        Definition(
            "schedule", .word, .defaultsTo(.text("constant")),
            onlyFor: Relevance(key: "optimizer", choices: "sgd", "nesterov", "adam", "adamw"),
            "learning rate over time: `constant`, `step(0.1, 60, 120)` = factor, then epochs, `cosine`, or "
                + "`warmup(5, cosine)` = epochs, then another"),
        Definition("epochs", .integer(in: 1...Self.largest), .required, "passes over the data"),
        Definition("batch", .integer(in: 1...Self.largest), .defaultsTo(.integer(128)), "samples in a batch"),
        Definition(
            "shards", .integer(in: 1...Self.largest), .defaultsTo(.integer(1)), "logical shards a batch is cut into"),
    ]

    private static let lastLayer = Relevance(key: "decay", choices: "last_layer")
    private static let adaptive = Relevance(key: "optimizer", choices: "adam", "adamw")

    /// Channels and widths.
    private static let widest = 1 << 20
}

// MARK: - Of several problems

extension ParameterSchema {
    /// Above every number that makes sense, and far from where arithmetic on it overflows.
    static let largest = 1_000_000_000

    private static let rescaled = Relevance(key: "loss", choices: "mse_rescaled")

    /// What belongs to single losses.
    static let lossParameters = [
        Definition(
            "smoothing", .real(.fraction), .defaultsTo(.real(0.1)),
            onlyFor: Relevance(key: "loss", choices: "label_smoothing"),
            "share of the target given to all classes alike"),
        Definition(
            "gamma", .real(.nonnegative), .defaultsTo(.real(2)), onlyFor: Relevance(key: "loss", choices: "focal"),
            "exponent of the focal loss"),
        Definition("kappa", .real(.scale), .required, onlyFor: rescaled, "weight of the own class"),
        Definition("target", .real(.scale), .required, onlyFor: rescaled, "wanted logit of the own class"),
    ]

    static func seed(onlyFor relevance: Relevance? = nil) -> Definition {
        Definition(
            "seed", .integer(in: 0...Int.max), .defaultsTo(.integer(0)), onlyFor: relevance,
            "seed of every random number of the trial")
    }

    static func precision(default word: String) -> Definition {
        Definition("precision", .choice(["float64", "float32"]), .defaultsTo(.text(word)), "floating-point format")
    }
}
