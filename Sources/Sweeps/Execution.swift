/// How trials are run. Never part of what a trial is: changing it redoes nothing.
public struct Execution: Sendable, Equatable {
    /// Ranks that share one trial.
    public var ranks = 1
    /// Further attempts after a failure.
    public var retries = 0
    /// Time between two checkpoints of a running trial, in seconds; nil for none.
    public var checkpointIntervalSeconds: Double?
    /// Whether a network that has been trained leaves its weights in a file.
    public var keepsWeights = false

    public init(
        ranks: Int = 1, retries: Int = 0, checkpointIntervalSeconds: Double? = nil, keepsWeights: Bool = false
    ) {
        self.ranks = ranks
        self.retries = retries
        self.checkpointIntervalSeconds = checkpointIntervalSeconds
        self.keepsWeights = keepsWeights
    }

    static let keys = ["ranks", "retries", "checkpoint_interval", "keep_weights"]

    /// Overwrites what the mapping gives.
    mutating func read(_ node: YAMLValue, _ mistakes: inout Mistakes) {
        guard case .mapping(let entries) = node.content else {
            mistakes.add(node.position, "'execution' is \(node.kindName); write 'execution: {ranks: 2}'")
            return
        }
        for entry in entries {
            guard Self.keys.contains(entry.key) else {
                mistakes.add(
                    entry.keyPosition,
                    "unknown key \(quoted(entry.key)) under execution:; \(hint(for: entry.key, among: Self.keys))")
                continue
            }
            guard case .scalar(let text, let isQuoted) = entry.value.content else {
                mistakes.add(
                    entry.value.position, "'\(entry.key)' is \(entry.value.kindName); it takes one value")
                continue
            }
            if entry.key == "checkpoint_interval" {
                if let seconds = Self.seconds(text) {
                    checkpointIntervalSeconds = seconds
                } else {
                    mistakes.add(
                        entry.value.position,
                        "\(quoted(text)) is no interval; write '30 s', '10 min', '2 h' or a number of seconds")
                }
                continue
            }
            if entry.key == "keep_weights" {
                if !isQuoted, let isWanted = ["true": true, "false": false][text] {
                    keepsWeights = isWanted
                } else {
                    mistakes.add(
                        entry.value.position, "'keep_weights' cannot be \(quoted(text)); write 'true' or 'false'")
                }
                continue
            }
            let least = entry.key == "ranks" ? 1 : 0
            guard !isQuoted, case .integer(let number)? = Decimal.parse(text), number >= least else {
                mistakes.add(
                    entry.value.position,
                    "'\(entry.key)' cannot be \(quoted(text)); it is a whole number of at least \(least)")
                continue
            }
            if entry.key == "ranks" { ranks = number } else { retries = number }
        }
    }

    /// "30 s", "10 min", "2 h" or a plain number of seconds; nil where it is none of these or not above zero.
    static func seconds(_ text: String) -> Double? {
        let word = text.trimmed
        let digits = word.prefix { !$0.isLetter || $0 == "e" || $0 == "E" }
        let scale: Double
        switch String(word.dropFirst(digits.count)) {
        case "", "s": scale = 1
        case "min": scale = 60
        case "h": scale = 3600
        default: return nil
        }
        let seconds: Double
        switch Decimal.parse(String(digits).trimmed) {
        case .integer(let number)?: seconds = Double(number) * scale
        case .real(let number)?: seconds = number * scale
        default: return nil
        }
        return seconds > 0 && seconds.isFinite ? seconds : nil
    }
}
