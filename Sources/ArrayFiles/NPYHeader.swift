/// The header of an .npy file: a Python dictionary in text, e.g.
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (60000, 512), }`.
struct NPYHeader: Equatable {
    /// The type in NumPy's words: byte order, kind, size.
    var descr: String
    var fortranOrder: Bool
    var shape: [Int]

    enum Mistake: Error, Equatable {
        case syntax(atByte: Int)
        /// Not these keys, each once.
        case keys
        /// The elements are records of named fields.
        case records
    }

    /// Exactly the three keys, in any order, as NumPy asks too.
    init(parsing text: some Collection<UInt8>) throws(Mistake) {
        var parser = Parser(text: Array(text))
        var (descr, order, shape): (String?, Bool?, [Int]?)
        try parser.expect("{")
        while !parser.skips("}") {
            let key = try parser.string()
            try parser.expect(":")
            switch key {
            case "descr" where descr == nil:
                if parser.peeks("[") { throw .records }
                descr = try parser.string()
            case "fortran_order" where order == nil: order = try parser.boolean()
            case "shape" where shape == nil: shape = try parser.tuple()
            default: throw .keys
            }
            if parser.skips(",") { continue }
            try parser.expect("}")
            break
        }
        try parser.expectEnd()
        guard let descr, let order, let shape else { throw .keys }
        (self.descr, fortranOrder, self.shape) = (descr, order, shape)
    }

    init(descr: String, fortranOrder: Bool, shape: [Int]) {
        (self.descr, self.fortranOrder, self.shape) = (descr, fortranOrder, shape)
    }

    var text: String {
        let sizes = shape.count == 1 ? "(\(shape[0]),)" : "(\(shape.map(String.init).joined(separator: ", ")))"
        return "{'descr': '\(descr)', 'fortran_order': \(fortranOrder ? "True" : "False"), 'shape': \(sizes), }"
    }
}

/// The little of Python's syntax that headers are written in.
private struct Parser {
    let text: [UInt8]
    var next = 0

    init(text: [UInt8]) { self.text = text }

    private var failure: NPYHeader.Mistake { .syntax(atByte: next) }

    private mutating func skipSpace() {
        while next < text.count, [0x20, 0x0A, 0x0D, 0x09].contains(text[next]) { next += 1 }
    }

    mutating func peeks(_ character: Character) -> Bool {
        skipSpace()
        return next < text.count && text[next] == character.asciiValue
    }

    mutating func skips(_ character: Character) -> Bool {
        guard peeks(character) else { return false }
        next += 1
        return true
    }

    mutating func expect(_ character: Character) throws(NPYHeader.Mistake) {
        guard skips(character) else { throw failure }
    }

    mutating func expectEnd() throws(NPYHeader.Mistake) {
        skipSpace()
        guard next == text.count else { throw failure }
    }

    mutating func string() throws(NPYHeader.Mistake) -> String {
        let quote: Character = peeks("\"") ? "\"" : "'"
        try expect(quote)
        let start = next
        while next < text.count, text[next] != quote.asciiValue {
            guard text[next] != UInt8(ascii: "\\") else { throw failure }
            next += 1
        }
        guard next < text.count else { throw failure }
        next += 1
        return String(decoding: text[start..<next - 1], as: UTF8.self)
    }

    private mutating func word() -> String {
        skipSpace()
        let start = next
        while next < text.count, text[next] >= 0x30, text[next] < 0x7B, text[next] != UInt8(ascii: ":") { next += 1 }
        return String(decoding: text[start..<next], as: UTF8.self)
    }

    mutating func boolean() throws(NPYHeader.Mistake) -> Bool {
        switch word() {
        case "True": return true
        case "False": return false
        default: throw failure
        }
    }

    /// Python 2 wrote long integers as `60000L`.
    mutating func tuple() throws(NPYHeader.Mistake) -> [Int] {
        var sizes: [Int] = []
        try expect("(")
        while !skips(")") {
            var digits = word()
            if digits.hasSuffix("L") { digits.removeLast() }
            guard let size = Int(digits) else { throw failure }
            sizes.append(size)
            if skips(",") { continue }
            // (5) is a number in parentheses; only (5,) is a tuple of one.
            guard sizes.count > 1 else { throw failure }
            try expect(")")
            break
        }
        return sizes
    }
}
