import Foundation
import Programs
import Testing

extension EndToEndTests {
    /// Each mistake: one line that says what to do, a non-zero exit, and no folder of results.
    @Suite(.serialized) struct BadInputTests {
        struct Mistake: CustomTestStringConvertible, Sendable {
            let name: String
            let text: String
            /// What the line must hold.
            let says: String
            var testDescription: String { name }

            init(_ name: String, _ text: String, says: String) {
                self.name = name
                self.text = text
                self.says = says
            }
        }

        private static let good = "problem: ufm\nK: 4\nd: 8\nn: 10\nlambda: 1e-3\n"
        private static func changed(_ key: String, _ line: String) -> String {
            good.split(separator: "\n").map { $0.hasPrefix(key + ":") ? line : String($0) }.joined(separator: "\n")
                + "\n"
        }
        private static let network = "problem: network\narchitecture: mlp(8)\nlambda: 1e-3\nepochs: 1\ndataset: small\n"

        static let mistakes = [
            Mistake("unknown key", good + "lamda: 1\n", says: ":6:1: unknown key 'lamda'; did you mean 'lambda'?"),
            Mistake("unknown value", good + "loss: crossentropy\n", says: "did you mean 'cross_entropy'?"),
            Mistake("wrong type", changed("K", "K: four"), says: ":2:4:"),
            Mistake("real for a whole number", changed("K", "K: 4.5"), says: ":2:4:"),
            Mistake("list for a value", changed("K", "K: [4, 5]"), says: "grid"),
            Mistake("empty grid", good + "grid: {}\n", says: ":6:"),
            Mistake("empty list", good + "grid: {seed: []}\n", says: ":6:"),
            Mistake("where excludes everything", good + "where: K > 100\n", says: ":6:"),
            Mistake("where does not parse", good + "where: K >\n", says: ":6:"),
            Mistake("where of an unknown name", good + "where: k > 1\n", says: "did you mean 'K'?"),
            Mistake("one class", changed("K", "K: 1"), says: ":2:4:"),
            Mistake("no dimension", changed("d", "d: 0"), says: ":3:4:"),
            Mistake("negative decay", changed("lambda", "lambda: -1e-3"), says: ":5:9:"),
            Mistake("no batch", network + "batch: 0\n", says: ":6:8:"),
            Mistake("more shards than a batch", network + "batch: 4\nshards: 8\n", says: "shard"),
            Mistake("unknown architecture", network.replacing("mlp(8)", with: "mlp(8-)"), says: "architecture"),
            Mistake("unknown data set", network.replacing("small", with: "smal"), says: "data set 'smal' not found"),
            Mistake(
                "more samples than there are", network + "samples_per_class: 1000\n", says: "class 0 has 60 samples"),
            Mistake("team of a ufm", good + "execution: {ranks: 2}\n", says: "one rank"),
            Mistake("team larger than the world", network + "shards: 8\nexecution: {ranks: 8}\n", says: "mpirun -n 8"),
            Mistake(
                "a thousand million combinations",
                good.replacing("K: 4\nd: 8\n", with: "") + """
                    grid:
                      K: range(2, 1002)
                      d: range(1, 1001)
                      seed: range(0, 1000)

                    """, says: "1000000000"),
            Mistake("empty file", "", says: ""),
            Mistake("no YAML", "a: [b\n", says: ""),
            Mistake("a list", "- a\n- b\n", says: ""),
            Mistake(
                "unknown layer", network.replacing("mlp(8)", with: "[flatten, dense(8), relu, pool(2)]"),
                says: ":2:41: unknown layer 'pool'"),
            Mistake(
                "layers that do not fit",
                network.replacing("mlp(8)", with: "\n  - flatten\n  - residual:\n      - dense(7)\n  - relu"),
                says: ":4:5: "),
            Mistake(
                "a layer that cannot be read", network.replacing("mlp(8)", with: "[flatten, 'dense(8,)', relu]"),
                says: ":2:25: a layer is missing"),
            Mistake(
                "a layer of a named list",
                network.replacing("mlp(8)", with: "own") + "architectures:\n  own:\n    - flatten\n    - dense(0)\n",
                says: ":9:7: dense(0): "),
            Mistake(
                "weights of a ufm", good + "execution: {keep_weights: true}\n", says: "'keep_weights' is for networks"),
            Mistake(
                "weights or not", network + "execution: {keep_weights: yes}\n", says: ":6:27: 'keep_weights' cannot be"),
            Mistake(
                "a list named as an architecture",
                network.replacing("mlp(8)", with: "lenet") + "architectures: {lenet: [flatten]}\n",
                says: ":6:17: 'lenet' is an architecture already"),
        ]

