import ArrayFiles
import Foundation
import Programs
import Testing

extension EndToEndTests {
    /// Networks that cannot be built or trained, and data that does not fit: told before anything runs, in one line
    /// that says where in the sweep file.
    @Suite(.serialized) struct BadNetworkTests {
        struct Mistake: CustomTestStringConvertible, Sendable {
            /// What replaces, or is added to, the lines of a sweep that is right; each replaces the line of its key.
            let lines: [String]
            /// Line and column of the file.
            let place: String
            let says: String
            var testDescription: String { lines.joined(separator: "; ") }

            init(_ lines: String..., place: String, says: String) {
                self.lines = lines
                self.place = place
                self.says = says
            }

            /// Keys in this order.
            private static let right = [
                "problem: network", "architecture: mlp(8)", "dataset: small", "epochs: 3", "batch: 32", "lambda: 1e-3",
            ]

            var text: String {
                var result = Self.right
                for line in lines {
                    let key = line.prefix { $0 != ":" } + ":"
                    if let index = result.firstIndex(where: { $0.hasPrefix(key) }) {
                        result[index] = line
                    } else {
                        result.append(line)
                    }
                }
                return result.joined(separator: "\n") + "\n"
            }
        }

        static let mistakes = [
            // Layers that do not fit.
            Mistake("architecture: layers(conv(4,9,padding=0),relu,flatten)", place: "2:1", says: "conv"),
            Mistake(
                "architecture: layers(conv(4,3),max_pool(4),max_pool(4),flatten)", place: "2:1", says: "max_pool"),
            Mistake("architecture: layers(flatten,conv(4,3,padding=0),flatten)", place: "2:1", says: "conv"),
            Mistake("architecture: layers(dense(8),relu)", place: "2:1", says: "dense"),
            Mistake(
                "architecture: layers(residual(conv(4,3)),global_pool)", place: "2:1", says: "8×8×4"),
            Mistake(
                "architecture: layers(conv(4,3),concatenate(conv(4,3,stride=2)),global_pool)", place: "2:1",
                says: "4×4"),
            Mistake("architecture: layers(conv(4,3),relu)", place: "2:1", says: "global_pool or flatten"),
            Mistake(
                "architecture: layers(convolution(4,3),flatten)", place: "2:1", says: "unknown layer 'convolution'"),
            Mistake("architecture: layers(conv(4),flatten)", place: "2:1", says: "conv(16,3)"),
            Mistake(
                "architecture: layers(conv(4,3,strides=2),flatten)", place: "2:1", says: "unknown option 'strides'"),
            Mistake("architecture: layers(flatten,dropout(1))", place: "2:1", says: "dropout(0.5)"),
            Mistake("architecture: layers(flatten,dense(8)", place: "2:15", says: "parenthes"),
            Mistake("architecture: layers(flatten,dense(8),probe(a),relu,probe(a))", place: "2:1", says: "two layers"),
            Mistake("architecture: vgg11", place: "2:1", says: "8×8"),
            Mistake("architecture: lenet", "dataset: gaussian(K=3, d=5, n=10)", place: "2:1", says: "is for images"),
            Mistake("width: 16", place: "2:1", says: "'width' is for named architectures"),
            Mistake("feature_dimension: 16", place: "2:1", says: "'feature_dimension' is for named architectures"),
            // Heads.
            Mistake("architecture: mlp(2)", "head: fixed_etf", place: "7:1", says: "needs 3 dimensions"),
            Mistake(
                "architecture: resnet20", "width: 2", "feature_dimension: 2", "head: fixed_etf", place: "8:1",
                says: "needs 3 dimensions"),
            Mistake("temperature: 10", place: "7:1", says: "normalized"),
            Mistake("normalized: both", place: "1:1", says: "temperature"),
            // Batches, schedules, ranks.
            Mistake("batch: 4", "shards: 8", place: "7:1", says: "shard"),
            Mistake("schedule: warmup(5, cosine)", place: "7:1", says: "warm-up"),
            Mistake("schedule: step(0.1)", place: "7:1", says: "step"),
            Mistake("shards: 4", "execution: {ranks: 4}", place: "1:1", says: "mpirun -n 4"),
            // What is measured and shown.
            Mistake("layers: hidden2", place: "7:1", says: "no layer 'hidden2' in mlp(8); it has"),
            Mistake("layers: hidden1+", place: "7:1", says: "no layer ''"),
            Mistake("dataset: gaussian(K=3, d=5, n=10)", "pad: 2", place: "7:1", says: "'pad' is for images"),
            Mistake(
                "dataset: gaussian(K=3, d=5, n=10)", "augmentation: flips", place: "7:1", says: "is for images"),
            Mistake("dataset: gaussian(K=3, d=5)", place: "3:1", says: "gaussian"),
            Mistake("classes: first(9)", place: "7:1", says: "class"),
            Mistake("imbalance: step(1000, 0.5)", place: "7:1", says: "lower the ratio"),
            Mistake("architecture: mlp(1000000-1000000)", place: "2:1", says: "make it smaller"),
        ]

