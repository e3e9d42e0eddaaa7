#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A data set that was found, in whatever format.
public struct DataSetLocation: Sendable {
    public let name: String
    /// The folder of its files; nil for one that is made on the spot.
    public let folder: String?
    /// As people say it, e.g. "IDX".
    public let format: String
    private let source: any DataSetSource

    public static let systemFolder = "/usr/share/datasets"

    /// Finds the data set's files, or reads what is to be made.
    ///
    /// Looks in `folder`, then in `environmentFolder`, each with a folder `name` in it, then directly for files that
    /// carry the name themselves, then in /usr/share/datasets/`name`. The first folder that holds training samples
    /// counts.
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
        do {
            if let mixture = try GaussianMixture(parsing: name) {
                return DataSetLocation(name: name, folder: nil, format: "made on the spot", source: mixture)
            }
        } catch { throw .specification(error.description) }
        let candidates = candidates(for: name, folders: folders, systemFolder: systemFolder)
        for folder in candidates {
            for format in DataSetFormat.allCases {
                guard let source = try format.source(of: name, in: folder) else { continue }
                return DataSetLocation(name: name, folder: folder.path, format: format.rawValue, source: source)
            }
        }
        throw .notFound(name: name, folders: candidates.map(\.path))
    }

    private static func candidates(for name: String, folders: [String], systemFolder: String) -> [DataSetFolder] {
        // A name with a slash would lead out of the folders.
        guard !name.contains("/"), name != ".", name != ".." else { return [] }
        func inside(_ root: String) -> [DataSetFolder] {
            // One archive holds all sets of E-MNIST.
            [DataSetFolder(path: root + "/" + name, isNamed: true)]
                + (name.hasPrefix("emnist-") ? [DataSetFolder(path: root + "/emnist", isNamed: false)] : [])
        }
        return folders.filter { !$0.isEmpty }.flatMap { root in
            inside(root) + [DataSetFolder(path: root, isNamed: lastName(of: root) == name)]
        } + inside(systemFolder)
    }

    private static func lastName(of path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").last.map(String.init)
    }

    /// Shapes and labels, which must fit each other; reads no values where the format allows it.
    public func summary() throws(DataError) -> DataSetSummary { try source.summary() }

    /// Reads the values into memory of the caller's, `summary.byteCount(part)` long.
    public func read(
        _ part: DataSetPart, of summary: DataSetSummary, into target: UnsafeMutableRawBufferPointer
    ) throws(DataError) {
        precondition(target.count == summary.byteCount(part), "size of the memory for a data set")
        try source.read(part, of: summary, into: target)
    }

    /// Reads one part into memory of the data set's own.
    public func load(_ part: DataSetPart) throws(DataError) -> DataSet {
        let summary = try summary()
        let memory = ByteMemory(byteCount: summary.byteCount(part))
        try read(part, of: summary, into: memory.bytes)
        return DataSet(
            values: UnsafeRawBufferPointer(memory.bytes), element: summary.element, sampleShape: summary.sampleShape,
            labels: summary.labels(part), classes: summary.classes, owner: memory)
    }
}
