import LinearAlgebra

extension Convolution {
    @inline(__always)
    func forwardByWinograd<Scalar: BLASScalar>(_ call: ForwardCall<Scalar>) {
        let plan = WinogradPlan(self, samples: call.samples)
        let scratch = call.workspace
        let outside = scratch + WinogradPlan.scratchCount
        let weights = outside + plan.pixelCount
        let inputs = weights + 36 * plan.weightsStride
        let outputs = inputs + 36 * plan.inputsStride
        outside.update(repeating: 0, count: plan.pixelCount)
        transformFilters(
            call.parameters.pointer(to: weight), rows: plan.inputs, columns: plan.outputs, pitch: plan.outputPitch,
            into: weights, stride: plan.weightsStride)
        let tiles = TileWalk(plan, input: input, output: output, scratch: scratch)
        for first in Swift.stride(from: 0, to: plan.tiles, by: plan.block) {
            let count = min(plan.block, plan.tiles - first)
            for tile in 0..<count {
                tiles.transformInput(
                    call.input, tile: first + tile, outside: outside, into: inputs + tile * plan.inputPitch)
            }
            for i in 0..<36 {
                Scalar.gemm(
                    .no, .no, count, plan.outputs, plan.inputs, 1, inputs + i * plan.inputsStride, plan.inputPitch,
                    weights + i * plan.weightsStride, plan.outputPitch, 0, outputs + i * plan.outputsStride,
                    plan.outputPitch)
            }
            for tile in 0..<count {
                tiles.transformOutput(outputs + tile * plan.outputPitch, tile: first + tile, into: call.output)
            }
        }
    }

    /// Per block of tiles, with V = Bᵀ d B again and dM = A dY Aᵀ: the transformed weights' gradient Vᵀ dM is added up,
    /// and the input's is B(dM Uᵀ)Bᵀ.
    @inline(__always)
    func backwardByWinograd<Scalar: BLASScalar>(_ call: BackwardCall<Scalar>) {
        let plan = WinogradPlan(self, samples: call.samples)
        let scratch = call.workspace
        let outside = scratch + WinogradPlan.scratchCount
        let unread = outside + plan.pixelCount
        let weightGradient = unread + plan.pixelCount
        let transposed = weightGradient + 36 * plan.weightsStride
        let inputs = transposed + 36 * plan.transposedStride
        let outputs = inputs + 36 * plan.inputsStride
        outside.update(repeating: 0, count: plan.pixelCount)
        if call.inputGradient != nil {
            let swapped = outputs + 36 * plan.outputsStride
            let source = call.parameters.pointer(to: weight)
            for tap in 0..<9 {
                transpose(
                    source + tap * plan.inputs * plan.outputs, rows: plan.inputs, columns: plan.outputs,
                    into: swapped + tap * plan.inputs * plan.outputs)
            }
            transformFilters(
                swapped, rows: plan.outputs, columns: plan.inputs, pitch: plan.inputPitch, into: transposed,
                stride: plan.transposedStride)
        }
        if let target = call.inputGradient, !target.accumulates {
            target.start.update(repeating: 0, count: call.samples * input.count)
        }
        let tiles = TileWalk(plan, input: input, output: output, scratch: scratch)
        for first in Swift.stride(from: 0, to: plan.tiles, by: plan.block) {
            let count = min(plan.block, plan.tiles - first)
            for tile in 0..<count {
                tiles.transformInput(
                    call.input, tile: first + tile, outside: outside, into: inputs + tile * plan.inputPitch)
                tiles.transformOutputGradient(
                    call.outputGradient, tile: first + tile, outside: outside,
                    into: outputs + tile * plan.outputPitch)
            }
            for i in 0..<36 {
                let (v, dm) = (inputs + i * plan.inputsStride, outputs + i * plan.outputsStride)
                Scalar.gemm(
                    .yes, .no, plan.inputs, plan.outputs, count, 1, v, plan.inputPitch, dm, plan.outputPitch,
                    first == 0 ? 0 : 1, weightGradient + i * plan.weightsStride, plan.outputPitch)
                guard call.inputGradient != nil else { continue }
                // V has been read: its place takes the gradient.
                Scalar.gemm(
                    .no, .no, count, plan.inputs, plan.outputs, 1, dm, plan.outputPitch,
                    transposed + i * plan.transposedStride, plan.inputPitch, 0, v, plan.inputPitch)
            }
            guard let target = call.inputGradient else { continue }
            for tile in 0..<count {
                tiles.addInputGradient(
                    inputs + tile * plan.inputPitch, tile: first + tile, outside: unread, to: target.start)
            }
        }
        addFilterGradient(
            weightGradient, stride: plan.weightsStride, rows: plan.inputs, columns: plan.outputs,
            pitch: plan.outputPitch, to: call.gradients.pointer(to: weight))
    }
}