        @Test(arguments: mistakes) func isOneLineWithItsPlace(mistake: Mistake) throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let file = try folder.write(mistake.text, to: "sweep.yaml")
            try Self.expectRefusal(file, in: folder, at: mistake.place, says: mistake.says)
        }

        /// Data that does not fit together, in each format.
        @Test func dataIsRefusedWithTheFilesName() throws {
            func x(_ count: Int, _ shape: [Int] = [4]) -> NumericArray {
                NumericArray((0..<count * shape.reduce(1, *)).map { Float($0) }, shape: [count] + shape)
            }
            func y(_ count: Int, classes: Int = 3) -> NumericArray {
                NumericArray((0..<count).map { Int64($0 % classes) })
            }
            let floats = NumericArray((0..<12).map { Double($0 % 3) })
            let skipping = NumericArray((0..<12).map { Int64($0 % 2 * 2) })
            let archives: [(says: String, arrays: [(name: String, array: NumericArray)])] = [
                ("integer type", [("x_train", x(12)), ("y_train", floats), ("x_test", x(6)), ("y_test", y(6))]),
                ("has 11 labels", [("x_train", x(12)), ("y_train", y(11)), ("x_test", x(6)), ("y_test", y(6))]),
                (
                    "samples of shape",
                    [("x_train", x(12)), ("y_train", y(12)), ("x_test", x(6, [5])), ("y_test", y(6))]
                ),
                (
                    "class 1 has no training",
                    [("x_train", x(12)), ("y_train", skipping), ("x_test", x(6)), ("y_test", y(6))]
                ),
                (
                    "class 2 has no test",
                    [("x_train", x(12)), ("y_train", y(12)), ("x_test", x(6)), ("y_test", y(6, classes: 2))]
                ),
                (
                    "has label 3",
                    [("x_train", x(12)), ("y_train", y(12)), ("x_test", x(8)), ("y_test", y(8, classes: 4))]
                ),
                ("no array 'y_test'", [("x_train", x(12)), ("y_train", y(12)), ("x_test", x(6))]),
                (
                    "uint8, float32 or float64",
                    [("x_train", y(12).reshaped(to: [3, 4])), ("y_train", y(3)), ("x_test", x(6)), ("y_test", y(6))]
                ),
            ]
            for (says, arrays) in archives {
                let folder = try TemporaryFolder()
                try NPZArchive.write(arrays, to: folder.path + "/small.npz")
                let file = try folder.write(Mistake(place: "", says: "").text, to: "sweep.yaml")
                try Self.expectRefusal(file, in: folder, at: "3:1", says: says)
            }
        }

        @Test func damagedRecordsOfCIFARAreRefused() throws {
            func record(_ label: UInt8) -> Data { Data([label]) + Data(repeating: 7, count: 3072) }
            let whole = (0..<10).reduce(Data()) { $0 + record($1) }
            let damages: [(says: String, file: String, bytes: Data)] = [
                ("cut short", "data_batch_3.bin", whole.dropLast(100)),
                ("has label 10", "test_batch.bin", whole + record(10)),
                ("has label 255", "data_batch_1.bin", record(255) + whole), ("no samples", "data_batch_2.bin", Data()),
            ]
            for (says, damaged, bytes) in damages {
                let folder = try TemporaryFolder()
                let files = folder.path + "/cifar-10-batches-bin"
                try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: true)
                for name in (1...5).map({ "data_batch_\($0).bin" }) + ["test_batch.bin"] {
                    try (name == damaged ? bytes : whole).write(to: URL(fileURLWithPath: "\(files)/\(name)"))
                }
                let file = try folder.write(Mistake("dataset: cifar-10", place: "", says: "").text, to: "sweep.yaml")
                try Self.expectRefusal(file, in: folder, at: "3:1", says: says)
            }
        }

        private static func expectRefusal(
            _ file: String, in folder: TemporaryFolder, at place: String, says: String
        ) throws {
            let directory = folder.path + "/results"
            let ending = try Programs.sweep(file, to: directory, data: folder.path)
            #expect(ending.code != 0 && ending.code < 128)
            #expect(ending.output.isEmpty && ending.errorLines.count == 1, "\(ending.output) \(ending.errors)")
            #expect(ending.errors.hasPrefix("ncsweep: \(file):\(place): "), "\(ending.errors)")
            #expect(ending.errors.contains(says), "\(ending.errors)")
            #expect(Stored.isUntouched(directory), "a folder is left: \(ending.errors)")
        }
    }
}
