import Foundation
import Testing

@testable import ArrayFiles

/// Archives as NumPy wrote them, archives for NumPy, and damage to both.
@Suite struct NPZTests {
    static let features = NumericArray((0..<30).map { Float($0) }, shape: [6, 5])
    static let labels = NumericArray([0, 1, 2, 0, 1, 2].map { Int64($0) })

    @Test(arguments: ["stored.npz", "deflated.npz"]) func archivesOfNumPyAreRead(_ name: String) throws {
        let archive = try NPZArchive(path: reference(name))
        #expect(archive.names == ["features", "labels"])
        #expect(try archive.array("features") == Self.features)
        #expect(try archive.array("labels") == Self.labels)
        #expect(try archive.array(ifPresent: "weight") == nil)
        let error = try #require(throws: ArrayFileError.self) { try archive.array("weight") }
        #expect(
            error.description == "\(reference(name)): no array 'weight' (it holds features, labels); "
                + "save it under this name")
    }

    @Test(arguments: [0xFFFF_FFFE, 10]) func archivesGoOutAndIn(largest: Int) throws {
        let folder = try ScratchFolder()
        let path = folder.file("x.npz")
        // Above `largest` as an archive of gigabytes has them: zip64.
        try NPZArchive.write([("features", Self.features), ("Σ", Self.labels)], to: path, largest: largest)
        let archive = try NPZArchive(path: path)
        #expect(archive.names == ["features", "Σ"])
        #expect(try archive.array("features") == Self.features)
        #expect(try archive.array("Σ") == Self.labels)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.npz"])
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect((bytes.range(of: Data([0x50, 0x4B, 6, 6])) != nil) == (largest == 10))
    }

    @Test(.enabled(if: hasNumPy), arguments: [0xFFFF_FFFE, 10]) func numPyReadsOurArchives(largest: Int) throws {
        let folder = try ScratchFolder()
        let path = folder.file("x.npz")
        try NPZArchive.write([("features", Self.features), ("labels", Self.labels)], to: path, largest: largest)
        let script = """
            import sys, zipfile, numpy
            a, b = numpy.load(sys.argv[1]), numpy.load(sys.argv[2])
            assert a.files == b.files, a.files
            for name in a.files:
                assert a[name].dtype == b[name].dtype and (a[name] == b[name]).all(), name
            assert zipfile.ZipFile(sys.argv[1]).testzip() is None
            """
        #expect(try runPython(script, path, reference("stored.npz")) == 0)
    }

    static let hasNumPy = (try? runPython("import numpy")) == 0

    @Test func anEmptyArchiveIsRead() throws {
        let folder = try ScratchFolder()
        try NPZArchive.write([], to: folder.file("x.npz"))
        #expect(try NPZArchive(path: folder.file("x.npz")).names.isEmpty)
    }

    @Test func aCommentMayFollow() throws {
        var bytes = try referenceBytes("stored.npz")
        bytes[bytes.count - 2] = 5
        bytes.append(contentsOf: "hello".utf8)
        #expect(try NPZArchive(decoding: bytes, path: "x").array("labels") == Self.labels)
    }

    @Test func filesThatAreNoArchivesAreNamed() throws {
        let error = try #require(throws: ArrayFileError.self) {
            try NPZArchive(path: reference("tensors.safetensors"))
        }
        #expect(error.description.contains("not an .npz archive (it does not start as a zip file); check that it is"))
        let missing = try #require(throws: ArrayFileError.self) { try NPZArchive(path: "/nowhere/x.npz") }
        #expect(
            missing.description
                == "/nowhere/x.npz: cannot be read: No such file or directory; check the path and its permissions")
        let unwritable = try #require(throws: ArrayFileError.self) { try NPZArchive.write([], to: "/nowhere/x.npz") }
        #expect(
            unwritable.description == "/nowhere/x.npz: cannot be written: No such file or directory; "
                + "check the folder and the room on its disk")
    }

    @Test func anInventedSizeTakesNoMemory() throws {
        // The deflated entry's size in the directory: 3 GiB.
        var bytes = try referenceBytes("deflated.npz")
        let directory = try #require(bytes.range(of: Data([0x50, 0x4B, 1, 2]))).lowerBound
        bytes.replaceSubrange(directory + 24..<directory + 28, with: [0, 0, 0, 0xC0])
        let archive = try NPZArchive(decoding: bytes, path: "x")
        let error = try #require(throws: ArrayFileError.self) { try archive.array("features") }
        #expect(
            error.description == "x: array 'features': damaged (it is too short for its size); write or copy it again")
    }

    @Test(arguments: ["stored.npz", "deflated.npz"]) func damageGivesAnErrorOrTheSameNumbers(_ name: String) throws {
        var errors = 0
        for (what, bytes) in damaged(try referenceBytes(name)) {
            do {
                let archive = try NPZArchive(decoding: bytes, path: "x")
                #expect(archive.names == ["features", "labels"], "\(what)")
                #expect(try archive.array("features") == Self.features, "\(what)")
                #expect(try archive.array("labels") == Self.labels, "\(what)")
            } catch {
                errors += 1
            }
        }
        // Most of a file matters.
        #expect(errors > 1000)
    }

    @Test func damageToOurOwnArchivesIsSeenToo() throws {
        let folder = try ScratchFolder()
        let path = folder.file("x.npz")
        try NPZArchive.write([("a", Self.labels)], to: path, largest: 10)
        for (what, bytes) in damaged(try Data(contentsOf: URL(fileURLWithPath: path))) {
            guard let archive = try? NPZArchive(decoding: bytes, path: "x") else { continue }
            #expect(archive.names == ["a"], "\(what)")
            guard let array = try? archive.array("a") else { continue }
            #expect(array == Self.labels, "\(what)")
        }
    }
}

@discardableResult
private func runPython(_ script: String, _ arguments: String...) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
}
