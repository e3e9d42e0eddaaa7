import LinearAlgebra

/// Parameters in, loss and gradient out. Networks and unconstrained feature models are both this, so one trainer
/// serves both, and the UFM, whose optimum is known, tests it.
public protocol Objective<Scalar>: AnyObject {
    associatedtype Scalar: BLASScalar
    /// What one evaluation sees: a part of a batch, or everything.
    associatedtype Shard

    var layout: ParameterLayout { get }

    /// Loss of the shard without decays, its gradient added to `gradients`.
    ///
    /// Normalised by the batch the shard is part of, so that the shards of a batch add up to it.
    func evaluate(_ shard: Shard, at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>)
        -> Double

    /// The decay terms, their gradient added to `gradients`: once a step, whatever the number of shards.
    func decay(at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>) -> Double

    /// Starting values, a function of the seed alone.
    func initialize(_ parameters: ParameterBlock<Scalar>, seed: UInt64)
}

/// The shard of an objective that always sees all its samples.
public struct FullBatch: Sendable {
    public init() {}
}
