import LinearAlgebra

/// Up to six rows of two vectors each: the sums of a product that stay in registers while its depth is walked.
///
/// Six rows take twelve of the sixteen vector registers of x86-64-v3, which leaves two for the right-hand side and one
/// for a coefficient; twelve independent sums hide the latency of fused multiply-adds. A block is made of smaller ones
/// as a type, so that no row is an element of an array that memory would have to hold.
protocol RowBlock {
    associatedtype Scalar: BLASScalar
    static var rows: Int { get }
    /// Zeros.
    init()
    /// Calls `body` with each row's number and its two vectors.
    mutating func updateRows(from first: Int, _ body: (Int, inout Scalar.Lanes, inout Scalar.Lanes) -> Void)
}

struct OneRow<Scalar: BLASScalar>: RowBlock {
    private var left = Scalar.Lanes()
    private var right = Scalar.Lanes()

    @inline(__always)
    static var rows: Int { 1 }

    @inline(__always)
    init() {}

    @inline(__always)
    mutating func updateRows(from first: Int, _ body: (Int, inout Scalar.Lanes, inout Scalar.Lanes) -> Void) {
        body(first, &left, &right)
    }
}

struct StackedRows<Upper: RowBlock, Lower: RowBlock>: RowBlock where Lower.Scalar == Upper.Scalar {
    typealias Scalar = Upper.Scalar
    private var upper = Upper()
    private var lower = Lower()

    @inline(__always)
    static var rows: Int { Upper.rows + Lower.rows }

    @inline(__always)
    init() {}

    @inline(__always)
    mutating func updateRows(from first: Int, _ body: (Int, inout Scalar.Lanes, inout Scalar.Lanes) -> Void) {
        upper.updateRows(from: first, body)
        lower.updateRows(from: first + Upper.rows, body)
    }
}

typealias TwoRows<Scalar: BLASScalar> = StackedRows<OneRow<Scalar>, OneRow<Scalar>>
typealias ThreeRows<Scalar: BLASScalar> = StackedRows<TwoRows<Scalar>, OneRow<Scalar>>
typealias FourRows<Scalar: BLASScalar> = StackedRows<TwoRows<Scalar>, TwoRows<Scalar>>
typealias FiveRows<Scalar: BLASScalar> = StackedRows<ThreeRows<Scalar>, TwoRows<Scalar>>
typealias SixRows<Scalar: BLASScalar> = StackedRows<ThreeRows<Scalar>, ThreeRows<Scalar>>

/// How the left-hand side of a product becomes a vector.
protocol Coefficients {
    /// Numbers that one coefficient takes.
    static func width<Scalar: BLASScalar>(_: Scalar.Type) -> Int
    static func load<Scalar: BLASScalar>(_ start: UnsafePointer<Scalar>) -> Scalar.Lanes
    static func copy<Scalar: BLASScalar>(_ source: UnsafePointer<Scalar>, to target: UnsafeMutablePointer<Scalar>)
}

/// One number for all lanes: they are samples of one trial.
enum SharedCoefficients: Coefficients {
    @inline(__always)
    static func width<Scalar: BLASScalar>(_: Scalar.Type) -> Int { 1 }

    @inline(__always)
    static func load<Scalar: BLASScalar>(_ start: UnsafePointer<Scalar>) -> Scalar.Lanes {
        Scalar.Lanes(repeating: start.pointee)
    }

    @inline(__always)
    static func copy<Scalar: BLASScalar>(_ source: UnsafePointer<Scalar>, to target: UnsafeMutablePointer<Scalar>) {
        target.pointee = source.pointee
    }
}

/// A number for each lane: lanes are trials, or the sum over the lanes is wanted.
enum LaneCoefficients: Coefficients {
    @inline(__always)
    static func width<Scalar: BLASScalar>(_: Scalar.Type) -> Int { Scalar.Lanes.scalarCount }

    @inline(__always)
    static func load<Scalar: BLASScalar>(_ start: UnsafePointer<Scalar>) -> Scalar.Lanes {
        Scalar.Lanes(loading: start)
    }

    @inline(__always)
    static func copy<Scalar: BLASScalar>(_ source: UnsafePointer<Scalar>, to target: UnsafeMutablePointer<Scalar>) {
        load(source).store(to: target)
    }
}

/// A (rows × depth) left-hand side, its strides in numbers.
struct LeftHandSide<Scalar: BLASScalar> {
    let start: UnsafePointer<Scalar>
    let rowStride: Int
    let depthStride: Int
}

/// Two vectors for each of `depth` positions, `stride` numbers apart.
struct RightHandSide<Scalar: BLASScalar> {
    let left: UnsafeMutablePointer<Scalar>
    let right: UnsafeMutablePointer<Scalar>
    let stride: Int
    let depth: Int
}

extension RowBlock {
    /// sums[row] += Σ_depth left[row, depth]·right[depth], the depth in order.
    ///
    /// - Parameter read: gives a vector of the right-hand side, each once and in order.
    @inline(__always)
    mutating func addProduct<Kind: Coefficients>(
        _ a: LeftHandSide<Scalar>, firstRow: Int, _ b: RightHandSide<Scalar>, _: Kind.Type,
        read: (UnsafeMutablePointer<Scalar>) -> Scalar.Lanes = { Scalar.Lanes(loading: $0) }
    ) {
        var coefficients = a.start + firstRow &* a.rowStride
        var (left, right) = (b.left, b.right)
        for _ in 0..<b.depth {
            let x = read(left)
            let y = read(right)
            updateRows(from: 0) { row, p, q in
                let coefficient = Kind.load(coefficients + row &* a.rowStride)
                p = p.addingProduct(coefficient, x)
                q = q.addingProduct(coefficient, y)
            }
            coefficients += a.depthStride
            left += b.stride
            right += b.stride
        }
    }
}

/// What is to be done with each block of rows of a product.
protocol RowBlockVisitor<Scalar> {
    associatedtype Scalar: BLASScalar
    func visit<Block: RowBlock>(_: Block.Type, firstRow: Int) where Block.Scalar == Scalar
}

extension RowBlockVisitor {
    /// Cuts rows into as few blocks as possible, as equal as possible: ten are twice five.
    @inline(__always)
    func visitBlocks(rows: Int) {
        var blocks = (rows + 5) / 6
        var first = 0
        while blocks > 0 {
            let count = (rows - first + blocks - 1) / blocks
            switch count {
            case 6: visit(SixRows<Scalar>.self, firstRow: first)
            case 5: visit(FiveRows<Scalar>.self, firstRow: first)
            case 4: visit(FourRows<Scalar>.self, firstRow: first)
            case 3: visit(ThreeRows<Scalar>.self, firstRow: first)
            case 2: visit(TwoRows<Scalar>.self, firstRow: first)
            default: visit(OneRow<Scalar>.self, firstRow: first)
            }
            first += count
            blocks -= 1
        }
    }
}
