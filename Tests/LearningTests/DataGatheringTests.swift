import LinearAlgebra
import RandomNumbers
import Testing

@testable import Learning

/// Random images or vectors of bytes or floats.
private func data(_ shape: [Int], _ element: DataSet.Element, samples: Int = 12) -> DataSet {
    let random = Philox(seed: 5, purpose: .test)
    let count = samples * shape.reduce(1, *)
    let labels = (0..<samples).map { Int32($0 % 3) }
    return element == .byte
        ? DataSet(
            pixels: (0..<count).map { UInt8(random.integer(below: 256, at: UInt64($0))) }, sampleShape: shape,
            labels: labels, classes: 3)
        : DataSet(
            values: (0..<count).map { Float(random.normal(at: UInt64($0))) * Float(1 + $0 % 3) + 100 },
            sampleShape: shape, labels: labels, classes: 3)
}

private func gathered<Scalar: BLASScalar>(
    _ data: DataSet, _ samples: [Int], _ normalization: Normalization, pad: Int = 0,
    _ augmentation: AugmentationDraws? = nil, as type: Scalar.Type
) -> [Scalar] {
    let buffer = Buffer<Scalar>(count: samples.count * data.sampleShape(pad: pad).reduce(1, *))
    data.gather(samples[...], normalization: normalization, pad: pad, augmentation: augmentation, into: buffer.start)
    return buffer.array
}

/// What `gather` means, pixel by pixel.
private func naive(
    _ data: DataSet, _ samples: [Int], _ normalization: Normalization, pad: Int,
    _ change: (Int) -> AugmentationDraws.Change
) -> [Double] {
    let shape = data.sampleShape.count == 1 ? [1, 1, data.sampleWidth] : data.sampleShape
    let (height, width, channels) = (shape[0], shape[1], shape[2])
    var result: [Double] = []
    for sample in samples {
        let change = change(sample)
        for y in 0..<height + 2 * pad {
            for x in 0..<width + 2 * pad {
                for c in 0..<channels {
                    let (sourceY, movedX) = (y - pad + change.dy, x - pad + change.dx)
                    let sourceX = change.flip ? width - 1 - movedX : movedX
                    let isInside = (0..<height).contains(sourceY) && (0..<width).contains(movedX)
                    let index = (sourceY * width + sourceX) * channels + c
                    let raw =
                        !isInside
                        ? 0
                        : data.element == .byte
                            ? Double(data.bytes(ofSample: sample)[index]) / 255
                            : Double(data.floats(ofSample: sample)[index])
                    let k = normalization.mean.count == 1 ? 0 : c
                    result.append((raw - normalization.mean[k]) / normalization.standardDeviation[k])
                }
            }
        }
    }
    return result
}

@Suite struct DataGatheringTests {
    static let shapes = [[7, 5, 1], [6, 9, 3], [5, 4, 4], [70], [3]]

    @Test(arguments: shapes, [DataSet.Element.byte, .float])
    func channelsAndColumnsHaveMeanZeroAndDeviationOne(shape: [Int], element: DataSet.Element) {
        let data = data(shape, element)
        let samples = [0, 4, 7, 11]
        let normalization = Normalization(of: data, samples: samples)
        let period = shape.last!
        #expect(normalization.mean.count == period)
        let numbers = gathered(data, samples, normalization, as: Double.self)
        for c in 0..<period {
            let column = stride(from: c, to: numbers.count, by: period).map { numbers[$0] }
            #expect(abs(column.reduce(0, +)) / Double(column.count) < 1e-12)
            #expect(abs(column.reduce(0) { $0 + $1 * $1 } / Double(column.count) - 1) < 1e-11)
        }
        let single = gathered(data, samples, normalization, as: Float.self)
        #expect(zip(numbers, single).allSatisfy { abs($0 - Double($1)) < 2e-5 })
    }

    /// One channel is normalised as it has always been.
    @Test func oneChannelIsOneMeanAndTheSameBits() {
        let data = data([7, 5, 1], .byte)
        let normalization = Normalization(of: data, samples: Array(0..<12))
        let (scale, shift) = (
            Float(1 / (255 * normalization.standardDeviation[0])),
            Float(-normalization.mean[0] / normalization.standardDeviation[0])
        )
        let expected = data.values.map { Float($0) * scale + shift }
        #expect(gathered(data, Array(0..<12), normalization, as: Float.self) == expected)
    }

