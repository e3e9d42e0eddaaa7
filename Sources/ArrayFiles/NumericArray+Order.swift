import Foundation

extension NumericArray {
    /// The bytes in C order, little-endian.
    static func rearranged(
        _ bytes: Data, _ type: ElementType, _ shape: [Int], fromFortranOrder isFortran: Bool,
        fromBigEndian isBigEndian: Bool
    ) -> Data {
        var result = Data(count: bytes.count)
        guard !bytes.isEmpty else { return result }
        bytes.withUnsafeBytes { source in
            result.withUnsafeMutableBytes { target in
                switch type.byteCount {
                case 1: rearrange(source, target, UInt8.self, shape, isFortran, isBigEndian)
                case 2: rearrange(source, target, UInt16.self, shape, isFortran, isBigEndian)
                case 4: rearrange(source, target, UInt32.self, shape, isFortran, isBigEndian)
                default: rearrange(source, target, UInt64.self, shape, isFortran, isBigEndian)
                }
            }
        }
        return result
    }

    /// Row by row of the last dimension; in Fortran order the first dimension is the fastest in `source`.
    private static func rearrange<Word: FixedWidthInteger & BitwiseCopyable>(
        _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer, _: Word.Type, _ shape: [Int],
        _ isFortran: Bool, _ isBigEndian: Bool
    ) {
        let size = MemoryLayout<Word>.size
        let count = source.count / size
        let rowLength = shape.last ?? 1
        // How far apart neighbours along a dimension are in `source`.
        var strides = [Int](repeating: 1, count: shape.count)
        if isFortran { for axis in shape.indices.dropFirst() { strides[axis] = strides[axis - 1] * shape[axis - 1] } }
        let step = strides.last ?? 1
        var index = [Int](repeating: 0, count: max(0, shape.count - 1))
        for row in stride(from: 0, to: count, by: rowLength) {
            let start = isFortran ? zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 } : row
            for column in 0..<rowLength {
                let word = source.loadUnaligned(fromByteOffset: (start + column * step) * size, as: Word.self)
                target.storeBytes(
                    of: isBigEndian ? word.byteSwapped : word, toByteOffset: (row + column) * size, as: Word.self)
            }
            guard isFortran else { continue }
            // Count on, the last dimension but one first.
            for axis in index.indices.reversed() {
                index[axis] += 1
                if index[axis] < shape[axis] { break }
                index[axis] = 0
            }
        }
    }
}
