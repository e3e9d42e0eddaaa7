import Foundation
import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

@Suite struct SortedCrossEntropyTests {
    /// Losses by lane and gradients against the naive twin: pieces that begin and end within classes, classes without a
    /// column in a piece, logits from tiny to where exponentials vanish.
    @Test(arguments: [[3, 5], [1, 1, 1], [40, 70, 90, 11], [16, 16, 16, 16], Array(repeating: 2, count: 100)])
    func agreesWithTheNaiveTwin(_ columns: [Int]) {
        check(columns, Float.self, within: 3e-6)
        check(columns, Double.self, within: 1e-14)
    }

    private func check<Scalar: BLASScalar>(_ columns: [Int], _: Scalar.Type, within tolerance: Double) {
        let (count, lanes) = (columns.reduce(0, +), Scalar.Lanes.scalarCount)
        let labels = columns.enumerated().flatMap { Array(repeating: Int32($0), count: $1) }
        let random = Philox(seed: 4, purpose: .test)
        for deviation in [1e-3, 1, 10, 60] {
            let logits = columns.indices.map { label in
                (0..<count).map { Double(Scalar(deviation * random.normal(at: UInt64(label * count + $0)))) }
            }
            let expected = naiveLoss(.crossEntropy, logits: logits, labels: labels, scale: 0.25)
            let stride = (count + 2 * lanes - 1) / (2 * lanes) * 2 * lanes
            let padding = [Scalar](repeating: 0, count: stride - count)
            let buffer = Buffer(logits.flatMap { $0.map { Scalar($0) } + padding })
            let sums = Buffer<Double>(count: lanes)
            let loss = SortedCrossEntropy<Scalar>(columns: columns)
            for first in Swift.stride(from: 0, to: count, by: 2 * lanes) {
                loss.evaluate(
                    buffer.start + first, maxima: nil, stride: stride, first: first,
                    columns: min(2 * lanes, count - first), scale: 0.25, addingTo: sums.start)
            }
            let value = 0.25 * sums.array.reduce(0, +)
            #expect(abs(value - expected.value) <= tolerance * expected.value, "\(value), not \(expected.value)")
            for label in columns.indices {
                for i in 0..<count {
                    let (slope, wanted) = (Double(buffer[label * stride + i]), expected.gradient[label][i])
                    // The error of e^x is that of x, so relative to how far down it is.
                    let depth = wanted == 0 ? 0 : abs(log(abs(wanted)))
                    #expect(
                        abs(slope - wanted) <= tolerance * (1 + depth / 10) * abs(wanted)
                            + Double(Scalar.leastNormalMagnitude) * 1e3)
                }
            }
        }
    }

    /// The loss of samples far on the right side keeps its relative accuracy, lane by lane.
    @Test func tinyLossesKeepTheirDigits() {
        let lanes = Double.Lanes.scalarCount
        let columns = [64, 64]
        let lead = (0..<128).map { 20 + 15 * Double($0) / 128 }
        let logits = Buffer(lead.indices.map { $0 < 64 ? lead[$0] : 0 } + lead.indices.map { $0 < 64 ? 0 : lead[$0] })
        let sums = Buffer<Double>(count: lanes)
        SortedCrossEntropy<Double>(columns: columns).evaluate(
            logits.start, maxima: nil, stride: 128, first: 0, columns: 128, scale: 1, addingTo: sums.start)
        for lane in 0..<lanes {
            let expected = stride(from: lane, to: 128, by: lanes).reduce(0.0) {
                $0 + naiveLoss(.crossEntropy, logits: [[lead[$1]], [0]], labels: [0], scale: 1).value
            }
            #expect(abs(sums[lane] - expected) <= 1e-14 * expected)
        }
    }

    @Test(arguments: [Double.nan, .infinity])
    func whatIsNotFiniteShows(_ value: Double) {
        let stride = 2 * Double.Lanes.scalarCount
        for place in 0..<8 {
            // Two rows of four, and what fills them up to pairs of vectors.
            let logits = Buffer((0..<2 * stride).map { Double($0 / stride * 4 + $0 % stride) })
            logits[place / 4 * stride + place % 4] = value
            let sums = Buffer<Double>(count: Double.Lanes.scalarCount)
            SortedCrossEntropy<Double>(columns: [2, 2]).evaluate(
                logits.start, maxima: nil, stride: stride, first: 0, columns: 4, scale: 1, addingTo: sums.start)
            #expect(!sums[place % 4].isFinite, "\(place)")
            #expect((0..<4).allSatisfy { $0 == place % 4 || sums[$0].isFinite })
        }
    }
}
