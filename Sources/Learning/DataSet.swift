import LinearAlgebra
import RandomNumbers

/// Labelled samples of bytes.
///
/// The pixels stay bytes, a quarter of their size as Float32, and become numbers as a batch is gathered. They may lie
/// in memory of someone else's, such as a window that the ranks of a node share.
public final class DataSet {
    /// (samples × sampleWidth)
    public let pixels: UnsafeRawBufferPointer
    /// Shape of one sample, e.g. [28, 28].
    public let sampleShape: [Int]
    /// Each in 0..<classes.
    public let labels: [Int32]
    public let classes: Int
    /// Keeps the pixels alive.
    private let owner: AnyObject?

    public var samples: Int { labels.count }
    public let sampleWidth: Int

    /// - Parameter owner: whatever frees the pixels when it goes.
    public init(
        pixels: UnsafeRawBufferPointer, sampleShape: [Int], labels: [Int32], classes: Int, owner: AnyObject? = nil
    ) {
        sampleWidth = sampleShape.reduce(1, *)
        precondition(pixels.count == labels.count * sampleWidth, "pixels and labels of different samples")
        precondition(labels.allSatisfy { $0 >= 0 && $0 < classes }, "label out of range")
        self.pixels = pixels
        self.sampleShape = sampleShape
        self.labels = labels
        self.classes = classes
        self.owner = owner
    }

    /// Copies of everything, in memory of its own.
    public convenience init(pixels: [UInt8], sampleShape: [Int], labels: [Int32], classes: Int) {
        let memory = ByteMemory(byteCount: pixels.count)
        pixels.withUnsafeBytes { memory.bytes.copyMemory(from: $0) }
        self.init(
            pixels: UnsafeRawBufferPointer(memory.bytes), sampleShape: sampleShape, labels: labels, classes: classes,
            owner: memory)
    }

    /// Samples of each class.
    public var classCounts: [Int] {
        labels.reduce(into: [Int](repeating: 0, count: classes)) { $0[Int($1)] += 1 }
    }
}

/// Bytes owned by one object.
final class ByteMemory {
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 64) }
    deinit { bytes.deallocate() }
}

extension DataSet {
    /// `count` samples of every class, ascending: the first of a shuffle with a fixed seed, so that every trial with
    /// this number sees the same samples, and a larger number only adds to them.
    public func balancedSubset(samplesPerClass count: Int) throws(DataError) -> [Int] {
        var members = [[Int]](repeating: [], count: classes)
        for (sample, label) in labels.enumerated() { members[Int(label)].append(sample) }
        let random = Philox(seed: 0, purpose: .subset)
        var chosen: [Int] = []
        for label in 0..<classes {
            guard members[label].count >= count else {
                throw .tooFewSamples(ofClass: label, found: members[label].count, wanted: count)
            }
            random.shuffle(&members[label], stream: UInt32(label))
            chosen += members[label].prefix(count)
        }
        return chosen.sorted()
    }
}

/// Pixels become (byte/255 − mean)/standardDeviation.
public struct PixelNormalization: Equatable, Sendable {
    /// Of byte/255.
    public var mean: Double
    public var standardDeviation: Double

    public init(mean: Double, standardDeviation: Double) {
        precondition(standardDeviation > 0, "standard deviation not positive")
        self.mean = mean
        self.standardDeviation = standardDeviation
    }

    /// Mean and standard deviation over all pixels of these samples; deviation 1 where all pixels are equal.
    public init(of data: DataSet, samples: [Int]) {
        // Whole numbers, so exact: 255² · 2⁴⁴ pixels would fit.
        var (sum, squares) = (0, 0)
        for sample in samples {
            let row = data.bytes(ofSample: sample)
            // 255² · 2¹⁶ fits 32 bits, which vectorise better.
            for start in stride(from: 0, to: data.sampleWidth, by: 1 << 16) {
                var (partSum, partSquares): (UInt32, UInt32) = (0, 0)
                for j in start..<min(start + 1 << 16, data.sampleWidth) {
                    let value = UInt32(row[j])
                    partSum &+= value
                    partSquares &+= value &* value
                }
                sum += Int(partSum)
                squares += Int(partSquares)
            }
        }
        let count = Double(max(samples.count * data.sampleWidth, 1))
        let mean = Double(sum) / count
        let variance = max(0, Double(squares) / count - mean * mean)
        self.init(mean: mean / 255, standardDeviation: variance > 0 ? variance.squareRoot() / 255 : 1)
    }
}

extension DataSet {
    @inline(__always)
    func bytes(ofSample sample: Int) -> UnsafePointer<UInt8> {
        precondition(sample >= 0 && sample < samples, "sample out of range")
        return (pixels.baseAddress! + sample * sampleWidth).assumingMemoryBound(to: UInt8.self)
    }

    /// target ← the normalised samples, (indices.count × sampleWidth).
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func gather<Scalar: BLASScalar>(
        _ indices: ArraySlice<Int>, normalization: PixelNormalization, into target: UnsafeMutablePointer<Scalar>
    ) {
        let scale = 1 / (255 * normalization.standardDeviation)
        let shift = -normalization.mean / normalization.standardDeviation
        var row = UnsafeMutableRawPointer(target)
        for sample in indices {
            let source = bytes(ofSample: sample)
            // Decided when specialised; the concrete conversions from bytes vectorise, the generic one does not.
            if Scalar.self == Float.self {
                let (row, scale, shift) = (row.assumingMemoryBound(to: Float.self), Float(scale), Float(shift))
                for j in 0..<sampleWidth { row[j] = Float(source[j]) * scale + shift }
            } else {
                let row = row.assumingMemoryBound(to: Double.self)
                for j in 0..<sampleWidth { row[j] = Double(source[j]) * scale + shift }
            }
            row += sampleWidth * MemoryLayout<Scalar>.stride
        }
    }

    /// target ← the labels of these samples.
    public func gatherLabels(_ indices: ArraySlice<Int>, into target: UnsafeMutablePointer<Int32>) {
        for (position, sample) in indices.enumerated() { target[position] = labels[sample] }
    }
}
