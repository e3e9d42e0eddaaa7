import Foundation

/// The files in a zip archive, as its central directory lists them (PKWARE's APPNOTE 6.3.9, with zip64).
struct ZipDirectory {
    struct Entry {
        let name: String
        /// 0: as it is; 8: deflated.
        let method: Int
        let checksum: UInt32
        let compressedSize: Int
        let size: Int
        /// Where the file's bytes start in the archive.
        let start: Int
    }

    let entries: [Entry]

    /// Checks every header, so that a listing can be relied on; contents are checked as they are read.
    init(_ archive: Data) throws(ZipProblem) {
        let end = try Self.end(of: archive)
        var entries: [Entry] = []
        var names = Set<String>()
        var next = end.start
        while next < end.start + end.size {
            let (entry, length) = try Self.entry(archive, at: next, endingBefore: end.start + end.size)
            guard names.insert(entry.name).inserted else { throw ZipProblem("two entries '\(entry.name)'") }
            entries.append(entry)
            next += length
        }
        guard entries.count == end.count else {
            throw ZipProblem("\(entries.count) entries where \(end.count) are announced")
        }
        self.entries = entries
    }

    // MARK: The end of the archive

    /// Where the directory is: it ends where the record of the end starts.
    private static func end(of archive: Data) throws(ZipProblem) -> (start: Int, size: Int, count: Int) {
        let recordSize = 22
        guard archive.count >= recordSize else { throw ZipProblem("no end of a directory") }
        // A comment of up to 65,535 bytes may follow the record, whose last two bytes are the comment's length.
        var position = archive.count - recordSize
        let lowest = max(0, position - 65_535)
        while archive.number(4, at: position) != 0x0605_4B50
            || Int(archive.number(2, at: position + 20)) != archive.count - position - recordSize
        {
            guard position > lowest else { throw ZipProblem("no end of a directory") }
            position -= 1
        }
        guard archive.number(4, at: position + 4) == 0 else { throw ZipProblem("it is one of several volumes") }
        var counts = (archive.number(2, at: position + 8), archive.number(2, at: position + 10))
        var (size, start) = (archive.number(4, at: position + 12), archive.number(4, at: position + 16))
        var directoryEnd = position
        if position >= 20, archive.number(4, at: position - 20) == 0x0706_4B50 {
            let record = archive.number(8, at: position - 12)
            guard record <= UInt64(position - 20), position - 20 - Int(record) == 56,
                archive.number(4, at: Int(record)) == 0x0606_4B50
            else { throw ZipProblem("its zip64 record is not where it should be") }
            directoryEnd = Int(record)
            counts = (archive.number(8, at: directoryEnd + 24), archive.number(8, at: directoryEnd + 32))
            (size, start) = (archive.number(8, at: directoryEnd + 40), archive.number(8, at: directoryEnd + 48))
        }
        guard counts.0 == counts.1, size <= UInt64(directoryEnd), start == UInt64(directoryEnd) - size,
            counts.0 <= size / 46
        else { throw ZipProblem("its directory is not where it should be") }
        return (Int(start), Int(size), Int(counts.0))
    }

    // MARK: One entry

    private static func entry(
        _ archive: Data, at position: Int, endingBefore end: Int
    ) throws(ZipProblem) -> (entry: Entry, length: Int) {
        guard position + 46 <= end, archive.number(4, at: position) == 0x0201_4B50 else {
            throw ZipProblem("its directory ends within an entry")
        }
        let (nameLength, extraLength, commentLength) = (
            Int(archive.number(2, at: position + 28)), Int(archive.number(2, at: position + 30)),
            Int(archive.number(2, at: position + 32))
        )
        let length = 46 + nameLength + extraLength + commentLength
        guard position + length <= end, let nameBytes = archive.slice(position + 46, nameLength),
            let extra = archive.slice(position + 46 + nameLength, extraLength)
        else { throw ZipProblem("its directory ends within an entry") }
        let name = String(decoding: nameBytes, as: UTF8.self)
        guard archive.number(2, at: position + 8) & 1 == 0 else { throw ZipProblem("'\(name)' is encrypted") }
        let method = Int(archive.number(2, at: position + 10))
        let sizes = try Self.sizes(archive, at: position, extra, name)
        guard
            let header = archive.slice(sizes.offset, 30), header.number(4, at: 0) == 0x0403_4B50,
            Int(header.number(2, at: 8)) == method, Int(header.number(2, at: 26)) == nameLength,
            archive.slice(sizes.offset + 30, nameLength)?.elementsEqual(nameBytes) == true
        else { throw ZipProblem("'\(name)' is not where its directory says") }
        let start = sizes.offset + 30 + nameLength + Int(header.number(2, at: 28))
        guard archive.slice(start, sizes.compressed) != nil else { throw ZipProblem("'\(name)' ends too early") }
        let entry = Entry(
            name: name, method: method, checksum: UInt32(archive.number(4, at: position + 16)),
            compressedSize: sizes.compressed, size: sizes.whole, start: start)
        return (entry, length)
    }

    /// Sizes and offset; those that 32 bits cannot hold are in the extra field of zip64, in this order.
    private static func sizes(
        _ archive: Data, at position: Int, _ extra: Data, _ name: String
    ) throws(ZipProblem) -> (whole: Int, compressed: Int, offset: Int) {
        let overflow: UInt64 = 0xFFFF_FFFF
        var numbers = [24, 20, 42].map { archive.number(4, at: position + $0) }
        var wide = Data()
        var next = 0
        while next + 4 <= extra.count {
            let length = Int(extra.number(2, at: next + 2))
            guard let field = extra.slice(next + 4, length) else { break }
            if extra.number(2, at: next) == 1 { wide = field }
            next += 4 + length
        }
        for index in numbers.indices where numbers[index] == overflow {
            guard wide.count >= 8 else { throw ZipProblem("the size of '\(name)' is missing") }
            numbers[index] = wide.number(8, at: 0)
            wide = wide.dropFirst(8)
        }
        guard numbers.allSatisfy({ $0 < 1 << 56 }) else { throw ZipProblem("the size of '\(name)' is impossible") }
        return (Int(numbers[0]), Int(numbers[1]), Int(numbers[2]))
    }
}

/// What is wrong with a zip archive.
struct ZipProblem: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
