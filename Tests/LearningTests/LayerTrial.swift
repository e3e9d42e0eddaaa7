import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

/// Numbers with NaN behind them: whoever writes there is found out, and whoever uses what is there too.
final class GuardedMemory<Scalar: BLASScalar> {
    private let buffer: Buffer<Scalar>
    private let count: Int

    /// - Parameter capacity: numbers there would be room for; the guard begins behind `values` all the same.
    init(_ values: [Double], capacity: Int = 0) {
        count = values.count
        buffer = Buffer(count: max(count, capacity) + 64)
        for i in 0..<buffer.count { buffer[i] = i < count ? Scalar(values[i]) : .nan }
    }

    /// `count` times NaN.
    convenience init(count: Int) { self.init(Array(repeating: .nan, count: count)) }

    var start: UnsafeMutablePointer<Scalar> { buffer.start }
    var values: [Double] { (0..<count).map { Double(buffer[$0]) } }
    var isIntact: Bool { (count..<buffer.count).allSatisfy { buffer[$0].isNaN } }
}

/// What a forward and a backward pass of a layer give.
struct LayerResult {
    var output: [Double]
    var inputGradients: [[Double]]
    /// Of all parameters.
    var gradients: [Double]
    /// What was added to the batch's statistics.
    var batchStatistics: [Double]
}

/// A layer between neighbours, with random numbers for everything it reads, all of them exact in Float32.
struct LayerTrial {
    var layer: any Layer
    let inputs: [FeatureShape]
    let layout: ParameterLayout
    let statisticsLayout: ParameterLayout
    var samples: Int
    /// Samples that memory is there for.
    var capacity: Int
    var purpose = PassPurpose(isTraining: true)
    /// Whether gradients of the inputs are added to what is there.
    var accumulates = false
    var wantsInputGradient = true

    var x: [[Double]]
    var parameters: [Double]
    var statistics: [Double]
    var outputGradient: [Double]
    /// What is in the gradients before.
    var inputGradientsBefore: [[Double]]
    var gradientsBefore: [Double]

    init(
        _ inputs: FeatureShape..., samples: Int, seed: UInt64 = 1, rectifies: Bool = false,
        _ make: (_ layout: inout ParameterLayout, _ statistics: inout ParameterLayout) -> any Layer
    ) {
        var (layout, statisticsLayout) = (ParameterLayout(), ParameterLayout())
        layout.add("before", shape: [5])
        layer = make(&layout, &statisticsLayout)
        layout.add("after", shape: [40])
        if rectifies { layer.rectifies = true }
        let output = layer.output
        (self.inputs, self.samples, capacity) = (inputs, samples, samples)
        (self.layout, self.statisticsLayout) = (layout, statisticsLayout)
        func random(_ count: Int, _ stream: UInt32) -> [Double] {
            let random = Philox(seed: seed, purpose: .test)
            return (0..<count).map { Double(Float(random.normal(at: UInt64($0), stream: stream))) }
        }
        x = inputs.enumerated().map { random(samples * $1.count, 10 + UInt32($0)) }
        parameters = random(layout.count, 1)
        statistics = random(statisticsLayout.count, 2).map { abs($0) }
        outputGradient = random(samples * output.count, 3)
        inputGradientsBefore = inputs.enumerated().map { random(samples * $1.count, 20 + UInt32($0)) }
        gradientsBefore = random(layout.count, 4)
    }

    func run<Scalar: BLASScalar>(_: Scalar.Type) -> LayerResult {
        func block(_ layout: ParameterLayout, _ values: [Double]) -> ParameterBlock<Scalar> {
            ParameterBlock(layout: layout, storage: Buffer(values.map { Scalar($0) }))
        }
        let x = zip(self.x, inputs).map { GuardedMemory<Scalar>($0, capacity: capacity * $1.count) }
        let y = GuardedMemory<Scalar>(
            Array(repeating: .nan, count: samples * layer.output.count), capacity: capacity * layer.output.count)
        let saved = GuardedMemory<Scalar>(count: layer.savedCount(samples: capacity))
        let workspace = GuardedMemory<Scalar>(count: layer.workspaceCount(samples: capacity))
        let (parameters, statistics) = (block(layout, parameters), block(statisticsLayout, statistics))
        let batchStatistics = ParameterBlock<Scalar>(layout: statisticsLayout)
        layer.forward(
            ForwardCall(
                samples: samples, input: x[0].start, secondInput: x.count > 1 ? UnsafePointer(x[1].start) : nil,
                output: y.start, saved: saved.start, workspace: workspace.start, parameters: parameters,
                statistics: statistics, batchStatistics: batchStatistics, purpose: purpose))
        let output = y.values
        let dy = GuardedMemory<Scalar>(outputGradient, capacity: capacity * layer.output.count)
        let dx = inputGradientsBefore.map {
            GuardedMemory<Scalar>(accumulates ? $0 : Array(repeating: .nan, count: $0.count))
        }
        func target(_ index: Int) -> InputGradient<Scalar>? {
            guard wantsInputGradient, index < dx.count else { return nil }
            return InputGradient(start: dx[index].start, accumulates: accumulates, isOutputGradient: false)
        }
        let gradients = block(layout, gradientsBefore)
        // Other layers have used the workspace in between.
        let other = GuardedMemory<Scalar>(count: layer.workspaceCount(samples: capacity))
        if purpose.isTraining {
            layer.backward(
                BackwardCall(
                    samples: samples, input: x[0].start, secondInput: x.count > 1 ? UnsafePointer(x[1].start) : nil,
                    output: y.start, outputGradient: dy.start, inputGradient: target(0),
                    secondInputGradient: target(1), saved: saved.start, workspace: other.start,
                    parameters: parameters, gradients: gradients))
        }
        let name = layer.description
        let memory = x + [y, saved, workspace, other, dy] + dx
        #expect(memory.allSatisfy { $0.isIntact }, "\(name) writes where it should not")
        #expect(zip(x, self.x).allSatisfy { relativeDifference($0.values, $1) == 0 }, "\(name) changes its input")
        #expect(layer.rectifies || dy.values == outputGradient, "\(name) changes its gradient")
        #expect(y.values == output || !output.allSatisfy { $0 == $0 }, "\(name) changes its output when going back")
        return LayerResult(
            output: output, inputGradients: wantsInputGradient && purpose.isTraining ? dx.map(\.values) : [],
            gradients: gradients.storage.array.map { Double($0) },
            batchStatistics: batchStatistics.storage.array.map { Double($0) })
    }

