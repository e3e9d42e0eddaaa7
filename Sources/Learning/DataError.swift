/// What is wrong with a data set, in one line that names the file and says what to do.
public enum DataError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No folder holds the data set.
    case notFound(name: String, folders: [String])
    /// The file cannot be opened or read; `reason` is the system's.
    case unreadable(path: String, reason: String)
    /// The file ends before the data its header announces.
    case truncated(path: String, expectedBytes: Int, foundBytes: Int)
    /// The file goes on after the data its header announces.
    case trailingBytes(path: String, expectedBytes: Int)
    /// The compressed data is damaged; `reason` is zlib's.
    case corrupted(path: String, reason: String)
    /// The file does not start as an IDX file of unsigned bytes does.
    case notIDX(path: String, reason: String)
    /// An IDX file of another kind than its name says.
    case mislabelled(path: String, expected: String, dimensions: [Int])
    case countsDiffer(images: String, imageCount: Int, labels: String, labelCount: Int)
    case shapesDiffer(path: String, shape: [Int], trainingPath: String, trainingShape: [Int])
    case labelOutOfRange(path: String, sample: Int, label: Int, classes: Int)
    case empty(path: String)
    /// Fewer samples of a class than a subset asks for.
    case tooFewSamples(ofClass: Int, found: Int, wanted: Int)

    public var description: String {
        switch self {
        case .notFound(let name, let folders):
            "data set '\(name)' not found (looked in \(folders.joined(separator: ", "))): "
                + (name == DataSetLocation.packagedName
                    ? "install it with: apt-get install dataset-fashion-mnist"
                    : "put \(DataSetLocation.fileNames.joined(separator: ", ")) (.gz or not) into one of these folders")
        case .unreadable(let path, let reason):
            "\(path): cannot be read: \(reason); check the path and its permissions"
        case .truncated(let path, let expected, let found):
            "\(path): ends after \(found) of \(expected) bytes; download or copy it again"
        case .trailingBytes(let path, let expected):
            "\(path): goes on after the \(expected) bytes its header announces; download or copy it again"
        case .corrupted(let path, let reason):
            "\(path): damaged gzip data (\(reason)); download or copy it again"
        case .notIDX(let path, let reason):
            "\(path): not an IDX file of unsigned bytes (\(reason)); check that it is the right file"
        case .mislabelled(let path, let expected, let dimensions):
            "\(path): \(expected) expected, but it holds data of \(dimensions.count) dimension"
                + "\(dimensions.count == 1 ? "" : "s") (\(Self.text(dimensions))); "
                + "check that images and labels are not swapped"
        case .countsDiffer(let images, let imageCount, let labels, let labelCount):
            "\(labels): has \(labelCount) labels for the \(imageCount) images of \(images); "
                + "use files that belong together"
        case .shapesDiffer(let path, let shape, let trainingPath, let trainingShape):
            "\(path): samples of shape \(Self.text(shape)), but \(Self.text(trainingShape)) in \(trainingPath); "
                + "use files that belong together"
        case .labelOutOfRange(let path, let sample, let label, let classes):
            "\(path): sample \(sample) has label \(label), but there are \(classes) classes (0 to \(classes - 1)); "
                + "correct the number of classes or the file"
        case .empty(let path):
            "\(path): holds no samples; check that it is the right file"
        case .tooFewSamples(let label, let found, let wanted):
            "class \(label) has \(found) samples, fewer than the \(wanted) asked for; lower samples_per_class"
        }
    }

    private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "×") }
}
