#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Tables, such as embeddings of text: `train.csv` and `test.csv`, with a header each. The column `label`, or the last
/// one if there is none of this name, holds words or numbers, which in sorted order are the classes; all other columns
/// hold numbers.
struct CSVSource: DataSetSource {
    private let trainingPath: String
    private let testPath: String

    init?(name: String, in folder: DataSetFolder) throws(DataError) {
        guard folder.isNamed, let training = folder.existing("train.csv") else { return nil }
        (trainingPath, testPath) = (training, try folder.required("test.csv"))
    }

    func summary() throws(DataError) -> DataSetSummary {
        let (training, test) = (try table(.training), try table(.test))
        guard training.header == test.header else {
            throw .line(
                path: testPath, line: 1, problem: "other columns than in \(trainingPath)",
                advice: "use files that belong together")
        }
        let names = training.labels.map(\.text)
        let order = Self.sorted(names)
        var classes: [String: Int32] = [:]
        for (index, name) in order.enumerated() { classes[name] = Int32(index) }
        var testLabels: [Int32] = []
        for label in test.labels {
            guard let index = classes[label.text] else {
                throw .line(
                    path: testPath, line: label.line, problem: "no training sample has the label '\(label.text)'",
                    advice: "correct it or add training samples of this class")
            }
            testLabels.append(index)
        }
        return DataSetSummary(
            sampleShape: [training.header.count - 1], element: .float, classes: order.count,
            trainingLabels: names.map { classes[$0]! }, testLabels: testLabels)
    }

    func read(
        _ part: DataSetPart, of summary: DataSetSummary, into target: UnsafeMutableRawBufferPointer
    ) throws(DataError) {
        let table = try table(part, values: target.bindMemory(to: Float.self))
        guard table.labels.count == summary.labels(part).count, table.header.count == summary.sampleWidth + 1 else {
            throw .unreadable(path: path(part), reason: "it changed while it was being read")
        }
    }

    private func path(_ part: DataSetPart) -> String { part == .training ? trainingPath : testPath }

    /// Numbers by their value, if all are numbers; otherwise words by their bytes.
    private static func sorted(_ labels: [String]) -> [String] {
        let distinct = Array(Set(labels))
        let numbers = distinct.compactMap(Double.init)
        guard numbers.count == distinct.count else {
            return distinct.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        return zip(numbers, distinct).sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.1)
    }

    private struct Table {
        var header: [String] = []
        var labels: [(text: String, line: Int)] = []
    }

    /// - Parameter values: for the numbers; nil to look at the labels and the number of fields only.
    private func table(
        _ part: DataSetPart, values: UnsafeMutableBufferPointer<Float>? = nil
    ) throws(DataError) -> Table {
        let path = path(part)
        // Ended by a zero, where reading numbers stops.
        let text = try InputFile(path: path).readAll() + [0]
        var table = Table()
        var labelColumn = 0
        var written = 0
        var fields: [Range<Int>] = []
        var lines = CSVLines(text: text, path: path)
        while try lines.next(&fields) {
            if table.header.isEmpty {
                table.header = fields.map { lines.text(of: $0) }
                guard fields.count >= 2 else {
                    throw .line(
                        path: path, line: lines.line, problem: "one column only",
                        advice: "separate columns by commas, the label's among them")
                }
                guard fields.contains(where: { lines.number(in: $0) == nil }) else {
                    throw .line(
                        path: path, line: lines.line, problem: "numbers where the names of the columns belong",
                        advice: "put a header before them, such as x1,x2,label")
                }
                labelColumn = table.header.lastIndex(of: "label") ?? fields.count - 1
                continue
            }
            guard fields.count == table.header.count else {
                throw .line(
                    path: path, line: lines.line,
                    problem: "\(fields.count) fields, but \(table.header.count) columns in the header",
                    advice: "correct the line")
            }
            guard !lines.text(of: fields[labelColumn]).isEmpty else {
                throw .line(
                    path: path, line: lines.line, problem: "no label in column '\(table.header[labelColumn])'",
                    advice: "write one, or leave the line out")
            }
            table.labels.append((lines.text(of: fields[labelColumn]), lines.line))
            guard let values else { continue }
            for (column, field) in fields.enumerated() where column != labelColumn {
                guard let number = lines.number(in: field) else {
                    throw .line(
                        path: path, line: lines.line,
                        problem:
                            "'\(lines.text(of: field))' in column '\(table.header[column])' is not a finite number",
                        advice: "write numbers in all columns but the label's")
                }
                guard written < values.count else { break }
                values[written] = number
                written += 1
            }
        }
        guard !table.labels.isEmpty else { throw .empty(path: path) }
        return table
    }
}

/// Lines of comma-separated fields, perhaps in double quotes. Empty lines are skipped.
private struct CSVLines {
    let text: [UInt8]
    let path: String
    /// Of the fields found last, counted from 1.
    private(set) var line = 0
    private var position = 0

    init(text: [UInt8], path: String) {
        self.text = text
        self.path = path
        // Some programs start with a mark of UTF-8.
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The fields of the next line, quotes left out; false at the end.
    mutating func next(_ fields: inout [Range<Int>]) throws(DataError) -> Bool {
        let end = text.count - 1
        while position < end {
            line += 1
            fields.removeAll(keepingCapacity: true)
            var start = position
            var isQuoted = false
            while position < end {
                let byte = text[position]
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
                if byte == UInt8(ascii: "\n") { break }
                if byte == UInt8(ascii: ",") && !isQuoted {
                    fields.append(trimmed(start..<position))
                    start = position + 1
                }
                position += 1
            }
            guard !isQuoted else {
                throw .line(
                    path: path, line: line, problem: "a quote is not closed", advice: "close it in the same line")
            }
            fields.append(trimmed(start..<position))
            position += 1
            if fields.count > 1 || !fields[0].isEmpty { return true }
        }
        return false
    }

    /// Without white space, then without one pair of quotes.
    private func trimmed(_ field: Range<Int>) -> Range<Int> {
        var (start, end) = (field.lowerBound, field.upperBound)
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        while start < end, isSpace(text[start]) { start += 1 }
        while start < end, isSpace(text[end - 1]) { end -= 1 }
        if end - start >= 2, text[start] == UInt8(ascii: "\""), text[end - 1] == UInt8(ascii: "\"") {
            (start, end) = (start + 1, end - 1)
        }
        return start..<end
    }

    func text(of field: Range<Int>) -> String { String(decoding: text[field], as: UTF8.self) }

    /// nil where the whole field is not one finite number.
    func number(in field: Range<Int>) -> Float? {
        guard let first = field.first.map({ text[$0] }), first > 0x20 else { return nil }
        let number = text.withUnsafeBytes { bytes -> Float? in
            let start = (bytes.baseAddress! + field.lowerBound).assumingMemoryBound(to: CChar.self)
            var end: UnsafeMutablePointer<CChar>?
            let value = strtof(start, &end)
            return end == UnsafeMutablePointer(mutating: start + field.count) ? value : nil
        }
        return number.flatMap { $0.isFinite ? $0 : nil }
    }
}
