import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

@Suite struct SGDTests {
    /// v ← m·v + g, θ ← θ − η·v, number by number.
    @Test(arguments: [0.0, 0.9], [false, true])
    func agreesWithTheNaiveTwin(_ momentum: Double, _ clearing: Bool) {
        var layout = ParameterLayout()
        layout.add("a", shape: [37, 3])
        let (parameters, gradients) = (ParameterBlock<Double>(layout: layout), ParameterBlock<Double>(layout: layout))
        let optimizer = SGD<Double>(layout: layout, momentum: momentum)
        let random = Philox(seed: 2, purpose: .test)
        var theta = [Double](repeating: 0, count: layout.count)
        var velocity = theta
        for step in 0..<5 {
            let rate = step < 3 ? 0.1 : 0.01
            for index in 0..<layout.count {
                let g = random.normal(at: UInt64(index), stream: UInt32(step))
                gradients.storage[index] = g
                velocity[index] = momentum * velocity[index] + g
                theta[index] = theta[index] - rate * velocity[index]
            }
            optimizer.update(parameters, along: gradients, learningRate: rate, clearingGradients: clearing)
            #expect(parameters.storage.array == theta)
            #expect(optimizer.velocity.storage.array == velocity)
            #expect(gradients.storage.array.allSatisfy { $0 == 0 } == clearing)
        }
    }

    @Test func trainingLearnsAndRepeatsItsBits() throws {
        let data = randomData(samples: 60, width: 20, classes: 3)
        func train() throws -> (first: Double, last: Double, parameters: [Float]) {
            let network = try Network(Architecture(parsing: "mlp(32)"), input: FeatureShape(vector: 20), classes: 3)
            let objective = NetworkObjective<Float>(
                network: network, loss: .crossEntropy, data: data,
                normalization: Normalization(of: data, samples: Array(0..<60)), weightDecay: .all(1e-4),
                largestShard: 16)
            let parameters = ParameterBlock<Float>(layout: network.layout)
            let gradients = ParameterBlock<Float>(layout: network.layout)
            objective.initialize(parameters, seed: 6)
            let optimizer = SGD<Float>(layout: network.layout, momentum: 0.9)
            var order = BatchOrder(samples: Array(0..<60), seed: 6)
            var losses: [Double] = []
            for epoch in 0..<60 {
                order.shuffle(epoch: epoch)
                var sum = 0.0
                for index in 0..<order.batches(ofSize: 16) {
                    let batch = order.batch(index, size: 16)
                    gradients.zero()
                    sum += objective.evaluate(
                        BatchShard(samples: batch, batchSize: batch.count), at: parameters, addingTo: gradients)
                    _ = objective.decay(at: parameters, addingTo: gradients)
                    optimizer.update(parameters, along: gradients, learningRate: 0.05)
                }
                losses.append(sum / Double(order.batches(ofSize: 16)))
            }
            return (losses[0], losses.last!, parameters.storage.array)
        }
        let (a, b) = (try train(), try train())
        // Random labels: only memorised, which this network can.
        #expect(a.first > 0.9)
        #expect(a.last < 0.05)
        #expect(a.parameters == b.parameters)
    }
}
