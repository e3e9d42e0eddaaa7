import Learning
import Sweeps

extension NetworkProblem {
    /// Parameters, their gradients and the optimiser's state, a branch a level of the shards' tree; activations; class
    /// statistics.
    func checkMemory(activations: Int) throws(ParameterProblem) {
        let number = precision == "float64" ? 8.0 : 4.0
        let state =
            switch training.optimizer {
            case .sgd, .nesterov: 1.0
            case .adam, .adamw: 2.0
            case .lbfgs: 44.0
            }
        let levels = Double(Int.bitWidth - training.shards.leadingZeroBitCount)
        let widths = layers.map { Double(network.probes[$0].width) }
        let statistics = widths.reduce(0) { $0 + 16 * $1 * $1 } + 24 * (widths.max() ?? 0) * (widths.max() ?? 0)
        try MachineMemory.check(
            bytes: number * ((2 + state + levels) * Double(network.layout.count) + Double(activations)) + statistics,
            for: "architecture")
    }

    var cost: Cost {
        let passes = 3 * network.operations
        let work = passes * Double(counts.training) * Double(training.epochs)
        let widths = layers.reduce(0.0) { $0 + Double(network.probes[$1].width * network.probes[$1].width) }
        let each = (passes / 3 + 2 * widths) * Double(counts.training + counts.test)
        // Large products run about six times (float32) or three times as fast as the cost model's unit of work.
        let speed = precision == "float64" ? 3.0 : 6.0
        return Cost(
            family: "network \(network.architecture.family) \(loss.name) \(precision)",
            work: (work + each * Double(min(measurements, training.epochs) + 2)) / speed)
    }
}

extension Architecture {
    /// Networks of a family run at about the same speed for their operations.
    fileprivate var family: String { String(description.prefix { $0 != "(" }) }
}
