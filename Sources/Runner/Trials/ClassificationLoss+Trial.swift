import Learning
import Sweeps

extension ClassificationLoss {
    /// From `loss` and the parameters that belong to it.
    init(_ trial: Trial) throws(ParameterProblem) {
        self =
            switch trial.text("loss") {
            case "cross_entropy": .crossEntropy
            case "label_smoothing": .labelSmoothing(trial.real("smoothing"))
            case "focal": .focal(gamma: trial.real("gamma"))
            case "mse": .meanSquaredError
            case "mse_rescaled":
                .rescaledSquaredError(kappa: trial.real("kappa"), target: trial.real("target"))
            case let name: throw ParameterProblem(name: "loss", message: "unknown loss '\(name)'")
            }
    }
}
