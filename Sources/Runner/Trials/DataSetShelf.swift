import Learning
import LinearAlgebra
import MPI
import Sweeps

/// The data sets of a sweep: read once a node, the values in memory that its ranks share.
///
/// For planning, a shelf knows shapes and labels only and reads no values.
public final class DataSetShelf {
    struct Entry {
        let sizes: DataSetSummary
        /// Training samples of each class.
        let classCounts: [Int]
        /// Test samples of each class.
        let testClassCounts: [Int]
        /// nil before `load`.
        let training: DataSet?
        let test: DataSet?

        var classes: Int { sizes.classes }

        init(_ sizes: DataSetSummary, training: DataSet? = nil, test: DataSet? = nil) {
            self.sizes = sizes
            classCounts = sizes.trainingLabels.classCounts(sizes.classes)
            testClassCounts = sizes.testLabels.classCounts(sizes.classes)
            self.training = training
            self.test = test
        }
    }

    private let folder: String?
    private let environmentFolder: String?
    private var entries: [String: Entry] = [:]

    /// - Parameters:
    ///   - folder: the command line's, looked into first.
    ///   - environmentFolder: the value of NCSWEEP_DATA.
    public init(folder: String?, environmentFolder: String?) {
        self.folder = folder
        self.environmentFolder = environmentFolder
    }

    /// Shapes, labels and, once loaded, the data; an entry without data is made on first use.
    func entry(_ name: String) throws(ParameterProblem) -> Entry {
        if let entry = entries[name] { return entry }
        let summary: DataSetSummary
        do { summary = try locate(name).summary() } catch {
            throw ParameterProblem(name: "dataset", message: error.description)
        }
        try MachineMemory.check(
            bytes: Double(summary.byteCount(.training)) + Double(summary.byteCount(.test)), for: "dataset")
        let entry = Entry(summary)
        entries[name] = entry
        return entry
    }

    private func locate(_ name: String) throws(DataError) -> DataSetLocation {
        try DataSetLocation.find(name: name, folder: folder, environmentFolder: environmentFolder)
    }

    /// Reads one data set for this process alone.
    func load(_ name: String) throws(DataError) {
        let location = try locate(name)
        entries[name] = Entry(
            try location.summary(), training: try location.load(.training), test: try location.load(.test))
    }

    /// Reads the data sets. Collective over the ranks of a node: its first rank reads the values for all.
    public func load(_ names: [String], on node: Communicator) throws {
        for name in names {
            // The first rank alone, as formats without a header are read whole for it.
            let found: (location: DataSetLocation, summary: DataSetSummary)? = try node.agree {
                guard node.rank == 0 else { return nil }
                let location = try locate(name)
                return (location, try location.summary())
            }
            guard let summary = DataSetSummary(node.broadcast(found?.summary.bytes ?? [], from: 0)) else {
                preconditionFailure("summary of a data set")
            }
            // Floats begin at a multiple of their size.
            let trainingBytes = (summary.byteCount(.training) + 63) / 64 * 64
            let memory = NodeMemory(byteCount: trainingBytes + summary.byteCount(.test), on: node)
            let training = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[..<summary.byteCount(.training)])
            let test = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[trainingBytes...])
            try node.agree {
                try found?.location.read(.training, of: summary, into: training)
                try found?.location.read(.test, of: summary, into: test)
            }
            memory.publish()
            func dataSet(_ values: UnsafeMutableRawBufferPointer, _ part: DataSetPart) -> DataSet {
                DataSet(
                    values: UnsafeRawBufferPointer(values), element: summary.element, sampleShape: summary.sampleShape,
                    labels: summary.labels(part), classes: summary.classes, owner: memory)
            }
            entries[name] = Entry(summary, training: dataSet(training, .training), test: dataSet(test, .test))
        }
    }
}

/// As it goes from a node's first rank to the others.
extension DataSetSummary {
    fileprivate var bytes: [UInt8] {
        var writer = ByteWriter(reserving: 64 + trainingSamples + testSamples)
        writer.write(element.rawValue)
        writer.write(classes)
        for list in [sampleShape, trainingLabels.map(Int.init), testLabels.map(Int.init)] {
            writer.write(list.count)
            for number in list { writer.write(number) }
        }
        return writer.bytes
    }

    fileprivate init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        func list() -> [Int]? {
            guard let count = reader.integer() else { return nil }
            var numbers: [Int] = []
            numbers.reserveCapacity(count)
            for _ in 0..<count {
                guard let number = reader.integer() else { return nil }
                numbers.append(number)
            }
            return numbers
        }
        guard let element = reader.text().flatMap(DataSet.Element.init), let classes = reader.integer(),
            let shape = list(), let training = list(), let test = list(), reader.isAtEnd
        else { return nil }
        self.init(
            sampleShape: shape, element: element, classes: classes, trainingLabels: training.map { Int32($0) },
            testLabels: test.map { Int32($0) })
    }
}
