import Learning
import LinearAlgebra
import MPI
import NeuralCollapse
import Results
import Sweeps

/// `problem: network`: train a classifier by stochastic gradient descent and watch it collapse.
struct NetworkProblem: Problem {
    let network: Network
    let loss: ClassificationLoss
    let weightDecay: Double
    let learningRate: Double
    let momentum: Double
    let schedule: LearningRateSchedule
    let epochs: Int
    let batch: Int
    let shards: Int
    let seed: Int
    let measurements: Int
    private let samplesPerClass: Int
    private let trainingSamples: Int
    private let precision: String
    private let data: DataSetShelf.Entry

    static func unreadableWords(_ trial: Trial) -> [ParameterProblem] {
        var problems: [ParameterProblem] = []
        do { _ = try Architecture(parsing: trial.text("architecture")) } catch {
            problems.append(ParameterProblem(name: "architecture", message: error.description))
        }
        do { _ = try LearningRateSchedule(parsing: trial.text("schedule")) } catch {
            problems.append(ParameterProblem(name: "schedule", message: error.description))
        }
        return problems
    }

    init(_ trial: Trial, dataSets: DataSetShelf) throws(ParameterProblem) {
        data = try dataSets.entry(trial.text("dataset"))
        samplesPerClass = trial.integer("samples_per_class")
        guard data.classes >= 2 else {
            throw ParameterProblem(
                name: "dataset", message: "data set '\(trial.text("dataset"))' has fewer than 2 classes")
        }
        let architecture: Architecture
        do { architecture = try Architecture(parsing: trial.text("architecture")) } catch {
            throw ParameterProblem(name: "architecture", message: error.description)
        }
        do { schedule = try LearningRateSchedule(parsing: trial.text("schedule")) } catch {
            throw ParameterProblem(name: "schedule", message: error.description)
        }
        do {
            network = try Network(
                architecture, input: FeatureShape(sample: data.sizes.sampleShape), classes: data.classes,
                head: ClassifierHead.Style(bias: trial.text("bias") != "none"))
        } catch {
            throw ParameterProblem(name: "architecture", message: error.description)
        }
        loss = try ClassificationLoss(named: trial.text("loss"))
        weightDecay = trial.real("lambda")
        learningRate = trial.real("learning_rate")
        momentum = trial.real("momentum")
        epochs = trial.integer("epochs")
        // A batch has at most all samples; so no arithmetic on it overflows.
        trainingSamples = samplesPerClass > 0 ? samplesPerClass * data.classes : data.sizes.trainingSamples
        batch = min(trial.integer("batch"), trainingSamples)
        shards = trial.integer("shards")
        seed = trial.integer("seed")
        measurements = trial.integer("measurements")
        precision = trial.text("precision")
        guard shards <= trial.integer("batch") else {
            throw ParameterProblem(
                name: "shards",
                message: "shards \(shards) is more than batch \(trial.integer("batch")): a shard would be empty")
        }
        if let short = data.classCounts.firstIndex(where: { $0 < max(1, samplesPerClass) }) {
            let found = "class \(short) of '\(trial.text("dataset"))' has \(data.classCounts[short]) training samples"
            throw samplesPerClass > 0
                ? ParameterProblem(
                    name: "samples_per_class",
                    message: "\(found); samples_per_class can be at most \(data.classCounts.min() ?? 0)")
                : ParameterProblem(name: "dataset", message: "\(found); every class needs some")
        }
        try checkMemory()
    }

    /// Parameters, gradients, velocity and a branch a level of the shards' tree; activations; class statistics.
    private func checkMemory() throws(ParameterProblem) {
        let number = precision == "float64" ? 8.0 : 4.0
        let blocks = 4 + Double(Int.bitWidth - shards.leadingZeroBitCount)
        let widths = network.probes.map { Double($0.width) }
        let statistics = widths.reduce(0) { $0 + 8 * $1 * $1 } + 24 * (widths.max() ?? 0) * (widths.max() ?? 0)
        let shard = (batch + shards - 1) / shards
        let activations =
            NetworkPass<Float>.memoryCount(network, capacity: shard, trains: true)
            + NetworkPass<Float>.memoryCount(
                network, capacity: CollapseProbe<Float>.largestChunk(network), trains: false)
        try MachineMemory.check(
            bytes: number * (blocks * Double(network.layout.count) + Double(activations)) + statistics,
            for: "architecture")
    }

    var cost: Cost {
        let passes = 3 * network.operations
        let training = passes * Double(trainingSamples) * Double(epochs)
        let widths = network.probes.reduce(0.0) { $0 + Double($1.width * $1.width) }
        let each = (passes * 2 / 3 + 2 * widths) * Double(trainingSamples + data.sizes.testSamples)
        // Large products run about six times (float32) or three times as fast as the cost model's unit of work.
        let speed = precision == "float64" ? 3.0 : 6.0
        return Cost(
            family: "network \(loss) \(precision)",
            work: (training + each * Double(min(measurements, epochs) + 2)) / speed)
    }

    func run(_ context: TrialContext) throws -> TrialRecord {
        guard let training = data.training, let test = data.test else { preconditionFailure("data set not loaded") }
        let samples =
            samplesPerClass > 0
            ? try training.balancedSubset(samplesPerClass: samplesPerClass) : Array(0..<training.samples)
        if precision == "float64" {
            return try NetworkTraining<Double>(self, training, test, samples, context).run()
        }
        return try NetworkTraining<Float>(self, training, test, samples, context).run()
    }
}

/// The ranks that train one trial. A rank that is told to give up does so only when all of them do, at the same step:
/// one that left alone would leave the others waiting in a sum.
final class TeamHost {
    private let host: any TrialHost
    let team: Communicator?
    private var wantsToStop = false
    private let shared = Buffer<Double>(count: 2)
    private let scratch = Buffer<Double>(count: 2)

    init(_ host: any TrialHost, _ team: Communicator?) {
        self.host = host
        self.team = team
    }

    var rank: Int { team?.rank ?? 0 }
    var ranks: Int { team?.size ?? 1 }

    /// Between steps; throws only on a rank that trains alone.
    func poll() throws(Abandoned) {
        do { try host.poll() } catch {
            guard team != nil else { throw error }
            wantsToStop = true
        }
    }

    /// Sum of a number over the team; throws on all ranks if one of them wants to stop.
    func sum(_ value: Double) throws(Abandoned) -> Double {
        guard let team else { return value }
        shared[0] = value
        shared[1] = wantsToStop ? 1 : 0
        team.allReduceSum(shared, scratch: scratch)
        if shared[1] > 0 { throw Abandoned() }
        return shared[0]
    }
}
