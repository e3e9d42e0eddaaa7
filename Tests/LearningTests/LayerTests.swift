import LinearAlgebra
import Testing

@testable import Learning

private func shape(_ height: Int, _ width: Int, _ channels: Int) -> FeatureShape {
    FeatureShape(height: height, width: width, channels: channels)
}

private let shapes = [
    shape(1, 1, 1), shape(1, 1, 16), shape(2, 3, 5), shape(4, 4, 8), shape(5, 7, 3), shape(9, 6, 17), shape(13, 11, 12),
]

/// Float64 agrees with the twin to 1e-12 of the largest number, Float32 to this; checked for both ways of writing
/// gradients, for memory of more samples than there are, and without a gradient of the input.
private func check(_ trial: LayerTrial, single: Double, _ location: SourceLocation = #_sourceLocation) {
    let differences = trial.differences()
    let what = Comment(rawValue: "\(trial.layer) of \(trial.inputs), \(trial.samples) samples")
    #expect(differences.double < 1e-12, what, sourceLocation: location)
    #expect(differences.single < single, what, sourceLocation: location)
}

/// u of Float32.
private let unit = 0x1p-24

@Suite struct LayerTests {
    // A sum of n products is off by at most about n u times the sum of their magnitudes; of random signs, by far less
    // than n u times the largest sum.
    @Test(arguments: [1, 3, 16, 37], [1, 2, 5, 17])
    func denseIsItsTwin(_ inputs: Int, _ outputs: Int) {
        for (samples, bias, rectifies) in [(1, true, true), (2, false, true), (5, true, false), (33, false, false)] {
            let trial = LayerTrial(FeatureShape(vector: inputs), samples: samples, rectifies: rectifies) { layout, _ in
                Dense("x", input: FeatureShape(vector: inputs), outputs: outputs, bias: bias, in: &layout)
            }
            check(trial, single: 8 * Double(max(inputs, outputs, samples)) * unit)
        }
    }

    @Test(arguments: shapes) func batchNormIsItsTwin(_ input: FeatureShape) {
        for (samples, rectifies) in [(2, true), (5, false), (1, true), (40, true)] {
            // One pixel alone is its own mean: its deviation is nothing but rounding errors.
            guard samples * input.pixels > 1 else { continue }
            let trial = LayerTrial(input, samples: samples, rectifies: rectifies) { layout, statistics in
                BatchNormalization("x", input: input, in: &layout, statistics: &statistics)
            }
            // Two pixels may lie close to each other: the division by their deviation makes errors larger.
            check(trial, single: samples * input.pixels > 2 ? 1e-5 : 1e-3)
            var measuring = trial
            measuring.purpose = .inference
            #expect(measuring.difference(Double.self) < 1e-12)
            #expect(measuring.difference(Float.self) < 1e-5)
        }
    }

    @Test(arguments: shapes) func layerNormIsItsTwin(_ input: FeatureShape) {
        for samples in [1, 5] {
            let trial = LayerTrial(input, samples: samples) { layout, _ in
                LayerNormalization("x", input: input, in: &layout)
            }
            check(trial, single: 1e-5)
        }
    }

    @Test(arguments: Activation.Function.allCases, shapes)
    func activationIsItsTwin(_ function: Activation.Function, _ input: FeatureShape) {
        check(
            LayerTrial(input, samples: 5) { _, _ in Activation(function: function, output: input) }, single: 8 * unit)
    }

    @Test func activationsOfExtremeNumbers() {
        for function in Activation.Function.allCases {
            var trial = LayerTrial(FeatureShape(vector: 4), samples: 1) { _, _ in
                Activation(function: function, output: FeatureShape(vector: 4))
            }
            trial.x = [[-300, 300, 0, 40]]
            let result = trial.run(Float.self)
            #expect(result.output == (function == .tanh ? [-1, 1, 0, 1] : [0, 300, 0, 40]))
            let slopes = zip(result.inputGradients[0], trial.outputGradient).map { $0 / $1 }
            #expect(slopes[0] == 0 && slopes[1] == (function == .tanh ? 0 : 1))
            #expect(slopes[2] == (function == .tanh ? 1 : function == .gelu ? 0.5 : 0))
            trial.x = [[.nan, 1, 1, 1]]
            #expect(trial.run(Float.self).output[0].isNaN)
        }
    }

