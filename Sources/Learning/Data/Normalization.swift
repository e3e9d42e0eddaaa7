import LinearAlgebra

/// Shifts and scales raw values to mean 0 and variance 1: per channel of images, per column of vectors.
///
/// Bytes count as byte/255.
public struct Normalization: Equatable, Sendable {
    /// (channels or columns), or a single one for all values alike.
    public let mean: [Double]
    /// As many; positive.
    public let standardDeviation: [Double]
    private let single: NormalizationTable<Float>
    private let double: NormalizationTable<Double>

    public init(mean: [Double], standardDeviation: [Double]) {
        precondition(mean.count == standardDeviation.count && !mean.isEmpty, "as many deviations as means")
        precondition(standardDeviation.allSatisfy { $0 > 0 }, "standard deviation not positive")
        self.mean = mean
        self.standardDeviation = standardDeviation
        single = NormalizationTable(mean, standardDeviation)
        double = NormalizationTable(mean, standardDeviation)
    }

    /// The same for all values.
    public init(mean: Double, standardDeviation: Double) {
        self.init(mean: [mean], standardDeviation: [standardDeviation])
    }

    /// Mean and standard deviation of these samples, per channel or column; deviation 1 where all values are equal.
    public init(of data: DataSet, samples: [Int]) {
        switch data.element {
        case .byte where data.normalizationPeriod == 1: self.init(ofBytes: data, samples: samples)
        case .byte: self.init(ofByteColumns: data, samples: samples)
        case .float: self.init(ofFloats: data, samples: samples)
        }
    }

    @inline(__always)
    func table<Scalar: BLASScalar>(_ type: Scalar.Type) -> NormalizationTable<Scalar> {
        // Of one layout where the types are one; a cast would box the table at every batch.
        Scalar.self == Float.self
            ? unsafeBitCast(single, to: NormalizationTable<Scalar>.self)
            : unsafeBitCast(double, to: NormalizationTable<Scalar>.self)
    }
}

extension Normalization {
    /// One mean over all bytes.
    private init(ofBytes data: DataSet, samples: [Int]) {
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
        let (mean, deviation) = Self.moments(sum, squares, count: samples.count * data.sampleWidth)
        self.init(mean: mean, standardDeviation: deviation)
    }

    /// Sums per position, exact, folded over the pixels of an image.
    private init(ofByteColumns data: DataSet, samples: [Int]) {
        let (width, period) = (data.sampleWidth, data.normalizationPeriod)
        let sums = UnsafeMutableBufferPointer<Int>.allocate(capacity: 2 * width)
        defer { sums.deallocate() }
        sums.initialize(repeating: 0)
        let (sum, squares) = (sums.baseAddress!, sums.baseAddress! + width)
        for sample in samples {
            let row = data.bytes(ofSample: sample)
            for j in 0..<width {
                let value = Int(row[j])
                sum[j] &+= value
                squares[j] &+= value &* value
            }
        }
        for j in period..<max(period, width) {
            sum[j % period] += sum[j]
            squares[j % period] += squares[j]
        }
        let moments = (0..<period).map {
            Self.moments(sum[$0], squares[$0], count: samples.count * (width / period))
        }
        self.init(mean: moments.map(\.mean), standardDeviation: moments.map(\.deviation))
    }

    private static func moments(_ sum: Int, _ squares: Int, count: Int) -> (mean: Double, deviation: Double) {
        let count = Double(max(count, 1))
        let mean = Double(sum) / count
        let variance = max(0, Double(squares) / count - mean * mean)
        return (mean / 255, variance > 0 ? variance.squareRoot() / 255 : 1)
    }

