import LinearAlgebra
import RandomNumbers

@testable import Learning

/// A function of one vector, given by closures.
final class SmoothFunction<Scalar: BLASScalar>: TwiceDifferentiable {
    typealias Block = ParameterBlock<Scalar>

    let layout: ParameterLayout
    let spheres: SphereProduct
    private let valueAndGradient: (_ x: Block, _ g: Block) -> Double
    private let product: (_ x: Block, _ v: Block, _ hv: Block) -> Void

    init(
        _ dimension: Int, spheres: SphereProduct = SphereProduct(),
        _ valueAndGradient: @escaping (_ x: Block, _ g: Block) -> Double,
        product: @escaping (_ x: Block, _ v: Block, _ hv: Block) -> Void
    ) {
        var layout = ParameterLayout()
        layout.add("x", shape: [dimension])
        self.layout = layout
        self.spheres = spheres
        self.valueAndGradient = valueAndGradient
        self.product = product
    }

    func evaluate(at point: Block, gradient: Block) -> Double { valueAndGradient(point, gradient) }

    func multiplyHessian(at point: Block, by direction: Block, into product: Block) {
        self.product(point, direction, product)
    }

    /// A block of these numbers, or of random ones.
    func block(_ values: [Double]) -> Block {
        let block = Block(layout: layout)
        for (index, value) in values.enumerated() { block.storage[index] = Scalar(value) }
        return block
    }

    func randomBlock(_ stream: UInt32, scale: Double = 1) -> Block {
        let random = Philox(seed: 11, purpose: .test)
        return block((0..<layout.count).map { scale * random.normal(at: UInt64($0), stream: stream) })
    }

    /// A random point on the spheres, and a random tangent vector there.
    func randomPoint(_ stream: UInt32) -> Block {
        let point = randomBlock(stream)
        spheres.normalize(point)
        return point
    }

    func randomTangent(_ stream: UInt32, at point: Block) -> Block {
        let vector = randomBlock(stream)
        spheres.project(vector, at: point)
        return vector
    }
}

extension SmoothFunction {
    /// ½⟨x, Ax⟩ − ⟨b, x⟩.
    static func quadratic(
        _ matrix: Matrix, linear: [Double]? = nil, spheres: SphereProduct = SphereProduct()
    ) -> SmoothFunction {
        let n = matrix.rows
        func multiply(_ x: Block, _ result: Block) {
            for i in 0..<n {
                var sum = 0.0
                for j in 0..<n { sum += matrix.elements[i * n + j] * Double(x.start[j]) }
                result.start[i] = Scalar(sum)
            }
        }
        return SmoothFunction(n, spheres: spheres) { x, g in
            multiply(x, g)
            var value = 0.5 * x.dot(g)
            if let linear {
                for i in 0..<n {
                    value -= linear[i] * Double(x.start[i])
                    g.start[i] -= Scalar(linear[i])
                }
            }
            return value
        } product: { _, v, hv in
            multiply(v, hv)
        }
    }

    /// Σ 100 (x₂ᵢ₊₁ − x₂ᵢ²)² + (1 − x₂ᵢ)²; least, 0, at (1, …, 1).
    static func rosenbrock(_ dimension: Int) -> SmoothFunction {
        SmoothFunction(dimension) { x, g in
            var value = 0.0
            for i in stride(from: 0, to: dimension, by: 2) {
                let (a, b) = (Double(x.start[i]), Double(x.start[i + 1]))
                let (valley, distance) = (b - a * a, 1 - a)
                value += 100 * valley * valley + distance * distance
                g.start[i] = Scalar(-400 * a * valley - 2 * distance)
                g.start[i + 1] = Scalar(200 * valley)
            }
            return value
        } product: { x, v, hv in
            for i in stride(from: 0, to: dimension, by: 2) {
                let (a, b) = (Double(x.start[i]), Double(x.start[i + 1]))
                let (p, q) = (Double(v.start[i]), Double(v.start[i + 1]))
                hv.start[i] = Scalar((1200 * a * a - 400 * b + 2) * p - 400 * a * q)
                hv.start[i + 1] = Scalar(-400 * a * p + 200 * q)
            }
        }
    }

