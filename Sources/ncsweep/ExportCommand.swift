import ArgumentParser
import LinearAlgebra
import Reports
import Runner

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a finished network's weights and features for other programs.",
        discussion: """
            For trials that ran with 'execution: {keep_weights: true}'. Two files are written: weights.safetensors, with \
            the names and the order of PyTorch's state_dict; and features.npz, which 'ncsweep measure' reads, with the \
            features of all training and test samples, their labels and the classifier.
            """)

    @Argument(help: "The folder the sweep wrote to.")
    var directory: String

    @Argument(help: "The trial's id as 'ncsweep results' shows it, or the beginning of it.")
    var trial: String

    @Option(help: "The folder to write to (default: DIR/export/TRIAL).")
    var out: String?

    @Option(help: "Whose features: features, all, or names joined by '+', as the key 'layers' of a sweep file.")
    var layers = "features"

    @OptionGroup var data: DataOptions

    func run() throws {
        BLASKernel.correctOrContinue()
        OpenBLAS.useOneThread()
        let export = try TrialExport(directory: directory, trial: trial, layers: layers, dataSets: data.shelf)
        let folder = out ?? "\(directory)/export/\(export.id)"
        try export.write(to: folder)
        try StandardOutput.write { output in
            for file in ["weights.safetensors", "features.npz"] { try output.write("\(folder)/\(file)\n") }
        }
    }
}
