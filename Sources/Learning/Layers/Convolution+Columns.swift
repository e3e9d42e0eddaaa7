import LinearAlgebra

// What each output pixel sees becomes a row of a matrix ("im2col"); the convolution is then a product with the weights.
// A block of rows at a time, so that it is still in the cache when it is multiplied. Images are padded first, one at a
// time, so that every pixel sees as much as any other.
extension Convolution {
    /// Numbers that an output pixel sees, and those of one row of the kernel.
    private var fieldCount: Int { kernel * kernelRow }
    private var kernelRow: Int { kernel * input.channels }

    /// From one row of the matrix to the next: beyond a field there is room for a vector register that is half used.
    private var pitch: Int { VectorRegister.roundUp(fieldCount + VectorRegister.numbers) }

    /// The input itself is the matrix.
    private var isPointwise: Bool { kernel == 1 && stride == 1 && padding == 0 }

    /// Rows of a block: about 256 KiB of Float32.
    private var blockRows: Int { max(16, min(65536 / pitch, 4096)) }

    /// Numbers of a row of a padded image, and of all of it with room to read a vector register behind.
    private var paddedRow: Int { (input.width + 2 * padding) * input.channels }
    private var paddedCount: Int {
        padding == 0 ? 0 : (input.height + 2 * padding) * paddedRow + 2 * VectorRegister.numbers
    }

    /// A padded image and the columns; for backward both again for their gradients.
    var columnsWorkspaceCount: Int { isPointwise ? 0 : 2 * (blockRows * pitch + paddedCount) }

    @inline(__always)
    func forwardByColumns<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        let (n, k, rows) = (output.channels, fieldCount, call.samples * output.pixels)
        let weights = call.parameters.pointer(to: weight)
        guard !isPointwise else {
            Scalar.gemm(.no, .no, rows, n, k, 1, call.input, k, weights, n, 0, call.output, n)
            return
        }
        var image = PaddedImage(memory: call.workspace, clearing: paddedCount)
        let columns = call.workspace + paddedCount
        for first in Swift.stride(from: 0, to: rows, by: blockRows) {
            let m = min(blockRows, rows - first)
            gatherColumns(call.input, first..<first + m, &image, into: columns)
            Scalar.gemm(.no, .no, m, n, k, 1, columns, pitch, weights, n, 0, call.output + first * n, n)
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
        var image = PaddedImage(memory: call.workspace, clearing: paddedCount)
        var imageGradient = PaddedImage(memory: call.workspace + paddedCount, clearing: 0)
        let columns = call.workspace + 2 * paddedCount
        let columnsGradient = columns + blockRows * pitch
        for first in Swift.stride(from: 0, to: rows, by: blockRows) {
            let m = min(blockRows, rows - first)
            let delta = call.outputGradient + first * n
            gatherColumns(call.input, first..<first + m, &image, into: columns)
            Scalar.gemm(.yes, .no, k, n, m, 1, columns, pitch, delta, n, 1, gradient, n)
            guard let target = call.inputGradient else { continue }
            Scalar.gemm(.no, .yes, m, k, n, 1, delta, n, weights, n, 0, columnsGradient, pitch)
            scatterColumns(columnsGradient, first..<first + m, &imageGradient, addingTo: target.start)
        }
        if let target = call.inputGradient { addInside(of: imageGradient, to: target.start) }
    }

    /// Memory for one image with pixels around it, and whose image it holds.
    private struct PaddedImage<Scalar: BLASScalar> {
        let memory: UnsafeMutablePointer<Scalar>
        var sample: Int?

        init(memory: UnsafeMutablePointer<Scalar>, clearing count: Int) {
            self.memory = memory
            memory.update(repeating: 0, count: count)
        }
    }

