import CZlib
import Foundation
import LinearAlgebra
import Testing

@testable import Learning

/// A folder that goes with the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "ncsweep-learning-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    func writeGzipped(_ bytes: [UInt8], to name: String) throws -> String {
        let file = try write([], to: name)
        let stream = gzopen(file, "wb")
        #expect(gzwrite(stream, bytes, UInt32(bytes.count)) == Int32(bytes.count))
        #expect(gzclose(stream) == Z_OK)
        return file
    }

    func bytes(of file: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file))) }
}

/// An IDX file's bytes.
func idx(_ dimensions: [Int], _ data: [UInt8], type: UInt8 = 8) -> [UInt8] {
    [0, 0, type, UInt8(dimensions.count)]
        + dimensions.flatMap { size in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } } + data
}

/// Bytes without a pattern, so that gzip cannot shrink them.
func noise(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) } }

private func readAll(_ path: String, _ content: IDXFile.Content) throws -> [UInt8] {
    let file = try IDXFile(path: path, content: content)
    let memory = ByteMemory(byteCount: file.byteCount)
    try file.read(into: memory.bytes)
    return Array(memory.bytes)
}

/// The error, which must be one line that begins with the file.
private func failure(of path: String, _ content: IDXFile.Content = .images) -> DataError? {
    let error = #expect(throws: DataError.self) { try readAll(path, content) }
    #expect(error?.description.hasPrefix(path) == true)
    #expect(error?.description.contains("\n") == false)
    return error
}

