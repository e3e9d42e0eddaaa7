import ArrayFiles
import Foundation
import LinearAlgebra
import Testing

@testable import Learning

/// Networks with PyTorch's weights give PyTorch's numbers; Reference/make_network_reference.py wrote the files.
@Suite struct NetworkReferenceTests {
    struct Reference: CustomTestStringConvertible {
        /// Of its file.
        var name: String
        var architecture: String
        var width: Int?
        /// A file whose arrays complete its own.
        var base: String?

        var testDescription: String { name }

        static let all = [
            Reference(name: "resnet18", architecture: "resnet18", width: 2),
            Reference(
                name: "resnet18_imagenet", architecture: "resnet18(imagenet)", width: 2, base: "resnet18"),
            Reference(name: "lenet", architecture: "lenet", width: 2),
            Reference(name: "mlp", architecture: "mlp(9-7)"),
        ]

        /// What the script added to the weights.
        static func isResult(_ name: String) -> Bool {
            name.hasPrefix("gradient.") || name.hasPrefix("trained.") || name.hasPrefix("logits")
                || ["images", "labels"].contains(name)
        }

        private func file(_ name: String) throws -> Safetensors {
            try Safetensors(
                path: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                    .appendingPathComponent("Reference/\(name).safetensors").path)
        }

        func load() throws -> Loaded {
            let file = try file(name)
            var weights = try base.map(self.file) ?? Safetensors()
            for name in weights.names where Self.isResult(name) { weights[name] = nil }
            for name in file.names where !Self.isResult(name) { weights[name] = file[name] }
            let images = try file.array("images", path: name)
            let labels = try #require(file["labels"]?.integers)
            let data = DataSet(
                pixels: try #require(images.elements(as: UInt8.self)), sampleShape: Array(images.shape[1...]),
                labels: labels.map(Int32.init), classes: labels.max()! + 1)
            let network = try Network(
                Architecture(parsing: architecture), input: FeatureShape(sample: data.sampleShape),
                classes: data.classes, width: width)
            return Loaded(file: file, weights: weights, data: data, network: network)
        }
    }

    struct Loaded {
        let file: Safetensors
        let weights: Safetensors
        let data: DataSet
        let network: Network

        func state<Scalar: BLASScalar>(_: Scalar.Type) throws -> (
            parameters: ParameterBlock<Scalar>, statistics: ParameterBlock<Scalar>
        ) {
            let state = (
                ParameterBlock<Scalar>(layout: network.layout), ParameterBlock<Scalar>(layout: network.statistics)
            )
            try network.load(state: weights.names, into: state.0, state.1) {
                (weights[$0]!.shape, weights[$0]!.doubles)
            }
            return state
        }

        /// (samples × classes), as PyTorch has them.
        func logits<Scalar: BLASScalar>(
            _: Scalar.Type, purpose: PassPurpose = .inference
        ) throws -> [Double] {
            let (parameters, statistics) = try state(Scalar.self)
            let pass = NetworkPass<Scalar>(network, capacity: data.samples, trains: false)
            pass.load(Array(0..<data.samples)[...], of: data, normalization: imageNormalization)
            pass.forward(at: parameters, statistics, purpose: purpose)
            return (0..<data.samples).flatMap { sample in
                (0..<data.classes).map { Double(pass.logits[$0 * data.samples + sample]) }
            }
        }
    }

