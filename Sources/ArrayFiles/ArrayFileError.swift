/// What is wrong with a file of arrays, in one line that names the file, the array if it is one's, and what to do.
public struct ArrayFileError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Problem: Equatable, Sendable {
        /// It cannot be opened or read; the reason is the system's.
        case unreadable(String)
        /// It cannot be written; the reason is the system's.
        case unwritable(String)
        /// It does not start, or end, as such a file does.
        case notOfFormat(String, reason: String)
        /// It ends before the data it announces.
        case truncated(expectedBytes: Int, foundBytes: Int)
        /// Its parts contradict each other.
        case damaged(String)
        /// It is whole, but holds something that is no array of numbers, or not one that can be read.
        case unsupported(String, advice: String)
        /// It has no array of this name.
        case missing(name: String, available: [String])
    }

    public let path: String
    /// The name of the array within the file; nil where the whole file is meant.
    public let array: String?
    public let problem: Problem

    public init(path: String, array: String? = nil, _ problem: Problem) {
        self.path = path
        self.array = array
        self.problem = problem
    }

    public var description: String {
        let place = path + (array.map { ": array '\($0)'" } ?? "")
        switch problem {
        case .unreadable(let reason):
            return "\(place): cannot be read: \(reason); check the path and its permissions"
        case .unwritable(let reason):
            return "\(place): cannot be written: \(reason); check the folder and the room on its disk"
        case .notOfFormat(let format, let reason):
            return "\(place): not \(format) (\(reason)); check that it is the right file"
        case .truncated(let expected, let found):
            return "\(place): ends after \(found) of \(expected) bytes; write or copy it again"
        case .damaged(let reason):
            return "\(place): damaged (\(reason)); write or copy it again"
        case .unsupported(let what, let advice):
            return "\(place): \(what); \(advice)"
        case .missing(let name, let available):
            let list = available.isEmpty ? "it holds none" : "it holds \(available.joined(separator: ", "))"
            return "\(place): no array '\(name)' (\(list)); save it under this name"
        }
    }
}
