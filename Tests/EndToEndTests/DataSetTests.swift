import Foundation
import Programs
import Testing

extension EndToEndTests {
    /// Data sets of every format, found and trained on.
    @Suite struct DataSetTests {
        /// A table, colour images and CIFAR's records, three classes and more of each.
        private func write(to folder: String) throws {
            let table = folder + "/table"
            try FileManager.default.createDirectory(atPath: table, withIntermediateDirectories: true)
            for (part, count) in [("train", 60), ("test", 15)] {
                let lines = (0..<count).map { "\($0 % 3).\($0 % 7),\($0 % 5),\(["cat", "dog", "eel"][$0 % 3])" }
                try ("a,b,label\n" + lines.joined(separator: "\n") + "\n")
                    .write(toFile: "\(table)/\(part).csv", atomically: true, encoding: .utf8)
            }
            try FileManager.default.createDirectory(
                atPath: folder + "/cifar-10-batches-bin", withIntermediateDirectories: true)
            for name in (1...5).map({ "data_batch_\($0)" }) + ["test_batch"] {
                var records: [UInt8] = []
                for label in 0..<10 {
                    records.append(UInt8(label))
                    for pixel in 0..<3072 { records.append(UInt8((pixel * 7 + label * 20) % 256)) }
                }
                try Data(records).write(
                    to: URL(fileURLWithPath: "\(folder)/cifar-10-batches-bin/\(name).bin"))
            }
        }

        @Test func areListed() throws {
            let folder = try TemporaryFolder()
            try write(to: folder.path)
            try SmallDataSet.write(to: folder.path + "/small")
            let all = try Programs.run("ncsweep", ["data", "--data", folder.path])
            #expect(all.code == 0, "\(all.errors)")
            let rows = all.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            #expect(rows.contains { $0 == ["table", "CSV", "2", "floats", "3", "60", "15", folder.path + "/table"] })
            #expect(rows.contains { $0.starts(with: ["small", "IDX", "8×8×1", "bytes", "4", "240", "80"]) })
            #expect(rows.contains { $0.first == "cifar-10" && $0.contains("32×32×3") && $0.contains("50") })
            for text in ["looked in: \(folder.path), /usr/share/datasets", "ncsweep data fetch cifar-100"] {
                #expect(all.output.contains(text))
            }
            #expect(!all.output.contains("fetch cifar-10 "))
            let one = try Programs.run("ncsweep", ["data", "table", "nothing", "--data", folder.path])
            #expect(one.code == 1)
            #expect(one.output.contains("CSV") && !one.output.contains("small"))
            #expect(one.errorLines.count == 1 && one.errors.contains("'nothing' not found"))
        }

        @Test func areTrainedOnBySharingRanks() throws {
            let folder = try TemporaryFolder()
            try write(to: folder.path)
            let file = try folder.write(
                """
                problem: network
                architecture: mlp(8)
                lambda: 1e-3
                epochs: 3
                batch: 16
                shards: 2
                grid:
                  dataset: [table, cifar-10, "gaussian(K=4, d=8, n=20, separation=6)"]
                """.replacingOccurrences(of: "\"", with: ""), to: "sweep.yaml")
            var outputs: [String] = []
            for ranks in [nil, 2] {
                let directory = folder.path + "/results\(ranks ?? 1)"
                let ending = try Programs.sweep(file, to: directory, data: folder.path, ranks: ranks)
                #expect(ending.code == 0, "\(ending.errors)")
                let results = try Programs.run(
                    "ncsweep", ["results", directory, "--format", "csv", "--columns", "trial,state,train_loss,nc1"])
                #expect(results.code == 0, "\(results.errors)")
                outputs.append(results.output.split(separator: "\n").sorted().joined(separator: "\n"))
            }
            #expect(outputs[0] == outputs[1])
            #expect(outputs[0].split(separator: "\n").count { $0.contains("done") } == 3, "\(outputs[0])")
        }
    }
}