    /// ¼ Σᵢⱼ ⟨xᵢ, xⱼ⟩² over K unit vectors of R^d: the frame potential, whose local minima are all global, of value
    /// K²/4d for K ≥ d (Benedetto and Fickus, "Finite normalized tight frames", Adv. Comput. Math. 18, 2003). The
    /// vectors are rows of a (K × d) matrix or columns of a (d × K) one.
    static func framePotential(vectors k: Int, dimension d: Int, areColumns: Bool) -> SmoothFunction {
        let (vectorStride, elementStride) = areColumns ? (1, k) : (d, 1)
        let spheres = SphereProduct([
            .init(
                offset: 0, count: k, length: d, vectorStride: vectorStride, elementStride: elementStride, radius: 1)
        ])
        func inner(_ x: Block, _ i: Int, _ y: Block, _ j: Int) -> Double {
            var sum = 0.0
            for e in 0..<d {
                sum +=
                    Double(x.start[i * vectorStride + e * elementStride])
                    * Double(y.start[j * vectorStride + e * elementStride])
            }
            return sum
        }
        func add(_ factor: Double, _ x: Block, _ j: Int, to y: Block, _ i: Int) {
            for e in 0..<d {
                y.start[i * vectorStride + e * elementStride] +=
                    Scalar(factor) * x.start[j * vectorStride + e * elementStride]
            }
        }
        return SmoothFunction(k * d, spheres: spheres) { x, g in
            g.zero()
            var value = 0.0
            for i in 0..<k {
                for j in 0..<k {
                    let product = inner(x, i, x, j)
                    value += 0.25 * product * product
                    add(product, x, j, to: g, i)
                }
            }
            return value
        } product: { x, v, hv in
            hv.zero()
            for i in 0..<k {
                for j in 0..<k {
                    add(inner(x, i, x, j), v, j, to: hv, i)
                    add(inner(v, i, x, j) + inner(x, i, v, j), x, j, to: hv, i)
                }
            }
        }
    }

    /// Σ φ(⟨w_k, h_i⟩ + s − t_ki), φ(u) = ¼u⁴ + ½u², with K vectors w on spheres of radius 2 (rows), N vectors h on
    /// spheres of radius 0.5 (columns), and a free s between them.
    static func bilinear(rows k: Int, dimension d: Int, columns n: Int) -> SmoothFunction {
        let features = k * d + 1
        let spheres = SphereProduct([
            .init(offset: 0, count: k, length: d, vectorStride: d, elementStride: 1, radius: 2),
            .init(offset: features, count: n, length: d, vectorStride: 1, elementStride: n, radius: 0.5),
        ])
        let random = Philox(seed: 3, purpose: .test)
        func offset(_ x: Block, _ y: Block, _ row: Int, _ column: Int) -> Double {
            var sum = 0.0
            for e in 0..<d { sum += Double(x.start[row * d + e]) * Double(y.start[features + e * n + column]) }
            return sum
        }
        func residual(_ x: Block, _ row: Int, _ column: Int) -> Double {
            offset(x, x, row, column) + Double(x.start[k * d]) - random.normal(at: UInt64(row * n + column))
        }
        /// result += factor · derivative of the inner product (row, column) at x.
        func add(_ factor: Double, _ x: Block, _ row: Int, _ column: Int, to result: Block) {
            for e in 0..<d {
                result.start[row * d + e] += Scalar(factor) * x.start[features + e * n + column]
                result.start[features + e * n + column] += Scalar(factor) * x.start[row * d + e]
            }
        }
        return SmoothFunction(features + d * n, spheres: spheres) { x, g in
            g.zero()
            var value = 0.0
            for row in 0..<k {
                for column in 0..<n {
                    let u = residual(x, row, column)
                    value += 0.25 * u * u * u * u + 0.5 * u * u
                    add(u * u * u + u, x, row, column, to: g)
                    g.start[k * d] += Scalar(u * u * u + u)
                }
            }
            return value
        } product: { x, v, hv in
            hv.zero()
            for row in 0..<k {
                for column in 0..<n {
                    let u = residual(x, row, column)
                    let change = offset(x, v, row, column) + offset(v, x, row, column) + Double(v.start[k * d])
                    add((3 * u * u + 1) * change, x, row, column, to: hv)
                    add(u * u * u + u, v, row, column, to: hv)
                    hv.start[k * d] += Scalar((3 * u * u + 1) * change)
                }
            }
        }
    }
}

/// A symmetric matrix with these eigenvalues and random eigenvectors, which are the rows of the other.
func symmetricMatrix(spectrum: [Double], stream: UInt32 = 0) -> (matrix: Matrix, vectors: Matrix) {
    let n = spectrum.count
    let random = Philox(seed: 21, purpose: .test)
    let vectors = Matrix(rows: n, columns: n) { random.normal(at: UInt64($0 * n + $1), stream: stream) }
        .singularValues().left
    let scaled = Matrix(rows: n, columns: n) { spectrum[$0] * vectors[$0, $1] }
    var matrix = Matrix.product(vectors, scaled, transposeA: .yes)
    matrix = Matrix(rows: n, columns: n) { 0.5 * (matrix[$0, $1] + matrix[$1, $0]) }
    return (matrix, vectors)
}

/// One sphere, all of the vector.
func sphere(_ dimension: Int, radius: Double = 1) -> SphereProduct {
    SphereProduct([
        .init(offset: 0, count: 1, length: dimension, vectorStride: dimension, elementStride: 1, radius: radius)
    ])
}
