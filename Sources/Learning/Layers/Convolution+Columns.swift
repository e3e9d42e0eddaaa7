import LinearAlgebra

// What each output pixel sees becomes a row of a matrix ("im2col"); the convolution is then a product with the weights.
// A block of rows at a time, so that it is still in the cache when it is multiplied.
extension Convolution {
    /// Numbers that an output pixel sees.
    private var fieldCount: Int { kernel * kernel * input.channels }

    /// The input itself is the matrix.
    private var isPointwise: Bool { kernel == 1 && stride == 1 && padding == 0 }

    /// Rows of a block: about 256 KiB of Float32.
    private var blockRows: Int { max(16, min(65536 / fieldCount, 4096)) }

    /// The columns and their gradient.
    var columnsWorkspaceCount: Int { isPointwise ? 0 : 2 * blockRows * fieldCount + 16 }

    @inline(__always)
    func forwardByColumns<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        let (n, k, rows) = (output.channels, fieldCount, call.samples * output.pixels)
        let weights = call.parameters.pointer(to: weight)
        guard !isPointwise else {
            Scalar.gemm(.no, .no, rows, n, k, 1, call.input, k, weights, n, 0, call.output, n)
            return
        }
        for first in Swift.stride(from: 0, to: rows, by: blockRows) {
            let m = min(blockRows, rows - first)
            gatherColumns(call.input, first..<first + m, into: call.workspace)
            Scalar.gemm(.no, .no, m, n, k, 1, call.workspace, k, weights, n, 0, call.output + first * n, n)
        }
    }

    @inline(__always)
    func backwardByColumns<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        let (n, k, rows) = (output.channels, fieldCount, call.samples * output.pixels)
        let (weights, gradient) = (call.parameters.pointer(to: weight), call.gradients.pointer(to: weight))
        guard !isPointwise else {
            Scalar.gemm(.yes, .no, k, n, rows, 1, call.input, k, call.outputGradient, n, 1, gradient, n)
            guard let target = call.inputGradient else { return }
            Scalar.gemm(
                .no, .yes, rows, k, n, 1, call.outputGradient, n, weights, n, target.accumulates ? 1 : 0, target.start,
                k)
            return
        }
        if let target = call.inputGradient, !target.accumulates {
            target.start.update(repeating: 0, count: call.samples * input.count)
        }
        let (columns, columnsGradient) = (call.workspace, call.workspace + blockRows * fieldCount + 16)
        for first in Swift.stride(from: 0, to: rows, by: blockRows) {
            let m = min(blockRows, rows - first)
            let delta = call.outputGradient + first * n
            gatherColumns(call.input, first..<first + m, into: columns)
            Scalar.gemm(.yes, .no, k, n, m, 1, columns, k, delta, n, 1, gradient, n)
            guard let target = call.inputGradient else { continue }
            Scalar.gemm(.no, .yes, m, k, n, 1, delta, n, weights, n, 0, columnsGradient, k)
            scatterColumns(columnsGradient, first..<first + m, addingTo: target.start)
        }
    }

    /// The rows of these output pixels, counted over all samples: (rows × kernel × kernel × inputs).
    ///
    /// Written from front to back in whole vector registers: what one writes too much, the next one corrects.
    @inline(__always)
    private func gatherColumns<Scalar: BLASScalar>(
        _ x: UnsafePointer<Scalar>, _ rows: Range<Int>, into columns: UnsafeMutablePointer<Scalar>
    ) {
        let tap = input.channels
        forEachField(rows) { row, field in
            let target = columns + row * fieldCount
            let before = field.kernelRows.lowerBound * kernel * tap
            for i in 0..<before { target[i] = 0 }
            var (from, to) = (x + field.source, target + before)
            for _ in field.kernelRows {
                for i in 0..<field.taps.lowerBound * tap { to[i] = 0 }
                copyVectors(from, to + field.taps.lowerBound * tap, count: field.taps.count * tap)
                for i in field.taps.upperBound * tap..<kernel * tap { to[i] = 0 }
                from += input.width * tap
                to += kernel * tap
            }
            for i in field.kernelRows.upperBound * kernel * tap..<fieldCount { target[i] = 0 }
        }
    }

    /// The adjoint of `gatherColumns`.
    @inline(__always)
    private func scatterColumns<Scalar: BLASScalar>(
        _ columns: UnsafePointer<Scalar>, _ rows: Range<Int>, addingTo x: UnsafeMutablePointer<Scalar>
    ) {
        let tap = input.channels
        forEachField(rows) { row, field in
            var from = columns + row * fieldCount + (field.kernelRows.lowerBound * kernel + field.taps.lowerBound) * tap
            var to = x + field.source
            for _ in field.kernelRows {
                addVectors(from, to, count: field.taps.count * tap)
                from += kernel * tap
                to += input.width * tap
            }
        }
    }

    /// What one output pixel sees of the image.
    private struct Field {
        /// Rows and columns of the kernel that lie inside.
        var kernelRows: Range<Int>
        var taps: Range<Int>
        /// Where the first of these numbers is in the input. Channels last, so a row of the kernel sees numbers that lie
        /// side by side.
        var source: Int
    }

    /// The field of every output pixel of `rows`, counted over all samples.
    @inline(__always)
    private func forEachField(_ rows: Range<Int>, _ body: (_ row: Int, _ field: Field) -> Void) {
        var sample = rows.lowerBound / output.pixels
        var y = rows.lowerBound % output.pixels / output.width
        var x = rows.lowerBound % output.width
        var row = 0
        while row < rows.count {
            let top = y * stride - padding
            let firstRow = min(kernel, max(0, -top))
            let kernelRows = firstRow..<max(firstRow, min(kernel, input.height - top))
            let image = (sample * input.height + top + firstRow) * input.width
            let end = min(output.width, x + rows.count - row)
            while x < end {
                let left = x * stride - padding
                let firstTap = min(kernel, max(0, -left))
                let taps = firstTap..<max(firstTap, min(kernel, input.width - left))
                body(
                    row,
                    Field(
                        kernelRows: taps.isEmpty ? 0..<0 : kernelRows, taps: taps,
                        source: (image + left + firstTap) * input.channels))
                x += 1
                row += 1
            }
            if x == output.width {
                (x, y) = (0, y + 1)
                if y == output.height { (y, sample) = (0, sample + 1) }
            }
        }
    }
}

/// target ← source, up to a vector register more than `count` numbers.
@inline(__always)
private func copyVectors<Scalar: BLASScalar>(
    _ source: UnsafePointer<Scalar>, _ target: UnsafeMutablePointer<Scalar>, count: Int
) {
    var i = 0
    while i < count {
        Scalar.Lanes(loading: source + i).store(to: target + i)
        i += Scalar.Lanes.scalarCount
    }
}

/// target ← target + source.
@inline(__always)
private func addVectors<Scalar: BLASScalar>(
    _ source: UnsafePointer<Scalar>, _ target: UnsafeMutablePointer<Scalar>, count: Int
) {
    typealias V = Scalar.Lanes
    var i = 0
    while i + V.scalarCount <= count {
        (V(loading: target + i) + V(loading: source + i)).store(to: target + i)
        i += V.scalarCount
    }
    while i < count {
        target[i] += source[i]
        i += 1
    }
}