    @Test(arguments: [DataSet.Element.byte, .float]) func constantColumnsBecomeZero(element: DataSet.Element) {
        // 0.1 is no Float, so sums of it round.
        let data =
            element == .byte
            ? DataSet(pixels: [7, 1, 7, 3, 7, 8], sampleShape: [2], labels: [0, 1, 0], classes: 2)
            : DataSet(values: [0.1, 1, 0.1, 3, 0.1, 8], sampleShape: [2], labels: [0, 1, 0], classes: 2)
        let normalization = Normalization(of: data, samples: [0, 1, 2])
        #expect(normalization.standardDeviation[0] == 1)
        #expect(normalization.standardDeviation[1] != 1)
        let numbers = gathered(data, [0, 1, 2], normalization, as: Double.self)
        for sample in 0..<3 { #expect(abs(numbers[2 * sample]) < 1e-8) }
    }

    @Test(arguments: shapes.filter { $0.count == 3 }, [DataSet.Element.byte, .float])
    func paddedFlippedAndCroppedAsDefined(shape: [Int], element: DataSet.Element) throws {
        let data = data(shape, element)
        let samples = [3, 0, 11, 3, 8]
        let normalization = Normalization(of: data, samples: Array(0..<12))
        for pad in [0, 2, 6] {
            for name in Augmentation.names {
                let draws = try Augmentation(named: name).draws(seed: 9, epoch: 4)
                #expect((draws == nil) == (name == "none"))
                let numbers = gathered(data, samples, normalization, pad: pad, draws, as: Double.self)
                let expected = naive(data, samples, normalization, pad: pad) {
                    draws?.change(ofSample: $0) ?? AugmentationDraws.Change()
                }
                #expect(numbers.count == expected.count)
                #expect(zip(numbers, expected).allSatisfy { abs($0 - $1) < 1e-10 })
                let single = gathered(data, samples, normalization, pad: pad, draws, as: Float.self)
                #expect(zip(single, expected).allSatisfy { abs(Double($0) - $1) < 2e-4 })
            }
        }
    }

    @Test func changesAreOfTheSampleAloneAndAllOccurEquallyOften() throws {
        let draws = try #require(try Augmentation(named: "flips_and_crops").draws(seed: 1, epoch: 2))
        let changes = (0..<8100).map { draws.change(ofSample: $0) }
        #expect(abs(changes.count { $0.flip } - 4050) < 200)
        var moves = [Int](repeating: 0, count: 81)
        for change in changes { moves[(change.dy + 4) * 9 + change.dx + 4] += 1 }
        #expect(moves.allSatisfy { (60...140).contains($0) })
        func other(_ seed: UInt64, _ epoch: Int) throws -> [AugmentationDraws.Change] {
            let draws = try #require(try Augmentation(named: "flips_and_crops").draws(seed: seed, epoch: epoch))
            return (0..<8100).map { draws.change(ofSample: $0) }
        }
        #expect(try other(1, 2) == changes)
        #expect(try other(1, 3) != changes)
        #expect(try other(2, 2) != changes)
        let flips = try #require(try Augmentation(named: "flips").draws(seed: 1, epoch: 2))
        #expect((0..<100).allSatisfy { flips.change(ofSample: $0).dx == 0 && flips.change(ofSample: $0).dy == 0 })
        #expect(throws: SpecificationError.self) { try Augmentation(named: "flip") }
    }

    /// Values, labels and their order, not only how many.
    @Test func checksumTellsDataApart() {
        let pixels = (0..<24).map { UInt8($0) }
        func set(_ pixels: [UInt8], _ labels: [Int32] = [0, 1, 0, 1]) -> UInt32 {
            DataSet(pixels: pixels, sampleShape: [6], labels: labels, classes: 2).checksum(of: [0, 1, 3])
        }
        let sum = set(pixels)
        #expect(sum == set(pixels) && sum != 0)
        for index in 0..<24 {
            var changed = pixels
            changed[index] += 1
            // The third sample is not asked for.
            #expect((set(changed) == sum) == (12..<18).contains(index))
        }
        #expect(set(pixels, [0, 1, 0, 0]) != sum && set(pixels, [0, 1, 1, 1]) == sum)
        let data = DataSet(pixels: pixels, sampleShape: [6], labels: [0, 1, 0, 1], classes: 2)
        #expect(data.checksum(of: [1, 0, 3]) != sum && data.checksum(of: []) == 0)
    }
}
