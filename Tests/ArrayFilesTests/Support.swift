import Foundation
import Testing

@testable import ArrayFiles

/// A file of Reference/, written by make_reference.py.
func reference(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Reference/\(name)").path
}

func referenceBytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: reference(name))) }

/// A folder of this test's own, removed with it.
final class ScratchFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "ncsweep-arrays-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

/// Every file that differs from `bytes` by its end or by one byte, with what was done to it.
func damaged(_ bytes: Data) -> [(what: String, bytes: Data)] {
    var files = (0..<bytes.count).map { (what: "first \($0) bytes", bytes: bytes.prefix($0)) }
    for index in 0..<bytes.count {
        for mask: UInt8 in [0x01, 0x80, 0xFF] {
            var other = bytes
            other[index] ^= mask
            files.append((what: "byte \(index) xor \(mask)", bytes: other))
        }
    }
    return files
}
