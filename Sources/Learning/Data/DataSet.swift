import CZlib
import RandomNumbers

/// Labelled samples, each of the same shape.
///
/// Images are height × width × channels, channels last; tables and embeddings are vectors. Bytes stay bytes, a quarter
/// of their size as Float32, and become numbers as a batch is gathered. The values may lie in memory of someone else's,
/// such as a window that the ranks of a node share.
public final class DataSet {
    /// What the values are stored as.
    public enum Element: String, Sendable {
        /// Unsigned bytes, standing for byte/255.
        case byte
        /// Float32
        case float

        public var byteCount: Int { self == .byte ? 1 : 4 }
    }

    /// (samples × sampleWidth) of `element`
    public let values: UnsafeRawBufferPointer
    public let element: Element
    /// [height, width, channels] of images, [width] of vectors.
    public let sampleShape: [Int]
    /// Each in 0..<classes.
    public let labels: [Int32]
    public let classes: Int
    /// Keeps the values alive.
    private let owner: AnyObject?

    public var samples: Int { labels.count }
    public let sampleWidth: Int

    /// - Parameter owner: whatever frees the values when it goes.
    public init(
        values: UnsafeRawBufferPointer, element: Element, sampleShape: [Int], labels: [Int32], classes: Int,
        owner: AnyObject? = nil
    ) {
        precondition(sampleShape.count == 1 || sampleShape.count == 3, "samples neither vectors nor images")
        sampleWidth = sampleShape.reduce(1, *)
        precondition(
            values.count == labels.count * sampleWidth * element.byteCount, "values and labels of different samples")
        precondition(labels.allSatisfy { $0 >= 0 && $0 < classes }, "label out of range")
        self.values = values
        self.element = element
        self.sampleShape = sampleShape
        self.labels = labels
        self.classes = classes
        self.owner = owner
    }

    /// Copies of everything, in memory of its own.
    public convenience init(pixels: [UInt8], sampleShape: [Int], labels: [Int32], classes: Int) {
        self.init(copying: pixels, .byte, sampleShape, labels, classes)
    }

    /// Copies of everything, in memory of its own.
    public convenience init(values: [Float], sampleShape: [Int], labels: [Int32], classes: Int) {
        self.init(copying: values, .float, sampleShape, labels, classes)
    }

    private convenience init<Value: BitwiseCopyable>(
        copying array: [Value], _ element: Element, _ sampleShape: [Int], _ labels: [Int32], _ classes: Int
    ) {
        let memory = ByteMemory(byteCount: array.count * MemoryLayout<Value>.stride)
        array.withUnsafeBytes { memory.bytes.copyMemory(from: $0) }
        self.init(
            values: UnsafeRawBufferPointer(memory.bytes), element: element, sampleShape: sampleShape, labels: labels,
            classes: classes, owner: memory)
    }

    /// The same values, which are not copied, under other labels.
    public func relabelled(_ labels: [Int32], classes: Int) -> DataSet {
        DataSet(
            values: values, element: element, sampleShape: sampleShape, labels: labels, classes: classes, owner: self)
    }

    /// CRC-32 of these samples and their labels, in order: tells them from others.
    public func checksum(of positions: [Int]) -> UInt32 {
        let bytes = sampleWidth * element.byteCount
        var sum = crc32(0, nil, 0)
        for position in positions {
            let row = UnsafeRawBufferPointer(rebasing: values[position * bytes..<(position + 1) * bytes])
            sum = crc32_z(sum, row.baseAddress?.assumingMemoryBound(to: UInt8.self), row.count)
            withUnsafeBytes(of: labels[position].littleEndian) {
                sum = crc32_z(sum, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count)
            }
        }
        return UInt32(truncatingIfNeeded: sum)
    }

    /// Samples of each class.
    public var classCounts: [Int] { labels.classCounts(classes) }

    public var isImages: Bool { sampleShape.count == 3 }

    /// Channels of images, columns of vectors: values this far apart are normalised alike.
    var normalizationPeriod: Int { isImages ? sampleShape[2] : sampleWidth }

    /// Shape of one sample as gathered with `pad` zeros around it.
    public func sampleShape(pad: Int) -> [Int] { Self.padded(sampleShape, by: pad) }

    public static func padded(_ shape: [Int], by pad: Int) -> [Int] {
        precondition(pad == 0 || shape.count == 3, "padding of vectors")
        return shape.count == 3 ? [shape[0] + 2 * pad, shape[1] + 2 * pad, shape[2]] : shape
    }
}

extension Sequence<Int32> {
    /// How often each of 0..<classes occurs.
    public func classCounts(_ classes: Int) -> [Int] {
        reduce(into: [Int](repeating: 0, count: classes)) { $0[Int($1)] += 1 }
    }
}

/// Bytes owned by one object.
final class ByteMemory {
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 64) }
    deinit { bytes.deallocate() }
}
