import Foundation

/// How SQLite's own locks are taken on the store, which keep readers from seeing half a commit.
///
/// They are record locks (`fcntl`). Some cluster file systems have none (Lustre mounted without `flock`, NFS without
/// its lock service); there SQLite's "dotfile" locks serve, a folder made beside the store while it is in use.
enum StoreLocking {
    case recordLocks, dotFile

    /// What the folder's file system offers. The question is put to the lock file: to close the store's own file would
    /// give up every record lock this process has on it.
    static func offered(in directory: String) -> StoreLocking {
        let descriptor = open(directory + "/" + StoreLock.fileName, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .recordLocks }
        defer { close(descriptor) }
        var query = flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 1, l_pid: 0)
        guard fcntl(descriptor, F_GETLK, &query) != 0 else { return .recordLocks }
        return StoreLock.isUnsupported(errno) ? .dotFile : .recordLocks
    }

    /// The name under which SQLite opens the file with these locks.
    func location(of path: String) -> String {
        switch self {
        case .recordLocks: path
        case .dotFile: URL(fileURLWithPath: path).absoluteString + "?vfs=unix-dotfile"
        }
    }

    /// Removes the dotfile of a killed process, which nobody else would. Only for the holder of the `StoreLock`: no
    /// other writer lives then, and readers hold the store for moments only.
    ///
    /// - Parameter patienceSeconds: how long a dotfile must stand unchanged.
    static func removeAbandonedDotFile(of path: String, patienceSeconds: Double) {
        func identity() -> (inode: UInt64, seconds: Int, nanoseconds: Int)? {
            var status = stat()
            guard lstat(path + ".lock", &status) == 0 else { return nil }
            return (UInt64(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
        guard let first = identity() else { return }
        let steps = 20
        for _ in 0..<steps {
            usleep(UInt32(patienceSeconds / Double(steps) * 1e6))
            guard let now = identity(), now == first else { return }
        }
        rmdir(path + ".lock")
    }
}