    /// - Parameter output: which ReLUs pass is up to this, the output of the layer itself: in Float32 a number next to
    ///   zero may have another sign.
    func naive(output: [Double]) -> LayerResult {
        let twin = NaiveLayer(
            layer: layer, samples: samples, parameters: parameters, statistics: statistics, purpose: purpose)
        var result = LayerResult(
            output: twin.forward(x), inputGradients: [], gradients: gradientsBefore,
            batchStatistics: Array(repeating: 0, count: statisticsLayout.count))
        if purpose.isTraining {
            let shares = twin.backward(x, output: output, outputGradient, addingTo: &result.gradients)
            if wantsInputGradient {
                result.inputGradients =
                    accumulates
                    ? zip(inputGradientsBefore, shares).map { zip($0, $1).map { $0 + $1 } } : shares
            }
            if let layer = layer as? BatchNormalization {
                for (place, value) in twin.batchStatistics(layer, x[0]) {
                    result.batchStatistics[place] = value * purpose.shareOfBatch
                }
            }
        }
        return result
    }

    /// Largest difference between the layer in this precision and its twin, each array relative to its largest number.
    func difference<Scalar: BLASScalar>(_: Scalar.Type) -> Double {
        let result = run(Scalar.self)
        return Self.difference(result, naive(output: result.output))
    }

    private static func difference(_ result: LayerResult, _ expected: LayerResult) -> Double {
        guard result.inputGradients.count == expected.inputGradients.count else { return .infinity }
        let pairs =
            [
                (result.output, expected.output), (result.gradients, expected.gradients),
                (result.batchStatistics, expected.batchStatistics),
            ] + zip(result.inputGradients, expected.inputGradients)
        return pairs.map { relativeDifference($0, $1) }.max()!
    }

    /// The same in Float64 and Float32, at worst: with gradients of the inputs set, added in memory of more samples
    /// than there are, and not wanted.
    func differences() -> (double: Double, single: Double) {
        var worst = (double: 0.0, single: 0.0)
        var twins: [[Bool]: LayerResult] = [:]
        for (adds, wanted) in [(false, true), (true, true), (false, false)] {
            var trial = self
            (trial.accumulates, trial.wantsInputGradient) = (adds, wanted)
            trial.capacity = adds ? samples + 3 : samples
            func difference(_ result: LayerResult) -> Double {
                // The twin depends on the result through this alone.
                let passes = layer.rectifies ? result.output.map { $0 > 0 } : []
                var expected = twins[passes] ?? naive(output: result.output)
                twins[passes] = expected
                if adds {
                    expected.inputGradients = zip(inputGradientsBefore, expected.inputGradients).map {
                        zip($0, $1).map { $0 + $1 }
                    }
                }
                if !wanted { expected.inputGradients = [] }
                return Self.difference(result, expected)
            }
            worst.double = max(worst.double, difference(trial.run(Double.self)))
            worst.single = max(worst.single, difference(trial.run(Float.self)))
        }
        return worst
    }
}

/// The largest difference, over the largest number that is expected; infinite where a number is NaN on one side.
func relativeDifference(_ seen: [Double], _ expected: [Double]) -> Double {
    guard seen.count == expected.count else { return .infinity }
    let largest = expected.reduce(0) { max($0, abs($1)) }
    return zip(seen, expected).reduce(0) { worst, pair in
        if pair.0 == pair.1 || pair.0.isNaN && pair.1.isNaN { return worst }
        let difference = abs(pair.0 - pair.1) / max(largest, .leastNormalMagnitude)
        return difference.isNaN ? .infinity : max(worst, difference)
    }
}
