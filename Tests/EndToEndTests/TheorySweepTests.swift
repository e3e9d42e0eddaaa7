import Foundation
import Programs
import Testing

extension EndToEndTests {
    /// The sweeps of sweeps/theory bear out what they claim.
    @Suite(.serialized) struct TheorySweepTests {
        private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../sweeps/theory").standardized

        @Test func everyStatementHolds() throws {
            let scratch = try TemporaryFolder()
            let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
                .filter { $0.hasSuffix(".yaml") }.sorted()
            #expect(files.count >= 15)
            for name in files {
                let file = Self.folder.appendingPathComponent(name).path
                let ending = try Programs.sweep(file, to: scratch.path + "/" + name, ranks: 2)
                #expect(ending.code == 0, "\(name): \(ending.output)\(ending.errors)")
                #expect(ending.output.contains("claims passed"), "\(name) claims nothing: \(ending.output)")
            }
        }

        /// A claim that does not hold is told, and in the exit code.
        @Test func aWrongStatementFails() throws {
            let scratch = try TemporaryFolder()
            let text = try String(contentsOf: Self.folder.appendingPathComponent("mse-regimes.yaml"), encoding: .utf8)
            let wrong = text.replacing("geometry_error <= 1e-6", with: "nc2_etf_classifier <= 1e-6")
            try #require(wrong != text)
            let ending = try Programs.sweep(try scratch.write(wrong, to: "wrong.yaml"), to: scratch.path + "/wrong")
            #expect(ending.code == 3 && ending.output.contains("FAILED"), "\(ending.output)")
        }
    }
}
