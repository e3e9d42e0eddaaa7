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
        return try parser.items(until: nil)
    }
}

/// name, or name(item, key=value, …), separated by commas.
private struct LayerItemParser {
    private let text: [Character]
    private var position = 0

    init(_ text: String) { self.text = text.filter { !$0.isWhitespace } }

    private var next: Character? { position < text.count ? text[position] : nil }

    mutating func items(until end: Character?) throws(SpecificationError) -> [LayerItem] {
        try arguments(until: end).map { argument throws(SpecificationError) in
            guard case .item(let item) = argument else {
                throw SpecificationError("a list of layers holds layers, such as conv(16,3), relu or residual(…)")
            }
            return item
        }
    }

    private mutating func arguments(until end: Character?) throws(SpecificationError) -> [LayerItem.Argument] {
        var result: [LayerItem.Argument] = []
        while true {
            result.append(try argument())
            guard next == "," else { break }
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
        let arguments = try arguments(until: ")")
        position += 1
        return .item(LayerItem(name: name, arguments: arguments))
    }

    private mutating func word() -> String {
        let start = position
        while let letter = next, !"(),=".contains(letter) { position += 1 }
        return String(text[start..<position])
    }
}