@Suite struct IDXFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func plainAndGzippedReadTheSame() throws {
        let data = noise(7 * 3 * 5)
        let plain = try folder.write(idx([7, 3, 5], data), to: "plain")
        let gzipped = try folder.writeGzipped(idx([7, 3, 5], data), to: "zipped")
        for path in [plain, gzipped] {
            let file = try IDXFile(path: path, content: .images)
            #expect(file.dimensions == [7, 3, 5])
            #expect(file.samples == 7)
            #expect(file.sampleShape == [3, 5])
            #expect(try readAll(path, .images) == data)
        }
    }

    @Test func missing() {
        let path = folder.path + "/none"
        #expect(failure(of: path) == .unreadable(path: path, reason: "No such file or directory"))
    }

    @Test func aFolderIsNoFile() throws {
        guard case .unreadable = failure(of: folder.path) else { return #expect(Bool(false), "not refused") }
    }

    @Test(arguments: [0, 1, 3, 4, 9, 16, 17, 120])
    func truncatedPlain(_ length: Int) throws {
        let bytes = idx([7, 3, 5], noise(105))
        #expect(bytes.count == 121)
        let path = try folder.write(Array(bytes.prefix(length)), to: "short")
        guard case .truncated(path, _, length) = failure(of: path) else { return #expect(Bool(false), "not refused") }
    }

    @Test func truncatedAndFlippedGzipIsRefusedWhereverItIs() throws {
        let whole = try folder.bytes(of: folder.writeGzipped(idx([40, 5, 5], noise(1000)), to: "whole"))
        for length in stride(from: 2, to: whole.count, by: 37) {
            _ = failure(of: try folder.write(Array(whole.prefix(length)), to: "short"))
        }
        _ = failure(of: try folder.write(Array(whole.dropLast()), to: "short"))
        // Past the ten bytes of the header, of which most do not matter.
        for position in stride(from: 10, to: whole.count, by: 41) {
            var damaged = whole
            damaged[position] ^= 0x10
            _ = failure(of: try folder.write(damaged, to: "damaged"))
        }
        // The checksum and the length at the very end.
        for position in whole.count - 8..<whole.count {
            var damaged = whole
            damaged[position] ^= 1
            guard case .corrupted = failure(of: try folder.write(damaged, to: "damaged")) else {
                return #expect(Bool(false), "checksum not compared")
            }
        }
    }

    @Test func trailingBytes() throws {
        let bytes = idx([7, 3, 5], noise(105)) + [1]
        let plain = try folder.write(bytes, to: "long")
        #expect(failure(of: plain) == .trailingBytes(path: plain, expectedBytes: 121))
        let gzipped = try folder.writeGzipped(bytes, to: "long.gz")
        #expect(failure(of: gzipped) == .trailingBytes(path: gzipped, expectedBytes: 121))
    }

    @Test func otherFiles() throws {
        let text = try folder.write(Array("label,pixel1,pixel2\n1,2,3\n".utf8), to: "text")
        guard case .notIDX = failure(of: text) else { return #expect(Bool(false), "text accepted") }
        let floats = try folder.write(idx([1, 2], noise(8), type: 0x0D), to: "floats")
        guard case .notIDX = failure(of: floats) else { return #expect(Bool(false), "float32 accepted") }
        let huge = try folder.write(idx([0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF], []), to: "huge")
        guard case .notIDX = failure(of: huge) else { return #expect(Bool(false), "impossible size accepted") }
        let empty = try folder.write(idx([0, 28, 28], []), to: "empty")
        #expect(failure(of: empty) == .empty(path: empty))
    }

    @Test func swappedImagesAndLabels() throws {
        let images = try folder.write(idx([7, 3, 5], noise(105)), to: "images")
        let labels = try folder.write(idx([7], noise(7)), to: "labels")
        #expect(failure(of: images, .labels) == .mislabelled(path: images, expected: "labels", dimensions: [7, 3, 5]))
        #expect(failure(of: labels, .images) == .mislabelled(path: labels, expected: "images", dimensions: [7]))
    }
}

@Suite struct DataSetTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func writeAll(
        in sub: String = "", trainingLabels: [UInt8] = [0, 1, 2, 0, 1, 2], testShape: [Int] = [2, 2, 3]
    ) throws {
        let prefix = sub.isEmpty ? "" : sub + "/"
        _ = try folder.write(idx([6, 2, 3], noise(36)), to: prefix + "train-images-idx3-ubyte")
        _ = try folder.writeGzipped(
            idx([trainingLabels.count], trainingLabels), to: prefix + "train-labels-idx1-ubyte.gz")
        _ = try folder.write(idx(testShape, noise(testShape.reduce(1, *))), to: prefix + "t10k-images-idx3-ubyte")
        _ = try folder.write(
            idx([testShape[0]], [0, 1, 2, 0].prefix(testShape[0]) + []), to: prefix + "t10k-labels-idx1-ubyte")
    }

    @Test func foundInTheFolderAndBelowIt() throws {
        try writeAll()
        let direct = try DataSetLocation.find(name: "shapes", folder: folder.path)
        #expect(direct.trainingImages == folder.path + "/train-images-idx3-ubyte")
        #expect(direct.trainingLabels == folder.path + "/train-labels-idx1-ubyte.gz")
        try writeAll(in: "shapes")
        let below = try DataSetLocation.find(name: "shapes", folder: nil, environmentFolder: folder.path)
        #expect(below.trainingImages == folder.path + "/shapes/train-images-idx3-ubyte")
        let sizes = try below.sizes()
        #expect(sizes == DataSetSizes(sampleShape: [2, 3], trainingSamples: 6, testSamples: 2))
        #expect(sizes.trainingBytes == 36)
        let data = try below.load(.training)
        #expect(Array(data.pixels) == noise(36))
        #expect(data.labels == [0, 1, 2, 0, 1, 2])
        #expect(data.classes == 3)
        #expect(data.classCounts == [2, 2, 2])
    }

    @Test func notFoundSaysWhereItLookedAndWhatToDo() {
        let error = #expect(throws: DataError.self) {
            try DataSetLocation.find(name: "fashion-mnist", folders: ["/none/a", "/none/b"], systemFolder: "/none/c")
        }
        let text = error?.description ?? ""
        for part in [
            "/none/a/fashion-mnist,", "/none/a,", "/none/b", "/none/c/fashion-mnist",
            "apt-get install dataset-fashion-mnist",
        ] {
            #expect(text.contains(part))
        }
        let other = #expect(throws: DataError.self) { try DataSetLocation.find(name: "letters", folder: folder.path) }
        #expect(other?.description.contains("train-images-idx3-ubyte") == true)
    }

    @Test func aMissingFileIsNamed() throws {
        try writeAll()
        try FileManager.default.removeItem(atPath: folder.path + "/t10k-labels-idx1-ubyte")
        let error = #expect(throws: DataError.self) { try DataSetLocation.find(name: "shapes", folder: folder.path) }
        #expect(error?.description.contains(folder.path + "/t10k-labels-idx1-ubyte") == true)
    }

    @Test func filesThatDoNotBelongTogether() throws {
        try writeAll(trainingLabels: [0, 1, 2])
        let location = try DataSetLocation.find(name: "shapes", folder: folder.path)
        #expect(
            throws: DataError.countsDiffer(
                images: location.trainingImages, imageCount: 6, labels: location.trainingLabels, labelCount: 3)
        ) { try location.sizes() }
        try writeAll(testShape: [2, 3, 3])
        #expect(
            throws: DataError.shapesDiffer(
                path: location.testImages, shape: [3, 3], trainingPath: location.trainingImages, trainingShape: [2, 3])
        ) { try location.load(.training) }
    }

    @Test func labelsBeyondTheClasses() throws {
        try writeAll(trainingLabels: [0, 1, 2, 0, 3, 2])
        let location = try DataSetLocation.find(name: "shapes", folder: folder.path)
        #expect(throws: DataError.labelOutOfRange(path: location.trainingLabels, sample: 4, label: 3, classes: 3)) {
            try location.readLabels(.training, classes: 3)
        }
        #expect(try location.readLabels(.training).classes == 4)
    }

    @Test func subsetsAreBalancedNestedAndRepeat() throws {
        let data = randomData(samples: 100, width: 1, classes: 4)
        let (small, large) = (try data.balancedSubset(samplesPerClass: 5), try data.balancedSubset(samplesPerClass: 9))
        #expect(small == small.sorted())
        #expect(Set(small).count == 20)
        #expect(Set(small).isSubset(of: large))
        for label in 0..<4 { #expect(small.filter { data.labels[$0] == label }.count == 5) }
        #expect(try data.balancedSubset(samplesPerClass: 5) == small)
        #expect(small != Array(0..<20))
        #expect(throws: DataError.tooFewSamples(ofClass: 0, found: 25, wanted: 26)) {
            try data.balancedSubset(samplesPerClass: 26)
        }
    }

    @Test func normalizedPixelsHaveMeanZeroAndDeviationOne() {
        let data = randomData(samples: 30, width: 70, classes: 3)
        let samples = [0, 4, 7, 29]
        let normalization = PixelNormalization(of: data, samples: samples)
        let buffer = Buffer<Double>(count: 4 * 70)
        data.gather(samples[...], normalization: normalization, into: buffer.start)
        let mean = buffer.array.reduce(0, +) / 280
        let variance = buffer.array.reduce(0) { $0 + $1 * $1 } / 280
        #expect(abs(mean) < 1e-14)
        #expect(abs(variance - 1) < 1e-13)
        let single = Buffer<Float>(count: 4 * 70)
        data.gather(samples[...], normalization: normalization, into: single.start)
        #expect(zip(buffer.array, single.array).allSatisfy { abs($0 - Double($1)) < 1e-6 })
        let flat = DataSet(pixels: [7, 7, 7, 7], sampleShape: [2], labels: [0, 1], classes: 2)
        let degenerate = PixelNormalization(of: flat, samples: [0, 1])
        #expect(degenerate == PixelNormalization(mean: 7.0 / 255, standardDeviation: 1))
    }

    @Test func ordersArePermutationsOfTheSeedAndTheEpochAlone() {
        let samples = (0..<50).map { 3 * $0 }
        var order = BatchOrder(samples: samples, seed: 4)
        func epoch(_ number: Int) -> [Int] {
            order.shuffle(epoch: number)
            return (0..<order.batches(ofSize: 16)).flatMap { order.batch($0, size: 16) }
        }
        let (first, second) = (epoch(0), epoch(1))
        #expect(first != second)
        #expect(first.sorted() == samples)
        #expect(epoch(0) == first)
        #expect(order.batches(ofSize: 16) == 4)
        #expect(order.batch(3, size: 16).count == 2)
        var other = BatchOrder(samples: samples, seed: 5)
        other.shuffle(epoch: 0)
        #expect(Array(other.batch(0, size: 50)) != first)
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/share/datasets/fashion-mnist")))
    func fashionMNIST() throws {
        let location = try DataSetLocation.find(name: "fashion-mnist")
        let sizes = try location.sizes()
        #expect(sizes == DataSetSizes(sampleShape: [28, 28], trainingSamples: 60_000, testSamples: 10_000))
        let test = try location.load(.test, classes: 10)
        #expect(test.classCounts == [Int](repeating: 1000, count: 10))
        let training = try location.load(.training)
        #expect(training.classes == 10)
        // The published mean and deviation of the training pixels.
        let normalization = PixelNormalization(of: training, samples: Array(0..<60_000))
        #expect(abs(normalization.mean - 0.2860) < 1e-4)
        #expect(abs(normalization.standardDeviation - 0.3530) < 1e-4)
    }
}
