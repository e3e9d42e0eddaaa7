import Foundation
import GRDB

/// What can go wrong with a folder of results: one line that says what, where, and what to do.
/// No error leaves the store changed, and nothing is deleted or overwritten on the way to one.
public enum StoreError: Error, Hashable, Sendable {
    /// Another coordinator writes to the folder.
    case inUse(directory: String, holder: String)
    /// There are no results to read.
    case missing(directory: String)
    /// No trial, or several, begin with what was given for one.
    case notOneTrial(name: String, matching: Int, directory: String)
    /// The file is there, but it is not ncsweep's.
    case foreign(path: String, what: String)
    case otherVersion(path: String, found: Int, expected: Int)
    case damaged(path: String, detail: String)
    case full(path: String, freeBytes: UInt64?)
    /// SQLite's own lock was not released in time.
    case busy(path: String)
    case notReadable(path: String, detail: String)
    case notWritable(path: String, detail: String)
    case failed(path: String, detail: String)
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .inUse(let directory, let holder):
            return "\(directory) is in use by \(holder); wait for it or stop it"
        case .missing(let directory):
            return "\(directory) holds no results; name a folder that 'ncsweep run' wrote to"
        case .notOneTrial(let name, 0, let directory):
            return "\(directory) has no trial '\(name)'; 'ncsweep results \(directory)' shows their ids"
        case .notOneTrial(let name, let matching, let directory):
            return "'\(name)' is the beginning of \(matching) trials of \(directory); write more of it"
        case .foreign(let path, let what):
            return "\(path) \(what); move it away, or choose another folder for the results"
        case .otherVersion(let path, let found, let expected):
            let advice = found > expected ? "use the newer ncsweep that wrote it" : "use the ncsweep that wrote it"
            return "\(path) has format \(found), this ncsweep reads \(expected); \(advice), or choose another folder"
        case .damaged(let path, let detail):
            return "\(path) is damaged (\(detail)); restore a copy, or salvage with 'sqlite3 \(path) .recover' and "
                + "choose another folder"
        case .full(let path, let freeBytes):
            let left = freeBytes.map { ", \($0 >> 20) MiB left" } ?? ""
            return "\(path): the disk is full\(left); free some space and start again, what was stored is safe"
        case .busy(let path):
            return "\(path) is locked by another program; close it and start again, what was stored is safe"
        case .notReadable(let path, let detail):
            return "\(path) cannot be read (\(detail)); check its permissions"
        case .notWritable(let path, let detail):
            return "\(path) cannot be written (\(detail)); check its permissions, or choose another folder"
        case .failed(let path, let detail):
            return "\(path): \(detail); check the file system it lies on and start again"
        }
    }
}

extension StoreError {
    /// What an SQLite failure means for whoever reads the message.
    init(_ error: DatabaseError, path: String) {
        let detail = (error.message ?? "SQLite error \(error.resultCode.rawValue)")
            .split(whereSeparator: \.isNewline).joined(separator: " ")
        let free = FileSystem.kind(of: path).freeBytes
        switch error.resultCode {
        case .SQLITE_FULL: self = .full(path: path, freeBytes: free)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy(path: path)
        case .SQLITE_CORRUPT: self = .damaged(path: path, detail: detail)
        case .SQLITE_NOTADB: self = .foreign(path: path, what: "is not a results file (\(detail))")
        case .SQLITE_READONLY: self = .notWritable(path: path, detail: detail)
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH: self = .notReadable(path: path, detail: detail)
        // Growing a file on a full disk is reported as one of many I/O errors.
        case .SQLITE_IOERR where free.map { $0 < 1 << 20 } ?? false: self = .full(path: path, freeBytes: free)
        default: self = .failed(path: path, detail: detail)
        }
    }

    /// Runs `body`, whose failures are SQLite's, the store's own, or the file system's.
    static func catching<T>(_ path: String, _ body: () throws -> T) throws(StoreError) -> T {
        do {
            return try body()
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError {
            throw StoreError(error, path: path)
        } catch {
            throw .failed(path: path, detail: error.localizedDescription)
        }
    }
}
