/// Four IDX files in MNIST's naming, or in E-MNIST's: `emnist-letters-train-images-idx3-ubyte`.
struct IDXSource: DataSetSource {
    private let training: (images: String, labels: String)
    private let test: (images: String, labels: String)
    /// E-MNIST's images are stored column by column.
    private let isTransposed: Bool
    /// The label of the first class: 1 in the letters of E-MNIST.
    private let firstLabel: Int

    init?(name: String, in folder: DataSetFolder) throws(DataError) {
        let isEMNIST = name.hasPrefix("emnist-")
        let (training, test) = isEMNIST ? (name + "-train", name + "-test") : ("train", "t10k")
        guard folder.isNamed || isEMNIST, let images = folder.existing(training + "-images-idx3-ubyte") else {
            return nil
        }
        self.training = (images, try folder.required(training + "-labels-idx1-ubyte"))
        self.test = (
            try folder.required(test + "-images-idx3-ubyte"), try folder.required(test + "-labels-idx1-ubyte")
        )
        isTransposed = isEMNIST
        firstLabel = name == "emnist-letters" ? 1 : 0
    }

    func summary() throws(DataError) -> DataSetSummary {
        let (trainingShape, testShape) = (try sampleShape(.training), try sampleShape(.test))
        guard trainingShape == testShape else {
            throw .shapesDiffer(
                path: test.images, shape: testShape, trainingPath: training.images, trainingShape: trainingShape)
        }
        let trainingLabels = try labels(.training, classes: nil)
        let classes = Int(trainingLabels.max() ?? 0) + 1
        return DataSetSummary(
            sampleShape: trainingShape, element: .byte, classes: classes, trainingLabels: trainingLabels,
            testLabels: try labels(.test, classes: classes))
    }

    func read(
        _ part: DataSetPart, of summary: DataSetSummary, into target: UnsafeMutableRawBufferPointer
    ) throws(DataError) {
        let file = try IDXFile(path: paths(part).images, content: .images)
        guard file.byteCount == target.count else {
            throw .unreadable(path: file.path, reason: "it changed while it was being read")
        }
        try file.read(into: target)
        guard isTransposed else { return }
        let (height, width) = (summary.sampleShape[0], summary.sampleShape[1])
        let image = ByteMemory(byteCount: height * width)
        for start in stride(from: 0, to: target.count, by: height * width) {
            image.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: target[start..<start + height * width]))
            for y in 0..<height {
                for x in 0..<width { target[start + y * width + x] = image.bytes[x * height + y] }
            }
        }
    }

    private func paths(_ part: DataSetPart) -> (images: String, labels: String) { part == .training ? training : test }

    private func sampleShape(_ part: DataSetPart) throws(DataError) -> [Int] {
        let file = try IDXFile(path: paths(part).images, content: .images)
        let labels = try IDXFile(path: paths(part).labels, content: .labels)
        guard file.samples == labels.samples else {
            throw .countsDiffer(
                samples: file.path, sampleCount: file.samples, labels: labels.path, labelCount: labels.samples)
        }
        let shape = file.sampleShape
        switch shape.count {
        case 1: return shape
        case 2: return isTransposed ? [shape[1], shape[0], 1] : shape + [1]
        default: return shape
        }
    }

    private func labels(_ part: DataSetPart, classes: Int?) throws(DataError) -> [Int32] {
        let file = try IDXFile(path: paths(part).labels, content: .labels)
        let memory = ByteMemory(byteCount: file.byteCount)
        try file.read(into: memory.bytes)
        let labels = memory.bytes.map { Int32($0) - Int32(firstLabel) }
        let classes = classes ?? Int(labels.max() ?? 0) + 1
        if let sample = labels.firstIndex(where: { $0 < 0 || $0 >= classes }) {
            throw .labelOutOfRange(
                path: file.path, sample: sample, label: Int(memory.bytes[sample]),
                labels: firstLabel..<firstLabel + max(classes, 1))
        }
        return labels
    }
}
