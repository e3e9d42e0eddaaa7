import CTiles

/// Products of Float matrices by the matrix unit of newer Intel CPUs (AMX), 1.2 to 1.6 times as fast as by vectors.
///
/// The unit multiplies bfloat16 numbers and adds in float32. Every Float is split into three of them, which hold all of its
/// 24 bits, and the six largest of the nine products of parts are formed (`CTiles.h` has the source): the result is as
/// close to the exact one as that of a product in float32 or closer, as tests show. Three things differ from it: numbers and
/// results below 1e-31 lose bits, and below 1.2e-38 they are zero; where infinities enter the result is NaN; and A·Aᵀ is
/// symmetric but for roundings.
///
/// The shorter side of the result stays in the second-level cache, split into panels of 32 lines; the panels of the longer
/// side are split a few at a time and meet all of them. Each product of two panels is made in tiles and then added to the
/// result, so that sums stay short and round little. The order of additions is a function of the sizes alone.
public enum TileProduct {
    /// Whether the CPU has the unit and the system lets this process use it.
    public static let isSupported = ncsweep_tiles_permitted()

    /// Whether `Float.gemm` takes it for the products it suits.
    public static let isInUse = goes(with: OpenBLAS.kernel)

    /// Whether it is taken beside these kernels of OpenBLAS: those for CPUs with bfloat16 (0.3.21 calls all of them
    /// Cooperlake). So `OPENBLAS_CORETYPE` chooses both, and a cluster of mixed CPUs can have the same bits everywhere.
    public static func goes(with kernels: String) -> Bool {
        ["cooperlake", "sapphirerapids"].contains(kernels.lowercased()) && isSupported
    }

    /// Lines of a panel, and numbers of a line in one of its blocks.
    private static let side = 32
    /// Numbers of a line that are split at a time.
    private static let depth = 256
    private static let panelBytes = depth / side * Int(NCSWEEP_TILES_BLOCK_BYTES)
    /// Panels that stay, 0.75 MiB of a second-level cache of 2 MiB, and panels that pass: so many that rows of the
    /// result, and of matrices whose lines lie across memory, are walked for 512 bytes at a time.
    private static let (stayingPanels, passingPanels) = (16, 4)

    /// Whether a product of (m × k) and (k × n) numbers is large enough for what splitting costs, and fills enough of the
    /// blocks that it is made in.
    @usableFromInline
    static func suits(_ m: Int, _ n: Int, _ k: Int) -> Bool {
        guard min(m, n, k) >= 64, m * n * k >= 1 << 20 else { return false }
        let (rows, columns) = ((m + side - 1) / side * side, (n + side - 1) / side * side)
        return 4 * m * n >= 3 * rows * columns
    }

    /// C ← op(A)·op(B), plus C where `adding`; shapes as in `BLASScalar.gemm`, none of them 0.
    @usableFromInline
    static func multiply(
        _ transposeA: Transpose, _ transposeB: Transpose, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>,
        _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int, adding: Bool, _ c: UnsafeMutablePointer<Float>, _ ldc: Int
    ) {
        precondition(isSupported, "no matrix unit")
        precondition(min(m, n, k) > 0, "empty product")
        guard let workspace = ncsweep_tiles_workspace((stayingPanels + passingPanels) * panelBytes + 4 * side * side)
        else { preconditionFailure("no memory for a product") }
        let passingStart = workspace + stayingPanels * panelBytes
        let result = Result(
            start: c, stride: ldc, rows: m, columns: n,
            block: (passingStart + passingPanels * panelBytes).assumingMemoryBound(to: Float.self))
        let left = Operand(
            start: a, stride: lda, isAcross: transposeA == .yes, count: m, split: ncsweep_tiles_split_left)
        let right = Operand(
            start: b, stride: ldb, isAcross: transposeB == .no, count: n, split: ncsweep_tiles_split_right)
        let leftStays = m <= n

        ncsweep_tiles_begin()
        defer { ncsweep_tiles_end() }
        for first in stride(from: 0, to: k, by: depth) {
            let numbers = first..<min(k, first + depth)
            let blocks = (numbers.count + side - 1) / side
            (leftStays ? left : right).forEachPart(of: stayingPanels, numbers, splitInto: workspace) { staying in
                (leftStays ? right : left).forEachPart(of: passingPanels, numbers, splitInto: passingStart) { passing in
                    let (rows, columns) = leftStays ? (staying, passing) : (passing, staying)
                    for row in rows.starts {
                        for column in columns.starts {
                            result.set(row, column, adding: adding || first > 0) { block, stride in
                                ncsweep_tiles_multiply(rows.panel(row), columns.panel(column), blocks, block, stride)
                            }
                        }
                    }
                }
            }
        }
    }