    /// The rows of these output pixels, counted over all samples: (rows × kernel × kernel × inputs).
    ///
    /// In whole vector registers: what one row of a kernel writes too much, the next one corrects.
    @inline(__always)
    private func gatherColumns<Scalar: BLASScalar>(
        _ x: UnsafePointer<Scalar>, _ rows: Range<Int>, _ image: inout PaddedImage<Scalar>,
        into columns: UnsafeMutablePointer<Scalar>
    ) {
        let (width, step, pitch) = (kernelRow, stride * input.channels, pitch)
        forEachRun(rows) { row, sample, pixel, count in
            var source = x + sample * input.count
            if padding > 0 {
                if image.sample != sample {
                    for y in 0..<input.height {
                        inside(of: image, row: y).update(
                            from: source + y * input.width * input.channels, count: input.width * input.channels)
                    }
                    image.sample = sample
                }
                source = UnsafePointer(image.memory)
            }
            for kernelRow in 0..<kernel {
                var from = source + pixel + kernelRow * paddedRow
                var to = columns + row * pitch + kernelRow * width
                for _ in 0..<count {
                    copyVectors(from, to, count: width)
                    from += step
                    to += pitch
                }
            }
        }
    }

    /// The adjoint of `gatherColumns`. Of a padded image it is only added to `x` when the next one begins.
    @inline(__always)
    private func scatterColumns<Scalar: BLASScalar>(
        _ columns: UnsafePointer<Scalar>, _ rows: Range<Int>, _ image: inout PaddedImage<Scalar>,
        addingTo x: UnsafeMutablePointer<Scalar>
    ) {
        let (width, step, pitch) = (kernelRow, stride * input.channels, pitch)
        forEachRun(rows) { row, sample, pixel, count in
            var target = x + sample * input.count
            if padding > 0 {
                if image.sample != sample {
                    addInside(of: image, to: x)
                    image = PaddedImage(memory: image.memory, clearing: paddedCount)
                    image.sample = sample
                }
                target = image.memory
            }
            for kernelRow in 0..<kernel {
                var from = columns + row * pitch + kernelRow * width
                var to = target + pixel + kernelRow * paddedRow
                for _ in 0..<count {
                    addVectors(from, to, count: width)
                    from += pitch
                    to += step
                }
            }
        }
    }

    /// A row of the image within the pixels around it.
    @inline(__always)
    private func inside<Scalar>(of image: PaddedImage<Scalar>, row: Int) -> UnsafeMutablePointer<Scalar> {
        image.memory + (row + padding) * paddedRow + padding * input.channels
    }

    /// Adds a padded image, without the pixels around it, to that of its sample.
    @inline(__always)
    private func addInside<Scalar: BLASScalar>(
        of image: PaddedImage<Scalar>, to x: UnsafeMutablePointer<Scalar>
    ) {
        guard let sample = image.sample else { return }
        let count = input.width * input.channels
        for row in 0..<input.height {
            addVectors(inside(of: image, row: row), x + sample * input.count + row * count, count: count)
        }
    }

    /// Calls `body` with pieces of these output pixels, counted over all samples, that lie side by side: the first
    /// one's number within `rows`, its sample, where in the padded image what it sees begins, and the number of pixels.
    @inline(__always)
    private func forEachRun(
        _ rows: Range<Int>, _ body: (_ row: Int, _ sample: Int, _ pixel: Int, _ count: Int) -> Void
    ) {
        var row = rows.lowerBound
        while row < rows.upperBound {
            let (y, x) = (row % output.pixels / output.width, row % output.width)
            let count = min(output.width - x, rows.upperBound - row)
            body(
                row - rows.lowerBound, row / output.pixels, stride * (y * paddedRow + x * input.channels), count)
            row += count
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
        i &+= Scalar.Lanes.scalarCount
    }
}

/// target ← target + source.
@inline(__always)
private func addVectors<Scalar: BLASScalar>(
    _ source: UnsafePointer<Scalar>, _ target: UnsafeMutablePointer<Scalar>, count: Int
) {
    typealias V = Scalar.Lanes
    var i = 0
    while i &+ V.scalarCount <= count {
        (V(loading: target + i) + V(loading: source + i)).store(to: target + i)
        i &+= V.scalarCount
    }
    while i < count {
        target[i] += source[i]
        i &+= 1
    }
}
