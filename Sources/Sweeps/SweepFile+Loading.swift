import Foundation

extension SweepFile {
    /// The largest file that is read; one written by hand has a few kilobytes.
    public static let sizeLimitBytes = 1 << 20

    /// Reads and parses the file at `path`. Throws one message where it cannot be read: it is missing, unreadable, a
    /// folder, not UTF-8 or larger than 1 MiB; otherwise all mistakes in it.
    public static func load(path: String) throws(SweepFileErrors) -> SweepFile {
        func failure(_ what: String) -> SweepFileErrors {
            SweepFileErrors(messages: [singleLine("\(path): \(what)")])
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw failure("there is no such file; check the path")
        }
        guard !isFolder.boolValue else { throw failure("this is a folder; name a sweep file in it") }
        guard let kind = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType,
            kind == .typeRegular || kind == .typeSymbolicLink
        else { throw failure("this is no regular file; name a sweep file") }
        let data: Data
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            // The size is asked of the open file, and no more than the limit is read: it may be a pipe or growing.
            data = try handle.read(upToCount: sizeLimitBytes + 1) ?? Data()
        } catch {
            throw failure("the file cannot be read; check its permissions")
        }
        guard data.count <= sizeLimitBytes else {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            let size = max((attributes?[.size] as? Int) ?? 0, data.count)
            throw failure("the file has \(size) bytes and the limit is \(sizeLimitBytes); is it a sweep file?")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw failure("the file is not UTF-8 text; save it as UTF-8")
        }
        return try parse(text, path: path)
    }
}
