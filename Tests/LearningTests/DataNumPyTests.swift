import ArrayFiles
import Foundation
import Testing

@testable import Learning

@Suite struct DataNumPyTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private typealias Arrays = [String: NumericArray]
    private enum Layout: CaseIterable { case oneArchive, oneArchiveInItsFolder, twoArchives, fourFiles }

    /// Images of uint8, counted through.
    private static func arrays(shape: [Int] = [2, 2, 3]) -> Arrays {
        let width = shape.reduce(1, *)
        return [
            "x_train": NumericArray((0..<4 * width).map { UInt8($0) }, shape: [4] + shape),
            "y_train": NumericArray([0, 1, 2, 0] as [Int64]),
            "x_test": NumericArray((0..<2 * width).map { UInt8($0 + 100) }, shape: [2] + shape),
            "y_test": NumericArray([2, 1] as [UInt8], shape: [2, 1]),
        ]
    }

    private func write(_ arrays: Arrays, _ layout: Layout = .oneArchive) throws {
        try? FileManager.default.removeItem(atPath: folder.path)
        try FileManager.default.createDirectory(atPath: folder.path + "/set", withIntermediateDirectories: true)
        func archive(_ names: [(String, in: String)], _ path: String) throws {
            try NPZArchive.write(
                names.compactMap { pair in arrays[pair.in].map { (pair.0, $0) } }, to: folder.path + "/" + path)
        }
        let names = arrays.keys.sorted()
        switch layout {
        case .oneArchive: try archive(names.map { ($0, in: $0) }, "set.npz")
        case .oneArchiveInItsFolder: try archive(names.map { ($0, in: $0) }, "set/set.npz")
        case .twoArchives:
            for part in ["train", "test"] {
                try archive([("x", in: "x_" + part), ("y", in: "y_" + part)], "set/\(part).npz")
            }
        case .fourFiles:
            for (name, array) in arrays { try array.write(npyFile: "\(folder.path)/set/\(name).npy") }
        }
    }

    @Test func everyLayoutOfFiles() throws {
        for layout in Layout.allCases {
            try write(Self.arrays(), layout)
            let location = try DataSetLocation.find(name: "set", folder: folder.path)
            #expect(location.format == "NumPy")
            let (training, test) = (try location.load(.training), try location.load(.test))
            #expect(training.sampleShape == [2, 2, 3])
            #expect(values(training, as: UInt8.self) == (0..<48).map { UInt8($0) })
            #expect(training.labels == [0, 1, 2, 0])
            #expect(test.labels == [2, 1])
            #expect(values(test, as: UInt8.self) == (100..<124).map { UInt8($0) })
        }
    }

    @Test func shapes() throws {
        for (shape, expected) in [
            ([5], [5]), ([4, 3], [4, 3, 1]), ([4, 5, 1], [4, 5, 1]), ([3, 4, 4], [3, 4, 4]), ([3, 5, 6], [5, 6, 3]),
        ] {
            var arrays = Self.arrays(shape: [1])
            let count = 4 * shape.reduce(1, *)
            let numbers = (0..<count).map { Double($0) * 0.5 }
            arrays["x_train"] = NumericArray(numbers, shape: [4] + shape)
            arrays["x_test"] = NumericArray(numbers.prefix(count / 2).map { Float($0) } + [], shape: [2] + shape)
            try write(arrays)
            let data = try DataSetLocation.find(name: "set", folder: folder.path).load(.training)
            #expect(data.sampleShape == expected)
            #expect(data.element == .float)
            var wanted = numbers.map { Float($0) }
            if shape == [3, 5, 6] {
                wanted = (0..<count).map { index in
                    let (sample, pixel, channel) = (index / 90, index % 90 / 3, index % 3)
                    return Float(90 * sample + 30 * channel + pixel) * 0.5
                }
            }
            #expect(values(data, as: Float.self) == wanted)
        }
    }

    @Test func mistakes() throws {
        let path = folder.path + "/set.npz"
        let mistakes: [(String, NumericArray?, DataError?)] = [
            ("x_train", nil, nil),
            (
                "x_train", NumericArray([Int32](repeating: 0, count: 48), shape: [4, 2, 2, 3]),
                .unfitArray(path: path, array: "x_train", found: "int32", expected: "uint8, float32 or float64")
            ),
            (
                "y_train", NumericArray([0, 1, 2, 0] as [Float]),
                .unfitArray(path: path, array: "y_train", found: "float32", expected: "labels of an integer type")
            ),
            (
                "y_train", NumericArray([0, 1, 2] as [Int32]),
                .countsDiffer(
                    samples: path + " (x_train)", sampleCount: 4, labels: path + " (y_train)", labelCount: 3)
            ),
            (
                "y_test", NumericArray([0, 3] as [Int32]),
                .labelOutOfRange(path: path + " (y_test)", sample: 1, label: 3, labels: 0..<3)
            ),
            (
                "y_train", NumericArray([0, -1, 2, 0] as [Int8]),
                .labelOutOfRange(path: path + " (y_train)", sample: 1, label: -1, labels: 0..<4)
            ),
            (
                "y_train", NumericArray([0, 1 << 40, 2, 0] as [Int64]),
                .labelOutOfRange(path: path + " (y_train)", sample: 1, label: 1 << 40, labels: 0..<4)
            ),
            (
                "y_train", NumericArray([0, 1, 2, 0] as [Int32], shape: [2, 2]),
                .unfitArray(path: path, array: "y_train", found: "shape (2, 2)", expected: "(N)")
            ),
            (
                "x_test", NumericArray([UInt8](repeating: 0, count: 24), shape: [2, 3, 4]),
                .shapesDiffer(
                    path: path + " (x_test)", shape: [3, 4, 1], trainingPath: path + " (x_train)",
                    trainingShape: [2, 2, 3])
            ),
            (
                "x_test", NumericArray([Float](repeating: 0, count: 24), shape: [2, 2, 2, 3]),
                .unfitArray(path: path, array: "x_test", found: "float32", expected: "uint8 as in the training samples")
            ),
            (
                "x_train", NumericArray([UInt8](repeating: 0, count: 4 * 125), shape: [4, 5, 5, 5]),
                .unfitArray(
                    path: path, array: "x_train", found: "shape (4, 5, 5, 5)",
                    expected: "(N, D), (N, H, W), (N, H, W, C) or (N, C, H, W) with at most 4 channels")
            ),
            ("x_train", NumericArray([UInt8](), shape: [0, 2, 2, 3]), .empty(path: path + " (x_train)")),
        ]
        for (name, array, error) in mistakes {
            var arrays = Self.arrays()
            arrays[name] = array
            try write(arrays)
            let found = dataFailure("set", in: folder)
            if let error { #expect(found == error) }
            #expect(found?.description.hasPrefix(path) == true)
        }
        var arrays = Self.arrays(shape: [2])
        arrays["x_train"] = NumericArray([0, 1, 2, 3, 4, .nan, 6, 7] as [Float], shape: [4, 2])
        arrays["x_test"] = NumericArray([0, 1, 2, 3] as [Float], shape: [2, 2])
        try write(arrays)
        #expect(dataFailure("set", in: folder) == .notFinite(path: path, array: "x_train", sample: 2))
        try write(Self.arrays(), .fourFiles)
        try FileManager.default.removeItem(atPath: folder.path + "/set/y_test.npy")
        #expect(dataFailure("set", in: folder)?.description.contains("/set/y_test.npy") == true)
        _ = try folder.write(Array("no archive".utf8), to: "set.npz")
        try FileManager.default.removeItem(atPath: folder.path + "/set")
        #expect(dataFailure("set", in: folder)?.description.hasPrefix(path) == true)
    }
}
