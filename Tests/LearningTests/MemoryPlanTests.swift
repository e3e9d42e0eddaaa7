import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

/// Arrays in use at the same time never share memory, and sharing changes no number.
@Suite struct MemoryPlanTests {
    @Test(arguments: 0..<40) func livesThatOverlapLieApart(_ seed: UInt64) {
        let random = Philox(seed: seed, purpose: .test)
        let count = 1 + random.integer(below: 60, at: 0)
        let requests = (1...count).map { i in
            let first = random.integer(below: 30, at: UInt64(3 * i))
            return MemoryPlan.Request(
                count: random.integer(below: 200, at: UInt64(3 * i + 1)),
                life: first...first + random.integer(below: 12, at: UInt64(3 * i + 2)))
        }
        let margin = 16
        let plan = MemoryPlan(requests, margin: margin)
        #expect(plan.offsets.count == count)
        for (i, request) in requests.enumerated() where request.count > 0 {
            // Vector registers and cache lines of Float32 begin here.
            #expect(plan.offsets[i] % 16 == 0)
            #expect(plan.offsets[i] + request.count + margin <= plan.count)
            for (j, other) in requests[..<i].enumerated() where other.count > 0 && other.life.overlaps(request.life) {
                #expect(
                    plan.offsets[i] >= plan.offsets[j] + other.count + margin
                        || plan.offsets[j] >= plan.offsets[i] + request.count + margin)
            }
        }
        // No more than one beside the other, and no less than what lives at one moment.
        let sizes = requests.map { $0.count > 0 ? ($0.count + margin + 15) / 16 * 16 : 0 }
        #expect(plan.count <= sizes.reduce(0, +))
        let most = (0..<42).map { moment in
            zip(requests, sizes).reduce(0) { $0 + ($1.0.life.contains(moment) ? $1.1 : 0) }
        }.max()!
        #expect(plan.count >= most)
    }

    @Test func lifesInTurnShareOnePlace() {
        let requests = (0..<5).map { MemoryPlan.Request(count: 100, life: 2 * $0...2 * $0 + 1) }
        let plan = MemoryPlan(requests, margin: 16)
        #expect(plan.offsets == [0, 0, 0, 0, 0] && plan.count == 128)
    }

    /// Random lists of layers, blocks within blocks.
    private struct RandomList {
        let random: Philox
        var position: UInt64 = 0

        init(seed: UInt64) { random = Philox(seed: seed, purpose: .test) }

        mutating func pick(_ bound: Int) -> Int {
            position += 1
            return random.integer(below: bound, at: position)
        }

        /// Layers that keep the shape: 4 × 4 pixels, and these channels.
        mutating func items(_ count: Int, channels: Int, depth: Int) -> [String] {
            (0..<count).map { _ in item(channels: channels, depth: depth) }
        }

        mutating func item(channels: Int, depth: Int) -> String {
            switch pick(depth > 0 ? 10 : 7) {
            case 0: return "conv(\(channels),3)"
            case 1: return "conv(\(channels),1,bias=none)"
            case 2, 3: return "relu"
            case 4: return "batch_norm"
            case 5: return "tanh"
            case 6: return pick(2) == 0 ? "gelu" : "dropout(0.2)"
            case 7:
                let inner = items(1 + pick(3), channels: channels, depth: depth - 1).joined(separator: ",")
                return "concatenate(\(inner)),conv(\(channels),1)"
            default:
                let inner = items(1 + pick(3), channels: channels, depth: depth - 1).joined(separator: ",")
                guard pick(2) == 0 else { return "residual(\(inner))" }
                let shortcut = items(1 + pick(2), channels: channels, depth: depth - 1).joined(separator: ",")
                return "residual(\(inner),shortcut(\(shortcut)))"
            }
        }

        mutating func list() -> String {
            let channels = pick(2) == 0 ? 3 : 8
            let start = pick(3) == 0 ? [] : ["conv(\(channels),3)"]
            let items = items(2 + pick(5), channels: start.isEmpty ? 3 : channels, depth: 3)
            return "layers(\((start + items + [pick(2) == 0 ? "flatten" : "global_pool"]).joined(separator: ",")))"
        }
    }

    private struct Numbers: Equatable {
        var value: Double
        var gradient: [Double]
        var statistics: [Double]
        var measured: [[Double]]
    }

    private func numbers<Scalar: BLASScalar>(
        _ pass: NetworkPass<Scalar>, _ data: DataSet, samples: ArraySlice<Int>
    ) -> Numbers {
        let network = pass.network
        let state = randomParameters(network)
        let parameters: ParameterBlock<Scalar> = block(network.layout, state.parameters)
        let statistics: ParameterBlock<Scalar> = block(network.statistics, state.statistics)
        let (gradients, batch) = (
            ParameterBlock<Scalar>(layout: network.layout), ParameterBlock<Scalar>(layout: network.statistics)
        )
        var measured = [[Double]](repeating: [], count: network.probes.count)
        pass.load(samples, of: data, normalization: imageNormalization)
        pass.forward(
            at: parameters, statistics, batchStatistics: batch, purpose: PassPurpose(isTraining: true, seed: 3, step: 1)
        ) { probe, output in
            measured[probe] = (0..<samples.count * network.probes[probe].shape.count).map { Double(output[$0]) }
        }
        let value = ClassificationLoss.crossEntropy.evaluate(
            logits: pass.logits, classes: network.classes, samples: samples.count, stride: samples.count,
            labels: pass.labels, scale: 1 / Scalar(samples.count), workspace: LossWorkspace<Scalar>())
        pass.backward(at: parameters, addingTo: gradients, featureDecay: 0.1)
        return Numbers(
            value: value, gradient: gradients.storage.array.map { Double($0) },
            statistics: batch.storage.array.map { Double($0) }, measured: measured)
    }

    private func check(_ network: Network, _ comment: Comment) throws {
        let data = randomImages(network.input, samples: 9, classes: network.classes)
        let shared = NetworkPass<Float>(network, capacity: 6, trains: true)
        let apart = NetworkPass<Float>(network, capacity: 6, trains: true, sharesMemory: false)
        let expected = numbers(apart, data, samples: [3, 1, 4, 0, 5][...])
        #expect(expected.value.isFinite, comment)
        #expect(numbers(shared, data, samples: [3, 1, 4, 0, 5][...]) == expected, comment)
        // Passes of other sizes in between leave nothing behind.
        for samples in [[8, 7, 6, 5, 2, 1], [2], [6, 0, 7]] { _ = numbers(shared, data, samples: samples[...]) }
        #expect(numbers(shared, data, samples: [3, 1, 4, 0, 5][...]) == expected, comment)
    }

    @Test(arguments: 0..<120) func sharedMemoryGivesTheSameBits(_ seed: UInt64) throws {
        var random = RandomList(seed: seed)
        let text = random.list()
        let network = try Network(
            Architecture(parsing: text), input: FeatureShape(height: 4, width: 4, channels: 3), classes: 3)
        try check(network, "\(text)")
    }

    @Test(arguments: SmallNetwork.all) func everyKindGivesTheSameBits(_ small: SmallNetwork) throws {
        try check(try small.network(), "\(small.architecture)")
    }

    /// And these are the right numbers: random graphs against the naive twin.
    @Test(arguments: 0..<60) func randomListsAreTheirTwins(_ seed: UInt64) throws {
        var random = RandomList(seed: 1000 + seed)
        let text = random.list()
        let network = try Network(
            Architecture(parsing: text), input: FeatureShape(height: 4, width: 4, channels: 3), classes: 3)
        let data = randomImages(network.input, samples: 9, classes: 3)
        let samples = [3, 1, 4, 0, 5]
        let result = numbers(NetworkPass<Double>(network, capacity: 7, trains: true), data, samples: samples[...])
        let state = randomParameters(network)
        let naive = NaiveGraph(
            network: network, parameters: state.parameters, statistics: state.statistics, samples: 5,
            purpose: PassPurpose(isTraining: true, seed: 3, step: 1))
        let input = normalizedInputs(data, samples)
        let all = naive.activations(input)
        let loss = naiveLoss(
            .crossEntropy, logits: naive.logits(all.last!), labels: samples.map { data.labels[$0] }, scale: 0.2)
        #expect(abs(result.value - loss.value) < 1e-11 * max(1, loss.value), "\(text)")
        #expect(
            relativeDifference(result.gradient, naive.gradient(input, logits: loss.gradient, featureDecay: 0.1))
                < 1e-10,
            "\(text)")
        for (probe, seen) in zip(network.probes, result.measured) {
            #expect(relativeDifference(seen, all[probe.activation]) < 1e-11, "\(text) \(probe.name)")
        }
    }

    @Test func measuringPassesHoldLittle() throws {
        let network = try Network(
            Architecture(parsing: "resnet18"), input: FeatureShape(height: 32, width: 32, channels: 3), classes: 10,
            width: 16)
        let trains = NetworkPass<Float>.memoryCount(network, capacity: 32, trains: true)
        let measures = NetworkPass<Float>.memoryCount(network, capacity: 32, trains: false)
        let activations = (0...network.nodes.count).reduce(0) { $0 + 32 * network.shape(ofActivation: $1).count }
        #expect(measures < activations / 3)
        // Every activation, gradients in turn, and scratch.
        #expect(trains < activations * 3 / 2)
    }
}
