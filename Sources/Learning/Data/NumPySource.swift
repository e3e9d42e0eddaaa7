import ArrayFiles

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Arrays as NumPy writes them. In a folder of the data set's name: `train.npz` and `test.npz` with the arrays `x` and
/// `y`, or `x_train.npy`, `y_train.npy`, `x_test.npy` and `y_test.npy`. There or directly in a folder for data:
/// `NAME.npz` with the arrays `x_train`, `y_train`, `x_test` and `y_test`.
///
/// x holds vectors (N, D) or images (N, H, W), (N, H, W, C) or (N, C, H, W) of uint8, float32 or float64; y the labels
/// from 0, (N) or (N, 1) of any integers.
struct NumPySource: DataSetSource {
    private enum Files {
        case archive(String)
        case archives(training: String, test: String)
        case arrays(folder: String)
    }

    private let files: Files

    init?(name: String, in folder: DataSetFolder) throws(DataError) {
        func exists(_ file: String) -> Bool { access(folder.path + "/" + file, F_OK) == 0 }
        if folder.isNamed, exists("train.npz") {
            files = .archives(
                training: folder.path + "/train.npz", test: try Self.required(folder.path + "/test.npz"))
        } else if folder.isNamed, exists("x_train.npy") {
            for file in ["y_train", "x_test", "y_test"] { _ = try Self.required("\(folder.path)/\(file).npy") }
            files = .arrays(folder: folder.path)
        } else if exists(name + ".npz") {
            files = .archive("\(folder.path)/\(name).npz")
        } else {
            return nil
        }
    }

    private static func required(_ path: String) throws(DataError) -> String {
        guard access(path, F_OK) == 0 else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        return path
    }

    func summary() throws(DataError) -> DataSetSummary {
        let (training, test) = (try Samples(try array("x", .training)), try Samples(try array("x", .test)))
        guard training.shape == test.shape else {
            throw .shapesDiffer(
                path: test.array.text, shape: test.shape, trainingPath: training.array.text,
                trainingShape: training.shape)
        }
        guard training.element == test.element else {
            throw .unfitArray(
                path: test.array.path, array: test.array.name, found: test.array.content.type.rawValue,
                expected: "\(training.array.content.type) as in the training samples")
        }
        let trainingLabels = try labels(.training, of: training, classes: nil)
        let classes = Int(trainingLabels.max() ?? 0) + 1
        return DataSetSummary(
            sampleShape: training.shape, element: training.element, classes: classes, trainingLabels: trainingLabels,
            testLabels: try labels(.test, of: test, classes: classes))
    }

    func read(
        _ part: DataSetPart, of summary: DataSetSummary, into target: UnsafeMutableRawBufferPointer
    ) throws(DataError) {
        let samples = try Samples(try array("x", part))
        let count = summary.labels(part).count
        guard samples.count == count, samples.shape == summary.sampleShape, samples.element == summary.element else {
            throw .unreadable(path: samples.array.path, reason: "it changed while it was being read")
        }
        switch samples.element {
        case .byte: samples.array.content.copyBytes(to: target)
        case .float:
            let floats = target.bindMemory(to: Float.self)
            samples.array.content.convert(to: floats)
            if let index = floats.firstIndex(where: { !$0.isFinite }) {
                throw .notFinite(
                    path: samples.array.path, array: samples.array.name, sample: index / summary.sampleWidth)
            }
        }
        guard samples.isChannelsFirst else { return }
        switch samples.element {
        case .byte: Self.moveChannelsLast(target.bindMemory(to: UInt8.self), summary.sampleShape)
        case .float: Self.moveChannelsLast(target.bindMemory(to: Float.self), summary.sampleShape)
        }
    }

