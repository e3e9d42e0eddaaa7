import Sweeps

/// JSON text (RFC 8259) of parameters and results: numbers read back as the same double, and what JSON cannot say
/// (missing, not a number, infinite) is null.
public enum JSON {
    public static func object(_ members: [(name: String, value: ParameterValue?)]) -> String {
        var text = "{"
        for (index, member) in members.enumerated() {
            if index > 0 { text += ", " }
            text += string(member.name) + ": " + value(member.value)
        }
        return text + "}"
    }

    public static func value(_ value: ParameterValue?) -> String {
        switch value {
        case .integer(let number): String(number)
        case .real(let number): number.isFinite ? String(number) : "null"
        case .text(let text): string(text)
        case nil: "null"
        }
    }

    public static func string(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        if isPlain { return "\"" + text + "\"" }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
