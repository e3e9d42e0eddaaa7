import Foundation
import Testing

@testable import Learning

/// All values as bytes or floats.
func values<Value: BitwiseCopyable>(_ data: DataSet, as type: Value.Type) -> [Value] {
    Array(data.values.bindMemory(to: type))
}

/// The error of finding and reading all of a data set, which must be one line.
func dataFailure(_ name: String, in folder: TemporaryFolder) -> DataError? {
    let error = #expect(throws: DataError.self) {
        let location = try DataSetLocation.find(name: name, folder: folder.path)
        for part in DataSetPart.allCases { _ = try location.load(part) }
    }
    #expect(error?.description.contains("\n") == false)
    return error
}

@Suite struct DataSetLocationTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func writeAll(
        in sub: String = "shapes", trainingLabels: [UInt8] = [0, 1, 2, 0, 1, 2], testShape: [Int] = [2, 2, 3],
        testLabels: [UInt8] = [0, 1, 2, 0]
    ) throws {
        _ = try folder.write(idx([6, 2, 3], noise(36)), to: sub + "/train-images-idx3-ubyte")
        _ = try folder.writeGzipped(
            idx([trainingLabels.count], trainingLabels), to: sub + "/train-labels-idx1-ubyte.gz")
        _ = try folder.write(idx(testShape, noise(testShape.reduce(1, *))), to: sub + "/t10k-images-idx3-ubyte")
        _ = try folder.write(
            idx([testShape[0]], testLabels.prefix(testShape[0]) + []), to: sub + "/t10k-labels-idx1-ubyte")
    }

    @Test func foundByTheNameOfTheirFolder() throws {
        try writeAll()
        for location in [
            try DataSetLocation.find(name: "shapes", folder: folder.path),
            try DataSetLocation.find(name: "shapes", folder: "/none", environmentFolder: folder.path),
            try DataSetLocation.find(name: "shapes", folder: folder.path + "/shapes"),
            try DataSetLocation.find(name: "shapes", folders: [], systemFolder: folder.path),
        ] {
            #expect(location.folder == folder.path + "/shapes")
            #expect(location.format == "IDX")
        }
        let location = try DataSetLocation.find(name: "shapes", folder: folder.path)
        let summary = try location.summary()
        #expect(summary.sampleShape == [2, 3, 1])
        #expect(summary.trainingLabels == [0, 1, 2, 0, 1, 2])
        #expect(summary.testLabels == [0, 1])
        #expect(summary.byteCount(.training) == 36)
        let data = try location.load(.training)
        #expect(values(data, as: UInt8.self) == noise(36))
        #expect(data.labels == [0, 1, 2, 0, 1, 2])
        #expect(data.classes == 3)
        #expect(data.classCounts == [2, 2, 2])
        // Another name does not get these files.
        guard case .notFound = dataFailure("mnist", in: folder) else { return #expect(Bool(false), "found") }
        #expect(throws: DataError.self) { try DataSetLocation.find(name: "mnist", folder: folder.path + "/shapes") }
    }

    @Test(arguments: ["../shapes", "shapes/", ".", "..", "/shapes"]) func namesThatLeaveTheFolders(name: String) throws
    {
        try writeAll()
        #expect(throws: DataError.notFound(name: name, folders: [])) {
            try DataSetLocation.find(name: name, folder: folder.path)
        }
    }

    @Test func notFoundSaysWhereItLookedAndWhatToDo() {
        let error = #expect(throws: DataError.self) {
            try DataSetLocation.find(name: "fashion-mnist", folders: ["/none/a", "/none/b"], systemFolder: "/none/c")
        }
        let text = error?.description ?? ""
        for part in [
            "/none/a/fashion-mnist,", "/none/a,", "/none/b", "/none/c/fashion-mnist",
            "apt-get install dataset-fashion-mnist", "ncsweep data fetch fashion-mnist",
        ] {
            #expect(text.contains(part))
        }
        #expect(dataFailure("letters", in: folder)?.description.contains("ncsweep data") == true)
        #expect(dataFailure("svhn", in: folder)?.description.contains("savez") == true)
    }

    @Test func aMissingFileIsNamed() throws {
        try writeAll()
        try FileManager.default.removeItem(atPath: folder.path + "/shapes/t10k-labels-idx1-ubyte")
        #expect(
            dataFailure("shapes", in: folder)?.description.contains("/shapes/t10k-labels-idx1-ubyte") == true)
    }

    @Test func filesThatDoNotBelongTogether() throws {
        let path = folder.path + "/shapes/"
        try writeAll(trainingLabels: [0, 1, 2])
        #expect(
            dataFailure("shapes", in: folder)
                == .countsDiffer(
                    samples: path + "train-images-idx3-ubyte", sampleCount: 6,
                    labels: path + "train-labels-idx1-ubyte.gz", labelCount: 3))
        try writeAll(testShape: [2, 3, 3])
        #expect(
            dataFailure("shapes", in: folder)
                == .shapesDiffer(
                    path: path + "t10k-images-idx3-ubyte", shape: [3, 3, 1],
                    trainingPath: path + "train-images-idx3-ubyte", trainingShape: [2, 3, 1]))
    }

    @Test func labelsBeyondTheClasses() throws {
        try writeAll(testLabels: [0, 3])
        #expect(
            dataFailure("shapes", in: folder)
                == .labelOutOfRange(
                    path: folder.path + "/shapes/t10k-labels-idx1-ubyte", sample: 1, label: 3, labels: 0..<3))
    }

    @Test func vectorsAndColourImages() throws {
        for (sub, shape) in [("vectors", [4]), ("colours", [2, 2, 3])] {
            for prefix in ["train", "t10k"] {
                let width = shape.reduce(1, *)
                _ = try folder.write(idx([2] + shape, noise(2 * width)), to: "\(sub)/\(prefix)-images-idx3-ubyte")
                _ = try folder.write(idx([2], [0, 1]), to: "\(sub)/\(prefix)-labels-idx1-ubyte")
            }
            let data = try DataSetLocation.find(name: sub, folder: folder.path).load(.test)
            #expect(data.sampleShape == shape)
            #expect(values(data, as: UInt8.self) == noise(2 * shape.reduce(1, *)))
        }
    }

    /// E-MNIST's images are transposed, and its letters counted from 1.
    @Test func lettersOfEMNIST() throws {
        for sub in ["", "emnist/", "emnist-letters/"] {
            for part in ["train", "test"] {
                let prefix = "\(sub)emnist-letters-\(part)"
                _ = try folder.writeGzipped(
                    idx([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]), to: prefix + "-images-idx3-ubyte.gz")
                _ = try folder.writeGzipped(idx([2], [1, 2]), to: prefix + "-labels-idx1-ubyte.gz")
            }
            let data = try DataSetLocation.find(name: "emnist-letters", folder: folder.path).load(.training)
            #expect(values(data, as: UInt8.self) == [1, 3, 2, 4, 5, 7, 6, 8])
            #expect(data.labels == [0, 1])
            try FileManager.default.removeItem(atPath: folder.path)
        }
        _ = try folder.write(idx([1, 2, 2], [1, 2, 3, 4]), to: "emnist-letters-train-images-idx3-ubyte")
        _ = try folder.write(idx([1], [0]), to: "emnist-letters-train-labels-idx1-ubyte")
        _ = try folder.write(idx([1, 2, 2], [1, 2, 3, 4]), to: "emnist-letters-test-images-idx3-ubyte")
        _ = try folder.write(idx([1], [1]), to: "emnist-letters-test-labels-idx1-ubyte")
        guard case .labelOutOfRange(_, 0, 0, _) = dataFailure("emnist-letters", in: folder) else {
            return #expect(Bool(false), "label 0 of the letters accepted")
        }
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/share/datasets/fashion-mnist")))
    func fashionMNIST() throws {
        let location = try DataSetLocation.find(name: "fashion-mnist")
        let summary = try location.summary()
        #expect(summary.sampleShape == [28, 28, 1])
        #expect(summary.trainingSamples == 60_000 && summary.testSamples == 10_000)
        #expect(summary.testLabels.classCounts(10) == [Int](repeating: 1000, count: 10))
        let training = try location.load(.training)
        #expect(training.classes == 10)
        // The published mean and deviation of the training pixels.
        let normalization = Normalization(of: training, samples: Array(0..<60_000))
        #expect(abs(normalization.mean[0] - 0.2860) < 1e-4)
        #expect(abs(normalization.standardDeviation[0] - 0.3530) < 1e-4)
    }
}

