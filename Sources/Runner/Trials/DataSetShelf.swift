import Learning
import LinearAlgebra
import MPI
import Sweeps

/// The data sets of a sweep: read once a node, the pixels in memory that its ranks share.
///
/// For planning, a shelf knows sizes only and reads no data.
public final class DataSetShelf {
    struct Entry {
        let sizes: DataSetSizes
        /// Training samples of each class.
        let classCounts: [Int]
        /// nil before `load`.
        let training: DataSet?
        let test: DataSet?

        var classes: Int { classCounts.count }

        init(
            _ sizes: DataSetSizes, trainingLabels: [Int32], classes: Int, training: DataSet? = nil, test: DataSet? = nil
        ) {
            self.sizes = sizes
            classCounts = trainingLabels.reduce(into: Array(repeating: 0, count: classes)) { $0[Int($1)] += 1 }
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

    /// Sizes and, once loaded, the data; a headers-only entry is made on first use.
    func entry(_ name: String) throws(ParameterProblem) -> Entry {
        if let entry = entries[name] { return entry }
        do {
            let location = try locate(name)
            let labels = try location.readLabels(.training)
            let entry = Entry(try location.sizes(), trainingLabels: labels.labels, classes: labels.classes)
            entries[name] = entry
            return entry
        } catch {
            throw ParameterProblem(name: "dataset", message: error.description)
        }
    }

    private func locate(_ name: String) throws(DataError) -> DataSetLocation {
        try DataSetLocation.find(name: name, folder: folder, environmentFolder: environmentFolder)
    }

    /// Reads the data sets. Collective over the ranks of a node: its first rank reads the pixels for all.
    public func load(_ names: [String], on node: Communicator) throws {
        for name in names {
            let (location, sizes, labels) = try node.agree {
                let location = try locate(name)
                let training = try location.readLabels(.training)
                let test = try location.readLabels(.test, classes: training.classes)
                return (location, try location.sizes(), (training, test))
            }
            let memory = NodeMemory(byteCount: sizes.trainingBytes + sizes.testBytes, on: node)
            let trainingPixels = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[..<sizes.trainingBytes])
            let testPixels = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[sizes.trainingBytes...])
            try node.agree {
                guard node.rank == 0 else { return }
                try location.readPixels(.training, into: trainingPixels)
                try location.readPixels(.test, into: testPixels)
            }
            memory.publish()
            let classes = labels.0.classes
            entries[name] = Entry(
                sizes, trainingLabels: labels.0.labels, classes: classes,
                training: DataSet(
                    pixels: UnsafeRawBufferPointer(trainingPixels), sampleShape: sizes.sampleShape,
                    labels: labels.0.labels, classes: classes, owner: memory),
                test: DataSet(
                    pixels: UnsafeRawBufferPointer(testPixels), sampleShape: sizes.sampleShape,
                    labels: labels.1.labels, classes: classes, owner: memory))
        }
    }
}
