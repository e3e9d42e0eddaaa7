import Foundation
import Programs
import Testing

extension EndToEndTests {
    /// Networks end in the same bits however many ranks share them, and however often they were stopped or killed.
    @Suite(.serialized) struct ResumeTests {
        /// Every layer that keeps something from batch to batch or draws random numbers, every optimiser, both
        /// precisions, last batches that are smaller and cannot be cut evenly, and two that are smaller than the
        /// shards; products so large that a matrix unit, where there is one, makes them.
        private static func sweep(team: Int, checkpoints: String? = nil) -> String {
            let execution =
                "execution: {ranks: \(team)" + (checkpoints.map { ", checkpoint_interval: \($0)" } ?? "") + "}"
            return """
                blocks:
                  - name: convolutions
                    problem: network
                    dataset: small
                    architecture: layers(conv(6,3,bias=none),batch_norm,relu,max_pool(2),residual(conv(6,3),batch_norm),relu,dropout(0.2),flatten,dense(12),layer_norm,gelu)
                    augmentation: flips_and_crops
                    label_noise: 0.1
                    samples_per_class: 37
                    epochs: 6
                    batch: 29
                    shards: 4
                    lambda: 1e-3
                    schedule: warmup(1, cosine)
                    learning_rate: 0.01
                    measurements: 3
                    grid: {optimizer: [sgd, adam], precision: [float32, float64]}
                    \(execution)
                  - name: residual
                    problem: network
                    dataset: small
                    architecture: resnet20
                    width: 4
                    samples_per_class: 15
                    epochs: 4
                    batch: 19
                    shards: 4
                    lambda: 1e-3
                    measurements: 2
                    grid: {optimizer: [nesterov]}
                    \(execution)
                  - name: perceptrons
                    problem: network
                    dataset: gaussian(K=4, d=10, n=33, separation=2)
                    architecture: mlp(16-8,batch_norm)
                    epochs: 70
                    batch: 26
                    shards: 4
                    decay: last_layer
                    lambda_W: 1e-3
                    lambda_H: 1e-3
                    learning_rate: 0.01
                    measurements: 4
                    grid: {optimizer: [sgd, nesterov, adam, adamw], precision: [float32, float64]}
                    \(execution)
                  - name: large_products
                    problem: network
                    dataset: gaussian(K=4, d=100, n=150, separation=2)
                    architecture: mlp(160-128)
                    epochs: 30
                    batch: 300
                    shards: 4
                    lambda: 1e-3
                    measurements: 3
                    \(execution)
                  - name: quasi_newton
                    problem: network
                    dataset: gaussian(K=3, d=10, n=33, separation=2)
                    architecture: mlp(16,tanh)
                    optimizer: lbfgs
                    epochs: 70
                    shards: 4
                    lambda: 1e-2
                    measurements: 4
                    grid: {precision: [float32, float64], head: [learned, fixed_etf]}
                    \(execution)
                """
        }

        private static let trials = 4 + 1 + 8 + 1 + 4

        private static func expect(_ directory: String, equals reference: Stored, _ how: String) throws {
            let stored = try Stored(directory)
            #expect(stored.rows == reference.rows, "rows \(how)")
            #expect(stored.measurements == reference.measurements, "series \(how)")
        }

        @Test func inTheSameBits() throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let file = { (team: Int, interval: String?) in
                try folder.write(
                    Self.sweep(team: team, checkpoints: interval), to: "team-\(team)-\(interval ?? "").yaml")
            }
            let alone = folder.path + "/alone"
            let first = try Programs.sweep(try file(1, nil), to: alone, data: folder.path)
            try #require(first.code == 0, "\(first.errors)")
            let reference = try Stored(alone)
            #expect(reference.rows.count == Self.trials && reference.rows.values.allSatisfy { $0["state"] == "done" })
            for (team, ranks) in [(2, 2), (4, 4)] {
                let directory = "\(folder.path)/team-\(team)"
                let ending = try Programs.sweep(try file(team, nil), to: directory, data: folder.path, ranks: ranks)
                #expect(ending.code == 0, "\(ending.errors)")
                try Self.expect(directory, equals: reference, "of teams of \(team)")
            }

