/// The value of one parameter: a whole number, a real number or a word.
public enum ParameterValue: Hashable, Sendable {
    case integer(Int)
    case real(Double)
    case text(String)

    /// The number, if it is one.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        case .text: nil
        }
    }
}

extension ParameterValue: CustomStringConvertible {
    /// Shortest text that reads back as the same value; a real number always shows a point or an exponent.
    public var description: String {
        switch self {
        case .integer(let value): String(value)
        case .real(let value): String(value)
        case .text(let value): value
        }
    }
}

extension ParameterValue: Comparable {
    /// Numbers by size whatever their kind, then words by their code points.
    public static func < (a: ParameterValue, b: ParameterValue) -> Bool {
        switch (a.number, b.number) {
        case (let x?, let y?): x < y
        case (_?, nil): true
        case (nil, _?): false
        case (nil, nil): a.description.unicodeScalars.lexicographicallyPrecedes(b.description.unicodeScalars)
        }
    }
}
