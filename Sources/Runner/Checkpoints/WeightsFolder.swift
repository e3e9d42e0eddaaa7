import ArrayFiles
import Foundation
import Learning
import LinearAlgebra
import Sweeps

/// The weights that finished trials leave behind where `execution: {keep_weights: true}` asks for it:
/// DIR/weights/<trial>.safetensors, with the names and the order of PyTorch's `state_dict`.
///
/// The metadata hold the trial's canonical text, so that a file says by itself what it is, and a checksum of all.
public final class WeightsFolder {
    private let path: String
    private var hasFailed = false

    /// - Parameter directory: the folder of the results.
    public init(directory: String) { path = directory + "/weights" }

    func file(_ trial: TrialID) -> String { "\(path)/\(trial).safetensors" }

    /// Weights that cannot be written cost no trial: the first failure is said, and the result stands without them.
    func save<Scalar: BLASScalar & ArrayElement>(
        _ trial: Trial, _ network: Network, _ parameters: ParameterBlock<Scalar>, _ statistics: ParameterBlock<Scalar>,
        _ samples: TrialSamples
    ) {
        var content = Safetensors(metadata: [Self.trialKey: trial.canonicalText, Self.dataKey: samples.checksum])
        for entry in network.stateEntries {
            content[entry.name] = NumericArray(network.values(of: entry, parameters, statistics), shape: entry.shape)
        }
        content.metadata[Self.checksumKey] = content.checksum
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try content.write(to: file(trial.id))
        } catch {
            if !hasFailed {
                warn("cannot keep the weights of trial \(trial.id): \(Self.reason(error)); it is stored without them")
            }
            hasFailed = true
        }
    }

    /// Removes what a killed run had not written to its end. To be called while no other run can use the folder.
    func removePartialFiles() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] where name.hasSuffix(".partial")
        {
            try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
    }

    /// What the trial left; nil where it left nothing.
    func load(_ id: TrialID) throws -> (trial: Trial, content: Safetensors)? {
        guard FileManager.default.fileExists(atPath: file(id)) else { return nil }
        var content = try Safetensors(path: file(id))
        guard let text = content.metadata[Self.trialKey], let trial = Trial(canonicalText: text), trial.id == id else {
            throw ExportError("\(file(id)) does not say that it is of trial \(id); run the trial again to replace it")
        }
        let checksum = content.metadata.removeValue(forKey: Self.checksumKey)
        guard checksum == content.checksum else {
            throw ExportError("\(file(id)) is damaged, its checksum is wrong; run the trial again to replace it")
        }
        return (trial, content)
    }

    private static let trialKey = "trial"
    /// `TrialSamples.checksum` of what it was trained on.
    static let dataKey = "data"
    private static let checksumKey = "checksum"

    private static func reason(_ error: any Error) -> String {
        (error as? ArrayFileError)?.description ?? error.localizedDescription
    }
}
