import Foundation
import Learning

/// The data sets on this machine, and those that could be.
public struct DataSetCatalogue {
    /// One data set, or why it cannot be read.
    public struct Listing {
        public let name: String
        public let location: DataSetLocation?
        /// Of the right kind or an error in one line.
        public let content: Result<DataSetSummary, DataError>
    }

    private let folder: String?
    private let environmentFolder: String?

    /// - Parameters:
    ///   - folder: the command line's, looked into first.
    ///   - environmentFolder: the value of NCSWEEP_DATA.
    public init(folder: String?, environmentFolder: String?) {
        self.folder = folder
        self.environmentFolder = environmentFolder
    }

    /// Where data sets are looked for, in this order.
    public var roots: [String] {
        [folder, environmentFolder].compactMap { $0 }.filter { !$0.isEmpty } + [DataSetLocation.systemFolder]
    }

    /// The data sets there are, by name, those that cannot be read included.
    public func listings() -> [Listing] {
        Set(roots.flatMap(names)).sorted().compactMap { name in
            let listing = look(up: name)
            if case .failure(.notFound) = listing.content { return nil }
            return listing
        }
    }

    public func look(up name: String) -> Listing {
        var location: DataSetLocation?
        do throws(DataError) {
            let found = try DataSetLocation.find(name: name, folder: folder, environmentFolder: environmentFolder)
            location = found
            return Listing(name: name, location: found, content: .success(try found.summary()))
        } catch {
            return Listing(name: name, location: location, content: .failure(error))
        }
    }

    /// Names that files and folders in `root` may stand for.
    private func names(in root: String) -> [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        var names = [URL(fileURLWithPath: root).resolvingSymlinksInPath().lastPathComponent]
        for entry in entries where !entry.hasPrefix(".") {
            switch entry {
            case "cifar-10-batches-bin": names.append("cifar-10")
            case "cifar-100-binary": names.append("cifar-100")
            case "emnist": names += emnistNames(in: root + "/emnist")
            case _ where entry.hasSuffix(".npz"): names.append(String(entry.dropLast(4)))
            default: names.append(entry)
            }
        }
        if entries.contains("data_batch_1.bin") { names.append("cifar-10") }
        return names + emnistNames(in: root)
    }

    private func emnistNames(in folder: String) -> [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return entries.compactMap { entry in
            guard entry.hasPrefix("emnist-"), let end = entry.range(of: "-train-images-idx3-ubyte") else { return nil }
            return String(entry[..<end.lowerBound])
        }
    }
}