@Suite struct CIFARTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Planes of red, green and blue, each pixel told apart by its position.
    private func record(_ labels: [UInt8], _ salt: Int) -> [UInt8] {
        labels + (0..<3072).map { UInt8(truncatingIfNeeded: ($0 % 1024) * 3 + $0 / 1024 + salt) }
    }

    private func writeTen(in sub: String, lastBatch: [UInt8]? = nil) throws {
        for batch in 1...5 {
            let bytes = record([UInt8(batch)], batch) + record([0], batch + 10)
            _ = try folder.write(batch == 5 ? lastBatch ?? bytes : bytes, to: "\(sub)/data_batch_\(batch).bin")
        }
        _ = try folder.write(record([9], 3), to: "\(sub)/test_batch.bin")
    }

    @Test(arguments: ["cifar-10", "cifar-10-batches-bin", "cifar-10/cifar-10-batches-bin", "."])
    func tenClasses(sub: String) throws {
        try writeTen(in: sub)
        let location = try DataSetLocation.find(name: "cifar-10", folder: folder.path)
        let data = try location.load(.training)
        #expect(data.sampleShape == [32, 32, 3])
        #expect(data.labels == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0])
        #expect(data.classes == 10)
        // Channels last: pixel by pixel, red, green, blue.
        let expected = [1, 11, 2, 12, 3, 13, 4, 14, 5, 15].flatMap { salt in
            (0..<3072).map { UInt8(truncatingIfNeeded: $0 / 3 * 3 + $0 % 3 + salt) }
        }
        #expect(values(data, as: UInt8.self) == expected)
        #expect(try location.load(.test).labels == [9])
    }

    @Test(arguments: ["cifar-100", "cifar-100-binary", "cifar-100/cifar-100-binary"])
    func hundredClasses(sub: String) throws {
        _ = try folder.write(record([3, 99], 0) + record([4, 0], 1), to: sub + "/train.bin")
        _ = try folder.writeGzipped(record([5, 50], 2), to: sub + "/test.bin.gz")
        let location = try DataSetLocation.find(name: "cifar-100", folder: folder.path)
        #expect(try location.load(.training).labels == [99, 0])
        #expect(try location.load(.test).labels == [50])
        #expect(try location.summary().classes == 100)
    }

    @Test func mistakes() throws {
        let path = folder.path + "/cifar-10/data_batch_5.bin"
        try writeTen(in: "cifar-10", lastBatch: Array((record([1], 0) + record([2], 0)).dropLast(5)))
        #expect(dataFailure("cifar-10", in: folder) == .cutRecord(path: path, bytes: 6141, recordBytes: 3073))
        try writeTen(in: "cifar-10", lastBatch: record([1], 0) + record([10], 0))
        #expect(
            dataFailure("cifar-10", in: folder) == .labelOutOfRange(path: path, sample: 1, label: 10, labels: 0..<10))
        try writeTen(in: "cifar-10", lastBatch: [])
        #expect(dataFailure("cifar-10", in: folder) == .empty(path: path))
        try FileManager.default.removeItem(atPath: path)
        guard case .unreadable(let missing, _) = dataFailure("cifar-10", in: folder) else {
            return #expect(Bool(false), "not refused")
        }
        #expect(missing.contains("data_batch_5.bin"))
    }
}

