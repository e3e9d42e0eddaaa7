import LinearAlgebra
import RandomNumbers

/// An eigenvalue of a symmetric operator with its unit vector v and the residual ‖Av − λv‖: some eigenvalue is that
/// close to `value`.
public struct EigenPair<Scalar: BLASScalar> {
    public let value: Double
    public let residual: Double
    public let vector: ParameterBlock<Scalar>
}

/// Extreme eigenvalues of a symmetric operator on a subspace of blocks, from products alone: the thick-restart Lanczos
/// method (Wu and Simon, "Thick-restart Lanczos method for large symmetric eigenvalue problems", SIAM J. Matrix Anal.
/// Appl. 22, 2000) with full reorthogonalisation. The start is random, a function of `stream` alone.
final class Lanczos<Scalar: BLASScalar> {
    typealias Block = ParameterBlock<Scalar>

    /// What is known of an eigenvalue on the way.
    struct Estimate {
        let value: Double
        let residual: Double
    }

    /// Products with the operator so far.
    private(set) var products = 0
    /// The longest Av seen with a unit v: not above the operator's norm, and soon close to it.
    private(set) var norm = 0.0

    private let layout: ParameterLayout
    private let dimension: Int
    private let stream: UInt32
    private let multiply: (_ vector: Block, _ product: Block) -> Void
    private let project: (_ vector: Block) -> Void
    /// Vectors kept between restarts.
    private let capacity: Int
    private let storage: Buffer<Scalar>
    /// Rows of `storage`, orthonormal; one more than `capacity`, as the last residual needs a place.
    private let basis: [Block]
    /// VᵀAV of the basis so far.
    private var projected: Matrix
    private var size = 0

    /// - Parameters:
    ///   - dimension: of the subspace that `project` maps to and the operator acts on, at least 1.
    ///   - stream: of the random start. A point that was reached along an earlier eigenvector wants another: that start may
    ///     have led to an eigenvector of the next Hessian.
    ///   - capacity: length of the basis, 20 to 80 depending on the size of a block if nil.
    init(
        layout: ParameterLayout, dimension: Int, stream: UInt32, capacity: Int? = nil,
        multiply: @escaping (_ vector: Block, _ product: Block) -> Void, project: @escaping (_ vector: Block) -> Void
    ) {
        precondition(dimension >= 1 && layout.count >= dimension, "dimension of an eigenvalue problem")
        self.layout = layout
        self.dimension = dimension
        self.stream = stream
        self.multiply = multiply
        self.project = project
        let capacity = capacity ?? min(max(8_000_000 / layout.count, 20), 80)
        precondition(capacity >= 8, "length of a Lanczos basis")
        self.capacity = min(capacity, dimension)
        let (rows, width) = (self.capacity + 1, layout.count)
        let memory = Buffer<Scalar>(count: rows * width)
        storage = memory
        basis = (0..<rows).map { row in
            ParameterBlock(layout: layout, storage: Buffer(row * width..<(row + 1) * width, of: memory))
        }
        projected = Matrix(rows: rows, columns: rows)
    }

    /// Runs until `isEnough(lowest, highest, norm)`, until the basis spans an invariant subspace (in exact arithmetic
    /// one with all eigenvalues), or for `productLimit` products; then both ends as they are, with measured residuals.
    /// NaN if a product is not finite.
    func extremes(
        productLimit: Int, isEnough: (_ lowest: Estimate, _ highest: Estimate, _ norm: Double) -> Bool
    ) -> (smallest: EigenPair<Scalar>, largest: EigenPair<Scalar>) {
        start()
        while true {
            let coupling = extend()
            guard coupling.isFinite else {
                let nothing = EigenPair(value: .nan, residual: .nan, vector: basis[0])
                return (nothing, nothing)
            }
            let isInvariant =
                size == dimension || coupling <= 16 * Double(Scalar.ulpOfOne) * max(norm, .leastNormalMagnitude)
            let isFull = size == capacity
            // The small problem costs little, but not nothing.
            guard isInvariant || isFull || products % 8 == 0 || products >= productLimit else { continue }
            let ritz = ritzPairs()
            func estimate(_ index: Int) -> Estimate {
                Estimate(
                    value: ritz.values[index],
                    residual: isInvariant ? 0 : coupling * abs(ritz.vectors[index, size - 1]))
            }
            // Values come in descending order.
            let isDone =
                isInvariant || products >= productLimit
                || (products >= min(dimension, 24) && isEnough(estimate(size - 1), estimate(0), norm))
            if isDone { return (pair(ritz, size - 1), pair(ritz, 0)) }
            if isFull { restart(ritz) }
        }
    }

