import CZlib
import Foundation
import LinearAlgebra
import Testing

@testable import Learning

/// A folder that goes with the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "ncsweep-learning-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    func writeGzipped(_ bytes: [UInt8], to name: String) throws -> String {
        let file = try write([], to: name)
        let stream = gzopen(file, "wb")
        #expect(gzwrite(stream, bytes, UInt32(bytes.count)) == Int32(bytes.count))
        #expect(gzclose(stream) == Z_OK)
        return file
    }

    func bytes(of file: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file))) }
}

/// An IDX file's bytes.
func idx(_ dimensions: [Int], _ data: [UInt8], type: UInt8 = 8) -> [UInt8] {
    [0, 0, type, UInt8(dimensions.count)]
        + dimensions.flatMap { size in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } } + data
}

/// Bytes without a pattern, so that gzip cannot shrink them.
func noise(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) } }

private func readAll(_ path: String, _ content: IDXFile.Content) throws -> [UInt8] {
    let file = try IDXFile(path: path, content: content)
    let memory = ByteMemory(byteCount: file.byteCount)
    try file.read(into: memory.bytes)
    return Array(memory.bytes)
}

/// The error, which must be one line that begins with the file.
private func failure(of path: String, _ content: IDXFile.Content = .images) -> DataError? {
    let error = #expect(throws: DataError.self) { try readAll(path, content) }
    #expect(error?.description.hasPrefix(path) == true)
    #expect(error?.description.contains("\n") == false)
    return error
}

@Suite struct IDXFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func plainAndGzippedReadTheSame() throws {
        let data = noise(7 * 3 * 5)
        let plain = try folder.write(idx([7, 3, 5], data), to: "plain")
        let gzipped = try folder.writeGzipped(idx([7, 3, 5], data), to: "zipped")
        for path in [plain, gzipped] {
            let file = try IDXFile(path: path, content: .images)
            #expect(file.dimensions == [7, 3, 5])
            #expect(file.samples == 7)
            #expect(file.sampleShape == [3, 5])
            #expect(try readAll(path, .images) == data)
        }
    }

    @Test func missing() {
        let path = folder.path + "/none"
        #expect(failure(of: path) == .unreadable(path: path, reason: "No such file or directory"))
    }

    @Test func aFolderIsNoFile() throws {
        guard case .unreadable = failure(of: folder.path) else { return #expect(Bool(false), "not refused") }
    }

    @Test(arguments: [0, 1, 3, 4, 9, 16, 17, 120])
    func truncatedPlain(_ length: Int) throws {
        let bytes = idx([7, 3, 5], noise(105))
        #expect(bytes.count == 121)
        let path = try folder.write(Array(bytes.prefix(length)), to: "short")
        guard case .truncated(path, _, length) = failure(of: path) else { return #expect(Bool(false), "not refused") }
    }

    @Test func truncatedAndFlippedGzipIsRefusedWhereverItIs() throws {
        let whole = try folder.bytes(of: folder.writeGzipped(idx([40, 5, 5], noise(1000)), to: "whole"))
        for length in stride(from: 2, to: whole.count, by: 37) {
            _ = failure(of: try folder.write(Array(whole.prefix(length)), to: "short"))
        }
        _ = failure(of: try folder.write(Array(whole.dropLast()), to: "short"))
        // Past the ten bytes of the header, of which most do not matter.
        for position in stride(from: 10, to: whole.count, by: 41) {
            var damaged = whole
            damaged[position] ^= 0x10
            _ = failure(of: try folder.write(damaged, to: "damaged"))
        }
        // The checksum and the length at the very end.
        for position in whole.count - 8..<whole.count {
            var damaged = whole
            damaged[position] ^= 1
            guard case .corrupted = failure(of: try folder.write(damaged, to: "damaged")) else {
                return #expect(Bool(false), "checksum not compared")
            }
        }
    }

    @Test func trailingBytes() throws {
        let bytes = idx([7, 3, 5], noise(105)) + [1]
        let plain = try folder.write(bytes, to: "long")
        #expect(failure(of: plain) == .trailingBytes(path: plain, expectedBytes: 121))
        let gzipped = try folder.writeGzipped(bytes, to: "long.gz")
        #expect(failure(of: gzipped) == .trailingBytes(path: gzipped, expectedBytes: 121))
    }

    @Test func rubbishBehindGzip() throws {
        let whole = try folder.bytes(of: folder.writeGzipped(idx([7, 3, 5], noise(105)), to: "whole"))
        for rubbish in [[0], [0x1F], [0x1F, 0x8B], Array("more".utf8)] as [[UInt8]] {
            let path = try folder.write(whole + rubbish, to: "rubbish.gz")
            guard case .corrupted(path, _) = failure(of: path) else { return #expect(Bool(false), "not refused") }
        }
        // Members one after the other are one file.
        let parts = try [idx([7, 3, 5], []), noise(50), Array(noise(105)[50...])].enumerated().map { index, part in
            try folder.bytes(of: folder.writeGzipped(part, to: "part\(index)"))
        }
        #expect(try readAll(folder.write(Array(parts.joined()), to: "joined.gz"), .images) == noise(105))
    }

    @Test func otherFiles() throws {
        let text = try folder.write(Array("label,pixel1,pixel2\n1,2,3\n".utf8), to: "text")
        guard case .notIDX = failure(of: text) else { return #expect(Bool(false), "text accepted") }
        let floats = try folder.write(idx([1, 2], noise(8), type: 0x0D), to: "floats")
        guard case .notIDX = failure(of: floats) else { return #expect(Bool(false), "float32 accepted") }
        let huge = try folder.write(idx([0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF], []), to: "huge")
        guard case .notIDX = failure(of: huge) else { return #expect(Bool(false), "impossible size accepted") }
        let empty = try folder.write(idx([0, 28, 28], []), to: "empty")
        #expect(failure(of: empty) == .empty(path: empty))
    }

    @Test func swappedImagesAndLabels() throws {
        let images = try folder.write(idx([7, 3, 5], noise(105)), to: "images")
        let labels = try folder.write(idx([7], noise(7)), to: "labels")
        #expect(failure(of: images, .labels) == .mislabelled(path: images, expected: "labels", dimensions: [7, 3, 5]))
        #expect(failure(of: labels, .images) == .mislabelled(path: labels, expected: "images", dimensions: [7]))
    }
}