@Suite struct CSVTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ training: String, _ test: String) throws {
        _ = try folder.write(Array(training.utf8), to: "table/train.csv")
        _ = try folder.write(Array(test.utf8), to: "table/test.csv")
    }

    @Test func wordsInTheColumnLabel() throws {
        try write(
            "a,label,b\r\n1,\"dog, big\",-2.5\r\n\r\n3e2,cat,4\r\n.5,ant,0\r\n", "\u{FEFF}a,label,b\n7,ant,8\n9,cat, 10"
        )
        let location = try DataSetLocation.find(name: "table", folder: folder.path)
        let (training, test) = (try location.load(.training), try location.load(.test))
        #expect(training.sampleShape == [2])
        #expect(training.element == .float)
        #expect(values(training, as: Float.self) == [1, -2.5, 300, 4, 0.5, 0])
        #expect(training.labels == [2, 1, 0])
        #expect(training.classes == 3 && test.classes == 3)
        #expect(values(test, as: Float.self) == [7, 8, 9, 10])
        #expect(test.labels == [0, 1])
    }

    @Test func numbersInTheLastColumn() throws {
        try write("x,y\n1,10\n2,9\n3,-1\n", "x,y\n4,10\n")
        let location = try DataSetLocation.find(name: "table", folder: folder.path)
        // By value: not 10 before 9.
        #expect(try location.load(.training).labels == [2, 1, 0])
        #expect(try location.load(.test).labels == [2])
    }

    @Test func mistakes() throws {
        let good = "a,label\n1,x\n2,y\n"
        let mistakes: [(training: String, test: String, at: String, says: String)] = [
            ("a,label\n1,x\n2\n", good, "train.csv:3", "1 fields, but 2 columns"),
            ("a,label\n1,x\n2,3,y\n", good, "train.csv:3", "3 fields"),
            (good, "a,label\n1,x\nzwei,y\n", "test.csv:3", "'zwei' in column 'a'"),
            (good, "a,label\n,x\n", "test.csv:2", "'' in column 'a'"),
            ("a,label\nnan,x\n1,y\n", good, "train.csv:2", "'nan'"),
            ("a,label\n1e99,x\n1,y\n", good, "train.csv:2", "'1e99'"),
            ("a,label\n1 2,x\n1,y\n", good, "train.csv:2", "'1 2'"),
            (good, "a,label\n1,z\n", "test.csv:2", "no training sample has the label 'z'"),
            (good, "b,label\n1,x\n", "test.csv:1", "other columns"),
            ("label\nx\n", good, "train.csv:1", "one column"),
            ("a,label\n1,\"x\n2,y\n", good, "train.csv:2", "quote"),
            ("a,label\n", good, "train.csv", "holds no samples"),
            ("", good, "train.csv", "holds no samples"),
        ]
        for mistake in mistakes {
            try write(mistake.training, mistake.test)
            let text = dataFailure("table", in: folder)?.description ?? ""
            #expect(text.hasPrefix("\(folder.path)/table/\(mistake.at): "), "\(text)")
            #expect(text.contains(mistake.says), "\(text)")
        }
    }
}