    @Test(arguments: Reference.all) func logitsAreThoseOfPyTorch(_ reference: Reference) throws {
        let loaded = try reference.load()
        let double = try #require(loaded.file["logits64"]?.doubles)
        let single = try #require(loaded.file["logits32"]?.doubles)
        let training = try #require(loaded.file["trained.logits"]?.doubles)
        #expect(relativeDifference(try loaded.logits(Double.self), double) < 1e-12)
        #expect(relativeDifference(try loaded.logits(Float.self), single) < 1e-5)
        #expect(
            relativeDifference(try loaded.logits(Double.self, purpose: PassPurpose(isTraining: true)), training)
                < 1e-11)
    }

    @Test(arguments: Reference.all) func gradientsAndStatisticsAreThoseOfPyTorch(_ reference: Reference) throws {
        let loaded = try reference.load()
        let (network, data) = (loaded.network, loaded.data)
        let objective = NetworkObjective<Double>(
            network: network, loss: .crossEntropy, data: data, normalization: imageNormalization, weightDecay: .all(0),
            largestShard: data.samples)
        let (parameters, statistics) = try loaded.state(Double.self)
        objective.statistics.copy(from: statistics)
        let sums = BatchSums<Double>(network)
        let value = objective.evaluate(
            BatchShard(samples: Array(0..<data.samples)[...], batchSize: data.samples), at: parameters,
            addingTo: sums.gradients, statistics: sums.statistics)
        network.updateStatistics(objective.statistics, from: sums.statistics)
        let expected = try #require(loaded.file["trained.loss"]?.doubles)
        #expect(relativeDifference([value], expected) < 1e-12)
        var compared = 0
        for entry in network.stateEntries {
            let ours = network.values(of: entry, sums.gradients, objective.statistics)
            if case .statistics = entry.source {
                let theirs = try #require(loaded.file["trained.\(entry.name)"])
                #expect(
                    theirs.shape == entry.shape && relativeDifference(ours, theirs.doubles) < 1e-12, "\(entry.name)")
                compared += 1
            } else if let theirs = loaded.file["gradient.\(entry.name)"] {
                #expect(
                    theirs.shape == entry.shape && relativeDifference(ours, theirs.doubles) < 1e-10, "\(entry.name)")
                compared += 1
            }
        }
        let results = loaded.file.names.filter { $0.hasPrefix("gradient.") || $0.hasPrefix("trained.") }
        #expect(compared == results.count - 2 && compared >= 6)
    }

    @Test(arguments: Reference.all) func whatIsImportedIsExportedAgain(_ reference: Reference) throws {
        let loaded = try reference.load()
        let (parameters, statistics) = try loaded.state(Float.self)
        let names = loaded.weights.names.filter { !$0.hasSuffix("num_batches_tracked") }
        #expect(loaded.network.stateEntries.map(\.name) == names)
        for entry in loaded.network.stateEntries {
            let array = try #require(loaded.weights[entry.name])
            #expect(entry.shape == array.shape)
            #expect(loaded.network.values(of: entry, parameters, statistics) == array.floats)
        }
    }

    @Test func arraysOfAnotherNetworkAreRefused() throws {
        let loaded = try Reference.all[0].load()
        let network = loaded.network
        let (parameters, statistics) = try loaded.state(Float.self)
        func message(_ change: (inout Safetensors) -> Void) -> String {
            var weights = loaded.weights
            change(&weights)
            do {
                try network.load(state: weights.names, into: parameters, statistics) {
                    (weights[$0]!.shape, weights[$0]!.doubles)
                }
                return "none"
            } catch {
                return error.description
            }
        }
        let vector = NumericArray([1, 2, 3] as [Float])
        #expect(message { _ in } == "none")
        #expect(
            message { $0["bn1.running_mean"] = nil }
                == "array 'bn1.running_mean' of resnet18 is missing; give the weights of this very architecture, under "
                + "the names conv1.weight, bn1.weight, …, fc.bias")
        #expect(
            message { $0["layer3.2.conv1.weight"] = vector }
                == "array 'layer3.2.conv1.weight' is none of resnet18's; give the weights of this very architecture, "
                + "under the names conv1.weight, bn1.weight, …, fc.bias")
        #expect(
            message { $0["conv1.weight"] = vector }
                == "array 'conv1.weight' is [3] and resnet18 wants [2, 3, 3, 3]; build the network with the width, "
                + "images and classes of the weights")
        // (inputs × outputs) where (outputs × inputs) belongs: as many numbers.
        #expect(
            message { $0["fc.weight"] = $0["fc.weight"]!.reshaped(to: [16, 5]) }.hasPrefix(
                "array 'fc.weight' is [16, 5]"))
        #expect(message { $0["bn1.num_batches_tracked"] = nil } == "none")
    }

    @Test func aFixedClassifierIsExportedAndMustBeTheSame() throws {
        let network = try Network(
            Architecture(parsing: "mlp(4)"), input: FeatureShape(vector: 3), classes: 4,
            head: ClassifierHead.Style(fixed: { _, _ in SmallNetwork.fixed }))
        let parameters = ParameterBlock<Float>(layout: network.layout)
        let statistics = ParameterBlock<Float>(layout: network.statistics)
        network.initialize(parameters, statistics, seed: 1)
        let entries = network.stateEntries
        #expect(entries.map(\.name) == ["hidden1.weight", "hidden1.bias", "classifier.weight", "classifier.bias"])
        func load(scaledBy factor: Float) throws {
            let target = ParameterBlock<Float>(layout: network.layout)
            try network.load(state: entries.map(\.name), into: target, statistics) { name in
                let entry = entries.first { $0.name == name }!
                let values = network.values(of: entry, parameters, statistics)
                return (entry.shape, values.map { Double(name == "classifier.weight" ? factor * $0 : $0) })
            }
            #expect(target.storage.array == parameters.storage.array)
        }
        try load(scaledBy: 1)
        #expect(throws: StateError.self) { try load(scaledBy: 1.001) }
    }

    /// PyTorch's LayerNorm of images has γ of (channels × height × width).
    @Test func layerNormOfImagesChangesItsOrder() throws {
        let network = try Network(
            Architecture(parsing: "layers(layer_norm,flatten)"), input: FeatureShape(height: 2, width: 3, channels: 2),
            classes: 2)
        let entry = network.stateEntries[0]
        #expect(entry.shape == [2, 2, 3])
        let parameters = ParameterBlock<Double>(layout: network.layout)
        for i in 0..<12 { parameters.storage[i] = Double(i) }
        let values = network.values(of: entry, parameters, ParameterBlock(layout: network.statistics))
        #expect(values == [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11])
    }
}
