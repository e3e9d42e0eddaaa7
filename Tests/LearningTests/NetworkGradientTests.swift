import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

/// A small network of some kind, with its head, loss and decay.
struct SmallNetwork: CustomTestStringConvertible {
    var architecture: String
    var input = FeatureShape(height: 8, width: 8, channels: 3)
    var width: Int?
    var featureDimension: Int?
    var head = ClassifierHead.Style()
    var loss = ClassificationLoss.crossEntropy
    var decay = NetworkDecay.all(0)
    var classes = 4

    var testDescription: String { "\(architecture) \(loss) \(decay) \(head.normalization) bias \(head.bias)" }

    func network() throws -> Network {
        try Network(
            Architecture(parsing: architecture), input: input, classes: classes, width: width,
            featureDimension: featureDimension, head: head)
    }

    func objective<Scalar: BLASScalar>(_: Scalar.Type, data: DataSet) throws -> NetworkObjective<Scalar> {
        NetworkObjective(
            network: try network(), loss: loss, data: data, normalization: imageNormalization, weightDecay: decay,
            largestShard: 9)
    }

    /// An orthogonal frame in d = classes: as good as any other that is not trained.
    static let fixed = Matrix(rows: 4, columns: 4) { $0 == $1 ? 1.1 : $0 > $1 ? 0.2 : -0.4 }

    static let all: [SmallNetwork] = named + lists + heads + losses

    static let named = [
        SmallNetwork(architecture: "mlp()", input: FeatureShape(vector: 7)),
        SmallNetwork(architecture: "mlp(6-5)", input: FeatureShape(height: 3, width: 2, channels: 2)),
        SmallNetwork(architecture: "mlp(6-5,batch_norm,tanh)"),
        SmallNetwork(architecture: "mlp(6-5,layer_norm,gelu)"),
        SmallNetwork(architecture: "linear(6-5)", input: FeatureShape(vector: 7)),
        SmallNetwork(architecture: "lenet", input: FeatureShape(height: 14, width: 15, channels: 1), width: 3),
        SmallNetwork(architecture: "vgg11", input: FeatureShape(height: 32, width: 35, channels: 1), width: 1),
        SmallNetwork(architecture: "resnet18", width: 2),
        SmallNetwork(architecture: "resnet18", width: 2, featureDimension: 5),
        SmallNetwork(
            architecture: "resnet18(imagenet)", input: FeatureShape(height: 27, width: 22, channels: 3), width: 2),
        SmallNetwork(architecture: "resnet20", width: 2),
        SmallNetwork(architecture: "resnet20", width: 2, featureDimension: 7),
        SmallNetwork(architecture: "resnet34", width: 1),
        SmallNetwork(architecture: "resnet50", width: 1),
        SmallNetwork(architecture: "resnet50", width: 1, featureDimension: 4),
        SmallNetwork(architecture: "densenet40", width: 1),
        SmallNetwork(architecture: "densenet40", width: 1, featureDimension: 4),
    ]

    /// All layers, and branches of every form.
    static let lists = [
        "layers(conv(9,3),batch_norm,relu,conv(10,3),tanh,max_pool(2),layer_norm,gelu,flatten,dense(7),relu,dropout(0.3))",
        "layers(conv(4,5,stride=2,bias=none),relu,conv(4,2,padding=1),average_pool(3,stride=2,padding=1),flatten,dense(5,bias=none))",
        "layers(conv(8,3),residual(conv(8,3),batch_norm,relu,conv(8,3)),relu,residual(batch_norm),global_pool)",
        "layers(conv(8,3),residual(conv(6,3,stride=2),batch_norm,shortcut(conv(6,1,stride=2,padding=0))),relu,global_pool)",
        "layers(conv(4,3),concatenate(batch_norm,relu,conv(3,3)),concatenate(conv(2,1)),relu,global_pool)",
        "layers(conv(4,3),residual(residual(conv(4,3)),concatenate(relu,conv(4,1)),conv(4,1)),relu,global_pool)",
        "layers(relu,residual(tanh),residual(residual(batch_norm,relu)),max_pool(2),flatten,dense(6),probe(x),relu)",
        // The first reader of a shortcut's gradient, the branch without parameters, the data as a shortcut.
        "layers(residual(conv(3,3)),residual(conv(3,1),shortcut(conv(3,1),tanh)),residual(tanh,shortcut(tanh)),flatten)",
        "layers(conv(3,3),residual(relu,residual(relu,conv(3,3),shortcut(batch_norm)),shortcut(dropout(0.5))),flatten)",
        "layers(max_pool(3,stride=1,padding=1),concatenate(residual(conv(3,3),relu)),conv(5,3),relu,global_pool,layer_norm)",
        "layers(flatten,dense(6),residual(dense(6),relu,dense(6)),relu,concatenate(dense(3),tanh),residual(dense(9)))",
    ].map { SmallNetwork(architecture: $0, input: FeatureShape(height: 6, width: 5, channels: 3)) }