@Suite struct GaussianMixtureTests {
    private func mixture(_ text: String) throws -> GaussianMixture { try #require(try GaussianMixture(parsing: text)) }

    @Test(arguments: ["simplex", "random"]) func meansAreAsFarApartAsAskedFor(means: String) throws {
        let mixture = try mixture("gaussian(K=5,d=400,n=2,separation=6,means=\(means))")
        for k in 0..<5 {
            for l in 0..<k {
                let difference = zip(mixture.mean(ofClass: k), mixture.mean(ofClass: l)).map { $0 - $1 }
                let distance = difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
                #expect(abs(distance - 6) < (means == "simplex" ? 1e-12 : 1))
            }
        }
        if means == "simplex" {
            for j in 0..<400 { #expect(abs((0..<5).reduce(0) { $0 + mixture.mean(ofClass: $1)[j] }) < 1e-12) }
        }
    }

    @Test func samplesHaveTheMeansAndUnitVariance() throws {
        let location = try DataSetLocation.find(name: "gaussian(K=3,d=4,n=5000,separation=4,test=100)")
        let (data, test) = (try location.load(.training), try location.load(.test))
        #expect(data.classCounts == [5000, 5000, 5000])
        #expect(test.classCounts == [100, 100, 100])
        let mixture = try mixture("gaussian(K=3,d=4,n=5000,separation=4,test=100)")
        let numbers = values(data, as: Float.self)
        for label in 0..<3 {
            for (j, mean) in mixture.mean(ofClass: label).enumerated() {
                let column = (0..<15000).filter { data.labels[$0] == label }.map { Double(numbers[4 * $0 + j]) - mean }
                #expect(abs(column.reduce(0, +) / 5000) < 0.06)
                #expect(abs(column.reduce(0) { $0 + $1 * $1 } / 5000 - 1) < 0.1)
            }
        }
        // The same again, and others for the test and for another seed.
        #expect(values(try location.load(.training), as: Float.self) == numbers)
        #expect(values(test, as: Float.self)[0] != numbers[0])
        let other = try DataSetLocation.find(name: "gaussian(K=3,d=4,n=5000,separation=4,test=100,seed=1)")
        #expect(values(try other.load(.training), as: Float.self)[0] != numbers[0])
    }

    @Test(arguments: [
        ("gaussian", "'K' is missing"), ("gaussian(K=4,d=8)", "'n' is missing"),
        ("gaussian(K=4,d=8,n=5", "parenthesis"),
        ("gaussian(K=1,d=8,n=5)", "K '1'"), ("gaussian(K=4,d=2,n=5)", "d of at least 3"),
        ("gaussian(K=4,d=8,n=5,K=3)", "'K' is given twice"), ("gaussian(K=4,d=8,n=5,sep=3)", "unknown argument 'sep'"),
        ("gaussian(4,8,5)", "name=value"), ("gaussian(K=4,d=8,n=5,separation=far)", "separation 'far'"),
        ("gaussian(K=4,d=8,n=5,means=star)", "means 'star'"), ("gaussian(K=4,d=1000000,n=10000000)", "no machine"),
    ]) func mistakes(text: String, says: String) {
        let error = #expect(throws: DataError.self) { try DataSetLocation.find(name: text) }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("\n") == false)
    }
}
