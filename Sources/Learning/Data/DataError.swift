/// What is wrong with a data set, in one line that names the file and says what to do.
public enum DataError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No folder holds the data set.
    case notFound(name: String, folders: [String])
    /// The name of a data set that is made on the spot cannot be read; the text says all.
    case specification(String)
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
    /// A file of records ends within one.
    case cutRecord(path: String, bytes: Int, recordBytes: Int)
    /// An array of numbers is of another type or shape than wanted; `array` names it within the file.
    case unfitArray(path: String, array: String?, found: String, expected: String)
    /// A file of arrays cannot be read; `reason` says all, the path included.
    case arrayFile(reason: String)
    /// A line of a table; counted from 1.
    case line(path: String, line: Int, problem: String, advice: String)
    case countsDiffer(samples: String, sampleCount: Int, labels: String, labelCount: Int)
    case shapesDiffer(path: String, shape: [Int], trainingPath: String, trainingShape: [Int])
    case labelOutOfRange(path: String, sample: Int, label: Int, labels: Range<Int>)
    case notFinite(path: String, array: String?, sample: Int)
    case empty(path: String)
    /// Fewer samples of a class than a subset asks for.
    case tooFewSamples(ofClass: Int, found: Int, wanted: Int)
    case emptyClass(Int, DataSetPart)
    /// A subset names a class that the data set does not have.
    case noSuchClass(Int, classes: Int)
    /// An imbalance leaves a class without samples.
    case imbalanceTooStrong(ofClass: Int, largest: Int)

    public var description: String {
        switch self {
        case .notFound(let name, let folders): Self.notFoundText(name, folders)
        case .specification(let text), .arrayFile(let text): text
        case .unreadable(let path, let reason):
            "\(path): cannot be read: \(reason); check the path and its permissions"
        case .truncated(let path, let expected, let found):
            "\(path): ends after \(found) of \(expected) bytes; \(Self.again)"
        case .trailingBytes(let path, let expected):
            "\(path): goes on after the \(expected) bytes its header announces; \(Self.again)"
        case .corrupted(let path, let reason):
            "\(path): damaged gzip data (\(reason)); \(Self.again)"
        case .notIDX(let path, let reason):
            "\(path): not an IDX file of unsigned bytes (\(reason)); check that it is the right file"
        case .mislabelled(let path, let expected, let dimensions):
            "\(path): \(expected) expected, but it holds data of \(dimensions.count) dimension"
                + "\(dimensions.count == 1 ? "" : "s") (\(Self.text(dimensions))); "
                + "check that images and labels are not swapped"
        case .cutRecord(let path, let bytes, let recordBytes):
            "\(path): its \(bytes) bytes are no multiple of a record's \(recordBytes), so it was cut short; \(Self.again)"
        case .unfitArray(let path, let array, let found, let expected):
            "\(Self.place(path, array)): \(found), but \(expected) wanted; write the array anew"
        case .line(let path, let line, let problem, let advice): "\(path):\(line): \(problem); \(advice)"
        case .countsDiffer(let samples, let sampleCount, let labels, let labelCount):
            "\(labels): has \(labelCount) labels for the \(sampleCount) samples of \(samples); \(Self.together)"
        case .shapesDiffer(let path, let shape, let trainingPath, let trainingShape):
            "\(path): samples of shape \(Self.text(shape)), but \(Self.text(trainingShape)) in \(trainingPath); "
                + Self.together
        case .labelOutOfRange(let path, let sample, let label, let labels):
            "\(path): sample \(sample) has label \(label), but there are \(labels.count) classes "
                + "(\(labels.lowerBound) to \(labels.upperBound - 1)); correct the number of classes or the file"
        case .notFinite(let path, let array, let sample):
            "\(Self.place(path, array)): sample \(sample) holds a value that is not finite; replace or remove it"
        case .empty(let path):
            "\(path): holds no samples; check that it is the right file"
        case .tooFewSamples(let label, let found, let wanted):
            "class \(label) has \(found) samples, fewer than the \(wanted) asked for; lower samples_per_class"
        case .emptyClass(let label, let part):
            "class \(label) has no \(part) samples; "
                + (label == 0
                    ? "labels are counted from 0, so subtract 1 if these start at 1" : "leave it out with classes")
        case .noSuchClass(let label, let classes):
            "class \(label) is not in the data set, whose classes are 0 to \(classes - 1); correct classes"
        case .imbalanceTooStrong(let label, let largest):
            "class \(label) would be left without samples, as the largest has only \(largest); lower the ratio"
        }
    }

    /// The key of the sweep file whose value would have to change.
    public var key: String {
        switch self {
        case .tooFewSamples: "samples_per_class"
        case .noSuchClass: "classes"
        case .imbalanceTooStrong: "imbalance"
        default: "dataset"
        }
    }

    private static let again = "download or copy it again"
    private static let together = "use files that belong together"

    private static func notFoundText(_ name: String, _ folders: [String]) -> String {
        let place =
            folders.isEmpty
            ? "'\(name)' is no name of a data set; give the name of a folder, and its place by --data"
            : "data set '\(name)' not found (looked in \(folders.joined(separator: ", ")))"
        if folders.isEmpty { return place }
        if let known = PublicDataSet.named(name) { return "\(place): \(known.advice)" }
        return place + ": put its files into one of these folders; `ncsweep data` lists the sets there are"
    }

    private static func place(_ path: String, _ array: String?) -> String { path + (array.map { " (\($0))" } ?? "") }

    private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "×") }
}
