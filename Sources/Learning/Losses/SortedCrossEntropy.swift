import LinearAlgebra

/// Cross-entropy of samples that are sorted by class, as those of a full batch can be: the class's own logits of many
/// samples lie side by side, so no loop asks for labels, and one logarithm serves many samples.
///
/// The same formulas as `ClassificationLoss.crossEntropy`, whose sums its own agree with to rounding.
public final class SortedCrossEntropy<Scalar: BLASScalar> {
    /// Columns in one piece: few enough for the cache, and for the products of `addLosses`.
    public static var mostColumns: Int { 32 * Scalar.Lanes.scalarCount }

    private let classes: Int
    /// Where the columns of each class end, the first column being 0.
    private let ends: [Int]
    /// Of each column: max z and later the own class's gradient; R + (t − 1); z_y − max z; t, its exponential.
    private let scratch: Buffer<Scalar>
    /// What is left of R + (t − 1) and of z_y − max z when the columns were folded to a few vectors.
    private let terms: Buffer<Double>

    /// - Parameter columns: of each class, in order.
    public init(columns: [Int]) {
        classes = columns.count
        var end = 0
        ends = columns.map { count in
            end += count
            return end
        }
        scratch = Buffer(count: 4 * Self.mostColumns)
        terms = Buffer(count: Self.mostColumns / 2)
    }

    /// Adds the losses of some columns to sums, that of column i to the one of lane i mod the number of lanes, and
    /// replaces the logits by their gradient times `scale`.
    ///
    /// - Parameters:
    ///   - logits: (classes × columns), rows `stride` apart, which may not be less than the columns rounded up to pairs
    ///     of vectors; what is between is overwritten.
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
        let t = own + Self.mostColumns
        if maxima == nil {
            findColumnMaxima(of: logits, stride: stride, classes: classes, count: columns, into: maximum)
        }
        forEachRun(first, columns) { label, start, end in
            let row = logits + label &* stride
            for i in start..<end { own[i] = row[i] - maximum[i] }
        }
        takeExponentials(logits, stride, columns, maximum)
        forEachRun(first, columns) { label, start, end in
            let row = logits + label &* stride
            for i in start..<end { t[i] = row[i] }
            for i in start..<end { row[i] = 0 }
        }
        normalise(logits, stride, columns, t, own: maximum, scale, excess: rest)
        forEachRun(first, columns) { label, start, end in
            let row = logits + label &* stride
            for i in start..<end { row[i] = maximum[i] }
        }
        addLosses(rest, own, columns, sums)
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

    /// Logits become e^{z − max z}.
    @inline(__always)
    private func takeExponentials(
        _ logits: UnsafeMutablePointer<Scalar>, _ stride: Int, _ columns: Int, _ maximum: UnsafeMutablePointer<Scalar>
    ) {
        // Two rows at a time, which share the maxima and the constants of the exponential.
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
            }
            k &+= 2
        }
        guard k < classes else { return }
        let row = logits + k &* stride
        for i in 0..<columns { row[i] = exponential(ofNonpositive: row[i] - maximum[i]) }
    }

    /// Exponentials, those of the own class zero, become scale·e/(R + t); `own` takes −scale·R/(R + t), `excess`
    /// R + (t − 1).
    @inline(__always)
    private func normalise(
        _ exponentials: UnsafeMutablePointer<Scalar>, _ stride: Int, _ columns: Int, _ t: UnsafeMutablePointer<Scalar>,
        own: UnsafeMutablePointer<Scalar>, _ scale: Scalar, excess: UnsafeMutablePointer<Scalar>
    ) {
        let lanes = Scalar.Lanes.scalarCount
        let one = Scalar.Lanes(repeating: 1)
        let scale = Scalar.Lanes(repeating: scale)
        // Two vectors at a time: a sum waits for its last addition, and a division for the last.
        var place = 0
        while place < columns {
            var (left, right) = (Scalar.Lanes(), Scalar.Lanes())
            var row = exponentials + place
            for _ in 0..<classes {
                left += Scalar.Lanes(loading: row)
                right += Scalar.Lanes(loading: row + lanes)
                row += stride
            }
            let (t, u) = (Scalar.Lanes(loading: t + place), Scalar.Lanes(loading: t + place + lanes))
            let (p, q) = (scale / (left + t), scale / (right + u))
            row = exponentials + place
            for _ in 0..<classes {
                (Scalar.Lanes(loading: row) * p).store(to: row)
                (Scalar.Lanes(loading: row + lanes) * q).store(to: row + lanes)
                row += stride
            }
            (Scalar.Lanes() - left * p).store(to: own + place)
            (Scalar.Lanes() - right * q).store(to: own + place + lanes)
            (left + (t - one)).store(to: excess + place)
            (right + (u - one)).store(to: excess + place + lanes)
            place &+= 2 &* lanes
        }
    }

    /// Σ log(1 + x) − (z_y − max z) with x = R + (t − 1) ≥ 0, lane by lane.
    ///
    /// One logarithm is taken of a product: (1 + x)(1 + y) = 1 + (x + y + xy), whose terms are not negative, so that
    /// what exceeds 1 keeps its relative accuracy, and the logarithm that of tiny losses. Columns are folded in halves
    /// until a vector is left, from the product of four numbers on in double precision: of at most 32 numbers, each at
    /// most the number of classes.
    @inline(__always)
    private func addLosses(
        _ excess: UnsafeMutablePointer<Scalar>, _ gaps: UnsafeMutablePointer<Scalar>, _ columns: Int,
        _ sums: UnsafeMutablePointer<Double>
    ) {
        let most = Self.mostColumns
        for i in columns..<most { excess[i] = 0 }
        for i in columns..<most { gaps[i] = 0 }
        var quarter = most / 2
        while quarter >= most / 4 {
            for i in 0..<quarter {
                excess[i] = (excess[i] + excess[i + quarter]).addingProduct(excess[i], excess[i + quarter])
            }
            for i in 0..<quarter { gaps[i] += gaps[i + quarter] }
            quarter /= 2
        }
        var half = most / 4
        let (x, gap) = (terms.start, terms.start + half)
        for i in 0..<half { x[i] = Double(excess[i]) }
        for i in 0..<half { gap[i] = Double(gaps[i]) }
        half /= 2
        while half >= Scalar.Lanes.scalarCount {
            for i in 0..<half { x[i] = (x[i] + x[i + half]).addingProduct(x[i], x[i + half]) }
            for i in 0..<half { gap[i] += gap[i + half] }
            half /= 2
        }
        // Apart from the sums, which the compiler must take for the same memory.
        for lane in 0..<Scalar.Lanes.scalarCount { x[lane] = logarithm(ofOnePlus: x[lane]) }
        for lane in 0..<Scalar.Lanes.scalarCount { sums[lane] += x[lane] - gap[lane] }
    }
}
