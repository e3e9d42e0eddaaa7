import MPI

extension Communicator {
    /// Runs `body` on every rank and goes on only if it threw on none: otherwise the error of the lowest such rank is
    /// thrown on all of them, so that they end together and one line is printed. Collective.
    public func agree<Result>(_ body: () throws -> Result) throws -> Result {
        var message = ""
        var result: Result?
        do { result = try body() } catch {
            message = String(describing: error)
            if message.isEmpty { message = String(reflecting: type(of: error)) }
        }
        let first = minimum(result == nil ? rank : size)
        guard first < size else { return result! }
        let text = broadcast(Array(message.utf8), from: first)
        throw AgreedError(message: String(decoding: text, as: UTF8.self), rank: first)
    }
}

/// What went wrong on one rank, known to all.
public struct AgreedError: Error, CustomStringConvertible {
    public let message: String
    public let rank: Int
    public var description: String { message }
}