    static let heads: [SmallNetwork] = [
        ClassifierHead.Style(bias: false), ClassifierHead.Style(fixed: { _, _ in fixed }),
        ClassifierHead.Style(bias: false, fixed: { _, _ in fixed }),
        ClassifierHead.Style(normalization: .features, temperature: 3),
        ClassifierHead.Style(bias: false, normalization: .both, temperature: 5),
        ClassifierHead.Style(fixed: { _, _ in fixed }, normalization: .both, temperature: 0.7),
    ].flatMap { head in
        [NetworkDecay.all(0.03), .lastLayer(classifier: 0.2, features: 0.3)].map {
            SmallNetwork(
                architecture: "layers(conv(8,3),relu,conv(4,3),tanh,global_pool)", head: head, decay: $0)
        }
    }

    static let losses: [SmallNetwork] = ClassificationLoss.allCases.flatMap { loss in
        ["mlp(6-5)", "layers(conv(4,3),batch_norm,relu,global_pool)"].map {
            SmallNetwork(architecture: $0, loss: loss, decay: .lastLayer(classifier: 0.1, features: 0.4))
        }
    }
}

@Suite struct NetworkGradientTests {
    private static let batch = BatchShard(samples: [2, 0, 5, 3, 7][...], batchSize: 7, first: 1, step: 3)

    private func evaluated<Scalar: BLASScalar>(
        _ objective: NetworkObjective<Scalar>, _ parameters: [Double], _ statistics: [Double]
    ) -> (value: Double, gradient: [Double], statistics: [Double]) {
        objective.initialize(block(objective.layout, parameters), seed: 21)
        objective.statistics.copy(from: block(objective.network.statistics, statistics))
        let theta: ParameterBlock<Scalar> = block(objective.layout, parameters)
        let gradients = ParameterBlock<Scalar>(layout: objective.layout)
        let batchStatistics = ParameterBlock<Scalar>(layout: objective.network.statistics)
        let value =
            objective.evaluate(Self.batch, at: theta, addingTo: gradients, statistics: batchStatistics)
            + objective.decay(at: theta, addingTo: gradients)
        return (
            value, gradients.storage.array.map { Double($0) }, batchStatistics.storage.array.map { Double($0) }
        )
    }