    /// In two passes, as squares of large values would cancel; sums per position, folded over the pixels of an image.
    private init(ofFloats data: DataSet, samples: [Int]) {
        let (width, period) = (data.sampleWidth, data.normalizationPeriod)
        let count = Double(max(samples.count * (width / period), 1))
        let memory = UnsafeMutableBufferPointer<Double>.allocate(capacity: 3 * width)
        defer { memory.deallocate() }
        let (sum, least, largest) = (memory.baseAddress!, memory.baseAddress! + width, memory.baseAddress! + 2 * width)
        sum.initialize(repeating: 0, count: width)
        least.initialize(repeating: .infinity, count: width)
        largest.initialize(repeating: -.infinity, count: width)
        for sample in samples {
            let row = data.floats(ofSample: sample)
            for j in 0..<width {
                let value = Double(row[j])
                sum[j] += value
                least[j] = value < least[j] ? value : least[j]
                largest[j] = value > largest[j] ? value : largest[j]
            }
        }
        for j in period..<max(period, width) {
            sum[j % period] += sum[j]
            least[j % period] = min(least[j % period], least[j])
            largest[j % period] = max(largest[j % period], largest[j])
        }
        let mean = (0..<period).map { sum[$0] / count }
        // Rounding gives constant values some variance, which must not be blown up to 1.
        let isConstant = (0..<period).map { least[$0] >= largest[$0] }
        let (squares, centre) = (sum, least)
        for j in 0..<width { (squares[j], centre[j]) = (0, mean[j % period]) }
        for sample in samples {
            let row = data.floats(ofSample: sample)
            for j in 0..<width {
                let difference = Double(row[j]) - centre[j]
                squares[j] += difference * difference
            }
        }
        for j in period..<max(period, width) { squares[j % period] += squares[j] }
        self.init(
            mean: mean,
            standardDeviation: (0..<period).map {
                isConstant[$0] || squares[$0] == 0 ? 1 : (squares[$0] / count).squareRoot()
            })
    }
}

/// Factors and shifts, repeated to a length that loops vectorise over.
struct NormalizationTable<Scalar: BLASScalar>: Equatable, Sendable {
    /// Of one value, before it is repeated.
    let period: Int
    /// byte · byteScale + byteShift
    let byteScale: [Scalar]
    let byteShift: [Scalar]
    /// (value − mean) · scale
    let mean: [Scalar]
    let scale: [Scalar]

    init(_ mean: [Double], _ deviation: [Double]) {
        period = mean.count
        // Three channels alone would be loops of three.
        let indices = (0..<period * (period == 1 || period > 16 ? 1 : 64)).map { $0 % mean.count }
        byteScale = indices.map { Scalar(1 / (255 * deviation[$0])) }
        byteShift = indices.map { Scalar(-mean[$0] / deviation[$0]) }
        self.mean = indices.map { Scalar(mean[$0]) }
        scale = indices.map { Scalar(1 / deviation[$0]) }
    }

    /// target[j] ← load(j) · factors + shifts. Inlined, so that `load` is a concrete conversion, which vectorises.
    @inline(__always)
    func applyToBytes(_ count: Int, into target: UnsafeMutablePointer<Scalar>, load: (Int) -> Scalar) {
        if period == 1 {
            let (scale, shift) = (byteScale[0], byteShift[0])
            for j in 0..<count { target[j] = load(j) * scale + shift }
            return
        }
        byteScale.withUnsafeBufferPointer { scale in
            byteShift.withUnsafeBufferPointer { shift in
                let (scale, shift, length) = (scale.baseAddress!, shift.baseAddress!, byteScale.count)
                for start in stride(from: 0, to: count, by: length) {
                    let piece = target + start
                    for j in 0..<min(length, count - start) { piece[j] = load(start &+ j) * scale[j] + shift[j] }
                }
            }
        }
    }

    /// target[j] ← (load(j) − means) · factors: the difference first, as a mean may be large against the deviation.
    @inline(__always)
    func applyToValues(_ count: Int, into target: UnsafeMutablePointer<Scalar>, load: (Int) -> Scalar) {
        scale.withUnsafeBufferPointer { scale in
            mean.withUnsafeBufferPointer { mean in
                let (scale, mean, length) = (scale.baseAddress!, mean.baseAddress!, scale.count)
                for start in stride(from: 0, to: count, by: length) {
                    let piece = target + start
                    for j in 0..<min(length, count - start) { piece[j] = (load(start &+ j) - mean[j]) * scale[j] }
                }
            }
        }
    }
}
