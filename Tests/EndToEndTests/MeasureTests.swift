import ArrayFiles
import Foundation
import Programs
import Testing

extension EndToEndTests {
    /// `ncsweep measure`: NumPy's reference values through a file, and files with mistakes.
    @Suite(.serialized) struct MeasureTests {
        struct Case: Decodable {
            let name: String
            let classes: Int
            let dimension: Int
            let features: [Double]
            let labels: [Int64]
            let testFeatures: [Double]
            let testLabels: [Int64]
            let weights: [Double]
            let bias: [Double]?
            let expected: [String: [String: Double]]
            let expectedTest: [String: [String: Double]]

            static func all() throws -> [Case] {
                let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                    .appendingPathComponent("../NeuralCollapseTests/Reference/reference.json").standardized
                return try JSONDecoder().decode([Case].self, from: Data(contentsOf: file))
            }
        }

        private func write(_ arrays: [(name: String, array: NumericArray)], in folder: TemporaryFolder) throws -> String
        {
            let path = folder.path + "/features.npz"
            try NPZArchive.write(arrays, to: path)
            return path
        }

        private func measure(_ arguments: [String]) throws -> RunningProgram.Ending {
            try Programs.run("ncsweep", ["measure"] + arguments)
        }

        @Test(arguments: ["class", "sample"]) func valuesAreThoseOfNumPy(weighting: String) throws {
            let folder = try TemporaryFolder()
            let cases = try Case.all()
            #expect(cases.count == 10)
            for reference in cases {
                var arrays = [
                    (
                        "features",
                        NumericArray(reference.features, shape: [reference.labels.count, reference.dimension])
                    ),
                    ("labels", NumericArray(reference.labels)),
                    ("weight", NumericArray(reference.weights, shape: [reference.classes, reference.dimension])),
                    (
                        "test_features",
                        NumericArray(
                            reference.testFeatures, shape: [reference.testLabels.count, 1, reference.dimension])
                    ),
                    ("test_labels", NumericArray(reference.testLabels)),
                ]
                if let bias = reference.bias { arrays.append(("bias", NumericArray(bias))) }
                let ending = try measure([
                    try write(arrays, in: folder), "--weighting", weighting, "--format", "csv",
                ])
                #expect(ending.code == 0 && ending.errors.isEmpty, "\(reference.name): \(ending.errors)")
                let rows = CSV.rows(ending.output)
                #expect(rows.first == ["metric", "train", "test"])
                let train = Dictionary(uniqueKeysWithValues: rows.dropFirst().map { ($0[0], Double($0[1])) })
                let test = Dictionary(uniqueKeysWithValues: rows.dropFirst().map { ($0[0], Double($0[2])) })
                let (expected, expectedTest) = (
                    try #require(reference.expected[weighting]), try #require(reference.expectedTest[weighting])
                )
                #expect(Set(train.keys) == Set(expected.keys), "\(reference.name)")
                for (values, twins) in [(train, expected), (test, expectedTest)] {
                    for (name, twin) in twins {
                        let value = try #require(values[name] ?? nil, "\(reference.name): \(name)")
                        #expect(
                            abs(value - twin) <= max(1e-10 * abs(twin), 1e-13),
                            "\(reference.name): \(name) \(value) \(twin)")
                    }
                }
            }
        }

