import Foundation

/// The format of NumPy's `save`: magic bytes, version, a header in text, the numbers (NumPy Enhancement Proposal 1).
extension NumericArray {
    /// Reads an .npy file of version 1, 2 or 3: either byte order, C or Fortran order.
    public init(npyFile path: String) throws(ArrayFileError) {
        try self.init(npy: try FileBytes.read(path), path: path)
    }

    /// Decodes the bytes of an .npy file, to which nothing may be missing and after which nothing may follow.
    ///
    /// - Parameters:
    ///   - path: for messages only.
    ///   - array: the name within an archive, for messages only.
    public init(npy file: Data, path: String, array: String? = nil) throws(ArrayFileError) {
        func failure(_ problem: ArrayFileError.Problem) -> ArrayFileError {
            ArrayFileError(path: path, array: array, problem)
        }
        let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
        guard file.prefix(6).elementsEqual(magic) else {
            throw failure(.notOfFormat("an .npy array", reason: "it does not start with \\x93NUMPY"))
        }
        guard file.count >= 10 else { throw failure(.truncated(expectedBytes: 10, foundBytes: file.count)) }
        let version = file.number(1, at: 6)
        guard (1...3).contains(version) else {
            throw failure(
                .unsupported(
                    "format version \(version)", advice: "save it with numpy.save, which writes versions 1 to 3"))
        }
        let lengthBytes = version == 1 ? 2 : 4
        guard file.count >= 8 + lengthBytes else {
            throw failure(.truncated(expectedBytes: 8 + lengthBytes, foundBytes: file.count))
        }
        let start = 8 + lengthBytes + Int(file.number(lengthBytes, at: 8))
        guard let text = file.slice(8 + lengthBytes, start - 8 - lengthBytes) else {
            throw failure(.truncated(expectedBytes: start, foundBytes: file.count))
        }
        let header: NPYHeader
        do { header = try NPYHeader(parsing: text) } catch {
            throw failure(Self.problem(of: error))
        }
        let (type, isBigEndian) = try Self.type(header.descr, failure)
        guard let count = Self.count(of: header.shape, type) else {
            throw failure(.damaged("its shape announces more numbers than any file holds"))
        }
        let byteCount = count * type.byteCount
        guard file.count - start >= byteCount else {
            throw failure(.truncated(expectedBytes: start + byteCount, foundBytes: file.count))
        }
        guard let bytes = file.slice(start, byteCount), start + byteCount == file.count else {
            throw failure(.damaged("\(file.count - start - byteCount) bytes follow the \(byteCount) it announces"))
        }
        // Of one dimension, or of none, both orders are the same.
        let isFortran = header.fortranOrder && header.shape.count > 1
        self.init(
            type: type, shape: header.shape,
            bytes: isFortran || isBigEndian
                ? Self.rearranged(bytes, type, header.shape, fromFortranOrder: isFortran, fromBigEndian: isBigEndian)
                : bytes)
    }

    /// The bytes of an .npy file of this array, as NumPy itself writes it: version 1, data at a multiple of 64.
    public var npy: Data {
        var file = npyHeader
        file.append(bytes)
        return file
    }

    /// Writes an .npy file, which appears when it is complete.
    public func write(npyFile path: String) throws(ArrayFileError) {
        let file = try AtomicFile(path: path)
        try file.write(npyHeader)
        try file.write(bytes)
        try file.commit()
    }

    /// All that comes before the numbers. NumPy allows 32, 64 dimensions: version 1, of at most 64 KiB, always
    /// suffices.
    var npyHeader: Data {
        var text = NPYHeader(descr: Self.descr(of: type), fortranOrder: false, shape: shape).text
        text += String(repeating: " ", count: (64 - (text.utf8.count + 11) % 64) % 64) + "\n"
        var header = Data([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0])
        header.append(text.utf8.count, 2)
        header.append(contentsOf: text.utf8)
        return header
    }

    // MARK: NumPy's words

    private static func descr(of type: ElementType) -> String {
        switch type {
        case .bool: "|b1"
        case .int8: "|i1"
        case .uint8: "|u1"
        case .int16: "<i2"
        case .int32: "<i4"
        case .int64: "<i8"
        case .uint16: "<u2"
        case .uint32: "<u4"
        case .uint64: "<u8"
        case .float16: "<f2"
        // NumPy has no such type: its bits.
        case .bfloat16: "<u2"
        case .float32: "<f4"
        case .float64: "<f8"
        }
    }

    private static func type(
        _ descr: String, _ failure: (ArrayFileError.Problem) -> ArrayFileError
    ) throws(ArrayFileError) -> (type: ElementType, isBigEndian: Bool) {
        let order = descr.first.flatMap { "<>|=".contains($0) ? $0 : nil }
        let word = order == nil ? descr : String(descr.dropFirst())
        let types = ElementType.allCases.filter { $0 != .bfloat16 }
        if let type = types.first(where: { Self.descr(of: $0).dropFirst() == word }) {
            return (type, order == ">")
        }
        let advice = "save an array of numbers, e.g. array.astype('float32')"
        let kind =
            switch word.first {
            case "O": "Python objects"
            case "U", "S", "a": "text"
            case "c": "complex numbers"
            case "M", "m": "times"
            case "f": "floating-point numbers of an unusual size"
            default: "elements of an unknown type"
            }
        throw failure(.unsupported("holds \(kind) ('\(descr.prefix(20))')", advice: advice))
    }

    private static func problem(of mistake: NPYHeader.Mistake) -> ArrayFileError.Problem {
        switch mistake {
        case .syntax(let byte): .damaged("its header cannot be read at byte \(byte)")
        case .keys: .damaged("its header has other entries than descr, fortran_order and shape")
        case .records:
            .unsupported("holds records of named fields", advice: "save each field as an array of its own")
        }
    }
}
