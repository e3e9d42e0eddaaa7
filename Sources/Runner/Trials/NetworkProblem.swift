import Learning
import LinearAlgebra
import NeuralCollapse
import RandomNumbers
import Sweeps

/// `problem: network`: train a classifier and watch it collapse.
struct NetworkProblem: Problem {
    let network: Network
    let selection: SampleSelection
    let pad: Int
    let augmentation: Augmentation
    let loss: ClassificationLoss
    let decay: NetworkDecay
    let training: TrainingMethod
    /// Probed layers to measure, by their index among the network's.
    let layers: [Int]
    let seed: Int
    let measurements: Int
    let precision: String
    private let data: DataSetShelf.Entry
    let counts: (training: Int, test: Int)

    /// - Parameter networks: for a problem that is planned and not run: where its network may be found.
    init(_ trial: Trial, dataSets: DataSetShelf, planning networks: NetworkShelf? = nil) throws(ParameterProblem) {
        data = try dataSets.entry(trial.text("dataset"))
        seed = trial.integer("seed")
        measurements = trial.integer("measurements")
        precision = trial.text("precision")
        loss = try ClassificationLoss(trial)
        decay = NetworkDecay(trial)

        selection = try SampleSelection(trial)
        let counted: (classes: [Int], training: [Int], test: [Int])
        do {
            counted = try selection.counts(training: data.classCounts, test: data.testClassCounts)
        } catch {
            throw ParameterProblem(
                name: error.key, message: "data set '\(trial.text("dataset"))': \(error.description)")
        }
        counts = (counted.training.reduce(0, +), counted.test.reduce(0, +))
        let classes = counted.classes.count
        guard classes >= 2 else {
            throw ParameterProblem(
                name: "dataset", message: "data set '\(trial.text("dataset"))' has fewer than 2 classes")
        }
        pad = trial.integer("pad")
        augmentation = try trial.parsed("augmentation") { (text) throws(SpecificationError) in
            try Augmentation(named: text)
        }
        let isImage = data.sizes.sampleShape.count > 1
        for (key, isUsed) in [("pad", pad > 0), ("augmentation", augmentation != .none)] where isUsed && !isImage {
            throw ParameterProblem(
                name: key, message: "'\(key)' is for images, and data set '\(trial.text("dataset"))' holds vectors")
        }
        training = try TrainingMethod(trial, samples: counts.training)
        let input = FeatureShape(sample: DataSet.padded(data.sizes.sampleShape, by: pad))
        let entry: NetworkShelf.Entry
        if let networks {
            entry = try networks.entry(trial, input: input, classes: classes)
        } else {
            entry = NetworkShelf.Entry(try Network(trial, input: input, classes: classes))
        }
        network = entry.network
        layers = try network.layers(named: trial.text("layers"))
        try checkMemory(activations: entry.activationCount(largestShard: training.largestShard))
    }

    /// The trial's samples, of a data set that has been read.
    func samples() throws -> TrialSamples {
        guard let training = data.training, let test = data.test else { preconditionFailure("data set not loaded") }
        let chosen = try TrainingSelection(selection, training: training, test: test)
        return TrialSamples(
            training: chosen.training(training), trainingSamples: chosen.trainingSamples, test: chosen.test(test),
            testSamples: chosen.testSamples, pad: pad)
    }

    func run(_ context: TrialContext) throws -> TrialRecord {
        let samples = try samples()
        if precision == "float64" { return try NetworkTraining<Double>(self, samples, context).run() }
        return try NetworkTraining<Float>(self, samples, context).run()
    }
}

/// The samples of one trial.
struct TrialSamples {
    let training: DataSet
    let trainingSamples: [Int]
    let test: DataSet
    let testSamples: [Int]
    let pad: Int

    /// Tells them from those of a data set that has changed.
    var checksum: String {
        "\(training.checksum(of: trainingSamples)) \(test.checksum(of: testSamples))"
    }
}

/// How a network is trained: everything but what it is and what it is shown.
struct TrainingMethod {
    enum Method: String {
        case sgd, nesterov, adam, adamw, lbfgs
    }

    let optimizer: Method
    let learningRate: Double
    let momentum: Double
    let beta1: Double
    let beta2: Double
    let epsilon: Double
    let schedule: LearningRateSchedule
    let epochs: Int
    let batch: Int
    let shards: Int

    init(_ trial: Trial, samples: Int) throws(ParameterProblem) {
        func number(_ key: String) -> Double {
            if case .real(let value)? = trial[key] { value } else { 0 }
        }
        guard let optimizer = Method(rawValue: trial.text("optimizer")) else {
            throw ParameterProblem(name: "optimizer", message: "unknown optimizer '\(trial.text("optimizer"))'")
        }
        self.optimizer = optimizer
        (learningRate, momentum) = (number("learning_rate"), number("momentum"))
        (beta1, beta2, epsilon) = (number("beta1"), number("beta2"), number("epsilon"))
        schedule =
            trial["schedule"] == nil
            ? .constant
            : try trial.parsed("schedule") { (text) throws(SpecificationError) in
                try LearningRateSchedule(parsing: text)
            }
        epochs = trial.integer("epochs")
        guard schedule.warmupEpochs < epochs else {
            throw ParameterProblem(
                name: "schedule",
                message:
                    "the rate rises for \(schedule.warmupEpochs) epochs and 'epochs' is \(epochs); shorten the warm-up")
        }
        // A batch has at most all samples; so no arithmetic on it overflows.
        batch = min(trial.integer("batch"), samples)
        shards = trial.integer("shards")
        guard shards <= batch else {
            let limit = batch < trial.integer("batch") ? "the \(batch) samples there are" : "batch \(batch)"
            throw ParameterProblem(
                name: "shards", message: "shards \(shards) is more than \(limit): a shard would be empty")
        }
    }

    /// Samples of the largest shard.
    var largestShard: Int { (batch + shards - 1) / shards }
}