    private func start() {
        let first = basis[0]
        let random = Philox(seed: 0, purpose: .eigenvector)
        for i in 0..<layout.count { first.start[i] = Scalar(random.normal(at: UInt64(i), stream: stream)) }
        project(first)
        first.scale(by: 1 / first.norm)
        projected = Matrix(rows: capacity + 1, columns: capacity + 1)
        (size, products, norm) = (0, 0, 0)
    }

    /// One more column of the projected operator: A times the last vector, made orthogonal to all, is the next one.
    ///
    /// - Returns: its length before it was normalised.
    private func extend() -> Double {
        let next = basis[size + 1]
        multiply(basis[size], next)
        products += 1
        norm = max(norm, next.norm)
        for _ in 0..<2 {
            project(next)
            for i in 0...size {
                let share = basis[i].dot(next)
                next.add(basis[i], scaledBy: -share)
                projected[i, size] += share
            }
        }
        for i in 0..<size { projected[size, i] = projected[i, size] }
        size += 1
        let length = next.norm
        if length > 0 { next.scale(by: 1 / length) }
        return length
    }

    /// Eigenvalues of the projected operator, descending, and their vectors in the basis as rows.
    private func ritzPairs() -> Eigen {
        Matrix(rows: size, columns: size) { projected[$0, $1] }.symmetricEigen()
    }

    /// The Ritz vector as a block, with its Rayleigh quotient and measured residual.
    private func pair(_ ritz: Eigen, _ index: Int) -> EigenPair<Scalar> {
        let vector = ParameterBlock<Scalar>(layout: layout)
        for i in 0..<size { vector.add(basis[i], scaledBy: ritz.vectors[index, i]) }
        project(vector)
        vector.scale(by: 1 / vector.norm)
        return measuredPair(vector, multiply: multiply)
    }

    /// Keeps the lowest third and the highest sixth of the Ritz vectors, followed by the residual's direction.
    private func restart(_ ritz: Eigen) {
        let (low, high) = (max(capacity / 3, 2), max(capacity / 6, 1))
        let kept = Array(0..<high) + Array(size - low..<size)
        let width = layout.count
        let rotation = Buffer<Scalar>(kept.flatMap { row in (0..<size).map { Scalar(ritz.vectors[row, $0]) } })
        let panel = 512
        let scratch = Buffer<Scalar>(count: kept.count * panel)
        for column in stride(from: 0, to: width, by: panel) {
            let columns = min(panel, width - column)
            Scalar.gemm(
                .no, .no, kept.count, columns, size, 1, rotation.start, size, storage.start + column, width, 0,
                scratch.start, columns)
            for row in 0..<kept.count {
                (storage.start + row * width + column).update(from: scratch.start + row * columns, count: columns)
            }
        }
        basis[kept.count].copy(from: basis[size])
        projected = Matrix(rows: capacity + 1, columns: capacity + 1)
        for (row, index) in kept.enumerated() { projected[row, row] = ritz.values[index] }
        size = kept.count
    }
}

/// Rayleigh quotient and residual of a unit vector, which the pair takes over.
func measuredPair<Scalar: BLASScalar>(
    _ vector: ParameterBlock<Scalar>,
    multiply: (_ vector: ParameterBlock<Scalar>, _ product: ParameterBlock<Scalar>) -> Void
) -> EigenPair<Scalar> {
    let product = ParameterBlock<Scalar>(layout: vector.layout)
    multiply(vector, product)
    let value = vector.dot(product)
    product.add(vector, scaledBy: -value)
    return EigenPair(value: value, residual: product.norm, vector: vector)
}
