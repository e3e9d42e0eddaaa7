import ArrayFiles
import Foundation
import Sweeps

/// Checkpoints of the running trials of a sweep, one file each: DIR/checkpoints/<trial>.safetensors.
///
/// A file is replaced by renaming a complete one over it, so a reader sees the old or the new one. It ends with a check
/// sum of everything before; one that is damaged is as good as none, and the trial starts again.
public struct CheckpointFolder: Sendable {
    private let path: String

    /// - Parameter directory: the folder of the results.
    public init(directory: String) { path = directory + "/checkpoints" }

    private func file(_ trial: TrialID) -> URL { URL(fileURLWithPath: "\(path)/\(trial).safetensors") }

    func save(_ trial: Trial, _ content: Safetensors) throws {
        var content = content
        content.metadata["trial"] = trial.canonicalText
        content.metadata["checksum"] = Self.checksum(content)
        let bytes = try content.encoded()
        try makeFolder()
        do {
            // Foundation writes beside the file and renames.
            try bytes.write(to: file(trial.id), options: .atomic)
        } catch {
            throw CheckpointError(path: file(trial.id).path, reason: Self.reason(error))
        }
    }

    private func makeFolder() throws {
        guard mkdir(path, 0o777) != 0, errno != EEXIST || !isFolder else { return }
        throw CheckpointError(path: path, reason: String(cString: strerror(errno)))
    }

    private var isFolder: Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// The trial's last checkpoint; nil where there is none, or none that is whole and of this very trial.
    func load(_ trial: Trial) -> Safetensors? {
        // Read, not mapped: a folder on a network may lose the file while it is being used.
        guard let bytes = try? Data(contentsOf: file(trial.id)),
            var content = try? Safetensors(decoding: bytes, path: file(trial.id).path),
            content.metadata["trial"] == trial.canonicalText,
            let checksum = content.metadata.removeValue(forKey: "checksum"), checksum == Self.checksum(content)
        else { return nil }
        return content
    }

    /// To be called once the trial's result is stored.
    func remove(_ trial: TrialID) { try? FileManager.default.removeItem(at: file(trial)) }

    /// FNV-1a over metadata and arrays, the arrays taken eight bytes at a time.
    private static func checksum(_ content: Safetensors) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ word: UInt64) { hash = (hash ^ word) &* 0x0000_0100_0000_01B3 }
        for (key, value) in content.metadata.sorted(by: { $0.key < $1.key }) {
            for byte in (key + "=" + value).utf8 { add(UInt64(byte)) }
        }
        for name in content.names.sorted() {
            for byte in name.utf8 { add(UInt64(byte)) }
            content[name]?.bytes.withUnsafeBytes { bytes in
                let whole = bytes.count & ~7
                for offset in stride(from: 0, to: whole, by: 8) {
                    add(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                }
                for offset in whole..<bytes.count { add(UInt64(bytes[offset])) }
            }
        }
        return String(hash, radix: 16)
    }

    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return underlying.map { String(cString: strerror(Int32($0.code))) } ?? error.localizedDescription
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
