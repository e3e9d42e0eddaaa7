#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Numbers as the sweep file writes them: decimal digits only, no hexadecimal, no infinities.
enum Decimal {
    enum Number: Equatable {
        case integer(Int)
        case real(Double)
        case tooLarge
        /// `.inf`, `nan` and their kin.
        case notFinite
    }

    /// nil where the text is not a number at all. `4` is an integer; `4.0`, `.5` and `1e-5` are real.
    static func parse(_ text: some StringProtocol) -> Number? {
        var rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        guard !rest.isEmpty else { return nil }
        if isNotFinite(String(decoding: rest, as: UTF8.self)) { return .notFinite }
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        if rest.isEmpty { return Int(text).map { .integer($0) } ?? .tooLarge }
        var digits = whole.count
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            let fraction = rest.prefix(while: isDigit)
            rest = rest.dropFirst(fraction.count)
            digits += fraction.count
        }
        guard digits > 0 else { return nil }
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
            guard !rest.isEmpty, rest.allSatisfy(isDigit) else { return nil }
            rest = []
        }
        guard rest.isEmpty else { return nil }
        guard let value = Double(String(text)), value.isFinite else { return .tooLarge }
        // A negative zero equals zero, yet would be written, and hashed, otherwise.
        return .real(value == 0 ? 0 : value)
    }

    /// `value` with 12 significant digits. Computed values (`logspace`, `loguniform`) are rounded so that ids do not
    /// hang on the last bit of a machine's `exp` and `log`, and so that decades come out as 0.001.
    static func rounded(_ value: Double) -> Double {
        var buffer = [CChar](repeating: 0, count: 40)
        let count = withVaList([value]) { vsnprintf(&buffer, buffer.count, "%.11e", $0) }
        guard count > 0, count < buffer.count else { return value }
        let text = String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let result = Double(text) ?? value
        return result == 0 ? 0 : result
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private static func isNotFinite(_ text: String) -> Bool {
        switch text.lowercased() {
        case ".inf", "inf", "infinity", ".nan", "nan": true
        default: false
        }
    }
}
