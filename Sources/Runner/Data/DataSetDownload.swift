import Foundation
import Learning

/// Fetches a public data set with `curl`: into a folder of its own, which appears under its name only when everything
/// has arrived, has the right checksum and can be read.
public struct DataSetDownload {
    private let set: PublicDataSet
    private let root: String
    private let say: (String) -> Void

    /// - Parameters:
    ///   - root: the folder for data, which exists.
    ///   - say: gets a line before each step that may take long.
    public init(_ set: PublicDataSet, into root: String, say: @escaping (String) -> Void) {
        self.set = set
        self.root = root
        self.say = say
    }

    /// Returns the folder of the data set.
    public func run() throws -> String {
        guard set.isFetchable else { throw DownloadError("\(set.name) cannot be fetched; \(set.advice)") }
        let target = root + "/" + set.folder
        guard !FileManager.default.fileExists(atPath: target) else {
            throw DownloadError("\(target): already there; to fetch it again, remove it first")
        }
        let work = root + "/.ncsweep-fetch-\(ProcessInfo.processInfo.processIdentifier)"
        let content = work + "/" + set.folder
        do {
            try FileManager.default.createDirectory(atPath: content, withIntermediateDirectories: true)
        } catch {
            throw DownloadError("\(root): cannot be written to; choose another folder with --data")
        }
        defer { try? FileManager.default.removeItem(atPath: work) }
        for file in set.files {
            let path = (set.packing == .files ? content : work) + "/" + file.name
            try fetch(file, to: path)
            if set.packing != .files { try unpack(path, in: work, to: content) }
        }
        let summary = try DataSetLocation.find(name: set.name, folder: work).summary()
        guard rename(content, target) == 0 else {
            throw DownloadError("\(target): cannot be made: \(String(cString: strerror(errno))); check the folder")
        }
        say("\(set.name): \(summary.trainingSamples) training and \(summary.testSamples) test samples in \(target)")
        return target
    }

    private func fetch(_ file: PublicDataSet.File, to path: String) throws {
        say("fetching \(file.url)")
        let failure = try Self.run([
            "curl", "--fail", "--location", "--silent", "--show-error", "--connect-timeout", "30", "--output", path,
            file.url,
        ])
        if let failure {
            throw DownloadError(
                "\(file.url): cannot be downloaded (\(failure)); check the network, or put the file's content into "
                    + "\(root)/\(set.folder) by other means")
        }
        let digest = try SHA256.digest(ofFile: path)
        guard digest == file.sha256 else {
            throw DownloadError(
                "\(file.url): SHA-256 \(digest) instead of \(file.sha256): not the published file, so it is not kept; "
                    + "try again, or look for another source")
        }
    }

    /// Unpacks an archive of one folder, whose files go into `content`.
    private func unpack(_ archive: String, in work: String, to content: String) throws {
        say("unpacking \((archive as NSString).lastPathComponent)")
        let inner = work + "/unpacked"
        try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
        let command =
            set.packing == .tar ? ["tar", "-xzf", archive, "-C", inner] : ["unzip", "-q", archive, "-d", inner]
        if let failure = try Self.run(command) {
            throw DownloadError("\(set.name): its archive cannot be unpacked (\(failure)); install \(command[0])")
        }
        let folders = try FileManager.default.contentsOfDirectory(atPath: inner).filter { !$0.hasPrefix("_") }
        guard folders.count == 1, let folder = folders.first else {
            throw DownloadError("\(set.name): its archive holds \(folders.count) folders instead of one; report this")
        }
        try FileManager.default.removeItem(atPath: content)
        try FileManager.default.moveItem(atPath: inner + "/" + folder, toPath: content)
    }

    /// nil where the command worked, else the last line it said.
    private static func run(_ command: [String]) throws -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        do { try process.run() } catch { throw DownloadError("\(command[0]): cannot be started; install it") }
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            return said.split(separator: "\n").last.map(String.init) ?? "\(command[0]) ended with an error"
        }
        return nil
    }
}

/// Why a data set could not be fetched, and what to do.
public struct DownloadError: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