            let directory = folder.path + "/disturbed"
            var (number, disturbances, resumed) = (0, 0, 0)
            // How many blows fall while there is a checkpoint is chance.
            while number < 40 && (disturbances < 4 || resumed < 3) {
                let team = [1, 2, 4][number % 3]
                let had = Self.checkpoints(directory)
                let program = try Programs.startSweep(
                    try file(team, "0.02"), to: directory, data: folder.path, ranks: team == 1 ? nil : team)
                let isOver = try Self.disturb(program, isKilled: number % 2 == 0)
                resumed += had
                if isOver {
                    try Self.expect(directory, equals: reference, "after \(disturbances) disturbances")
                    #expect(Self.checkpoints(directory) == 0)
                    try FileManager.default.removeItem(atPath: directory)
                } else {
                    disturbances += 1
                }
                number += 1
            }
            #expect(resumed >= 3, "\(disturbances) disturbances, \(resumed) trials resumed")
            let last = try Programs.sweep(try file(2, "0.02"), to: directory, data: folder.path, ranks: 4)
            #expect(last.code == 0 && !last.errors.contains("checkpoint"), "\(last.errors)")
            try Self.expect(directory, equals: reference, "after \(disturbances) disturbances")
            #expect(Self.checkpoints(directory) == 0)
        }

        /// Trials that have one.
        private static func checkpoints(_ directory: String) -> Int {
            let files = (try? FileManager.default.contentsOfDirectory(atPath: directory + "/checkpoints")) ?? []
            return Set(files.filter { $0.hasSuffix(".safetensors") }.map { $0.prefix(16) }).count
        }

        /// Stops or kills the sweep a random moment after it has begun; true if it was over before.
        private static func disturb(_ program: RunningProgram, isKilled: Bool) throws -> Bool {
            try? program.wait { program.errorsSoFar.contains("trials") }
            usleep(UInt32.random(in: 10_000..<300_000))
            guard program.isRunning else { return true }
            let processes = program.ranks
            if isKilled { program.killEverything() } else { program.signal(SIGTERM) }
            let ending = try program.wait(atMostSeconds: 20)
            let deadline = Date().addingTimeInterval(10)
            while processes.contains(where: Processes.isAlive), Date() < deadline { usleep(2_000) }
            #expect(!ending.errors.contains("checkpoint"), "\(ending.errors)")
            return ending.code == 0
        }

        /// Both kinds of damage in a real run: said in one line each, and the same bits all the same.
        @Test func aroundDamagedCheckpoints() throws {
            let folder = try TemporaryFolder()
            try SmallDataSet.write(to: folder.path + "/small")
            let file = try folder.write(
                """
                problem: network
                dataset: small
                architecture: mlp(64,batch_norm)
                epochs: 6000
                batch: 24
                lambda: 1e-3
                measurements: 5
                execution: {checkpoint_interval: 0.02}
                """, to: "sweep.yaml")
            #expect(try Programs.sweep(file, to: folder.path + "/alone", data: folder.path).code == 0)
            let reference = try Stored(folder.path + "/alone")
            let directory = folder.path + "/disturbed"
            for number in 0..<3 {
                let program = try Programs.startSweep(file, to: directory, data: folder.path)
                let previous = { () -> String? in
                    let names = try? FileManager.default.contentsOfDirectory(atPath: directory + "/checkpoints")
                    return names?.first { $0.hasSuffix(".previous.safetensors") }
                }
                let expected = ["1 trial;", "goes on from the one before it", "starts again"][number]
                try program.wait { program.errorsSoFar.contains(expected) }
                try program.wait { previous() != nil }
                program.signal(SIGTERM)
                let ending = try program.wait(atMostSeconds: 20)
                #expect(ending.code == 143)
                let complaints = ending.errorLines.filter { $0.contains("the checkpoint is damaged") }
                #expect(complaints.count == (number == 0 ? 0 : 1), "\(ending.errors)")
                #expect(complaints.allSatisfy { $0.hasPrefix("ncsweep: ") && $0.contains(expected) })
                let old = directory + "/checkpoints/" + (try #require(previous()))
                for path in [old.replacing(".previous", with: ""), old].prefix(number + 1) {
                    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
                    bytes[bytes.count / 2] ^= 1
                    if number == 2 { bytes.removeLast(bytes.count / 3) }
                    try bytes.write(to: URL(fileURLWithPath: path))
                }
            }
            let last = try Programs.sweep(file, to: directory, data: folder.path)
            #expect(last.code == 0 && last.errors.contains("starts again"), "\(last.errors)")
            try Self.expect(directory, equals: reference, "after damage")
        }
    }
}
