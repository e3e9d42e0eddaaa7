import Learning
import Sweeps
import UnconstrainedFeatures

/// What the parameters of an unconstrained feature model say that cannot be: each by itself is fine, and all that is
/// wrong together is told at once.
struct UnconstrainedFeatureMistakes {
    private let trial: Trial
    private(set) var problems: [ParameterProblem] = []

    init(in trial: Trial) {
        self.trial = trial
        checkSamples()
        checkContrast()
        checkConstraints()
        checkFrame()
        checkStart()
        checkSaddle()
        checkPoint()
    }

    private mutating func add(_ key: String, _ message: String) {
        problems.append(ParameterProblem(name: key, message: message))
    }

    private func has(_ key: String, _ word: String) -> Bool { trial[key] == .text(word) }

    private var isDeep: Bool { trial["hidden_width"] != nil }
    private var classes: Int { trial.integer("K") }
    /// What the classifier sees, and its key.
    private var seen: (key: String, width: Int) {
        isDeep ? ("hidden_width", trial.integer("hidden_width")) : ("d", trial.integer("d"))
    }

    private mutating func checkSamples() {
        do { _ = try SampleDesign(trial) } catch { problems.append(error) }
    }

    private mutating func checkContrast() {
        guard has("loss", "supervised_contrastive") else { return }
        if !has("regularization", "spheres") {
            add("loss", "supervised_contrastive compares unit vectors; add 'regularization: spheres' and a temperature")
        }
        if let sizes = (try? SampleDesign(trial))?.classSizes(classes: classes), let lone = sizes.firstIndex(of: 1) {
            add(
                trial["n"] == nil ? "counts" : "n",
                "class \(lone) has one sample, and supervised_contrastive compares samples of one class; give it two")
        }
    }

    private mutating func checkConstraints() {
        guard !has("regularization", "decay") else { return }
        let word = trial.text("regularization")
        if isDeep { add("depth", "hidden layers are held by decays alone; write 'regularization: decay', or depth: 1") }
        if has("loss", "pick_all_label"), word == "norm_balls" {
            add("regularization", "norm_balls bounds features class by class, and these have several; write decay")
        }
    }

    private mutating func checkFrame() {
        guard has("classifier", "fixed_etf"), seen.width < classes - 1 else { return }
        add(
            seen.key,
            "a simplex frame of \(classes) classes needs \(classes - 1) dimensions at least, and '\(seen.key)' is "
                + "\(seen.width); raise it")
    }

    private mutating func checkStart() {
        guard case .text(let start)? = trial["start"], start != "gaussian" else { return }
        let constraint = trial.text("regularization")
        guard has("regularization", "decay") || (start == "origin" && constraint == "norm_balls") else {
            add("start", "no trial on \(constraint) starts at '\(start)'; write gaussian")
            return
        }
        guard start == "identity" else { return }
        if has("classifier", "fixed_etf") {
            add("start", "an identity start sets the classifier, which is fixed; write gaussian or origin")
        }
        if has("loss", "pick_all_label") {
            add(
                "start",
                "an identity start gives each sample one class, and these have several; write gaussian or origin")
        }
        for key in ["d", "hidden_width"] where trial[key] != nil && trial.integer(key) < classes {
            add(
                "start",
                "an identity start puts \(classes) classes side by side, and '\(key)' is \(trial.integer(key)); raise it"
            )
        }
    }

    private mutating func checkSaddle() {
        guard trial["rank"] != nil else { return }
        let (rank, dimensions) = (trial.integer("rank"), trial.integer("d"))
        if rank > classes - 2 {
            add("rank", "saddles have a rank of at most K - 2 = \(classes - 2), and 'rank' is \(rank); lower it")
        }
        if rank > dimensions {
            add("rank", "'rank' is \(rank), and 'd' is \(dimensions): a saddle has no more dimensions; lower it")
        }
        let isKnown =
            has("regularization", "decay") && has("classifier", "learned") && !isDeep && !has("loss", "pick_all_label")
        if !isKnown {
            let (key, other) = has("point", "saddle") ? ("point", "end") : ("start", "gaussian")
            add(
                key,
                "saddles are constructed for one label a sample, decays, a learned classifier and depth 1; write \(other)"
            )
        }
    }

    /// What can be told without solving anything.
    private mutating func checkPoint() {
        if has("point", "origin"), has("regularization", "spheres") || !has("classifier", "learned") {
            add("point", "the origin is no critical point on spheres or with a fixed classifier; write end")
        }
        guard has("point", "optimum"), problems.isEmpty, let model = try? UnconstrainedFeatureModel(trial),
            !model.needsClassProgram, ConstructedPoint.optimum.matrices(of: model) == nil
        else { return }
        add("point", "theory constructs no optimum of this model; write end")
    }
}
