/// A place in a sweep file, counted from 1; columns count Unicode scalars.
public struct SourcePosition: Hashable, Sendable, Comparable {
    public let line: Int
    public let column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (a: SourcePosition, b: SourcePosition) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// Every mistake found in a sweep file, in the file's order.
public struct SweepFileErrors: Error, Equatable, CustomStringConvertible {
    /// One line each: `path:line:column: what; fix`.
    public let messages: [String]

    public init(messages: [String]) { self.messages = messages }

    public var description: String { messages.joined(separator: "\n") }
}

/// What a check from outside finds wrong with one parameter of a trial.
public struct ParameterProblem: Error, Equatable {
    /// The parameter's key; the message is shown where the file gives it.
    public let name: String
    /// "what; fix", without a position.
    public let message: String
    /// Which item of the value, where that is a list; counted from 0.
    public let item: Int?

    public init(name: String, message: String, item: Int? = nil) {
        self.name = name
        self.message = message
        self.item = item
    }
}

/// Collects mistakes, so that all of them are reported at once.
struct Mistakes {
    private struct Entry: Hashable {
        let position: SourcePosition
        let message: String
    }

    let path: String
    private var entries: [Entry] = []
    private var known: Set<Entry> = []

    init(path: String) { self.path = path }

    var isEmpty: Bool { entries.isEmpty }

    /// Kept once for each position and message.
    mutating func add(_ position: SourcePosition, _ message: String) {
        let entry = Entry(position: position, message: singleLine(message))
        if known.insert(entry).inserted { entries.append(entry) }
    }

    /// The mistakes in the file's order; those at one position in the order they were found.
    var errors: SweepFileErrors {
        let sorted = entries.enumerated().sorted {
            ($0.element.position, $0.offset) < ($1.element.position, $1.offset)
        }
        let place = singleLine(path)
        return SweepFileErrors(
            messages: sorted.map { _, entry in
                "\(place):\(entry.position.line):\(entry.position.column): \(entry.message)"
            })
    }
}

/// The text with control characters and line breaks written as escapes.
func singleLine(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isBreakOrControl) else { return text }
    var line = ""
    for scalar in text.unicodeScalars {
        if isBreakOrControl(scalar) {
            line += scalar.escaped(asASCII: true)
        } else {
            line.unicodeScalars.append(scalar)
        }
    }
    return line
}

/// The user's words within a message: in quotes, and cut when long.
func quoted(_ text: String) -> String {
    text.count > 60 ? "'\(text.prefix(57))…'" : "'\(text)'"
}

private func isBreakOrControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
    default: false
    }
}
