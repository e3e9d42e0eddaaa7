import MPI

extension Communicator {
    /// Runs `body` on every rank and goes on only if it threw on none: otherwise the error of the lowest such rank is
    /// thrown on all of them, so that they end together and one line is printed. Collective.
    public func agree<Result>(_ body: () throws -> Result) throws -> Result {
        var message = ""
        var result: Result?
        do { result = try body() } catch { message = String(describing: error) }
        for root in 0..<size {
            let text = broadcast(Array(message.utf8), from: root)
            if !text.isEmpty { throw AgreedError(message: String(decoding: text, as: UTF8.self), rank: root) }
        }
        return result!
    }
}

/// What went wrong on one rank, known to all.
public struct AgreedError: Error, CustomStringConvertible {
    public let message: String
    public let rank: Int
    public var description: String { message }
}
