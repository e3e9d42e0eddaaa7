/// The trials of a sweep file, each once, in the file's order.
public struct Plan: Sendable {
    public let trials: [PlannedTrial]
    /// Combinations that came to a trial already planned.
    public let duplicates: Int
    /// Combinations that a `where` left out.
    public let excluded: Int
}

/// A trial and how to run it.
public struct PlannedTrial: Sendable {
    public let trial: Trial
    /// Indices of the blocks it is in, ascending.
    public private(set) var blocks: [Int]
    /// The first block's.
    public let execution: Execution

    public init(trial: Trial, blocks: [Int], execution: Execution) {
        self.trial = trial
        self.blocks = blocks
        self.execution = execution
    }

    mutating func add(block: Int) {
        if blocks.last != block { blocks.append(block) }
    }
}
