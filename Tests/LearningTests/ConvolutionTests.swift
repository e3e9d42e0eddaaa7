import LinearAlgebra
import Testing

@testable import Learning

/// Convolutions against their twin, by blocked products and by Winograd's algorithm.
@Suite struct ConvolutionTests {
    private func trial(
        _ input: FeatureShape, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int, samples: Int,
        bias: Bool = false, rectifies: Bool = false
    ) -> LayerTrial {
        LayerTrial(input, samples: samples, rectifies: rectifies) { layout, _ in
            Convolution(
                "x", input: input, outputs: outputs, kernel: kernel, stride: stride, padding: padding, bias: bias,
                in: &layout)
        }
    }

    private func check(_ trial: LayerTrial, single: Double, _ location: SourceLocation = #_sourceLocation) {
        let differences = trial.differences()
        let what = Comment(rawValue: "\(trial.layer) of \(trial.inputs[0]), \(trial.samples) samples")
        #expect(differences.double < 1e-12, what, sourceLocation: location)
        #expect(differences.single < single, what, sourceLocation: location)
    }

    static let extents = [(1, 1), (2, 3), (4, 4), (5, 7), (9, 6), (13, 11)]

    // A sum of n products is off by at most n u times the sum of their magnitudes; of random signs that is √n times the
    // largest sum at most, and errors of random signs stay far below.
    @Test(arguments: extents, [1, 2, 3, 5, 7])
    func blockedProductsAreTheirTwin(_ extent: (Int, Int), _ kernel: Int) {
        var seen = 0
        for (inputs, outputs) in [(1, 1), (3, 16), (5, 8), (17, 3)] {
            for (stride, padding) in [(1, 0), (1, kernel / 2), (2, (kernel - 1) / 2), (3, kernel), (2, 0)] {
                guard min(extent.0, extent.1) + 2 * padding >= kernel else { continue }
                let input = FeatureShape(height: extent.0, width: extent.1, channels: inputs)
                let samples = [1, 2, 5][seen % 3]
                let trial = trial(
                    input, outputs, kernel: kernel, stride: stride, padding: padding, samples: samples,
                    bias: seen % 2 == 0, rectifies: seen % 4 < 2)
                guard let layer = trial.layer as? Convolution, !layer.usesWinograd else { continue }
                let terms = max(kernel * kernel * max(inputs, outputs), samples * layer.output.pixels)
                check(trial, single: 4 * Double(terms).squareRoot() * 0x1p-23)
                seen += 1
            }
        }
        #expect(seen >= 4)
    }

    @Test func moreThanOneBlockOfRows() {
        // 65536 numbers a block: 3000 output pixels of 45 numbers are three.
        let trial = trial(
            FeatureShape(height: 30, width: 25, channels: 5), 4, kernel: 3, padding: 1, samples: 4, bias: true,
            rectifies: true)
        #expect((trial.layer as? Convolution)?.usesWinograd == false)
        check(trial, single: 1e-5)
    }

    // Winograd's transforms make errors larger than those of a sum: measured, 2e-6 to 4e-6 of the largest number.
    @Test(arguments: extents, [8, 12, 16, 17])
    func winogradIsItsTwin(_ extent: (Int, Int), _ inputs: Int) {
        for (index, outputs) in [1, 3, 5, 8, 12, 16, 17].enumerated() {
            let samples = [1, 2, 5][index % 3]
            let trial = trial(
                FeatureShape(height: extent.0, width: extent.1, channels: inputs), outputs, kernel: 3, padding: 1,
                samples: samples, bias: index % 2 == 0, rectifies: index % 4 < 2)
            #expect((trial.layer as? Convolution)?.usesWinograd == true)
            check(trial, single: 1e-5)
        }
    }

    @Test func winogradOverSeveralBlocksOfTiles() {
        let trial = trial(
            FeatureShape(height: 13, width: 14, channels: 9), 10, kernel: 3, padding: 1, samples: 41, bias: true,
            rectifies: true)
        guard let layer = trial.layer as? Convolution else { return }
        let plan = WinogradPlan(layer, samples: 41)
        #expect(layer.usesWinograd && plan.tiles > plan.block && plan.tiles % plan.block != 0)
        check(trial, single: 2e-5)
    }

    /// What diverged shows, and only where it is seen.
    @Test(arguments: [3, 8]) func notANumberReachesItsNeighboursOnly(_ channels: Int) {
        let input = FeatureShape(height: 12, width: 12, channels: channels)
        var trial = trial(input, 4, kernel: 3, padding: 1, samples: 2)
        trial.x[0][input.index(0, 1, 1, 0)] = .nan
        let output = trial.run(Float.self).output
        #expect((0...2).allSatisfy { output[trial.layer.output.index(0, $0, 1, 3)].isNaN })
        #expect(!output[trial.layer.output.index(0, 9, 9, 0)].isNaN)
        #expect((0..<trial.layer.output.count).allSatisfy { !output[trial.layer.output.count + $0].isNaN })
    }
}
