import Learning
import Sweeps

extension TrialBuilder {
    /// What is wrong with a file beyond single trials: which of them several ranks may share, and how many; which keep
    /// checkpoints; names of its own.
    ///
    /// - Parameter ranks: of the world; nil where that is not known yet.
    public func checkExecution(of plan: Plan, in file: SweepFile, ranks world: Int?) throws(SweepFileErrors) {
        var messages = Self.misnamedArchitectures(file)
        for planned in plan.trials where planned.execution != Execution() {
            guard let problem = Self.problem(of: planned, ranks: world) else { continue }
            let position = file.blocks[planned.blocks[0]].position
            let message = "\(file.path):\(position.line):\(position.column): execution: \(problem)"
            if !messages.contains(message) { messages.append(message) }
        }
        if !messages.isEmpty { throw SweepFileErrors(messages: messages) }
    }

    /// A file may name its lists of layers, but not as architectures that there are.
    private static func misnamedArchitectures(_ file: SweepFile) -> [String] {
        (file.listNames["architectures"] ?? []).filter { Architecture.names.contains($0.name) }.map { list in
            "\(file.path):\(list.position.line):\(list.position.column): '\(list.name)' is an architecture already; "
                + "give the list another name"
        }
    }

    private static func problem(of planned: PlannedTrial, ranks world: Int?) -> String? {
        let (trial, ranks) = (planned.trial, planned.execution.ranks)
        guard trial.problem == "network" else {
            if ranks > 1 { return "'ranks: \(ranks)' is for networks; a \(trial.problem) trial runs on one rank" }
            guard planned.execution.checkpointIntervalSeconds == nil else {
                return
                    "'checkpoint_interval' is for networks; a \(trial.problem) trial starts again; set it in the networks' blocks"
            }
            guard !planned.execution.keepsWeights else {
                return
                    "'keep_weights' is for networks; a \(trial.problem) trial keeps none; set it in the networks' blocks"
            }
            return nil
        }
        guard ranks > 1 else { return nil }
        if let world, ranks > world {
            return
                "'ranks: \(ranks)' is more than the \(world) of this run; start more with mpirun -n \(ranks), or give fewer "
                + "(trials and their bits stay the same)"
        }
        let shards = trial.integer("shards")
        guard shards % ranks == 0, (shards / ranks).nonzeroBitCount == 1 else {
            return
                "'ranks: \(ranks)' cannot share 'shards: \(shards)' evenly; give the block 'shards: \(ranks)' times a "
                + "power of two (which changes what the trials are)"
        }
        return nil
    }
}
