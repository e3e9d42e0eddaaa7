import Foundation
import Results
import Sweeps
import Testing

/// A folder of one test, removed with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "ncsweep-results-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    var store: String { path + "/results.sqlite" }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

enum Sample {
    static let info = SessionInfo(
        ranks: 2, host: "n1", pid: 4711, program: "0.1.0", revision: "abc", mpi: "Open MPI", blas: "OpenBLAS",
        blasKernel: "Haswell", blasThreads: 1, cpu: "some CPU", sweepPath: "x.yaml", sweepText: "a: 1\nb: 'ä'\n")

    static func trial(_ index: Int) -> Trial {
        Trial(
            problem: "ufm", revision: 1,
            parameters: [
                .init(name: "K", value: .integer(4)), .init(name: "lambda_W", value: .real(0.001)),
                .init(name: "lambda_H", value: .real(index % 2 == 0 ? 0.001 : 0.1)),
                .init(name: "loss", value: .text("mse")), .init(name: "seed", value: .integer(index)),
            ])
    }

    static func plan(_ count: Int) -> [PlanEntry] {
        (0..<count).map { PlanEntry(trial: trial($0), blocks: ["main"]) }
    }

    static func result(_ index: Int, state: TrialState = .done, measurements: Int = 2) -> TrialResult {
        TrialResult(
            id: trial(index).id, state: state, reason: state == .done ? nil : "because of \(index)",
            outcomes: [
                Outcome(name: "nc1", value: .real(0.1 / Double(index + 3))),
                Outcome(name: "gap", value: .real(1.0 / Double(index + 3))),
                Outcome(name: "certificate", value: .text("minimum")), Outcome(name: "steps", value: .integer(index)),
            ],
            measurements: (0..<measurements).map(measurement),
            started: 1_000, seconds: 0.25, host: "n1", rank: 1)
    }

    private static func measurement(_ index: Int) -> Results.Measurement {
        Results.Measurement(
            step: 10 * index, epoch: index % 2 == 0 ? nil : 0.5, layer: index % 3 == 0 ? "" : "features",
            split: "train", metric: "nc\(index % 4)", value: 1 / Double(index + 1))
    }
}