    /// (C, H, W) → (H, W, C), image by image.
    private static func moveChannelsLast<Value: BitwiseCopyable>(
        _ values: UnsafeMutableBufferPointer<Value>, _ shape: [Int]
    ) {
        let (plane, channels) = (shape[0] * shape[1], shape[2])
        let image = UnsafeMutableBufferPointer<Value>.allocate(capacity: plane * channels)
        defer { image.deallocate() }
        for start in stride(from: 0, to: values.count, by: plane * channels) {
            _ = image.initialize(from: values[start..<start + plane * channels])
            for channel in 0..<channels {
                for pixel in 0..<plane { values[start + pixel * channels + channel] = image[channel * plane + pixel] }
            }
        }
    }

    // MARK: Arrays

    private struct Array {
        let path: String
        /// Within an archive.
        let name: String?
        let content: NumericArray

        var text: String { path + (name.map { " (\($0))" } ?? "") }

        func unfit(_ found: String, _ expected: String) -> DataError {
            .unfitArray(path: path, array: name, found: found, expected: expected)
        }
    }

    /// What an array of samples holds.
    private struct Samples {
        let array: Array
        let count: Int
        /// Channels last.
        let shape: [Int]
        let element: DataSet.Element
        let isChannelsFirst: Bool

        init(_ array: Array) throws(DataError) {
            let content = array.content
            switch content.type {
            case .uint8: element = .byte
            case .float32, .float64: element = .float
            default: throw array.unfit("\(content.type)", "uint8, float32 or float64")
            }
            guard let first = content.shape.first, content.count > 0 else { throw .empty(path: array.text) }
            count = first
            let inner = content.shape.dropFirst().map { $0 }
            self.array = array
            // Colours: grey, grey or RGB with transparency, RGB.
            switch inner.count {
            case 1: (shape, isChannelsFirst) = (inner, false)
            case 2: (shape, isChannelsFirst) = (inner + [1], false)
            case 3 where inner[2] <= 4: (shape, isChannelsFirst) = (inner, false)
            case 3 where inner[0] <= 4: (shape, isChannelsFirst) = ([inner[1], inner[2], inner[0]], true)
            default:
                throw array.unfit(
                    "shape (\(content.shape.map(String.init).joined(separator: ", ")))",
                    "(N, D), (N, H, W), (N, H, W, C) or (N, C, H, W) with at most 4 channels")
            }
        }
    }

    private func array(_ kind: String, _ part: DataSetPart) throws(DataError) -> Array {
        let suffix = part == .training ? "train" : "test"
        do {
            switch files {
            case .archive(let path):
                let name = "\(kind)_\(suffix)"
                return Array(path: path, name: name, content: try NPZArchive(path: path).array(name))
            case .archives(let training, let test):
                let path = part == .training ? training : test
                return Array(path: path, name: kind, content: try NPZArchive(path: path).array(kind))
            case .arrays(let folder):
                let path = "\(folder)/\(kind)_\(suffix).npy"
                return Array(path: path, name: nil, content: try NumericArray(npyFile: path))
            }
        } catch { throw .arrayFile(reason: error.description) }
    }

    private func labels(
        _ part: DataSetPart, of samples: Samples, classes: Int?
    ) throws(DataError) -> [Int32] {
        let array = try array("y", part)
        let shape = array.content.shape
        guard shape.count == 1 || (shape.count == 2 && shape[1] == 1) else {
            throw array.unfit("shape (\(shape.map(String.init).joined(separator: ", ")))", "(N)")
        }
        guard !array.content.type.isFloatingPoint, array.content.type != .bool, let labels = array.content.integers
        else { throw array.unfit("\(array.content.type)", "labels of an integer type") }
        guard labels.count == samples.count else {
            throw .countsDiffer(
                samples: samples.array.text, sampleCount: samples.count, labels: array.text, labelCount: labels.count)
        }
        // Without a number of classes, more of them than samples can only be a mistake.
        let limit = classes ?? labels.count
        if let sample = labels.firstIndex(where: { $0 < 0 || $0 >= limit }) {
            throw .labelOutOfRange(path: array.text, sample: sample, label: labels[sample], labels: 0..<limit)
        }
        return labels.map(Int32.init)
    }
}
