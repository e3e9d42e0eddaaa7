/// One entry of a list of layers, as written: `conv(16,3,stride=2)`, `relu`, `residual(conv(16,3),batch_norm)`.
public struct LayerItem: Equatable, Sendable, CustomStringConvertible {
    let name: String
    let arguments: [Argument]

    enum Argument: Equatable, Sendable {
        case item(LayerItem)
        case option(String, String)
    }

    public var description: String {
        guard !arguments.isEmpty else { return name }
        let parts = arguments.map { argument in
            switch argument {
            case .item(let item): item.description
            case .option(let key, let value): "\(key)=\(value)"
            }
        }
        return "\(name)(\(parts.joined(separator: ",")))"
    }

    /// The entries of `layers(…)`.
    static func list(parsing text: String) throws(SpecificationError) -> [LayerItem] {
        var parser = LayerItemParser(text)
        do { return try parser.items() } catch {
            throw SpecificationError(error.description, item: parser.finished)
        }
    }
}

/// name, or name(item, key=value, …), separated by commas.
private struct LayerItemParser {
    private static let deepest = 100

    private let text: [Character]
    private var position = 0
    /// Parentheses around the place.
    private var depth = 0
    /// Items of the outermost list that are read.
    private(set) var finished = 0

    init(_ text: String) { self.text = text.filter { !$0.isWhitespace } }

    private var next: Character? { position < text.count ? text[position] : nil }

    mutating func items() throws(SpecificationError) -> [LayerItem] {
        let arguments = try arguments(until: nil)
        finished = 0
        var items: [LayerItem] = []
        for argument in arguments {
            guard case .item(let item) = argument else {
                throw SpecificationError("a list of layers holds layers, such as conv(16,3), relu or residual(…)")
            }
            items.append(item)
            finished += 1
        }
        return items
    }

    private mutating func arguments(until end: Character?) throws(SpecificationError) -> [LayerItem.Argument] {
        var result: [LayerItem.Argument] = []
        while true {
            result.append(try argument())
            guard next == "," else { break }
            if depth == 0 { finished += 1 }
            position += 1
        }
        guard next == end else {
            throw SpecificationError(
                next.map { "'\($0)' is not expected in a list of layers; separate layers by commas" }
                    ?? "a list of layers lacks a closing parenthesis")
        }
        return result
    }

    private mutating func argument() throws(SpecificationError) -> LayerItem.Argument {
        let name = word()
        guard !name.isEmpty else {
            throw SpecificationError(
                "a layer is missing in a list of layers" + (next.map { " before '\($0)'" } ?? "; write e.g. relu"))
        }
        if next == "=" {
            position += 1
            return .option(name, word())
        }
        guard next == "(" else { return .item(LayerItem(name: name, arguments: [])) }
        position += 1
        if next == ")" {
            position += 1
            return .item(LayerItem(name: name, arguments: []))
        }
        // Whoever reads, writes or builds the layers goes as deep as they are.
        guard depth < Self.deepest else {
            throw SpecificationError("a list of layers has more than \(Self.deepest) parentheses in each other")
        }
        depth += 1
        let arguments = try arguments(until: ")")
        depth -= 1
        position += 1
        return .item(LayerItem(name: name, arguments: arguments))
    }

    private mutating func word() -> String {
        let start = position
        while let letter = next, !"(),=".contains(letter) { position += 1 }
        return String(text[start..<position])
    }
}
