import Foundation
import Learning
import Testing

@testable import Runner

@Suite struct SHA256Tests {
    private func digest(_ bytes: [UInt8], pieces: Int) -> String {
        var hash = SHA256()
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            hash.update(Array(bytes[start..<min(start + pieces, bytes.count)]))
        }
        return hash.digest()
    }

    /// The examples of FIPS 180-4.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]) func publishedExamples(text: String, expected: String) {
        for pieces in [1, 7, 64, 1000] { #expect(digest(Array(text.utf8), pieces: pieces) == expected) }
    }

    @Test func aMillionTimesA() {
        #expect(
            digest([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000), pieces: 4099)
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func everyLengthIsPadded() {
        for length in 0..<200 {
            let bytes = [UInt8](repeating: 5, count: length)
            #expect(digest(bytes, pieces: 1000) == digest(bytes, pieces: 3))
        }
    }
}

/// Downloads of files on this machine.
@Suite struct DataSetDownloadTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    private var source: URL { folder.appendingPathComponent("source") }
    private var root: URL { folder.appendingPathComponent("data") }

    init() throws {
        for url in [source, root] {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        }
    }

    /// Four samples of 2 × 2 pixels.
    private func write(_ names: [String], to url: URL) throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for name in names {
            let isImages = name.contains("images")
            let head: [UInt8] = isImages ? [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 2] : [0, 0, 8, 1, 0, 0, 0, 4]
            let body: [UInt8] = isImages ? (0..<16).map { $0 } : [0, 1, 0, 1]
            try Data(head + body).write(to: url.appendingPathComponent(name))
        }
    }

    private static let names = [
        "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
    ]

    private func set(_ packing: PublicDataSet.Packing, _ files: [URL]) throws -> PublicDataSet {
        PublicDataSet(
            name: "set", folder: "set", summary: "",
            files: try files.map {
                PublicDataSet.File(url: $0.absoluteString, sha256: try SHA256.digest(ofFile: $0.path))
            }, packing: packing, megabytes: 0, otherWay: nil)
    }

    private func fetch(_ set: PublicDataSet) throws -> String {
        try DataSetDownload(set, into: root.path, say: { _ in }).run()
    }

    /// One line, and nothing is left behind.
    private func refusal(_ set: PublicDataSet) throws -> String {
        let error = #expect(throws: DownloadError.self) { try fetch(set) }
        #expect(error?.description.contains("\n") == false)
        #expect(try FileManager.default.contentsOfDirectory(atPath: root.path).isEmpty)
        return error?.description ?? ""
    }

    private func shell(_ command: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.currentDirectoryURL = source
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func files() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write(Self.names, to: source)
        let set = try set(.files, Self.names.map { source.appendingPathComponent($0) })
        #expect(try fetch(set) == root.path + "/set")
        #expect(try FileManager.default.contentsOfDirectory(atPath: root.path) == ["set"])
        #expect(try DataSetLocation.find(name: "set", folder: root.path).load(.test).labels == [0, 1, 0, 1])
        let error = #expect(throws: DownloadError.self) { try fetch(set) }
        #expect(error?.description.contains("already there") == true)
    }

    @Test func archives() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write(Self.names, to: source.appendingPathComponent("inner"))
        try shell("tar -czf a.tar.gz inner")
        _ = try fetch(try set(.tar, [source.appendingPathComponent("a.tar.gz")]))
        #expect(try DataSetLocation.find(name: "set", folder: root.path).load(.training).samples == 4)
        try FileManager.default.removeItem(at: root.appendingPathComponent("set"))
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/unzip") else { return }
        let python = "import shutil; shutil.make_archive('a', 'zip', '.', 'inner')"
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/python3") else { return }
        try shell("python3 -c \"\(python)\"")
        _ = try fetch(try set(.zip, [source.appendingPathComponent("a.zip")]))
        #expect(try DataSetLocation.find(name: "set", folder: root.path).load(.training).samples == 4)
    }

    @Test func mistakes() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write(Self.names, to: source)
        let urls = Self.names.map { source.appendingPathComponent($0) }
        let whole = try set(.files, urls)
        // Something else than was published.
        try Data([1, 2, 3]).write(to: urls[3])
        #expect(try refusal(whole).contains("SHA-256"))
        // Nothing there.
        try FileManager.default.removeItem(at: urls[3])
        #expect(try refusal(whole).contains("cannot be downloaded (curl: (37)"))
        // What was published cannot be read.
        try Data([1, 2, 3]).write(to: urls[3])
        #expect(throws: DataError.self) { try fetch(try set(.files, urls)) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: root.path).isEmpty)
        // No archive.
        #expect(try refusal(try set(.tar, [urls[3]])).contains("cannot be unpacked"))
        // Without a network.
        let nowhere = PublicDataSet(
            name: "set", folder: "set", summary: "",
            files: [PublicDataSet.File(url: "http://nowhere.invalid/a", sha256: "")], packing: .files, megabytes: 0,
            otherWay: nil)
        #expect(try refusal(nowhere).contains("check the network"))
        #expect(try refusal(try #require(PublicDataSet.named("svhn"))).contains("scipy"))
    }
}
