import Foundation

/// The file system a path lies on, as far as the store's safety depends on it.
///
/// Read from the mount table rather than from `statfs` numbers: the table tells sshfs from other FUSE file systems and
/// shows the mount options, one of which ("localflock", "nolock", …) silently confines locks to one node.
public struct FileSystem: Hashable, Sendable {
    /// As in the mount table: "ext4", "nfs4", "lustre", "fuse.sshfs", …; "unknown" where there is no table.
    public let name: String
    /// Seen by several nodes: no shared memory between their processes, so no write-ahead log.
    public let isNetwork: Bool
    /// Whether a lock taken on one node is seen on the others.
    public let sharesLocks: Bool
    public let isReadOnly: Bool
    /// For this user, in bytes; nil where the system does not tell.
    public let freeBytes: UInt64?

    /// Of a file or folder, or where it does not exist yet, of the nearest folder above it.
    public static func kind(of path: String) -> FileSystem {
        var url = URL(fileURLWithPath: path).standardizedFileURL
        while !FileManager.default.fileExists(atPath: url.path), url.pathComponents.count > 1 {
            url.deleteLastPathComponent()
        }
        let existing = url.resolvingSymlinksInPath().path
        let table = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
        return FileSystem(of: existing, mountTable: table, freeBytes: freeBytes(at: existing))
    }

    /// - Parameters:
    ///   - path: absolute, without symbolic links.
    ///   - mountTable: in the format of `/proc/self/mountinfo`, proc(5).
    init(of path: String, mountTable: String, freeBytes: UInt64? = nil) {
        var found: (point: String, type: String, options: [Substring]) = ("", "unknown", [])
        for line in mountTable.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 1 else { continue }
            let point = Self.unescape(fields[4])
            // Of mounts on the same point the last one hides the others.
            guard Self.contains(point, path), point.utf8.count >= found.point.utf8.count else { continue }
            let superOptions = fields.count > dash + 3 ? fields[dash + 3] : ""
            found = (point, String(fields[dash + 1]), (fields[5] + "," + superOptions).split(separator: ","))
        }
        name = found.type
        isNetwork = Self.isNetwork(type: found.type)
        let localLocks: Set<Substring> = ["nolock", "localflock", "local_lock=all", "local_lock=flock", "noflock"]
        sharesLocks = !isNetwork || !found.options.contains(where: localLocks.contains)
        isReadOnly = found.options.contains("ro")
        self.freeBytes = freeBytes
    }

    private static func isNetwork(type: String) -> Bool {
        let known: Set<String> = [
            "nfs", "nfs4", "lustre", "gpfs", "beegfs", "cifs", "smb3", "smbfs", "ceph", "afs", "9p", "pvfs2",
            "orangefs", "panfs", "ocfs2", "gfs2", "glusterfs", "weka", "wekafs", "virtiofs", "vboxsf",
        ]
        // FUSE file systems are mostly remote, and those that are not lose little by being treated so.
        return known.contains(type) || type == "fuse" || type.hasPrefix("fuse.")
    }

    private static func contains(_ point: String, _ path: String) -> Bool {
        point == "/" || path == point || path.hasPrefix(point + "/")
    }

    /// The table writes blanks and backslashes as `\040`.
    private static func unescape(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func freeBytes(at path: String) -> UInt64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return UInt64(status.f_frsize) * UInt64(status.f_bavail)
    }
}