    @Test(arguments: shapes) func poolingIsItsTwin(_ input: FeatureShape) {
        for (window, stride, padding) in [
            (1, 1, 0), (2, 2, 0), (2, 1, 1), (3, 2, 1), (3, 3, 0), (3, 1, 1), (5, 2, 2), (7, 3, 3),
        ] where min(input.height, input.width) + 2 * padding >= window {
            for kind in [Pooling.Kind.maximum, .average] {
                for samples in [1, 2, 5] {
                    let trial = LayerTrial(input, samples: samples) { _, _ in
                        Pooling(kind, input: input, window: window, stride: stride, padding: padding)
                    }
                    check(trial, single: 4 * Double(window * window) * unit)
                }
            }
        }
    }

    @Test func aMaximumSeveralTimesIsTakenFromTheFirst() {
        let input = shape(2, 2, 3)
        var trial = LayerTrial(input, samples: 1) { _, _ in Pooling(.maximum, input: input, window: 2, stride: 2) }
        // Pixel after pixel; channel 0 has ties everywhere, 1 between the last two, 2 infinities.
        trial.x = [[4, 1, -.infinity, 4, 0, .infinity, 4, 2, .infinity, 4, 2, 0]]
        trial.outputGradient = [5, 6, 7]
        let result = trial.run(Float.self)
        #expect(result.output == [4, 2, .infinity])
        #expect(result.inputGradients == [[5, 0, 0, 0, 0, 7, 0, 6, 0, 0, 0, 0]])
    }

    /// A run that diverged must not look as if it had not.
    @Test(arguments: 0..<4) func notANumberPassesThroughPooling(_ place: Int) {
        let input = shape(2, 2, 2)
        for kind in [Pooling.Kind.maximum, .average] {
            var trial = LayerTrial(input, samples: 1) { _, _ in Pooling(kind, input: input, window: 2, stride: 2) }
            trial.x[0][2 * place] = .nan
            let output = trial.run(Float.self).output
            #expect(output[0].isNaN && !output[1].isNaN)
        }
        var whole = LayerTrial(input, samples: 1) { _, _ in GlobalAveragePooling(input: input) }
        whole.x[0][2 * place] = .nan
        let output = whole.run(Float.self).output
        #expect(output[0].isNaN && !output[1].isNaN)
    }

    @Test(arguments: shapes) func globalPoolingAndFlatteningAreTheirTwins(_ input: FeatureShape) {
        for samples in [1, 2, 5] {
            check(
                LayerTrial(input, samples: samples) { _, _ in GlobalAveragePooling(input: input) },
                single: 4 * Double(input.pixels) * unit)
            check(LayerTrial(input, samples: samples) { _, _ in Flatten(input: input) }, single: 2 * unit)
        }
    }

    @Test(arguments: shapes) func joinsAreTheirTwins(_ input: FeatureShape) {
        for samples in [1, 5] {
            for rectifies in [false, true] {
                check(
                    LayerTrial(input, input, samples: samples, rectifies: rectifies) { _, _ in
                        Addition(output: input)
                    }, single: 4 * unit)
            }
            for channels in [1, 8, 13] {
                let other = shape(input.height, input.width, channels)
                check(
                    LayerTrial(input, other, samples: samples) { _, _ in
                        Concatenation(first: input, second: other)
                    }, single: 2 * unit)
            }
        }
    }

    @Test(arguments: shapes) func paddedShortcutIsItsTwin(_ input: FeatureShape) {
        for stride in [1, 2, 3] {
            for more in [0, 1, 2, 5] {
                check(
                    LayerTrial(input, samples: 2) { _, _ in
                        PaddedShortcut(input: input, outputs: input.channels + more, stride: stride)
                    }, single: 2 * unit)
            }
        }
    }
}

// MARK: Dropout

extension LayerTests {
    private func dropout(_ probability: Double, samples: Int, width: Int = 50, index: Int = 0) -> LayerTrial {
        let input = FeatureShape(vector: width)
        var trial = LayerTrial(input, samples: samples) { _, _ in
            Dropout(output: input, probability: probability, index: index)
        }
        trial.purpose = PassPurpose(isTraining: true, seed: 9, step: 4, firstSample: 3)
        return trial
    }

    @Test func dropoutIsItsTwin() {
        for probability in [0, 0.1, 0.5, 0.9] { check(dropout(probability, samples: 5), single: 4 * unit) }
    }

    @Test func dropoutKeepsTheMeanAndDropsAsManyAsItSays() {
        for probability in [0.1, 0.5, 0.8] {
            var trial = dropout(probability, samples: 200)
            trial.x = [Array(repeating: 1, count: 10_000)]
            let output = trial.run(Double.self).output
            let kept = output.filter { $0 != 0 }
            #expect(kept.allSatisfy { abs($0 - 1 / (1 - probability)) < 1e-15 })
            // Five standard deviations of a binomial count.
            let deviation = (10_000 * probability * (1 - probability)).squareRoot()
            #expect(abs(Double(10_000 - kept.count) - 10_000 * probability) < 5 * deviation)
        }
    }

