import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

private func layout(_ counts: [Int]) -> ParameterLayout {
    var layout = ParameterLayout()
    for (index, count) in counts.enumerated() { layout.add("slice\(index)", shape: [count]) }
    return layout
}

/// Filled with normal numbers of a stream of their own.
private func randomBlock<Scalar: BLASScalar>(
    _ layout: ParameterLayout, _ scalar: Scalar.Type = Scalar.self, stream: UInt32
) -> ParameterBlock<Scalar> {
    let random = Philox(seed: 9, purpose: .test)
    let block = ParameterBlock<Scalar>(layout: layout)
    for i in 0..<layout.count { block.storage[i] = Scalar(random.normal(at: UInt64(i), stream: stream)) }
    return block
}

@Suite struct WeightDecayTests {
    /// Larger than a piece, with neighbours of one λ.
    private let shape = layout([700, 1500, 30, 2100, 5])
    private let lambdas = [0.5, 0.5, 0, 0.25, 0.25]

    private func decay() -> WeightDecay {
        WeightDecay(shape) { self.lambdas[Int(String($0.name.last!))!] }
    }

    @Test func neighboursOfOneLambdaAreOnePart() {
        #expect(decay().parts.map(\.range) == [0..<2200, 2200..<2230, 2230..<4335])
        #expect(decay().parts.map(\.lambda) == [0.5, 0, 0.25])
        #expect(WeightDecay(shape, 0.1).parts.map(\.range) == [0..<4335])
    }

    @Test func penaltyAndItsGradient() {
        let theta = randomBlock(shape, Double.self, stream: 0)
        let gradients = randomBlock(shape, Double.self, stream: 1)
        let before = gradients.storage.array
        let value = decay().evaluate(at: theta, addingTo: gradients)
        var expected = 0.0
        for (slice, lambda) in zip(shape.slices, lambdas) {
            for i in slice.range {
                expected += lambda / 2 * theta.storage[i] * theta.storage[i]
                #expect(gradients.storage[i] == before[i] + lambda * theta.storage[i])
            }
        }
        #expect(abs(value / expected - 1) < 1e-13)
        #expect(decay().penalty(at: theta) == value)
    }
}

@Suite struct OptimizerTests {
    enum Method: CaseIterable { case sgd, nesterov, adam, adamW }

    private func make<Scalar: BLASScalar>(
        _ method: Method, _ layout: ParameterLayout, _ decay: WeightDecay
    ) -> any Optimizer<Scalar> {
        switch method {
        case .sgd, .nesterov:
            SGD(layout: layout, momentum: 0.9, isNesterov: method == .nesterov, weightDecay: decay)
        case .adam, .adamW: Adam(layout: layout, weightDecay: decay, decouplesDecay: method == .adamW)
        }
    }

    /// Weight decay in the same pass makes the bits of a pass of its own before it.
    @Test func decayInTheSamePassMakesTheSameBits() {
        let shape = layout([3000])
        let (lambda, momentum, rate) = (Float(5e-4), Float(0.9), Float(0.05))
        let theta = randomBlock(shape, Float.self, stream: 0)
        let optimizer = SGD<Float>(layout: shape, momentum: 0.9, weightDecay: WeightDecay(shape, 5e-4))
        var (expected, velocity) = (theta.storage.array, [Float](repeating: 0, count: 3000))
        for step in 1...5 {
            let g = randomBlock(shape, Float.self, stream: UInt32(step))
            for i in expected.indices {
                let decayed = g.storage[i] + lambda * expected[i]
                velocity[i] = momentum * velocity[i] + decayed
                expected[i] -= rate * velocity[i]
            }
            optimizer.update(theta, along: g, learningRate: 0.05, clearingGradients: true)
        }
        #expect(theta.storage.array == expected)
    }

    /// In single precision the steps are those in double to its accuracy, on every number of a long block.
    @Test(arguments: Method.allCases) func singleFollowsDouble(_ method: Method) {
        let shape = layout([1000, 2345, 1])
        let decay = WeightDecay(shape) { $0.offset == 0 ? 0 : 0.01 }
        let (double, single) = (randomBlock(shape, Double.self, stream: 0), randomBlock(shape, Float.self, stream: 0))
        let (a, b): (any Optimizer<Double>, any Optimizer<Float>) = (
            make(method, shape, decay), make(method, shape, decay)
        )
        for step in 1...6 {
            let (g, h) = (
                randomBlock(shape, Double.self, stream: UInt32(step)),
                randomBlock(shape, Float.self, stream: UInt32(step))
            )
            a.update(double, along: g, learningRate: 0.01, clearingGradients: false)
            b.update(single, along: h, learningRate: 0.01, clearingGradients: true)
            #expect(h.storage.array.allSatisfy { $0 == 0 })
            #expect(g.storage.array.contains { $0 != 0 })
        }
        #expect(zip(double.storage.array, single.storage.array).allSatisfy { abs($0 - Double($1)) < 2e-6 })
    }

