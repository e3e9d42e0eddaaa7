import LinearAlgebra

/// Cross-entropy of samples that are sorted by class, as those of a full batch can be: the class's own logits of many
/// samples lie side by side, so no loop asks for labels, and one logarithm serves many samples.
///
/// The same formulas as `ClassificationLoss.crossEntropy`, whose sums its own agree with to rounding.
public final class SortedCrossEntropy<Scalar: BLASScalar> {
    /// Columns in one piece, a power of two: few enough for the cache, and for the products of `addLosses`.
    public static var mostColumns: Int { 128 }

    private let classes: Int
    /// Where the columns of each class end, the first column being 0.
    private let ends: [Int]
    /// Of each column: max z and later scale/(R + t); R; z_y − max z.
    private let scratch: Buffer<Scalar>
    /// Of each column: R + (t − 1); z_y − max z.
    private let terms: Buffer<Double>

    /// - Parameter columns: of each class, in order.
    public init(columns: [Int]) {
        classes = columns.count
        var end = 0
        ends = columns.map { count in
            end += count
            return end
        }
        scratch = Buffer(count: 3 * Self.mostColumns)
        terms = Buffer(count: 2 * Self.mostColumns)
    }

    /// Adds the losses of some columns to sums, that of column i to the one of lane i mod the number of lanes, and
    /// replaces the logits by their gradient times `scale`.
    ///
    /// - Parameters:
    ///   - logits: (classes × columns), rows `stride` apart.
    ///   - maxima: max z of each column, where it is known; overwritten.
    ///   - first: number of the first column; a multiple of the number of lanes.
    ///   - columns: at most `mostColumns`, a multiple of the number of lanes where lanes are told apart.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func evaluate(
        _ logits: UnsafeMutablePointer<Scalar>, maxima: UnsafeMutablePointer<Scalar>?, stride: Int, first: Int,
        columns: Int, scale: Scalar, addingTo sums: UnsafeMutablePointer<Double>
    ) {
        run(logits, maxima, stride, first, columns, scale, sums)
    }

    // A function of its own: see `ClassificationLoss.replacing`.
    @inline(never)
    private func run(
        _ logits: UnsafeMutablePointer<Scalar>, _ maxima: UnsafeMutablePointer<Scalar>?, _ stride: Int, _ first: Int,
        _ columns: Int, _ scale: Scalar, _ sums: UnsafeMutablePointer<Double>
    ) {
        precondition(columns <= Self.mostColumns, "columns of a cross-entropy")
        let maximum = maxima ?? scratch.start
        let rest = scratch.start + Self.mostColumns
        let own = rest + Self.mostColumns
        if maxima == nil {
            findColumnMaxima(of: logits, stride: stride, classes: classes, count: columns, into: maximum)
        }
        forEachRun(first, columns) { label, start, end in
            let row = logits + label &* stride
            for i in start..<end { own[i] = row[i] - maximum[i] }
            // So that its exponential is zero and R has only the others.
            for i in start..<end { row[i] = -1e30 }
        }
        addExponentials(logits, stride, columns, maximum, rest)
        let (excess, gaps) = (terms.start, terms.start + Self.mostColumns)
        for i in 0..<columns {
            let t = exponential(ofNonpositive: own[i])
            excess[i] = Double(rest[i]) + (Double(t) - 1)
            gaps[i] = Double(own[i])
            maximum[i] = scale / (rest[i] + t)
        }
        addLosses(excess, gaps, columns, sums)
        for k in 0..<classes {
            let row = logits + k &* stride
            for i in 0..<columns { row[i] *= maximum[i] }
        }
        forEachRun(first, columns) { label, start, end in
            let row = logits + label &* stride
            for i in start..<end { row[i] = -rest[i] * maximum[i] }
        }
    }

    /// The stretches of columns of one class.
    @inline(__always)
    private func forEachRun(_ first: Int, _ columns: Int, _ body: (_ label: Int, _ start: Int, _ end: Int) -> Void) {
        ends.withUnsafeBufferPointer { ends in
            // The first class that ends behind the first column.
            var (label, most) = (0, classes)
            while label < most {
                let middle = (label + most) / 2
                if ends[middle] > first { most = middle } else { label = middle + 1 }
            }
            var start = 0
            while start < columns {
                precondition(label < classes, "columns of a cross-entropy")
                let end = min(columns, ends[label] - first)
                if end > start { body(label, start, end) }
                start = max(start, end)
                label += 1
            }
        }
    }

    /// Logits become e^{z − max z}, `rest` their sum.
    @inline(__always)
    private func addExponentials(
        _ logits: UnsafeMutablePointer<Scalar>, _ stride: Int, _ columns: Int, _ maximum: UnsafeMutablePointer<Scalar>,
        _ rest: UnsafeMutablePointer<Scalar>
    ) {
        for i in 0..<columns { rest[i] = 0 }
        // Two rows at a time, which halves the loads and stores of what they share.
        var k = 0
        while k &+ 1 < classes {
            let row = logits + k &* stride
            let next = row + stride
            for i in 0..<columns {
                let (e, f) = (
                    exponential(ofNonpositive: row[i] - maximum[i]), exponential(ofNonpositive: next[i] - maximum[i])
                )
                row[i] = e
                next[i] = f
                rest[i] += e + f
            }
            k &+= 2
        }
        guard k < classes else { return }
        let row = logits + k &* stride
        for i in 0..<columns {
            let e = exponential(ofNonpositive: row[i] - maximum[i])
            row[i] = e
            rest[i] += e
        }
    }

    /// Σ log(1 + x) − (z_y − max z) with x = R + (t − 1) ≥ 0, lane by lane.
    ///
    /// One logarithm is taken of a product: (1 + x)(1 + y) = 1 + (x + y + xy), whose terms are not negative, so that what
    /// exceeds 1 keeps its relative accuracy, and the logarithm that of tiny losses. Columns are folded in halves until
    /// a vector is left: the product of at most 32 numbers (16 in single precision), each at most the number of classes.
    @inline(__always)
    private func addLosses(
        _ excess: UnsafeMutablePointer<Double>, _ gaps: UnsafeMutablePointer<Double>, _ columns: Int,
        _ sums: UnsafeMutablePointer<Double>
    ) {
        for i in columns..<Self.mostColumns { (excess[i], gaps[i]) = (0, 0) }
        var half = Self.mostColumns / 2
        while half >= Scalar.Lanes.scalarCount {
            for i in 0..<half { excess[i] = (excess[i] + excess[i + half]).addingProduct(excess[i], excess[i + half]) }
            for i in 0..<half { gaps[i] += gaps[i + half] }
            half /= 2
        }
        for lane in 0..<Scalar.Lanes.scalarCount { sums[lane] += logarithm(ofOnePlus: excess[lane]) - gaps[lane] }
    }
}
