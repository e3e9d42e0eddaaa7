import ArrayFiles
import Foundation
import Sweeps
import Synchronization
import Testing

@testable import Runner

/// Two generations of checkpoints, and what is left of them when files are damaged or a save is cut short.
@Suite struct CheckpointTests {
    /// What the folder says of files that it cannot use.
    private final class Complaints: Sendable {
        private let lines = Mutex<[String]>([])

        func add(_ line: String) { lines.withLock { $0.append(line) } }

        /// Those since the last call.
        func taken() -> [String] {
            lines.withLock { (lines: inout [String]) in
                defer { lines = [] }
                return lines
            }
        }
    }

    private final class Scene {
        let directory: String
        let folder: CheckpointFolder
        let complaints = Complaints()
        let trial = Scene.trial(seed: 1)

        init() throws {
            directory = NSTemporaryDirectory() + "ncsweep-checkpoints-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let complaints = complaints
            folder = CheckpointFolder(directory: directory) { complaints.add($0) }
        }

        deinit { try? FileManager.default.removeItem(atPath: directory) }

        static func trial(seed: Int) -> Trial {
            Trial(
                problem: "network", revision: 1, parameters: [Trial.Parameter(name: "seed", value: .integer(seed))])
        }

        static func content(_ number: Int) -> Safetensors {
            var content = Safetensors(metadata: ["position": "\(number) 0 0 0"])
            content["parameters"] = NumericArray((0..<40).map { Float($0 * number) })
            content["record"] = NumericArray((0..<21).map { UInt8(($0 + number) % 256) })
            return content
        }