    @Test func dropoutIsTheSameHoweverABatchIsCut() {
        let whole = dropout(0.5, samples: 7)
        let expected = whole.run(Float.self).output
        var (parts, first) = ([Double](), 0)
        for count in [2, 1, 4] {
            var part = dropout(0.5, samples: count)
            part.x = [Array(whole.x[0][first * 50..<(first + count) * 50])]
            part.purpose.firstSample = 3 + first
            parts += part.run(Float.self).output
            first += count
        }
        #expect(parts == expected)
    }

    @Test func dropoutIsAnotherOneEachStepSeedAndLayer() {
        let trial = dropout(0.5, samples: 4)
        func zeros(_ trial: LayerTrial) -> [Bool] { trial.run(Float.self).output.map { $0 == 0 } }
        var (step, seed, index) = (trial, trial, trial)
        step.purpose.step = 5
        seed.purpose.seed = 10
        index.layer = dropout(0.5, samples: 4, index: 1).layer
        for other in [step, seed, index] {
            let same = zip(zeros(trial), zeros(other)).filter { $0 == $1 }.count
            // Of 200, half: five standard deviations are 35.
            #expect(abs(same - 100) < 36)
        }
    }

    @Test func dropoutLeavesMeasurementsAlone() {
        var trial = dropout(0.5, samples: 4)
        trial.purpose = .inference
        #expect(trial.run(Float.self).output == trial.x[0])
    }
}

// MARK: Batch normalisation

extension LayerTests {
    /// Shards of a batch have means and variances of their own, of which the batch's are the weighted mean.
    @Test func statisticsOfShardsAddUpByTheirShares() throws {
        let input = shape(2, 3, 4)
        let whole = LayerTrial(input, samples: 6) { layout, statistics in
            BatchNormalization("x", input: input, in: &layout, statistics: &statistics)
        }
        var sums = [Double](repeating: 0, count: 8)
        var expected = sums
        var first = 0
        for count in [4, 2] {
            var part = LayerTrial(input, samples: count) { layout, statistics in
                BatchNormalization("x", input: input, in: &layout, statistics: &statistics)
            }
            part.x = [Array(whole.x[0][first * 24..<(first + count) * 24])]
            part.purpose.shareOfBatch = Double(count) / 6
            sums = zip(sums, part.run(Double.self).batchStatistics).map { $0 + $1 }
            for c in 0..<4 {
                let numbers = stride(from: c, to: count * 24, by: 4).map { part.x[0][$0] }
                let n = Double(numbers.count)
                let mean = numbers.reduce(0, +) / n
                expected[c] += mean * Double(count) / 6
                expected[4 + c] += numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1) * Double(count) / 6
            }
            first += count
        }
        #expect(relativeDifference(sums, expected) < 1e-14)
    }

    /// Means far from zero cost no digits: a variance as mean of squares minus square of mean would lose them all.
    @Test func batchNormOfNumbersFarFromZero() {
        let input = shape(8, 8, 3)
        var trial = LayerTrial(input, samples: 4) { layout, statistics in
            BatchNormalization("x", input: input, in: &layout, statistics: &statistics)
        }
        trial.x = [trial.x[0].map { Double(Float($0 + 3000)) }]
        // The mean itself is rounded to Float32: 3000 u.
        #expect(trial.difference(Float.self) < 3000 * 4 * unit)
    }

    @Test func runningStatisticsMoveByATenth() throws {
        let network = try Network(
            Architecture(parsing: "mlp(2,batch_norm)"), input: FeatureShape(vector: 3), classes: 2)
        let running = ParameterBlock<Double>(layout: network.statistics)
        let batch = ParameterBlock<Double>(layout: network.statistics)
        for i in 0..<4 { (running.storage[i], batch.storage[i]) = (Double(i + 1), Double(10 * i)) }
        network.updateStatistics(running, from: batch)
        #expect(relativeDifference(running.storage.array, [0.9, 2.8, 4.7, 6.6]) < 1e-15)
    }

    /// A single number is its own mean; PyTorch refuses it.
    @Test func batchNormOfASingleNumberGivesItsShift() {
        let input = FeatureShape(vector: 3)
        let trial = LayerTrial(input, samples: 1) { layout, statistics in
            BatchNormalization("x", input: input, in: &layout, statistics: &statistics)
        }
        let result = trial.run(Double.self)
        #expect(relativeDifference(result.output, Array(trial.parameters[8..<11])) < 1e-12)
        #expect(result.inputGradients[0].allSatisfy { abs($0) < 1e-10 })
        #expect(Array(result.batchStatistics[3...]) == [0, 0, 0])
    }
}
