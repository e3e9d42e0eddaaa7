#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky, "Learning multiple layers of features from tiny images",
/// 2009): records of one label byte (CIFAR-10) or a coarse and a fine one (CIFAR-100, of which the fine one counts) and
/// 3072 pixels, 32 × 32 of red, then of green, then of blue.
struct CIFARSource: DataSetSource {
    private let trainingPaths: [String]
    private let testPath: String
    private let labelBytes: Int
    private let classes: Int

    private static let side = 32
    private static let plane = 1024
    private var recordBytes: Int { labelBytes + 3 * Self.plane }

    init?(name: String, in folder: DataSetFolder) throws(DataError) {
        // Of the folder itself, or of the one that the archive unpacks into.
        for inner in ["", "/cifar-10-batches-bin", "/cifar-100-binary"] {
            let folder = DataSetFolder(path: folder.path + inner, isNamed: folder.isNamed)
            let isTen = inner != "/cifar-100-binary" && (folder.isNamed || name == "cifar-10")
            let isHundred = inner != "/cifar-10-batches-bin" && (folder.isNamed || name == "cifar-100")
            if isTen, folder.existing("data_batch_1.bin") != nil {
                var paths: [String] = []
                for batch in 1...5 { paths.append(try folder.required("data_batch_\(batch).bin")) }
                (trainingPaths, testPath) = (paths, try folder.required("test_batch.bin"))
                (labelBytes, classes) = (1, 10)
                return
            }
            if isHundred, let training = folder.existing("train.bin") {
                (trainingPaths, testPath) = ([training], try folder.required("test.bin"))
                (labelBytes, classes) = (2, 100)
                return
            }
        }
        return nil
    }

    func summary() throws(DataError) -> DataSetSummary {
        DataSetSummary(
            sampleShape: [Self.side, Self.side, 3], element: .byte, classes: classes,
            trainingLabels: try labels(.training), testLabels: try labels(.test))
    }

    func read(
        _ part: DataSetPart, of summary: DataSetSummary, into target: UnsafeMutableRawBufferPointer
    ) throws(DataError) {
        let width = 3 * Self.plane
        var samples = 0
        try forEachRecord(part) { (record, path, _) throws(DataError) in
            guard (samples + 1) * width <= target.count else {
                throw .unreadable(path: path, reason: "it changed while it was being read")
            }
            let pixels = record.baseAddress!.assumingMemoryBound(to: UInt8.self) + labelBytes
            let image = (target.baseAddress! + samples * width).assumingMemoryBound(to: UInt8.self)
            for pixel in 0..<Self.plane {
                image[3 * pixel] = pixels[pixel]
                image[3 * pixel + 1] = pixels[pixel + Self.plane]
                image[3 * pixel + 2] = pixels[pixel + 2 * Self.plane]
            }
            samples += 1
        }
        guard samples * width == target.count else {
            throw .unreadable(path: paths(part)[0], reason: "it changed while it was being read")
        }
    }

    private func paths(_ part: DataSetPart) -> [String] { part == .training ? trainingPaths : [testPath] }

    private func labels(_ part: DataSetPart) throws(DataError) -> [Int32] {
        var labels: [Int32] = []
        try forEachRecord(part) { (record, path, index) throws(DataError) in
            let label = Int32(record[labelBytes - 1])
            guard label < classes else {
                throw .labelOutOfRange(path: path, sample: index, label: Int(label), labels: 0..<classes)
            }
            labels.append(label)
        }
        return labels
    }

    /// - Parameter body: gets each record, its file, and its position there.
    private func forEachRecord(
        _ part: DataSetPart,
        _ body: (_ record: UnsafeMutableRawBufferPointer, _ path: String, _ index: Int) throws(DataError) -> Void
    ) throws(DataError) {
        let memory = ByteMemory(byteCount: recordBytes)
        for path in paths(part) {
            let file = try InputFile(path: path)
            var index = 0
            while true {
                let got = try file.read(into: memory.bytes)
                if got == 0 { break }
                guard got == recordBytes else {
                    throw .cutRecord(path: path, bytes: index * recordBytes + got, recordBytes: recordBytes)
                }
                try body(memory.bytes, path, index)
                index += 1
            }
            guard index > 0 else { throw .empty(path: path) }
        }
    }
}