        var files: [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: directory + "/checkpoints")) ?? []).sorted()
        }

        var current: URL { URL(fileURLWithPath: folder.current(trial.id)) }
        var previous: URL { URL(fileURLWithPath: folder.previous(trial.id)) }

        /// Which one is loaded; nil for none.
        func loaded() -> Int? {
            guard var content = folder.load(trial, take: { _ in nil }) else { return nil }
            (content.metadata["trial"], content.metadata["kernels"]) = (nil, nil)
            return (1...3).first { Self.isSame(content, Self.content($0)) }
        }

        private static func isSame(_ a: Safetensors, _ b: Safetensors) -> Bool {
            a.metadata == b.metadata && a.names.sorted() == b.names.sorted() && a.names.allSatisfy { a[$0] == b[$0] }
        }
    }

    @Test func keepsTheLastTwo() throws {
        let scene = try Scene()
        #expect(scene.loaded() == nil)
        for number in 1...3 {
            try scene.folder.save(scene.trial, Scene.content(number))
            #expect(scene.loaded() == number)
            #expect(scene.files.count == min(number, 2))
        }
        try FileManager.default.removeItem(at: scene.current)
        #expect(scene.loaded() == 2)
        scene.folder.remove(scene.trial.id)
        #expect(scene.files == [])
        #expect(scene.loaded() == nil)
        #expect(scene.complaints.taken() == [])
    }

    /// Used all the same, but said: a trial's bits depend on the kernels of its products.
    @Test func otherKernelsAreSaid() throws {
        let scene = try Scene()
        let complaints = scene.complaints
        let elsewhere = CheckpointFolder(directory: scene.directory, kernels: "Others") { complaints.add($0) }
        try elsewhere.save(scene.trial, Scene.content(1))
        #expect(scene.loaded() == 1)
        let line = try #require(complaints.taken().first)
        #expect(line.hasPrefix(scene.current.path) && line.contains("other kernels of matrix products, Others, here"))
        _ = elsewhere.load(scene.trial) { _ in nil }
        #expect(complaints.taken() == [])
    }

    /// One byte of the current one in another state, or everything after it lost: the one before it is used, and is
    /// still there after the next save.
    @Test(arguments: [false, true]) func theOneBeforeReplacesADamagedOne(isTruncated: Bool) throws {
        let scene = try Scene()
        try scene.folder.save(scene.trial, Scene.content(1))
        let older = try Data(contentsOf: scene.current)
        try scene.folder.save(scene.trial, Scene.content(2))
        let whole = try Data(contentsOf: scene.current)
        var detected = 0
        for position in stride(from: 0, to: whole.count, by: isTruncated ? 64 : 7) {
            var bytes = whole
            bytes[position] ^= 1 << UInt8(position % 8)
            if isTruncated { bytes = whole.prefix(position) }
            try bytes.write(to: scene.current)
            try older.write(to: scene.previous)
            // White space of the header may change into other white space.
            let loaded = scene.loaded()
            #expect(loaded == 1 || (loaded == 2 && !isTruncated), "byte \(position)")
            let complaints = scene.complaints.taken()
            guard loaded == 1 else { continue }
            detected += 1
            #expect(complaints.count == 1)
            let start = "\(scene.current.path): the checkpoint is damaged, "
            let end = "; trial \(scene.trial.id) goes on from the one before it"
            #expect(complaints.allSatisfy { $0.hasPrefix(start) && $0.hasSuffix(end) && !$0.contains("\n") })
            // The damaged one is gone: a kill amid the next save could leave nothing else.
            #expect(try Data(contentsOf: scene.current) == older)
            try scene.folder.save(scene.trial, Scene.content(3))
            #expect(try Data(contentsOf: scene.previous) == older)
            #expect(scene.loaded() == 3)
        }
        #expect(detected >= whole.count / (isTruncated ? 64 : 7) - 2)
    }

    @Test func whatIsNotTakenIsPassedOver() throws {
        let scene = try Scene()
        try scene.folder.save(scene.trial, Scene.content(1))
        try scene.folder.save(scene.trial, Scene.content(2))
        var asked: [String] = []
        let content = scene.folder.load(scene.trial) {
            asked.append($0.metadata["position"] ?? "")
            return asked.count == 1 ? "the checkpoint is of another architecture" : nil
        }
        #expect(asked == ["2 0 0 0", "1 0 0 0"] && content?.metadata["position"] == "1 0 0 0")
        #expect(scene.complaints.taken().allSatisfy { $0.contains("of another architecture; trial") })
    }

    @Test func withBothDamagedTheTrialStartsAgain() throws {
        let scene = try Scene()
        try scene.folder.save(scene.trial, Scene.content(1))
        try scene.folder.save(scene.trial, Scene.content(2))
        for file in [scene.current, scene.previous] { try Data(contentsOf: file).dropLast(9).write(to: file) }
        #expect(scene.loaded() == nil)
        let complaints = scene.complaints.taken()
        #expect(complaints.count == 1 && complaints[0].hasSuffix("; trial \(scene.trial.id) starts again"))
        #expect([scene.current, scene.previous].allSatisfy { complaints[0].contains($0.path) })
        // Said once: they are gone.
        #expect(scene.loaded() == nil && scene.files == [] && scene.complaints.taken() == [])
    }

    @Test func anotherTrialsCheckpointIsRefused() throws {
        let scene = try Scene()
        let other = Scene.trial(seed: 2)
        try scene.folder.save(other, Scene.content(1))
        try FileManager.default.moveItem(atPath: scene.folder.current(other.id), toPath: scene.current.path)
        #expect(scene.loaded() == nil)
        let complaints = scene.complaints.taken()
        #expect(
            complaints.count == 1 && complaints[0].contains("of another trial; trial \(scene.trial.id) starts again"))
    }

    /// What a kill leaves after each step of a save.
    @Test func aSaveCutShortLeavesAWholeOne() throws {
        let scene = try Scene()
        for number in 1...3 { try scene.folder.save(scene.trial, Scene.content(number)) }
        let (two, three) = (try Data(contentsOf: scene.previous), try Data(contentsOf: scene.current))
        let next = scene.directory + "/checkpoints/\(scene.trial.id).next.safetensors"
        // The new one half written; whole, not yet in its place; the current one already the previous one.
        let states: [(files: [String: Data], loads: Int)] = [
            ([next + ".77.partial": three.prefix(100), scene.current.path: two], 2),
            ([next: three, scene.current.path: two], 2), ([next: three, scene.previous.path: two], 2),
            ([scene.current.path: three, scene.previous.path: two], 3),
        ]
        for state in states {
            for file in scene.files {
                try FileManager.default.removeItem(atPath: scene.directory + "/checkpoints/" + file)
            }
            for (path, bytes) in state.files { try bytes.write(to: URL(fileURLWithPath: path)) }
            #expect(scene.loaded() == state.loads)
            scene.folder.removeLeftOver { _ in false }
            #expect(scene.files.allSatisfy { !$0.contains("next") })
            #expect(scene.loaded() == state.loads)
            #expect(scene.complaints.taken() == [])
        }
    }

    /// What a kill between the storing of a result and the removal leaves.
    @Test func checkpointsOfStoredTrialsGo() throws {
        let scene = try Scene()
        let other = Scene.trial(seed: 2)
        for number in 1...2 {
            try scene.folder.save(scene.trial, Scene.content(number))
            try scene.folder.save(other, Scene.content(number))
        }
        let files = scene.files.count
        scene.folder.removeLeftOver { $0 == "\(other.id)" }
        #expect(files == 4 && scene.files.count == 2 && scene.files.allSatisfy { $0.hasPrefix("\(scene.trial.id).") })
        #expect(scene.loaded() == 2)
    }

    @Test func aFolderThatCannotBeMadeIsOneLine() throws {
        let scene = try Scene()
        try Data().write(to: URL(fileURLWithPath: scene.directory + "/checkpoints"))
        let error = #expect(throws: CheckpointError.self) {
            try scene.folder.save(scene.trial, Scene.content(1))
        }
        let text = error?.description ?? ""
        #expect(text.contains(scene.directory) && !text.contains("\n") && text.contains("make room"))
    }
}