        @Test func singlePrecisionWithoutAClassifier() throws {
            let folder = try TemporaryFolder()
            // Means 1 and 5 with deviations of 1: nc1_trace_ratio 1/4, ‖μ_k − μ_G‖ equal, all sorted by nearest means.
            let path = try write(
                [
                    ("features", NumericArray([Float(0), 2, 4, 6], shape: [4, 1])),
                    ("labels", NumericArray([UInt8(0), 0, 1, 1])),
                ], in: folder)
            let ending = try measure([path, "--format", "json"])
            #expect(ending.code == 0, "\(ending.errors)")
            let rows = try #require(
                try JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [[String: Any]])
            let values = Dictionary(
                uniqueKeysWithValues: rows.map { ($0["metric"] as? String ?? "", $0["train"] as? Double) })
            for (name, value) in [("nc1_trace_ratio", 0.25), ("cdnv", 0.0625), ("ncc_error", 0)] {
                #expect(abs(try #require(values[name] ?? nil) - value) < 1e-15, "\(name)")
            }
            #expect(values["nc4_mismatch"] == nil && values["nc3_duality"] == nil)
            let table = try measure([path])
            #expect(table.code == 0 && table.output.contains("nc1_trace_ratio") && table.output.contains("0.25"))
        }

        static let features = NumericArray((0..<12).map { Float($0) }, shape: [6, 2])
        static let labels = NumericArray([0, 1, 2, 0, 1, 2].map { Int64($0) })

        /// Whole features and labels with other arrays added or in their place; an empty one leaves its name out.
        static func changed(_ changes: [String: NumericArray]) -> [(name: String, array: NumericArray)] {
            ["features": features, "labels": labels].merging(changes) { $1 }.filter { $0.value != absent }
                .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }

        static let absent = NumericArray([UInt8]())

        static let mistakes: [(changes: [String: NumericArray], says: String)] = [
            (["features": absent], "no array 'features' (it holds labels)"),
            (["labels": absent], "no array 'labels' (it holds features)"),
            (["labels": NumericArray([Int64(0), 1])], "array 'labels': 2 labels for 6 samples of 'features'"),
            (["labels": NumericArray([0.5, 1, 2, 0, 1, 2])], "'labels': numbers of type float64 that are no classes"),
            (["labels": NumericArray([0, 1, 3, 0, 1, 3].map { Int64($0) })], "class 2 of 4 has no samples"),
            (["labels": NumericArray([1, 2, 3, 1, 2, 3].map { Int64($0) })], "class 0 of 4 has no samples"),
            (["labels": NumericArray([0, 1, 2, 0, 1, -2].map { Int64($0) })], "label -2 of sample 5 is negative"),
            (["labels": NumericArray([0, 1, 2, 0, 1, .max].map { Int64($0) })], "of sample 5 is no class"),
            (["labels": NumericArray([Int64](repeating: 0, count: 6))], "one class only"),
            (["labels": labels.reshaped(to: [6, 1])], "'labels': shape 6×1; one class for each sample expected"),
            (["features": features.reshaped(to: [12])], "'features': shape 12; samples × numbers expected"),
            (
                ["features": NumericArray([Float](), shape: [0, 2])],
                "'features': shape 0×2; samples × numbers expected"
            ),
            (
                ["features": NumericArray([0, 1, 2, 3, 4, .nan, 6, 7, 8, 9, 10, 11], shape: [6, 2])],
                "'features': number 1 of sample 2 is nan"
            ),
            (
                ["features": NumericArray([Float](repeating: 0, count: 6 * 40_000), shape: [6, 200, 200])],
                "samples of 40000 numbers need"
            ),
            (["weight": NumericArray([Float](repeating: 1, count: 6), shape: [2, 3])], "'weight' has 2 rows"),
            (
                ["weight": NumericArray([Float](repeating: 1, count: 9), shape: [3, 3])],
                "'weight': shape 3×3, but 3×2 expected, classes × features; save the layer"
            ),
            (
                ["weight": NumericArray([Float](repeating: 1, count: 6), shape: [6])],
                "'weight': shape 6; classes × features expected"
            ),
            (
                ["weight": NumericArray([Float](repeating: .infinity, count: 6), shape: [3, 2])],
                "'weight': it holds inf"
            ),
            (["bias": NumericArray([Float(1), 2, 3])], "'bias': there is no 'weight' it belongs to"),
            (
                ["weight": NumericArray([Float](repeating: 1, count: 6), shape: [3, 2]), "bias": NumericArray([1.0])],
                "'bias': shape 1, but 3 numbers expected"
            ),
            (["test_features": features], "no array 'test_labels'"),
            (["test_labels": labels], "'test_labels': there are no 'test_features' they belong to"),
            (
                ["test_features": features.reshaped(to: [4, 3]), "test_labels": labels],
                "'test_features': shape 4×3; samples of 2 numbers expected"
            ),
            (
                ["test_features": features, "test_labels": NumericArray([0, 1, 2, 0, 1, 3].map { Int64($0) })],
                "sample 5 has label 3, but there are 3 classes (0 to 2)"
            ),
        ]

        @Test(arguments: mistakes.indices) func mistakesAreOneLine(index: Int) throws {
            let (changes, says) = Self.mistakes[index]
            let folder = try TemporaryFolder()
            let path = try write(Self.changed(changes), in: folder)
            let ending = try measure([path])
            #expect(ending.code == 1 && ending.output.isEmpty)
            #expect(ending.errorLines.count == 1 && ending.errors.hasPrefix("ncsweep: \(path): "), "\(ending.errors)")
            #expect(ending.errors.contains(says), "\(ending.errors)")
        }

        @Test func filesThatAreNoArchives() throws {
            let folder = try TemporaryFolder()
            let text = try folder.write("hello", to: "text.npz")
            for (path, says) in [
                (text, "not an .npz archive"), (folder.path + "/missing.npz", "No such file"),
                (folder.path, "no regular file"),
            ] {
                let ending = try measure([path])
                #expect(ending.code == 1 && ending.errorLines.count == 1, "\(ending.errors)")
                #expect(ending.errors.contains(says), "\(ending.errors)")
            }
            // What NumPy needs pickle for.
            let objects = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../ArrayFilesTests/Reference/npy.zip").standardized.path
            let ending = try measure([objects])
            #expect(ending.code == 1 && ending.errors.contains("no array 'features'"))
        }

        @Test func aTestClassWithoutSamplesIsSaid() throws {
            let folder = try TemporaryFolder()
            let path = try write(
                Self.changed([
                    "test_features": Self.features, "test_labels": NumericArray([Int32](repeating: 0, count: 6)),
                ]),
                in: folder)
            let ending = try measure([path, "--format", "csv"])
            #expect(ending.code == 0 && ending.errorLines.count == 1)
            #expect(ending.errors.contains("class 1 has no samples in 'test_labels'"), "\(ending.errors)")
            let rows = CSV.rows(ending.output)
            #expect(rows.contains { $0[0] == "ncc_error" && !$0[2].isEmpty })
            #expect(rows.contains { $0[0] == "nc1" && $0[2].isEmpty })
        }
    }
}
