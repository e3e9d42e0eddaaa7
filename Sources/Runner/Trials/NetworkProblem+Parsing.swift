import Learning
import LinearAlgebra
import NeuralCollapse
import RandomNumbers
import Sweeps

// From the words of a trial to what they mean. Each says which key is wrong.

extension Trial {
    /// The word of a key, read by `parse`. One meaning has one text, or one trial would have several ids.
    func parsed<Value: CustomStringConvertible>(
        _ key: String, _ parse: (String) throws(SpecificationError) -> Value
    ) throws(ParameterProblem) -> Value {
        let value: Value
        do { value = try parse(text(key)) } catch {
            throw ParameterProblem(name: key, message: error.description, item: error.item)
        }
        let canonical = value.description.filter { !$0.isWhitespace }
        guard canonical == text(key) else {
            throw ParameterProblem(name: key, message: "'\(text(key))' is written \(canonical)")
        }
        return value
    }

    fileprivate func optionalInteger(_ key: String) -> Int? {
        if case .integer(let value)? = self[key] { value } else { nil }
    }
}

extension NetworkProblem {
    /// All words that cannot be read: they are told together, and the rest needs them.
    static func unreadableWords(_ trial: Trial) -> [ParameterProblem] {
        var problems: [ParameterProblem] = []
        func check<Value: CustomStringConvertible>(
            _ key: String, _ parse: (String) throws(SpecificationError) -> Value
        ) {
            guard trial[key] != nil else { return }
            do { _ = try trial.parsed(key, parse) } catch { problems.append(error) }
        }
        check("architecture") { (text) throws(SpecificationError) in try Architecture(parsing: text) }
        check("schedule") { (text) throws(SpecificationError) in try LearningRateSchedule(parsing: text) }
        check("classes") { (text) throws(SpecificationError) in try ClassSubset(parsing: text) }
        check("imbalance") { (text) throws(SpecificationError) in try Imbalance(parsing: text) }
        return problems
    }
}

extension NetworkDecay {
    init(_ trial: Trial) {
        self =
            trial.text("decay") == "all"
            ? .all(trial.real("lambda"))
            : .lastLayer(classifier: trial.real("lambda_W"), features: trial.real("lambda_H"))
    }
}

extension SampleSelection {
    init(_ trial: Trial) throws(ParameterProblem) {
        self.init(
            classes: trial["classes"] == nil
                ? nil
                : try trial.parsed("classes") { (text) throws(SpecificationError) in try ClassSubset(parsing: text) },
            samplesPerClass: trial.integer("samples_per_class"),
            imbalance: try trial.parsed("imbalance") { (text) throws(SpecificationError) in
                try Imbalance(parsing: text)
            },
            labelNoise: trial.real("label_noise"), seed: UInt64(trial.integer("seed")))
    }
}

extension Network {
    init(_ trial: Trial, input: FeatureShape, classes: Int) throws(ParameterProblem) {
        let architecture = try trial.parsed("architecture") { (text) throws(SpecificationError) in
            try Architecture(parsing: text)
        }
        guard !(input.isVector && architecture.hasWidth) else {
            throw ParameterProblem(
                name: "architecture",
                message:
                    "\(architecture) is for images, and data set '\(trial.text("dataset"))' holds vectors; write e.g. "
                    + "mlp(512-512)")
        }
        var style = ClassifierHead.Style(bias: trial.text("bias") != "none")
        style.normalization = ClassifierHead.Normalization(rawValue: trial.text("normalized")) ?? .none
        if style.normalization != .none { style.temperature = trial.real("temperature") }
        let seed = UInt64(trial.integer("seed"))
        if trial.text("head") == "fixed_etf" {
            style.fixed = { .simplexFrame(classes: $0, dimension: $1, seed: seed) }
        }
        do {
            try self.init(
                architecture, input: input, classes: classes, width: trial.optionalInteger("width"),
                featureDimension: trial.optionalInteger("feature_dimension"), head: style)
        } catch {
            throw ParameterProblem(name: "architecture", message: error.description, item: error.item)
        }
        guard style.fixed == nil || featureWidth >= classes - 1 else {
            throw ParameterProblem(
                name: trial["feature_dimension"] == nil ? "head" : "feature_dimension",
                message:
                    "a simplex frame of \(classes) classes needs \(classes - 1) dimensions at least, and the features "
                    + "have \(featureWidth); raise feature_dimension or the last layer's width")
        }
    }

    /// `all`, `features`, or names joined by `+`.
    func layers(named text: String) throws(ParameterProblem) -> [Int] {
        if text == "all" { return Array(probes.indices) }
        if text == "features" { return [probes.count - 1] }
        var layers: [Int] = [probes.count - 1]
        for name in text.split(separator: "+", omittingEmptySubsequences: false) {
            guard let layer = probes.firstIndex(where: { $0.name == name }) else {
                throw ParameterProblem(
                    name: "layers",
                    message: "no layer '\(name)' in \(architecture); it has "
                        + "\(probes.map(\.name).joined(separator: ", ")), and all and features are words for them")
            }
            layers.append(layer)
        }
        return Set(layers).sorted()
    }
}

extension Matrix {
    /// A simplex equiangular tight frame of unit vectors, (classes × dimension), turned into a uniformly random
    /// position that follows from the seed: by U Vᵀ of the singular vectors of Gaussian numbers.
    static func simplexFrame(classes: Int, dimension: Int, seed: UInt64) -> Matrix {
        let random = Philox(seed: seed, purpose: .rotation)
        let gaussian = Matrix(rows: classes - 1, columns: dimension) {
            random.normal(at: UInt64($0 * dimension + $1))
        }
        let singular = gaussian.singularValues()
        let basis = Matrix.product(singular.left, singular.right, transposeA: .yes)
        return SimplexETF(classes: classes, dimension: classes - 1).mapped(by: basis).vectors
    }
}