    @Test(arguments: SmallNetwork.all) func lossAndGradientAreTheTwins(_ small: SmallNetwork) throws {
        let data = randomImages(small.input, samples: 8, classes: small.classes)
        let network = try small.network()
        let (parameters, statistics) = randomParameters(network)
        let batch = Self.batch
        let purpose = PassPurpose(isTraining: true, shareOfBatch: 5 / 7, seed: 21, step: 3, firstSample: 1)
        let naive = NaiveGraph(
            network: network, parameters: parameters, statistics: statistics, samples: 5, purpose: purpose)
        let input = normalizedInputs(data, Array(batch.samples))
        let features = naive.activations(input).last!
        var (value, delta) = naiveLoss(
            small.loss, logits: naive.logits(features), labels: batch.samples.map { data.labels[$0] }, scale: 1.0 / 7)
        var featureDecay = 0.0
        if case .lastLayer(_, let lambda) = small.decay {
            featureDecay = lambda / 7
            value += featureDecay / 2 * features.reduce(0) { $0 + $1 * $1 }
        }
        var gradient = naive.gradient(input, logits: delta, featureDecay: featureDecay)
        delta = []
        for slice in network.layout.slices {
            let lambda: Double
            switch small.decay {
            case .all(let all): lambda = all
            case .lastLayer(let classifier, _): lambda = slice == network.head.weight ? classifier : 0
            }
            for i in slice.range {
                value += lambda / 2 * parameters[i] * parameters[i]
                gradient[i] += lambda * parameters[i]
            }
        }
        let double = evaluated(try small.objective(Double.self, data: data), parameters, statistics)
        #expect(abs(double.value - value) < 1e-12 * max(1, abs(value)))
        #expect(relativeDifference(double.gradient, gradient) < 1e-10)
        // Deep networks of batches this small divide by small deviations.
        let single = evaluated(try small.objective(Float.self, data: data), parameters, statistics)
        #expect(abs(single.value - value) < 1e-3 * max(1, abs(value)))
    }

    /// Along the gradient, and along a random direction, of every slice.
    @Test(arguments: SmallNetwork.all) func gradientsMatchCentralDifferences(_ small: SmallNetwork) throws {
        let data = randomImages(small.input, samples: 8, classes: small.classes)
        let objective = try small.objective(Double.self, data: data)
        let (start, statistics) = randomParameters(objective.network)
        let gradient = evaluated(objective, start, statistics).gradient
        let parameters: ParameterBlock<Double> = block(objective.layout, start)
        let ignored = ParameterBlock<Double>(layout: objective.layout)
        func value(_ direction: [Double], _ slice: ParameterLayout.Slice, _ step: Double) -> Double {
            for (i, place) in slice.range.enumerated() {
                parameters.storage[place] = start[place] + step * direction[i]
            }
            defer { for place in slice.range { parameters.storage[place] = start[place] } }
            return objective.evaluate(Self.batch, at: parameters, addingTo: ignored)
                + objective.decay(at: parameters, addingTo: ignored)
        }
        let whole = norm(gradient)
        let random = Philox(seed: 3, purpose: .test)
        for slice in objective.layout.slices {
            let share = Array(gradient[slice.range])
            let noise = slice.range.map { random.normal(at: UInt64($0)) }
            let scale = max(norm(share), 1e-2 * whole)
            for direction in [share.map { $0 / max(norm(share), 1e-300) }, noise.map { $0 / norm(noise) }] {
                let expected = zip(direction, share).reduce(0) { $0 + $1.0 * $1.1 }
                // A step may cross the kink of a ReLU or a maximum; then a smaller one does not.
                var errors: [Double] = []
                for step in [1e-6, 1e-5, 2e-7] where errors.allSatisfy({ $0 > 1e-6 * scale }) {
                    let slope = (value(direction, slice, step) - value(direction, slice, -step)) / (2 * step)
                    errors.append(abs(slope - expected))
                }
                #expect(errors.contains { $0 <= 1e-6 * scale }, "\(slice.name): \(errors.map { $0 / scale })")
            }
        }
    }

    private func norm(_ a: [Double]) -> Double { a.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    /// λ_H acts on the features themselves: through normalised ones, whose loss does not see their length, it is all
    /// the gradient there is along them.
    @Test func featureDecayHasAGradient() throws {
        var small = SmallNetwork(
            architecture: "mlp(6-5,tanh)", head: ClassifierHead.Style(normalization: .both, temperature: 2),
            decay: .lastLayer(classifier: 0, features: 0))
        let data = randomImages(small.input, samples: 8, classes: 4)
        let (parameters, statistics) = randomParameters(try small.network())
        let without = evaluated(try small.objective(Double.self, data: data), parameters, statistics)
        small.decay = .lastLayer(classifier: 0, features: 0.5)
        let with = evaluated(try small.objective(Double.self, data: data), parameters, statistics)
        #expect(with.value > without.value)
        #expect(relativeDifference(with.gradient, without.gradient) > 1e-2)
    }
}
