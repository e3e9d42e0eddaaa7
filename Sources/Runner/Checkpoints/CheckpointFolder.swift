import ArrayFiles
import Foundation
import LinearAlgebra
import Sweeps

/// Checkpoints of the running trials of a sweep, two generations each: DIR/checkpoints/<trial>.safetensors and, the one
/// before it, <trial>.previous.safetensors.
///
/// A new one is written under a third name and brought to the disk; then the current one becomes the previous one, and
/// the new one the current. Each step is a renaming: a kill between any two leaves one whole file at least. Content and
/// trial are sealed by a checksum, so that a file that was damaged later is told from a whole one.
public struct CheckpointFolder: Sendable {
    private let path: String
    private let kernels: String
    private let complain: @Sendable (String) -> Void

    /// - Parameter directory: the folder of the results.
    public init(directory: String) { self.init(directory: directory, complain: warn) }

    /// - Parameters:
    ///   - kernels: of matrix products, which a trial's bits depend on.
    ///   - complain: takes a line about files that cannot be used, or that other kernels wrote.
    init(
        directory: String, kernels: String = OpenBLAS.productKernels, complain: @escaping @Sendable (String) -> Void
    ) {
        path = directory + "/checkpoints"
        self.kernels = kernels
        self.complain = complain
    }

    func current(_ trial: TrialID) -> String { "\(path)/\(trial).safetensors" }
    func previous(_ trial: TrialID) -> String { "\(path)/\(trial).previous.safetensors" }
    private func next(_ trial: TrialID) -> String { "\(path)/\(trial).next.safetensors" }

    func save(_ trial: Trial, _ content: Safetensors) throws(CheckpointError) {
        var content = content
        content.metadata["trial"] = trial.canonicalText
        content.metadata[Self.kernelsKey] = kernels
        content.metadata["checksum"] = content.checksum
        try makeFolder()
        do { try content.write(to: next(trial.id)) } catch {
            throw CheckpointError(path: current(trial.id), reason: Self.words(error))
        }
        try move(current(trial.id), to: previous(trial.id), canBeMissing: true)
        try move(next(trial.id), to: current(trial.id))
        syncFolder()
    }

    /// The last checkpoint of the trial that is whole and that `take` takes, which returns what is wrong with one that
    /// it does not; nil where there is none. What cannot be used is said in one line and removed.
    func load(_ trial: Trial, take: (Safetensors) -> String?) -> Safetensors? {
        var mistakes: [(path: String, reason: String, isUnreadable: Bool)] = []
        for file in [current(trial.id), previous(trial.id)] {
            guard let outcome = read(file, of: trial) else { continue }
            switch outcome {
            case .success(let content):
                guard let reason = take(content) else {
                    if let first = mistakes.first {
                        // The next one saved would make the damaged one the previous one.
                        if !first.isUnreadable, rename(file, first.path) == 0 { syncFolder() }
                        complain("\(first.path): \(first.reason); trial \(trial.id) goes on from the one before it")
                    }
                    if let others = content.metadata[Self.kernelsKey], others != kernels {
                        complain(
                            "\(file): written with other kernels of matrix products, \(others), here \(kernels); trial "
                                + "\(trial.id) goes on, and ends in the bits of neither")
                    }
                    return content
                }
                mistakes.append((file, reason, false))
            case .failure(let error): mistakes.append((file, error.reason, error.isUnreadable))
            }
        }
        if !mistakes.isEmpty {
            for mistake in mistakes where !mistake.isUnreadable { unlink(mistake.path) }
            let files = mistakes.map { "\($0.path): \($0.reason)" }.joined(separator: "; ")
            complain("\(files); trial \(trial.id) starts again")
        }
        return nil
    }

    /// To be called once the trial's result is stored.
    func remove(_ trial: TrialID) {
        for file in [next(trial), previous(trial), current(trial)] { unlink(file) }
    }

    /// Removes what a killed run had not written to its end, and what it had no time to remove: the checkpoints of
    /// trials whose results are stored. To be called while no other run can use the folder.
    func removeLeftOver(isStored: (String) -> Bool) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names {
            let trial = String(name.prefix { $0 != "." })
            if name.hasSuffix(".partial") || name.hasSuffix(".next.safetensors") || isStored(trial) {
                unlink("\(path)/\(name)")
            }
        }
    }

    private static let kernelsKey = "kernels"

    // MARK: Files

    private struct Unusable: Error {
        let reason: String
        /// It may be whole, and readable another time.
        var isUnreadable = false
    }

    /// nil where there is no such file.
    private func read(_ file: String, of trial: Trial) -> Result<Safetensors, Unusable>? {
        guard access(file, F_OK) == 0 || errno != ENOENT else { return nil }
        do {
            // Read, not mapped: a folder on a network may lose the file while it is being used.
            var content = try Safetensors(decoding: try Data(contentsOf: URL(fileURLWithPath: file)), path: file)
            guard let checksum = content.metadata.removeValue(forKey: "checksum"), checksum == content.checksum
            else { return .failure(Unusable(reason: "the checkpoint is damaged, its checksum is wrong")) }
            guard content.metadata["trial"] == trial.canonicalText else {
                return .failure(Unusable(reason: "the checkpoint is of another trial"))
            }
            return .success(content)
        } catch let error as ArrayFileError {
            return .failure(Unusable(reason: "the checkpoint is damaged, \(Self.words(error))"))
        } catch {
            return .failure(Unusable(reason: "the checkpoint cannot be read, \(Self.words(error))", isUnreadable: true))
        }
    }

    private func makeFolder() throws(CheckpointError) {
        guard mkdir(path, 0o777) != 0, errno != EEXIST || !isFolder else { return }
        throw CheckpointError(path: path, reason: String(cString: strerror(errno)))
    }

    private var isFolder: Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private func move(_ old: String, to new: String, canBeMissing: Bool = false) throws(CheckpointError) {
        guard rename(old, new) != 0, !(canBeMissing && errno == ENOENT) else { return }
        throw CheckpointError(path: new, reason: String(cString: strerror(errno)))
    }

    /// Brings the names to the disk. Where that fails, a crash of the machine may undo the renaming: no more than that.
    private func syncFolder() {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    private static func words(_ error: any Error) -> String {
        if let error = error as? ArrayFileError { return words(error.problem) }
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return underlying.map { String(cString: strerror(Int32($0.code))) } ?? error.localizedDescription
    }

    private static func words(_ problem: ArrayFileError.Problem) -> String {
        switch problem {
        case .unreadable(let reason), .unwritable(let reason), .damaged(let reason): reason
        case .truncated(let expected, let found): "it ends after \(found) of \(expected) bytes"
        case .notOfFormat(_, let reason): reason
        case .unsupported(let what, _): what
        case .missing(let name, _): "it has no array '\(name)'"
        }
    }
}

/// A checkpoint that could not be written.
struct CheckpointError: Error, CustomStringConvertible {
    let path: String
    let reason: String
    var description: String {
        "cannot write checkpoint \(path): \(reason); make room there"
    }
}