/// target ← sourceᵀ in squares that stay in the cache; source is (rows × columns).
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func transpose<Scalar: BLASScalar>(
    _ source: UnsafePointer<Scalar>, rows: Int, columns: Int, into target: UnsafeMutablePointer<Scalar>
) {
    let side = 16
    for row in stride(from: 0, to: rows, by: side) {
        for column in stride(from: 0, to: columns, by: side) {
            for j in column..<min(column + side, columns) {
                for i in row..<min(row + side, rows) { target[j &* rows &+ i] = source[i &* columns &+ j] }
            }
        }
    }
}

/// U = G g Gᵀ for every pair of channels: filters are (3 × 3 × rows × columns), the 36 matrices (rows × pitch) lie
/// `stride` apart.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func transformFilters<Scalar: BLASScalar>(
    _ filters: UnsafePointer<Scalar>, rows: Int, columns: Int, pitch: Int, into target: UnsafeMutablePointer<Scalar>,
    stride: Int
) {
    typealias V = Scalar.Lanes
    let tap = rows * columns
    withUnsafeTemporaryAllocation(of: V.self, capacity: 18) { half in
        let half = half.baseAddress!
        for row in 0..<rows {
            for column in Swift.stride(from: 0, to: columns, by: V.scalarCount) {
                let source = filters + row * columns + column
                let whole = column + V.scalarCount <= columns
                func load(_ index: Int) -> V {
                    let start = source + index * tap
                    if whole { return V(loading: start) }
                    var lanes = V()
                    for lane in 0..<columns - column { lanes[lane] = start[lane] }
                    return lanes
                }
                for j in 0..<3 {
                    let u = Winograd.filter((load(j), load(3 + j), load(6 + j)))
                    (half[j], half[3 + j], half[6 + j]) = (u.0, u.1, u.2)
                    (half[9 + j], half[12 + j], half[15 + j]) = (u.3, u.4, u.5)
                }
                let place = target + row * pitch + column
                for i in 0..<6 {
                    let u = Winograd.filter((half[3 * i], half[3 * i + 1], half[3 * i + 2]))
                    store(u, to: place + 6 * i * stride, stride: stride)
                }
            }
        }
    }
}

/// gradient += Gᵀ dU G.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func addFilterGradient<Scalar: BLASScalar>(
    _ source: UnsafePointer<Scalar>, stride: Int, rows: Int, columns: Int, pitch: Int,
    to gradient: UnsafeMutablePointer<Scalar>
) {
    typealias V = Scalar.Lanes
    let tap = rows * columns
    withUnsafeTemporaryAllocation(of: V.self, capacity: 18) { half in
        let half = half.baseAddress!
        for row in 0..<rows {
            for column in Swift.stride(from: 0, to: columns, by: V.scalarCount) {
                let place = source + row * pitch + column
                for j in 0..<6 {
                    let g = Winograd.filterAdjoint(load(place + j * stride, stride: 6 * stride))
                    (half[j], half[6 + j], half[12 + j]) = (g.0, g.1, g.2)
                }
                let target = gradient + row * columns + column
                let count = min(V.scalarCount, columns - column)
                for i in 0..<3 {
                    let u = (half + 6 * i)
                    let g = Winograd.filterAdjoint((u[0], u[1], u[2], u[3], u[4], u[5]))
                    add(g.0, to: target + 3 * i * tap, count: count)
                    add(g.1, to: target + (3 * i + 1) * tap, count: count)
                    add(g.2, to: target + (3 * i + 2) * tap, count: count)
                }
            }
        }
    }
}

/// Six vectors `stride` apart.
@inline(__always)
private func load<Scalar: BLASScalar>(_ start: UnsafePointer<Scalar>, stride: Int) -> Six<Scalar.Lanes> {
    typealias V = Scalar.Lanes
    return (
        V(loading: start), V(loading: start + stride), V(loading: start + 2 * stride), V(loading: start + 3 * stride),
        V(loading: start + 4 * stride), V(loading: start + 5 * stride)
    )
}

