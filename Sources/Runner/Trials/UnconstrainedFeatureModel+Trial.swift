import Learning
import Sweeps
import UnconstrainedFeatures

// From the parameters of a trial of `ufm` or `landscape` to the model they describe.

extension UnconstrainedFeatureModel {
    /// Of a trial in which `UnconstrainedFeatureMistakes` finds nothing.
    init(_ trial: Trial) throws(ParameterProblem) {
        self.init(
            classes: trial.integer("K"), dimension: trial.integer("d"), samples: try SampleDesign(trial),
            loss: try Loss(trial), regularization: Regularization(trial), classifier: Classifier(trial),
            bias: Bias(trial), hidden: HiddenLayers(trial))
    }
}

extension SampleDesign {
    init(_ trial: Trial) throws(ParameterProblem) {
        let classes = trial.integer("K")
        guard Double(classes) * Double(classes) < Self.mostLogits else {
            throw ParameterProblem(name: "K", message: "the model has over 2e9 logits; lower K")
        }
        if trial["label_sets"] != nil {
            self = try Self.labelSets(trial, classes: classes)
        } else {
            self = try Self.classes(trial, classes)
        }
    }

    /// BLAS counts in 32 bits.
    static let mostLogits = 2e9

    private static func labelSets(_ trial: Trial, classes: Int) throws(ParameterProblem) -> SampleDesign {
        let sets = try trial.parsed("label_sets") { (text) throws(SpecificationError) in
            try LabelSetCounts(parsing: text)
        }
        let count = try trial.checked("label_sets") { () throws(SpecificationError) in
            try sets.count(classes: classes)
        }
        guard count * Double(classes) < mostLogits else {
            throw ParameterProblem(
                name: "label_sets", message: "the model has over 2e9 logits; lower K or shorten the list")
        }
        return .labelSets(copiesBySize: sets.copiesBySize)
    }

    private static func classes(_ trial: Trial, _ classes: Int) throws(ParameterProblem) -> SampleDesign {
        let word = trial.text("counts")
        // Of a hundred thousand trials most say this.
        let sizes =
            word == "balanced"
            ? ClassSizes.relative(.none)
            : try trial.parsed("counts") { (text) throws(SpecificationError) in try ClassSizes(parsing: text) }
        let most = trial["n"] == nil ? 0 : trial.integer("n")
        guard Double(classes) * Double(classes) * Double(most) < mostLogits else {
            throw ParameterProblem(name: "n", message: "the model has over 2e9 logits; lower K or n")
        }
        let counts = try trial.checked("counts") { () throws(SpecificationError) in
            try sizes.counts(classes: classes, most: most)
        }
        guard Double(counts.reduce(0, +)) * Double(classes) < mostLogits else {
            throw ParameterProblem(name: "counts", message: "the model has over 2e9 logits; write smaller numbers")
        }
        return Set(counts).count == 1 ? .balanced(counts[0]) : .classSizes(counts)
    }
}

extension Trial {
    /// What a word comes to with the trial's other parameters; an error names the word's key.
    fileprivate func checked<Value>(
        _ key: String, _ body: () throws(SpecificationError) -> Value
    ) throws(ParameterProblem) -> Value {
        do { return try body() } catch {
            throw ParameterProblem(name: key, message: error.description, item: error.item)
        }
    }
}

extension UnconstrainedFeatureModel.Loss {
    fileprivate init(_ trial: Trial) throws(ParameterProblem) {
        switch trial.text("loss") {
        case "pick_all_label": self = .pickAllLabel
        case "supervised_contrastive": self = .supervisedContrastive
        default: self = .classification(try ClassificationLoss(trial))
        }
    }
}

extension UnconstrainedFeatureModel.Regularization {
    fileprivate init(_ trial: Trial) {
        switch trial.text("regularization") {
        case "spheres": self = .spheres(temperature: trial.real("temperature"))
        case "norm_balls":
            // The mean squared length of the rows of a fixed classifier is no bound on anything.
            let norm = trial["frame_norm"]?.number ?? 1
            self = .normBalls(classifier: trial["E_W"]?.number ?? norm * norm, features: trial.real("E_H"))
        case "decay":
            // Where nothing decays by λ_W, it is none of the trial's parameters.
            self = .decay(
                classifier: trial["lambda_W"]?.number ?? trial.real("lambda_H"), features: trial.real("lambda_H"))
        default: preconditionFailure("a regularisation of the schema without a case")
        }
    }
}

extension UnconstrainedFeatureModel.Classifier {
    fileprivate init(_ trial: Trial) {
        self =
            trial["classifier"] == .text("fixed_etf")
            ? .fixedETF(norm: trial["frame_norm"]?.number ?? 1) : .learned
    }
}

extension UnconstrainedFeatureModel.Bias {
    fileprivate init(_ trial: Trial) {
        self =
            switch trial["bias"] {
            case .text("free"): .free
            case .text("decayed"): .decayed(trial.real("lambda_b"))
            case .text("none"), nil: .none
            default: preconditionFailure("a bias of the schema without a case")
            }
    }
}

extension UnconstrainedFeatureModel.HiddenLayers {
    fileprivate init?(_ trial: Trial) {
        guard trial["hidden_width"] != nil else { return nil }
        self.init(
            count: trial.integer("depth") - 1, width: trial.integer("hidden_width"),
            activation: trial.text("activation") == "relu" ? .relu : .linear)
    }
}
