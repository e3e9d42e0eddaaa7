import ArrayFiles
import Foundation
import Programs
import Testing

extension EndToEndTests {
    /// `keep_weights` and `ncsweep export`: what is written is what was trained and measured.
    @Suite(.serialized) struct ExportTests {
        private static let sweep = """
            problem: network
            dataset: small
            architecture: [conv(4, 3), batch_norm, relu, max_pool(2), probe(pooled), flatten, dense(6), relu]
            classes: only(0, 2, 3)
            samples_per_class: 40
            label_noise: 0.05
            pad: 1
            lambda: 1e-3
            learning_rate: 0.05
            epochs: 4
            batch: 32
            shards: 2
            measurements: 2
            seed: 3

            """

        private func metrics(_ arguments: [String]) throws -> [[String: String]] {
            let ending = try Programs.run("ncsweep", arguments + ["--format", "csv"])
            try #require(ending.code == 0, "\(ending.errors)")
            let rows = CSV.rows(ending.output)
            let header = try #require(rows.first)
            return rows.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
        }

        /// All values that measuring the file gives, against the stored ones. The file's classifier is W and b alone,
        /// so decisions of a head that normalises are not its.
        private func compare(
            _ file: String, _ directory: String, trial: String, tolerance: Double, isNormalized: Bool = false,
            layer: String? = nil
        ) throws {
            let series = try metrics(["measurements", directory, "--trial", String(trial.prefix(12))])
            var stored: [String: Double] = [:]
            for row in series where (layer.map { [$0] } ?? ["layer8", "hidden1"]).contains(row["layer"]) {
                stored["\(row["metric"] ?? "") \(row["split"] ?? "")"] = row["value"].flatMap { Double($0) }
            }
            var count = 0
            let decisions = isNormalized ? ["margin_min", "nc4_mismatch"] : []
            for row in try metrics(["measure", file] + (layer.map { ["--layer", $0] } ?? [])) {
                for split in ["train", "test"] {
                    guard let value = row[split].flatMap({ Double($0) }) else { continue }
                    let twin = try #require(stored["\(row["metric"] ?? "") \(split)"], "\(row)")
                    count += 1
                    if decisions.contains(row["metric"] ?? "") { continue }
                    #expect(abs(value - twin) <= tolerance * max(1, abs(twin)), "\(row) \(split) \(twin)")
                }
            }
            #expect(count == stored.count && count > (layer == nil ? 40 : 20), "\(count) of \(stored.count)")
        }

        @Test(arguments: [("float32", nil, 1e-5), ("float64", 2, 1e-10)])
        func measuresAsItWasMeasured(precision: String, ranks: Int?, tolerance: Double) throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let text =
                Self.sweep + "precision: \(precision)\nexecution: {keep_weights: true, ranks: \(ranks ?? 1)}\n"
                + "grid: {normalized: [none, features], head: [learned, fixed_etf]}\ntemperature: 4\n"
            let file = try folder.write(text, to: "sweep.yaml")
            let directory = folder.path + "/results"
            let run = try Programs.sweep(file, to: directory, data: folder.path, ranks: ranks)
            try #require(run.code == 0, "\(run.errors)")
            let trials = try metrics(["results", directory])
            #expect(trials.count == 4)
            for trial in trials {
                let id = try #require(trial["trial"])
                let export = try Programs.run(
                    "ncsweep", ["export", directory, id, "--layers", "pooled", "--data", folder.path])
                #expect(export.code == 0 && export.errors.isEmpty, "\(export.errors)")
                let target = "\(directory)/export/\(id)"
                #expect(export.output == "\(target)/weights.safetensors\n\(target)/features.npz\n")
                try compare(
                    target + "/features.npz", directory, trial: id, tolerance: tolerance,
                    isNormalized: trial["normalized"] != "none")
                try compare(
                    target + "/features.npz", directory, trial: id, tolerance: tolerance, layer: "pooled")
                try checkArrays(target, precision, hasFixedHead: trial["head"] == "fixed_etf")
                try checkInputs(target, data: folder.path + "/small")
            }
        }