    /// Some lines of an operand, as panels that follow each other in memory.
    private struct Panels {
        let lines: Range<Int>
        let start: UnsafeMutableRawPointer

        /// The first line of each panel.
        var starts: StrideTo<Int> { stride(from: lines.lowerBound, to: lines.upperBound, by: side) }

        func panel(_ line: Int) -> UnsafeMutableRawPointer { start + (line - lines.lowerBound) / side * panelBytes }
    }

    /// One side of a product: `count` lines of k numbers, neighbours in memory or, where `isAcross`, `stride` apart.
    private struct Operand {
        let start: UnsafePointer<Float>
        let stride: Int
        let isAcross: Bool
        let count: Int
        let split: (UnsafePointer<Float>?, Int, Bool, Int, Int, UnsafeMutableRawPointer?) -> Void

        /// Calls `body` with the lines, so many panels at a time, of which the given numbers are split.
        @inline(__always)
        func forEachPart(
            of panels: Int, _ numbers: Range<Int>, splitInto memory: UnsafeMutableRawPointer, _ body: (Panels) -> Void
        ) {
            for first in Swift.stride(from: 0, to: count, by: panels * side) {
                let part = Panels(lines: first..<min(count, first + panels * side), start: memory)
                // Across memory block by block, so that what is read is in one piece for all panels.
                for number in Swift.stride(
                    from: numbers.lowerBound, to: numbers.upperBound, by: isAcross ? side : depth)
                {
                    let length = min(isAcross ? side : depth, numbers.upperBound - number)
                    let offset = (number - numbers.lowerBound) / side * Int(NCSWEEP_TILES_BLOCK_BYTES)
                    for line in part.starts {
                        split(
                            start + (isAcross ? number * stride + line : line * stride + number), stride, isAcross,
                            min(side, count - line), length, part.panel(line) + offset)
                    }
                }
                body(part)
            }
        }
    }

    private struct Result {
        let start: UnsafeMutablePointer<Float>
        let stride: Int
        let rows: Int
        let columns: Int
        /// A block of its own, for those that are added and those that C holds a part of.
        let block: UnsafeMutablePointer<Float>

        /// Has `multiply` make the block of 32 × 32 numbers that begins there.
        @inline(__always)
        func set(_ row: Int, _ column: Int, adding: Bool, by multiply: (UnsafeMutablePointer<Float>, Int) -> Void) {
            let corner = start + row * stride + column
            let (height, width) = (min(side, rows - row), min(side, columns - column))
            if !adding, height == side, width == side { return multiply(corner, stride) }
            multiply(block, side)
            for row in 0..<height {
                let (from, to) = (block + row * side, corner + row * stride)
                if width == side, adding {
                    for column in Swift.stride(from: 0, to: side, by: Float.Lanes.scalarCount) {
                        (Float.Lanes(loading: to + column) + Float.Lanes(loading: from + column)).store(to: to + column)
                    }
                } else {
                    for column in 0..<width { to[column] = adding ? to[column] + from[column] : from[column] }
                }
            }
        }
    }
}
