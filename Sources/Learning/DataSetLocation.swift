#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The four files of a data set: images and labels for training and for test, in MNIST's naming.
public struct DataSetLocation: Equatable, Sendable {
    public enum Part: Sendable { case training, test }

    public let name: String
    public let trainingImages: String
    public let trainingLabels: String
    public let testImages: String
    public let testLabels: String

    static let packagedName = "fashion-mnist"
    static let systemFolder = "/usr/share/datasets"
    static let fileNames = [
        "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
    ]

    /// Finds the data set's files, each plain or with `.gz`.
    ///
    /// Looks in `folder`, then in `environmentFolder`, each with a folder `name` in it or directly, then in
    /// /usr/share/datasets/`name`. The first folder that holds the training images counts.
    ///
    /// - Parameters:
    ///   - folder: the command line's, if any.
    ///   - environmentFolder: the value of NCSWEEP_DATA, if set.
    public static func find(
        name: String, folder: String? = nil, environmentFolder: String? = nil
    ) throws(DataError) -> DataSetLocation {
        try find(name: name, folders: [folder, environmentFolder].compactMap { $0 }, systemFolder: systemFolder)
    }

    static func find(name: String, folders: [String], systemFolder: String) throws(DataError) -> DataSetLocation {
        let candidates = folders.filter { !$0.isEmpty }.flatMap { [$0 + "/" + name, $0] } + [systemFolder + "/" + name]
        guard let folder = candidates.first(where: { existing($0 + "/" + fileNames[0]) != nil }) else {
            throw .notFound(name: name, folders: candidates)
        }
        var paths: [String] = []
        for file in fileNames {
            guard let path = existing(folder + "/" + file) else {
                throw .unreadable(path: "\(folder)/\(file)[.gz]", reason: String(cString: strerror(ENOENT)))
            }
            paths.append(path)
        }
        return DataSetLocation(
            name: name, trainingImages: paths[0], trainingLabels: paths[1], testImages: paths[2], testLabels: paths[3])
    }

    private static func existing(_ path: String) -> String? {
        [path, path + ".gz"].first { access($0, F_OK) == 0 }
    }
}

/// What a data set will need in memory, from the headers of its files.
public struct DataSetSizes: Equatable, Sendable {
    /// Shape of one sample, e.g. [28, 28].
    public let sampleShape: [Int]
    public let trainingSamples: Int
    public let testSamples: Int

    public var sampleWidth: Int { sampleShape.reduce(1, *) }
    /// Bytes of pixels.
    public var trainingBytes: Int { trainingSamples * sampleWidth }
    public var testBytes: Int { testSamples * sampleWidth }
}

extension DataSetLocation {
    /// From the four headers, which must agree; reads no data.
    public func sizes() throws(DataError) -> DataSetSizes {
        let (training, test) = (try images(.training), try images(.test))
        for (images, labels) in [(training, try labels(.training)), (test, try labels(.test))] {
            guard images.samples == labels.samples else {
                throw .countsDiffer(
                    images: images.path, imageCount: images.samples, labels: labels.path, labelCount: labels.samples)
            }
        }
        guard training.sampleShape == test.sampleShape else {
            throw .shapesDiffer(
                path: test.path, shape: test.sampleShape, trainingPath: training.path,
                trainingShape: training.sampleShape)
        }
        return DataSetSizes(
            sampleShape: training.sampleShape, trainingSamples: training.samples, testSamples: test.samples)
    }

    /// Reads the pixels into memory of the caller's, `trainingBytes` or `testBytes` of `sizes()` long.
    public func readPixels(_ part: Part, into target: UnsafeMutableRawBufferPointer) throws(DataError) {
        try images(part).read(into: target)
    }

    /// Reads the labels.
    ///
    /// - Parameter classes: their number where it is known, else one more than the largest label.
    public func readLabels(_ part: Part, classes: Int? = nil) throws(DataError) -> (labels: [Int32], classes: Int) {
        let file = try labels(part)
        let memory = ByteMemory(byteCount: file.byteCount)
        try file.read(into: memory.bytes)
        let bytes = Array(memory.bytes)
        let classes = classes ?? Int(bytes.max() ?? 0) + 1
        if let sample = bytes.firstIndex(where: { Int($0) >= classes }) {
            throw .labelOutOfRange(path: file.path, sample: sample, label: Int(bytes[sample]), classes: classes)
        }
        return (bytes.map(Int32.init), classes)
    }

    /// Reads pixels and labels into memory of the data set's own.
    public func load(_ part: Part, classes: Int? = nil) throws(DataError) -> DataSet {
        let sizes = try sizes()
        let memory = ByteMemory(byteCount: part == .training ? sizes.trainingBytes : sizes.testBytes)
        try readPixels(part, into: memory.bytes)
        let (labels, classes) = try readLabels(part, classes: classes)
        return DataSet(
            pixels: UnsafeRawBufferPointer(memory.bytes), sampleShape: sizes.sampleShape, labels: labels,
            classes: classes, owner: memory)
    }

    private func images(_ part: Part) throws(DataError) -> IDXFile {
        try IDXFile(path: part == .training ? trainingImages : testImages, content: .images)
    }

    private func labels(_ part: Part) throws(DataError) -> IDXFile {
        try IDXFile(path: part == .training ? trainingLabels : testLabels, content: .labels)
    }
}
