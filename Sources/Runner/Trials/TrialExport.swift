import ArrayFiles
import Foundation
import Learning
import LinearAlgebra
import Results
import Sweeps

/// The weights and features of one finished network, for other programs.
public struct TrialExport {
    public let id: TrialID
    private let trial: Trial
    private let weights: Safetensors
    private let dataSets: DataSetShelf
    private let layers: [Int]

    /// Finds the trial and what it left, and checks that both still mean the same; no data is read yet.
    ///
    /// - Parameters:
    ///   - directory: the folder that the sweep wrote to.
    ///   - name: the trial's id, or as many of its first digits as no other trial begins with.
    ///   - layers: whose features, as in the key `layers`.
    public init(
        directory: String, trial name: String, layers: String, dataSets: DataSetShelf
    ) throws {
        self.dataSets = dataSets
        id = try Self.find(name, in: directory)
        guard let kept = try WeightsFolder(directory: directory).load(id) else {
            throw ExportError(
                "trial \(id) kept no weights; a network does with 'execution: {keep_weights: true}' in its sweep file, "
                    + "and as finished trials are not run again, run it into another folder (--out)")
        }
        (trial, weights) = kept
        guard trial.problem == "network", trial.revision == ParameterSchema.network.revision else {
            throw ExportError(
                "trial \(id) was run by a program of other numbers (\(trial.problem)/\(trial.revision)); run it again")
        }
        do {
            self.layers = try NetworkProblem(trial, dataSets: dataSets).network.layers(named: layers)
        } catch {
            throw ExportError("trial \(id): \(error.message)")
        }
    }

    private static func find(_ name: String, in directory: String) throws -> TrialID {
        let results = try StoredResults(directory: directory)
        defer { results.close() }
        let (id, state) = try results.trial(named: name)
        guard state == .done else {
            throw ExportError("trial \(id) \(state.rawValue), so it has no weights; export another")
        }
        return id
    }

    /// Writes `weights.safetensors` and `features.npz` into a folder, which is made where it is missing.
    public func write(to folder: String) throws {
        try dataSets.load(trial.text("dataset"))
        let problem = try NetworkProblem(trial, dataSets: dataSets)
        let samples = try problem.samples()
        guard weights.metadata[WeightsFolder.dataKey] == samples.checksum else {
            throw ExportError(
                "the data set '\(trial.text("dataset"))' is not what trial \(id) was trained on; put that back, or name its "
                    + "folder with --data")
        }
        let arrays: [(name: String, array: NumericArray)]
        do {
            arrays =
                problem.precision == "float64"
                ? try NetworkFeatures<Double>(problem.network, samples, layers: layers, weights: weights).arrays()
                : try NetworkFeatures<Float>(problem.network, samples, layers: layers, weights: weights).arrays()
        } catch {
            throw ExportError("weights of trial \(id): \(error)")
        }
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw ExportError(
                "cannot make the folder \(folder): \(error.localizedDescription); choose another with --out")
        }
        try weights.write(to: folder + "/weights.safetensors")
        try NPZArchive.write(arrays, to: folder + "/features.npz")
    }
}

/// Why a trial cannot be exported, in one line.
struct ExportError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
