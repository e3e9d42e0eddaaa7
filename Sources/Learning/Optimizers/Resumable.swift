import LinearAlgebra

/// What an optimiser remembers from step to step, open to checkpoints: some numbers and some blocks, by name.
public protocol Resumable<Scalar>: AnyObject {
    associatedtype Scalar: BLASScalar

    /// Numbers, each exact in Float64; counts are whole.
    var progress: [String: Double] { get }

    /// Blocks in a fixed order, each name once. The memory is the optimiser's own.
    var blocks: [StateBlock<Scalar>] { get }

    /// Goes on as the one did that had this `progress` and these blocks: every later step gives the same bits.
    ///
    /// - Parameter fill: overwrites the block with what was saved under the name; false where there is nothing of its
    ///   size.
    /// - Returns: false where numbers or blocks are missing or cannot be; the optimiser is then as when it was made.
    func resume(from progress: [String: Double], fill: (StateBlock<Scalar>) -> Bool) -> Bool
}

/// A part of an optimiser's state.
public struct StateBlock<Scalar: BLASScalar> {
    public let name: String
    public let block: ParameterBlock<Scalar>
}

extension [String: Double] {
    /// The whole number of that name that is not negative; nil where there is none.
    func count(_ name: String) -> Int? {
        self[name].flatMap { Int(exactly: $0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
}