@inline(__always)
private func store<Scalar: BLASScalar>(
    _ v: Six<Scalar.Lanes>, to start: UnsafeMutablePointer<Scalar>, stride: Int
) {
    v.0.store(to: start)
    v.1.store(to: start + stride)
    v.2.store(to: start + 2 * stride)
    v.3.store(to: start + 3 * stride)
    v.4.store(to: start + 4 * stride)
    v.5.store(to: start + 5 * stride)
}

@inline(__always)
private func add<Scalar: BLASScalar>(_ v: Scalar.Lanes, to start: UnsafeMutablePointer<Scalar>, count: Int) {
    if count == Scalar.Lanes.scalarCount {
        (Scalar.Lanes(loading: start) + v).store(to: start)
    } else {
        for lane in 0..<count { start[lane] += v[lane] }
    }
}

/// Reads and writes single tiles: tile t of a batch covers 4 × 4 outputs, and 6 × 6 inputs from one pixel further up
/// and left.
private struct TileWalk<Scalar: BLASScalar> {
    typealias V = Scalar.Lanes

    let plan: WinogradPlan
    let input: FeatureShape
    let output: FeatureShape
    /// A tile of 6 × 6, transformed along one side.
    let half: UnsafeMutablePointer<V>

    /// - Parameter scratch: 36 vectors, aligned as such.
    init(
        _ plan: WinogradPlan, input: FeatureShape, output: FeatureShape, scratch: UnsafeMutablePointer<Scalar>
    ) {
        (self.plan, self.input, self.output) = (plan, input, output)
        half = UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: V.self)
    }

    /// Sample, first output row and column.
    @inline(__always)
    private func place(_ tile: Int) -> (sample: Int, y: Int, x: Int) {
        let (sample, rest) = tile.quotientAndRemainder(dividingBy: plan.tileRows * plan.tileColumns)
        let (row, column) = rest.quotientAndRemainder(dividingBy: plan.tileColumns)
        return (sample, 4 * row, 4 * column)
    }

    /// The addresses of the size × size pixels from (y, x) on, row by row; `outside` for those not in the image.
    @inline(__always)
    private func withPixels<Pointer: Strideable, Result>(
        _ size: Int, _ shape: FeatureShape, of image: Pointer, sample: Int, y: Int, x: Int, outside: Pointer,
        _ body: (UnsafeMutablePointer<Pointer>) -> Result
    ) -> Result where Pointer.Stride == Int {
        withUnsafeTemporaryAllocation(of: Pointer.self, capacity: 36) { pixels in
            let pixels = pixels.baseAddress!
            for i in 0..<size {
                for j in 0..<size {
                    let (row, column) = (y + i, x + j)
                    let isInside = row >= 0 && row < shape.height && column >= 0 && column < shape.width
                    let pixel = (sample * shape.height + row) * shape.width + column
                    pixels[size * i + j] = isInside ? image.advanced(by: pixel * shape.channels) : outside
                }
            }
            return body(pixels)
        }
    }

    /// V = Bᵀ d B into 36 places.
    @inline(__always)
    func transformInput(
        _ x: UnsafePointer<Scalar>, tile: Int, outside: UnsafeMutablePointer<Scalar>,
        into target: UnsafeMutablePointer<Scalar>
    ) {
        let (sample, top, left) = place(tile)
        withPixels(6, input, of: x, sample: sample, y: top - 1, x: left - 1, outside: UnsafePointer(outside)) { p in
            for c in stride(from: 0, to: plan.inputs, by: V.scalarCount) {
                for j in 0..<6 {
                    let v = Winograd.input(
                        (
                            V(loading: p[j] + c), V(loading: p[6 + j] + c), V(loading: p[12 + j] + c),
                            V(loading: p[18 + j] + c), V(loading: p[24 + j] + c), V(loading: p[30 + j] + c)
                        ))
                    (half[j], half[6 + j], half[12 + j]) = (v.0, v.1, v.2)
                    (half[18 + j], half[24 + j], half[30 + j]) = (v.3, v.4, v.5)
                }
                for i in 0..<6 {
                    let d = half + 6 * i
                    let v = Winograd.input((d[0], d[1], d[2], d[3], d[4], d[5]))
                    store(v, to: target + 6 * i * plan.inputsStride + c, stride: plan.inputsStride)
                }
            }
        }
    }

    /// Y = Aᵀ M A.
    @inline(__always)
    func transformOutput(
        _ source: UnsafePointer<Scalar>, tile: Int, into y: UnsafeMutablePointer<Scalar>
    ) {
        let (sample, top, left) = place(tile)
        let (rows, columns) = (min(4, output.height - top), min(4, output.width - left))
        let corner = y + ((sample * output.height + top) * output.width + left) * output.channels
        for c in stride(from: 0, to: plan.outputs, by: V.scalarCount) {
            let count = min(V.scalarCount, plan.outputs - c)
            for j in 0..<6 {
                let v = Winograd.output(load(source + j * plan.outputsStride + c, stride: 6 * plan.outputsStride))
                (half[j], half[6 + j], half[12 + j], half[18 + j]) = (v.0, v.1, v.2, v.3)
            }
            for i in 0..<rows {
                let m = half + 6 * i
                let v = Winograd.output((m[0], m[1], m[2], m[3], m[4], m[5]))
                let row = corner + i * output.width * output.channels + c
                if count == V.scalarCount, columns == 4 {
                    v.0.store(to: row)
                    v.1.store(to: row + output.channels)
                    v.2.store(to: row + 2 * output.channels)
                    v.3.store(to: row + 3 * output.channels)
                } else {
                    v.0.store(first: count, to: row)
                    if columns > 1 { v.1.store(first: count, to: row + output.channels) }
                    if columns > 2 { v.2.store(first: count, to: row + 2 * output.channels) }
                    if columns > 3 { v.3.store(first: count, to: row + 3 * output.channels) }
                }
            }
        }
    }

    /// dM = A dY Aᵀ into 36 places.
    @inline(__always)
    func transformOutputGradient(
        _ dy: UnsafePointer<Scalar>, tile: Int, outside: UnsafeMutablePointer<Scalar>,
        into target: UnsafeMutablePointer<Scalar>
    ) {
        let (sample, top, left) = place(tile)
        withPixels(4, output, of: dy, sample: sample, y: top, x: left, outside: UnsafePointer(outside)) { p in
            for c in stride(from: 0, to: plan.outputs, by: V.scalarCount) {
                for j in 0..<4 {
                    let v = Winograd.outputAdjoint(
                        (
                            V(loading: p[j] + c), V(loading: p[4 + j] + c), V(loading: p[8 + j] + c),
                            V(loading: p[12 + j] + c)
                        ))
                    (half[j], half[4 + j], half[8 + j]) = (v.0, v.1, v.2)
                    (half[12 + j], half[16 + j], half[20 + j]) = (v.3, v.4, v.5)
                }
                for i in 0..<6 {
                    let d = half + 4 * i
                    let v = Winograd.outputAdjoint((d[0], d[1], d[2], d[3]))
                    store(v, to: target + 6 * i * plan.outputsStride + c, stride: plan.outputsStride)
                }
            }
        }
    }

    /// dX += B dV Bᵀ, over the tile's 6 × 6 inputs.
    @inline(__always)
    func addInputGradient(
        _ source: UnsafePointer<Scalar>, tile: Int, outside: UnsafeMutablePointer<Scalar>,
        to dx: UnsafeMutablePointer<Scalar>
    ) {
        let (sample, top, left) = place(tile)
        withPixels(6, input, of: dx, sample: sample, y: top - 1, x: left - 1, outside: outside) { p in
            for c in stride(from: 0, to: plan.inputs, by: V.scalarCount) {
                let count = min(V.scalarCount, plan.inputs - c)
                for j in 0..<6 {
                    let v = Winograd.inputAdjoint(
                        load(source + j * plan.inputsStride + c, stride: 6 * plan.inputsStride))
                    (half[j], half[6 + j], half[12 + j]) = (v.0, v.1, v.2)
                    (half[18 + j], half[24 + j], half[30 + j]) = (v.3, v.4, v.5)
                }
                for i in 0..<6 {
                    let d = half + 6 * i
                    let v = Winograd.inputAdjoint((d[0], d[1], d[2], d[3], d[4], d[5]))
                    let row = p + 6 * i
                    add(v.0, to: row[0] + c, count: count)
                    add(v.1, to: row[1] + c, count: count)
                    add(v.2, to: row[2] + c, count: count)
                    add(v.3, to: row[3] + c, count: count)
                    add(v.4, to: row[4] + c, count: count)
                    add(v.5, to: row[5] + c, count: count)
                }
            }
        }
    }
}
