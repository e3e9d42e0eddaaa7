/// One point of a sweep: a problem and every parameter its numbers depend on, defaults written out.
///
/// Execution details (ranks, threads, retries) are not in it, so they cannot change what a trial is.
public struct Trial: Hashable, Sendable {
    public struct Parameter: Hashable, Sendable {
        public let name: String
        public let value: ParameterValue

        public init(name: String, value: ParameterValue) {
            self.name = name
            self.value = value
        }
    }

    /// "ufm", "landscape" or "network".
    public let problem: String
    /// Raised when the same parameters come to mean other numbers.
    public let revision: Int
    /// In the schema's order.
    public let parameters: [Parameter]
    public let id: TrialID

    public init(problem: String, revision: Int, parameters: [Parameter]) {
        self.problem = problem
        self.revision = revision
        self.parameters = parameters
        id = TrialID(hashing: Self.canonicalText(problem, revision, parameters))
    }

    /// With the id already known, for an expansion that hashes the parts of the text as it goes.
    init(problem: String, revision: Int, parameters: [Parameter], id: TrialID) {
        self.problem = problem
        self.revision = revision
        self.parameters = parameters
        self.id = id
    }

    public static func == (a: Trial, b: Trial) -> Bool {
        a.id == b.id && a.problem == b.problem && a.revision == b.revision && a.parameters == b.parameters
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(id) }

    public subscript(name: String) -> ParameterValue? { parameters.first { $0.name == name }?.value }

    /// The value of a whole-number parameter that the schema guarantees.
    public func integer(_ name: String) -> Int {
        guard case .integer(let value)? = self[name] else { preconditionFailure("no whole number '\(name)' in trial") }
        return value
    }

    /// The value of a real parameter that the schema guarantees.
    public func real(_ name: String) -> Double {
        guard case .real(let value)? = self[name] else { preconditionFailure("no real number '\(name)' in trial") }
        return value
    }

    /// The value of a word parameter that the schema guarantees.
    public func text(_ name: String) -> String {
        guard case .text(let value)? = self[name] else { preconditionFailure("no word '\(name)' in trial") }
        return value
    }
}

/// A stable 64-bit name of a trial, written as 16 hexadecimal digits.
public struct TrialID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let bits: UInt64

    public init(bits: UInt64) { self.bits = bits }

    /// FNV-1a (Fowler, Noll and Vo; 64 bits) of the text's UTF-8. Two of a million trials share an id with
    /// probability 3e-8; `SweepFile` refuses a sweep in which two do.
    public init(hashing text: String) {
        bits = text.utf8.reduce(0xCBF2_9CE4_8422_2325) { Self.hash($1, from: $0) }
    }

    /// The hash of a text that goes on with `byte`, from the hash of what is before.
    static func hash(_ byte: UInt8, from start: UInt64) -> UInt64 { (start ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }

    /// From its 16 digits.
    public init?(_ text: String) {
        guard text.utf8.count == 16, let bits = UInt64(text, radix: 16) else { return nil }
        self.bits = bits
    }

    public var description: String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    public static func < (a: TrialID, b: TrialID) -> Bool { a.bits < b.bits }
}
