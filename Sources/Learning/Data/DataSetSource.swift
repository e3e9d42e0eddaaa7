#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The files of one data set in one format.
///
/// To add a format: a conformer in a file of its own, and its case in `DataSetFormat`.
protocol DataSetSource: Sendable {
    /// Everything but the values; reads headers and labels only where the format allows it.
    func summary() throws(DataError) -> DataSetSummary

    /// Reads the values of one part into memory of the caller's, `summary.byteCount(part)` long, so that the ranks of a
    /// node can share one copy.
    func read(
        _ part: DataSetPart, of summary: DataSetSummary, into target: UnsafeMutableRawBufferPointer
    ) throws(DataError)
}

public enum DataSetPart: String, CaseIterable, Sendable { case training, test }

/// What is in a data set: shapes and labels, but not the values.
public struct DataSetSummary: Equatable, Sendable {
    /// [height, width, channels] of images, [width] of vectors.
    public let sampleShape: [Int]
    public let element: DataSet.Element
    /// Labels are in 0..<classes.
    public let classes: Int
    public let trainingLabels: [Int32]
    public let testLabels: [Int32]

    public init(
        sampleShape: [Int], element: DataSet.Element, classes: Int, trainingLabels: [Int32], testLabels: [Int32]
    ) {
        self.sampleShape = sampleShape
        self.element = element
        self.classes = classes
        self.trainingLabels = trainingLabels
        self.testLabels = testLabels
    }

    public var sampleWidth: Int { sampleShape.reduce(1, *) }
    public var trainingSamples: Int { trainingLabels.count }
    public var testSamples: Int { testLabels.count }

    public func labels(_ part: DataSetPart) -> [Int32] { part == .training ? trainingLabels : testLabels }
    /// Bytes of the values.
    public func byteCount(_ part: DataSetPart) -> Int { labels(part).count * sampleWidth * element.byteCount }
}

/// A folder that may hold a data set.
struct DataSetFolder: Equatable {
    let path: String
    /// Whether the folder is named after the data set, so that files with general names in it belong to the set.
    let isNamed: Bool

    /// The file or `file.gz`, if there is one.
    func existing(_ file: String) -> String? {
        [path + "/" + file, path + "/" + file + ".gz"].first { access($0, F_OK) == 0 }
    }

    /// The same for a file that must be there, as others of its set are.
    func required(_ file: String) throws(DataError) -> String {
        guard let found = existing(file) else {
            throw .unreadable(path: "\(path)/\(file)[.gz]", reason: String(cString: strerror(ENOENT)))
        }
        return found
    }
}

/// The formats of files, in the order in which they are looked for.
enum DataSetFormat: String, CaseIterable {
    case idx = "IDX"
    case cifar = "CIFAR binary"
    case numPy = "NumPy"
    case csv = "CSV"

    /// nil where the folder holds no file of this format that fits the name.
    func source(of name: String, in folder: DataSetFolder) throws(DataError) -> (any DataSetSource)? {
        switch self {
        case .idx: try IDXSource(name: name, in: folder)
        case .cifar: try CIFARSource(name: name, in: folder)
        case .numPy: try NumPySource(name: name, in: folder)
        case .csv: try CSVSource(name: name, in: folder)
        }
    }
}
