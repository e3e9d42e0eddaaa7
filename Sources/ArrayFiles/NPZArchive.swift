import Foundation

/// Named arrays in one file, as NumPy's `savez` and `savez_compressed` write them: a zip archive of .npy files.
public struct NPZArchive: Sendable {
    public let path: String
    /// The names of the arrays, in the file's order, without `.npy`. Entries that are no .npy files are left out.
    public let names: [String]
    private let bytes: Data
    private let entries: [String: ZipDirectory.Entry]

    /// Maps the file and reads its directory; arrays are read and checked as they are asked for.
    public init(path: String) throws(ArrayFileError) {
        try self.init(decoding: try FileBytes.read(path), path: path)
    }

    /// Reads the directory of an archive in memory; `path` is for messages only.
    public init(decoding bytes: Data, path: String) throws(ArrayFileError) {
        let signature = bytes.prefix(4)
        // An archive without entries starts with its end.
        guard signature.elementsEqual([0x50, 0x4B, 3, 4]) || signature.elementsEqual([0x50, 0x4B, 5, 6]) else {
            throw ArrayFileError(path: path, .notOfFormat("an .npz archive", reason: "it does not start as a zip file"))
        }
        let directory: ZipDirectory
        do { directory = try ZipDirectory(bytes) } catch {
            throw ArrayFileError(path: path, .damaged("zip: \(error.reason)"))
        }
        let arrays = directory.entries.filter { $0.name.hasSuffix(".npy") }
        self.path = path
        self.bytes = bytes
        names = arrays.map { String($0.name.dropLast(4)) }
        entries = Dictionary(zip(names, arrays)) { first, _ in first }
    }

    /// Reads an array; nil if there is none of this name.
    public func array(ifPresent name: String) throws(ArrayFileError) -> NumericArray? {
        guard let entry = entries[name] else { return nil }
        let content: Data
        do { content = try ZipDirectory.content(of: entry, in: bytes) } catch {
            throw ArrayFileError(path: path, array: name, .damaged(error.reason))
        }
        return try NumericArray(npy: content, path: path, array: name)
    }

    /// Reads an array that must be there.
    public func array(_ name: String) throws(ArrayFileError) -> NumericArray {
        guard let array = try array(ifPresent: name) else {
            throw ArrayFileError(path: path, .missing(name: name, available: names))
        }
        return array
    }
}