        @Test(arguments: mistakes) func isOneLine(mistake: Mistake) throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let file = try folder.write(mistake.text, to: "sweep.yaml")
            try expectRefusal(file, in: folder, says: mistake.says, ranks: nil)
        }

        /// On ranks it is said once.
        @Test(arguments: [0, 7, 13, 16, 18, 20]) func isOneLineUnderMPI(index: Int) throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let file = try folder.write(Self.mistakes[index].text, to: "sweep.yaml")
            try expectRefusal(file, in: folder, says: Self.mistakes[index].says, ranks: 2)
        }

        @Test func hugeMissingAndUnreadableFiles() throws {
            let folder = try TemporaryFolder()
            let huge = try folder.write(String(repeating: "# comment\n", count: 1 << 20) + Self.good, to: "huge.yaml")
            try expectRefusal(huge, in: folder, says: "huge.yaml", ranks: nil)
            try expectRefusal(huge, in: folder, says: "huge.yaml", ranks: 2)
            try expectRefusal(folder.path + "/missing.yaml", in: folder, says: "missing.yaml", ranks: nil)
            try expectRefusal(folder.path, in: folder, says: folder.path, ranks: nil)
            let binary = folder.path + "/binary.yaml"
            try Data([0xFF, 0xFE, 0, 1, 2, 3, 0x80]).write(to: URL(fileURLWithPath: binary))
            try expectRefusal(binary, in: folder, says: "binary.yaml", ranks: nil)
        }

        @Test(arguments: [nil, 2]) func badDataSets(ranks: Int?) throws {
            typealias Damage = (_ folder: String) throws -> Void
            func at(_ path: String) -> URL { URL(fileURLWithPath: path) }
            let (images, labels) = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
            let damages: [(says: String, damage: Damage)] = [
                ("not found", { try FileManager.default.removeItem(atPath: $0 + "/" + images) }),
                (labels, { try FileManager.default.removeItem(atPath: $0 + "/" + labels) }),
                (
                    "ends after",
                    { try Data(contentsOf: at($0 + "/" + images)).dropLast(10).write(to: at($0 + "/" + images)) }
                ),
                (
                    "ends after",
                    { try Data(contentsOf: at($0 + "/" + labels)).dropLast().write(to: at($0 + "/" + labels)) }
                ),
                ("swapped", { try Data(contentsOf: at($0 + "/" + images)).write(to: at($0 + "/" + labels)) }),
                ("not an IDX file", { try Data("nothing at all".utf8).write(to: at($0 + "/" + images)) }),
                (labels, { try Data().write(to: at($0 + "/" + labels)) }),
            ]
            // On ranks: one that planning finds, and one that reading the pixels does.
            for (says, damage) in ranks == nil ? damages : [damages[0], damages[2]] {
                let folder = try TemporaryFolder()
                try SmallDataSet.write(to: folder.path + "/small")
                try damage(folder.path + "/small")
                let file = try folder.write(Self.network, to: "sweep.yaml")
                try expectRefusal(file, in: folder, says: says, ranks: ranks)
            }
        }

        @Test(arguments: [
            ["run"], ["run", "a.yaml", "--max-fails", "-1"], ["run", "a.yaml", "--max-fails", "101%"], ["rum"],
            ["run", "a.yaml", "--fail-fast", "--max-fails", "3"], ["run", "a.yaml", "--outt", "x"],
        ]) func commandLines(arguments: [String]) throws {
            for ranks in [nil, 2] {
                let ending = try Programs.run("ncsweep", arguments, ranks: ranks)
                #expect(ending.code != 0)
                #expect(ending.errorLines.count { $0.hasPrefix("Error: ") } == 1, "\(ending.errors)")
            }
        }

        private func expectRefusal(_ file: String, in folder: TemporaryFolder, says: String, ranks: Int?) throws {
            let directory = folder.path + "/results"
            let ending = try Programs.sweep(file, to: directory, data: folder.path, ranks: ranks)
            #expect(ending.code != 0 && ending.code < 128)
            #expect(ending.output.isEmpty)
            #expect(ending.errorLines.count == 1, "\(ending.errors)")
            #expect(ending.errors.hasPrefix("ncsweep: "), "\(ending.errors)")
            #expect(says.isEmpty || ending.errors.contains(says), "\(ending.errors)")
            #expect(!FileManager.default.fileExists(atPath: directory), "a folder is left: \(ending.errors)")
        }
    }
}
