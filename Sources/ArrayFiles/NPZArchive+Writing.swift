import Foundation

extension NPZArchive {
    /// Writes arrays in their order, uncompressed, as NumPy's `savez` does; the file appears when it is complete. Equal
    /// arrays give equal bytes.
    ///
    /// Names must differ from each other.
    public static func write(_ arrays: [(name: String, array: NumericArray)], to path: String) throws(ArrayFileError) {
        try write(arrays, to: path, largest: 0xFFFF_FFFE)
    }

    /// Sizes and offsets above `largest` go into fields of zip64.
    static func write(
        _ arrays: [(name: String, array: NumericArray)], to path: String, largest: Int
    ) throws(ArrayFileError) {
        precondition(Set(arrays.map(\.name)).count == arrays.count, "two arrays of one name")
        let file = try AtomicFile(path: path)
        var directory = Data()
        var offset = 0
        for (name, array) in arrays {
            let head = array.npyHeader
            let entry = StoredEntry(
                name: name + ".npy", size: head.count + array.bytes.count,
                checksum: ZipDirectory.checksum(array.bytes, after: ZipDirectory.checksum(head)), offset: offset,
                largest: largest)
            let local = entry.localHeader
            try file.write(local)
            try file.write(head)
            try file.write(array.bytes)
            directory.append(entry.directoryHeader)
            offset += local.count + entry.size
        }
        try file.write(directory)
        try file.write(end(entries: arrays.count, directorySize: directory.count, offset: offset, largest: largest))
        try file.commit()
    }

    /// The record that ends the archive, after that of zip64 and what says where it is, if one is needed.
    private static func end(entries: Int, directorySize: Int, offset: Int, largest: Int) -> Data {
        var end = Data()
        let isWide = entries > 0xFFFE || directorySize > largest || offset > largest
        if isWide {
            end.append(0x0606_4B50, 4)
            end.append(44, 8)
            end.append(45, 2)
            end.append(45, 2)
            end.append(0, 8)
            for number in [entries, entries, directorySize, offset] { end.append(number, 8) }
            end.append(0x0706_4B50, 4)
            end.append(0, 4)
            end.append(offset + directorySize, 8)
            end.append(1, 4)
        }
        end.append(0x0605_4B50, 4)
        end.append(0, 4)
        for _ in 0..<2 { end.append(isWide ? 0xFFFF : entries, 2) }
        for number in [directorySize, offset] { end.append(isWide ? 0xFFFF_FFFF : number, 4) }
        end.append(0, 2)
        return end
    }
}

/// A file stored in a zip archive as it is.
private struct StoredEntry {
    let name: String
    let size: Int
    let checksum: UInt32
    let offset: Int
    /// The largest number that is kept in 32 bits.
    let largest: Int

    private var isWide: Bool { size > largest || offset > largest }

    /// What both headers share: version, flags, method, time, checksum, sizes, length of the name.
    private var common: Data {
        var common = Data()
        common.append(isWide ? 45 : 20, 2)
        // Bit 11: the name is UTF-8.
        common.append(name.utf8.allSatisfy { $0 < 0x80 } ? 0 : 0x800, 2)
        common.append(0, 2)
        // 1 January 1980, 0:00: no clock in the bytes.
        common.append(0, 2)
        common.append(0x21, 2)
        common.append(checksum, 4)
        for _ in 0..<2 { common.append(isWide ? 0xFFFF_FFFF : size, 4) }
        common.append(name.utf8.count, 2)
        return common
    }

    private func wideField(_ numbers: [Int]) -> Data {
        var field = Data()
        guard isWide else { return field }
        field.append(1, 2)
        field.append(8 * numbers.count, 2)
        for number in numbers { field.append(number, 8) }
        return field
    }

    var localHeader: Data {
        let wide = wideField([size, size])
        var header = Data()
        header.append(0x0403_4B50, 4)
        header.append(common)
        header.append(wide.count, 2)
        header.append(contentsOf: name.utf8)
        header.append(wide)
        return header
    }

    var directoryHeader: Data {
        let wide = wideField([size, size, offset])
        var header = Data()
        header.append(0x0201_4B50, 4)
        // Made on Unix, by version 4.5 of the specification.
        header.append(45 | 3 << 8, 2)
        header.append(common)
        header.append(wide.count, 2)
        // No comment, first volume, no internal attributes; a file that all may read.
        for _ in 0..<3 { header.append(0, 2) }
        header.append(0o100644 << 16, 4)
        header.append(isWide ? 0xFFFF_FFFF : offset, 4)
        header.append(contentsOf: name.utf8)
        header.append(wide)
        return header
    }
}