    /// What lies behind the optimiser's own layout stays, the gradients there too.
    @Test(arguments: Method.allCases) func actsOnAPrefix(_ method: Method) {
        let (whole, part) = (layout([1100, 50, 7]), layout([1100, 50]))
        let (theta, short) = (randomBlock(whole, Double.self, stream: 0), ParameterBlock<Double>(layout: part))
        short.storage.start.update(from: theta.start, count: part.count)
        let start = theta.storage.array
        let decay = WeightDecay(part, 0.1)
        let (a, b): (any Optimizer<Double>, any Optimizer<Double>) = (
            make(method, part, decay), make(method, part, decay)
        )
        for step in 1...3 {
            let g = randomBlock(whole, Double.self, stream: UInt32(step))
            let h = randomBlock(part, Double.self, stream: UInt32(step))
            let tail = Array(g.storage.array[1150...])
            a.update(theta, along: g, learningRate: 0.1, clearingGradients: true)
            b.update(short, along: h, learningRate: 0.1, clearingGradients: true)
            #expect(Array(g.storage.array[1150...]) == tail)
        }
        #expect(Array(theta.storage.array[..<1150]) == short.storage.array)
        #expect(Array(theta.storage.array[1150...]) == Array(start[1150...]))
        #expect(zip(theta.storage.array, start).prefix(1150).allSatisfy { $0 != $1 })
    }

    @Test(arguments: Method.allCases) func resumesWithTheSameBits(_ method: Method) throws {
        let shape = layout([1500, 20])
        let decay = WeightDecay(shape, 0.01)
        func train(_ theta: ParameterBlock<Float>, _ optimizer: any Optimizer<Float>, _ steps: ClosedRange<Int>) {
            for step in steps {
                optimizer.update(
                    theta, along: randomBlock(shape, stream: UInt32(step)), learningRate: 0.03, clearingGradients: false
                )
            }
        }
        let (straight, first) = (randomBlock(shape, Float.self, stream: 0), randomBlock(shape, Float.self, stream: 0))
        train(straight, make(method, shape, decay), 1...9)

        let before: any Optimizer<Float> = make(method, shape, decay)
        train(first, before, 1...4)
        // Numbers go through text, as metadata of a file do.
        let progress = before.progress.mapValues { String($0) }.compactMapValues(Double.init)
        let saved = Dictionary(uniqueKeysWithValues: before.blocks.map { ($0.name, $0.block.storage.array) })
        let after: any Optimizer<Float> = make(method, shape, decay)
        let isResumed = after.resume(from: progress) { state in
            guard let values = saved[state.name], values.count == state.block.count else { return false }
            for (index, value) in values.enumerated() { state.block.storage[index] = value }
            return true
        }
        #expect(isResumed)
        train(first, after, 5...9)
        #expect(first.storage.array == straight.storage.array)
    }

    /// A checkpoint of which a part is missing leaves the optimiser at rest.
    @Test(arguments: Method.allCases) func aDamagedStateIsRefused(_ method: Method) {
        let shape = layout([40])
        let optimizer: any Optimizer<Double> = make(method, shape, WeightDecay(shape, 0))
        let (last, names) = (optimizer.blocks.last!.name, optimizer.blocks.map(\.name))
        #expect(Set(names).count == names.count)
        let isResumed = optimizer.resume(from: ["steps": 7]) { state in
            for i in 0..<40 { state.block.storage[i] = 3 }
            return state.name != last
        }
        #expect(!isResumed)
        #expect(optimizer.blocks.allSatisfy { $0.block.storage.array.allSatisfy { $0 == 0 } })
        if method == .adam || method == .adamW {
            for steps in [[:], ["steps": -1], ["steps": 1.5], ["steps": Double.nan]] {
                #expect(!optimizer.resume(from: steps) { _ in true })
                #expect(optimizer.progress == ["steps": 0])
            }
        }
    }
}
