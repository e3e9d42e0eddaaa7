import Foundation
import Testing

@testable import Sweeps

@Suite struct LoadingTests {
    private func message(_ path: String) -> String? {
        do {
            _ = try SweepFile.load(path: path)
            return nil
        } catch {
            return error.messages.count == 1 ? error.messages[0] : "\(error.messages)"
        }
    }

    @Test func filesThatCannotBeReadSaySo() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sweeps-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func path(_ name: String, _ bytes: [UInt8]) throws -> String {
            let file = folder.appendingPathComponent(name)
            try Data(bytes).write(to: file)
            return file.path
        }
        #expect(
            message(folder.path + "/none.yaml") == "\(folder.path)/none.yaml: there is no such file; check the path")
        #expect(message(folder.path)?.hasSuffix(": this is a folder; name a sweep file in it") == true)
        let latin = try path("latin.yaml", [0x6E, 0xFC])
        #expect(message(latin)?.hasSuffix(": the file is not UTF-8 text; save it as UTF-8") == true)
        let large = try path("large.yaml", Array(repeating: 0x23, count: (1 << 20) + 5))
        #expect(message(large)?.contains(": the file has 1048581 bytes and the limit is 1048576") == true)
        let good = try path("good.yaml", Array(minimal.utf8))
        #expect(try SweepFile.load(path: good).name == "good")
        #expect(try SweepFile.load(path: good).text == minimal)
    }
}