        /// A minimiser that is at its end before its epochs are measures once more: what is stored is of the last step.
        @Test func endsEarlyWithAMeasurement() throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let file = try folder.write(
                """
                problem: network
                dataset: small
                architecture: mlp(3)
                samples_per_class: 20
                optimizer: lbfgs
                lambda: 0.02
                epochs: 5000
                measurements: 4
                precision: float64
                execution: {keep_weights: true}

                """, to: "sweep.yaml")
            let directory = folder.path + "/results"
            #expect(try Programs.sweep(file, to: directory, data: folder.path).code == 0)
            let id = try #require(try metrics(["results", directory]).first?["trial"])
            let series = try metrics(["measurements", directory, "--trial", id])
            let last = try #require(series.compactMap { $0["epoch"].flatMap { Double($0) } }.max())
            #expect(last > 10 && last < 5000, "\(last)")
            let export = try Programs.run("ncsweep", ["export", directory, id, "--data", folder.path])
            #expect(export.code == 0, "\(export.errors)")
            try compare("\(directory)/export/\(id)/features.npz", directory, trial: id, tolerance: 1e-10)
        }

        private func checkArrays(_ folder: String, _ precision: String, hasFixedHead: Bool) throws {
            let weights = try Safetensors(path: folder + "/weights.safetensors")
            let shapes = Dictionary(uniqueKeysWithValues: weights.names.map { ($0, weights[$0]?.shape) })
            #expect(
                shapes == [
                    "layer1.weight": [4, 1, 3, 3], "layer1.bias": [4], "layer2.weight": [4], "layer2.bias": [4],
                    "layer2.running_mean": [4], "layer2.running_var": [4], "layer7.weight": [6, 100],
                    "layer7.bias": [6], "classifier.weight": [3, 6], "classifier.bias": [3],
                ])
            #expect(weights.names.allSatisfy { weights[$0]?.type == (precision == "float32" ? .float32 : .float64) })
            #expect(weights.metadata["trial"]?.hasPrefix("network/") == true)
            let features = try NPZArchive(path: folder + "/features.npz")
            #expect(try features.array("features").shape == [120, 6])
            #expect(try features.array("pooled.features").shape == [120, 4])
            #expect(try features.array("pooled.test_features").shape == [60, 4])
            let classifier = try #require(weights["classifier.weight"]).doubles
            for (a, b) in zip(classifier, try features.array("weight").doubles) { #expect(abs(a - b) < 1e-7) }
            #expect(try features.array("bias").type == .float64)
        }

        /// Which samples of the files were trained on, and the mean and deviation of their pixels.
        private func checkInputs(_ folder: String, data: String) throws {
            let features = try NPZArchive(path: folder + "/features.npz")
            let images = try Data(contentsOf: URL(fileURLWithPath: data + "/train-images-idx3-ubyte")).dropFirst(16)
            let samples = try #require(try features.array("samples").integers)
            #expect(Set(samples).count == 120 && Set(samples.map { $0 % SmallDataSet.classes }).count == 3)
            // Classes keep their order.
            let kept = Set(samples.map { $0 % SmallDataSet.classes }).sorted()
            let labels = samples.compactMap { kept.firstIndex(of: $0 % SmallDataSet.classes) }
            let noisy = zip(labels, try #require(try features.array("labels").integers)).count { $0 != $1 }
            #expect(noisy > 0 && noisy <= 12, "\(noisy) of 120 labels are wrong, 5 % wanted")
            let size = SmallDataSet.side * SmallDataSet.side
            let pixels = samples.flatMap { sample in
                (0..<size).map { Double(images[images.startIndex + sample * size + $0]) / 255 }
            }
            let mean = pixels.reduce(0, +) / Double(pixels.count)
            let variance = pixels.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(pixels.count)
            let (means, deviations) = (
                try features.array("input_mean").doubles, try features.array("input_std").doubles
            )
            #expect(means.count == 1 && abs(means[0] - mean) < 1e-12)
            #expect(deviations.count == 1 && abs(deviations[0] - variance.squareRoot()) < 1e-12)
            #expect(try features.array("test_samples").count == 60)
        }

        @Test func refusalsAreOneLine() throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let file = try folder.write(Self.sweep.replacing("seed: 3", with: "seeds: 17"), to: "sweep.yaml")
            let directory = folder.path + "/results"
            #expect(try Programs.sweep(file, to: directory, data: folder.path).code == 0)
            let ids = try metrics(["results", directory]).compactMap { $0["trial"] }
            // Of 17 ids two begin alike.
            let first = try #require(Dictionary(grouping: ids) { $0.prefix(1) }.first { $0.value.count > 1 })
            for (arguments, says) in [
                ([directory, ids[0]], "execution: {keep_weights: true}"),
                ([directory, "zzz"], "has no trial 'zzz'"), ([directory, ""], "has no trial ''"),
                ([directory, String(first.key)], "is the beginning of \(first.value.count) trials"),
                ([folder.path, ids[0]], folder.path),
            ] {
                let ending = try Programs.run("ncsweep", ["export"] + arguments + ["--data", folder.path])
                #expect(ending.code == 1 && ending.output.isEmpty && ending.errorLines.count == 1, "\(ending.errors)")
                #expect(ending.errors.hasPrefix("ncsweep: ") && ending.errors.contains(says), "\(ending.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: directory + "/weights"))
        }

        @Test func weightsThatChangedAreRefused() throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let file = try folder.write(Self.sweep + "execution: {keep_weights: true}\n", to: "sweep.yaml")
            let directory = folder.path + "/results"
            #expect(try Programs.sweep(file, to: directory, data: folder.path).code == 0)
            let id = try #require(try metrics(["results", directory]).first?["trial"])
            func export(_ options: [String] = []) throws -> RunningProgram.Ending {
                try Programs.run("ncsweep", ["export", directory, id] + options)
            }
            let data = ["--data", folder.path]
            #expect(try export().errors.contains("data set 'small' not found"))
            #expect(try export(["--layers", "pool"] + data).errors.contains("no layer 'pool'"))
            let path = "\(directory)/weights/\(id).safetensors"
            var weights = try Safetensors(path: path)
            weights["layer1.weight"] = nil
            try weights.write(to: path)
            #expect(try export(data).errors.contains("its checksum is wrong"))
            weights.metadata["trial"] = weights.metadata["trial"]?.replacing("seed=3", with: "seed=4")
            try weights.write(to: path)
            #expect(try export(data).errors.contains("does not say that it is of trial \(id)"))
            try Data("nothing".utf8).write(to: URL(fileURLWithPath: path))
            let ending = try export(data)
            #expect(ending.code == 1 && ending.errorLines.count == 1 && ending.errors.contains(path))
            #expect(!FileManager.default.fileExists(atPath: directory + "/export"))
        }

        @Test func weightsThatCannotBeWrittenCostNoTrial() throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let directory = folder.path + "/results"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
            _ = try folder.write("in the way", to: "results/weights")
            let file = try folder.write(
                Self.sweep.replacing("seed: 3", with: "seeds: 3") + "execution: {keep_weights: true}\n",
                to: "sweep.yaml")
            let ending = try Programs.sweep(file, to: directory, data: folder.path)
            #expect(ending.code == 0)
            #expect(ending.errorLines.count { $0.contains("cannot keep the weights") } == 1, "\(ending.errors)")
            #expect(try metrics(["results", directory]).compactMap { $0["state"] } == ["done", "done", "done"])
        }
    }
}
