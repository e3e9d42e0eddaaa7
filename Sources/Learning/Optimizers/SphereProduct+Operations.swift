import LinearAlgebra

/// Riemannian geometry of a product of spheres as a submanifold of the surrounding space (Absil, Mahony and Sepulchre
/// 2008): all of it is inner products of vectors with the point, and multiples of the point. Nothing is allocated.
extension SphereProduct {
    /// x ← r·x/‖x‖ on every sphere; no vector may be zero. With a tangent vector added before, this is the retraction.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func normalize<Scalar: BLASScalar>(_ point: ParameterBlock<Scalar>) {
        let x = point.start
        forEachBundle { (vectors, radius, _, factors: UnsafeMutablePointer<Scalar>, _) in
            vectors.normalize(x, radius: radius, factors: factors)
        }
    }

    /// x ← r·x/‖x‖, and v ← r/‖x‖·(v − x⟨x, v⟩/‖x‖²) with the x of before: how the derivative of the normalisation
    /// moves a vector (the vector transport by differentiated retraction, their equation 8.6).
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func normalize<Scalar: BLASScalar>(_ point: ParameterBlock<Scalar>, carrying vector: ParameterBlock<Scalar>)
    {
        let (x, v) = (point.start, vector.start)
        forEachBundle { (vectors, radius, _, factors: UnsafeMutablePointer<Scalar>, products) in
            vectors.normalize(x, radius: radius, factors: factors)
            vectors.dot(x, v, into: products)
            for i in 0..<vectors.count { products[i] *= -1 / (radius * radius) }
            vectors.add(x, times: products, to: v)
            vectors.scale(v, by: factors)
        }
    }

    /// v ← v − x⟨x, v⟩/r²: the part of v in the tangent space at the point. Also the transport of a vector from
    /// elsewhere.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func project<Scalar: BLASScalar>(_ vector: ParameterBlock<Scalar>, at point: ParameterBlock<Scalar>) {
        let (x, v) = (point.start, vector.start)
        forEachBundle { (vectors, radius, _, products: UnsafeMutablePointer<Scalar>, _) in
            vectors.dot(x, v, into: products)
            for i in 0..<vectors.count { products[i] *= -1 / (radius * radius) }
            vectors.add(x, times: products, to: v)
        }
    }

    /// Splits the gradient of the surrounding space: g ← g − μx, the Riemannian gradient, with μ = ⟨x, g⟩/r² for each
    /// sphere, the Lagrange multiplier of its constraint ½(‖x‖² − r²) = 0.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func split<Scalar: BLASScalar>(
        _ gradient: ParameterBlock<Scalar>, at point: ParameterBlock<Scalar>, multipliers: ParameterBlock<Scalar>
    ) {
        precondition(multipliers.count == count, "one multiplier a sphere")
        let (x, g, mu) = (point.start, gradient.start, multipliers.start)
        forEachBundle { (vectors, radius, first, products: UnsafeMutablePointer<Scalar>, _) in
            vectors.dot(x, g, into: products)
            for i in 0..<vectors.count {
                mu[first + i] = products[i] / (radius * radius)
                products[i] = -mu[first + i]
            }
            vectors.add(x, times: products, to: g)
        }
    }

    /// From the product ∇²f·v of the surrounding space to that of the Riemannian Hessian, for a tangent v:
    /// P(∇²f·v) − μv (their section 5.5; μ from `split`).
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func restrict<Scalar: BLASScalar>(
        product: ParameterBlock<Scalar>, of direction: ParameterBlock<Scalar>, at point: ParameterBlock<Scalar>,
        multipliers: ParameterBlock<Scalar>
    ) {
        let (x, v, hv, mu) = (point.start, direction.start, product.start, multipliers.start)
        forEachBundle { (vectors, radius, first, products: UnsafeMutablePointer<Scalar>, _) in
            for i in 0..<vectors.count { products[i] = -mu[first + i] }
            vectors.add(v, times: products, to: hv)
            vectors.dot(x, hv, into: products)
            for i in 0..<vectors.count { products[i] *= -1 / (radius * radius) }
            vectors.add(x, times: products, to: hv)
        }
    }

    /// v ← Qv, on each sphere the Householder reflection Q = Qᵀ = Q⁻¹ that takes the point to a multiple of the first
    /// unit vector. So the images of the other unit vectors are an orthonormal basis of the tangent space.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func reflect<Scalar: BLASScalar>(_ vector: ParameterBlock<Scalar>, at point: ParameterBlock<Scalar>) {
        let (x, v) = (point.start, vector.start)
        forEachBundle { (vectors, radius, _, products: UnsafeMutablePointer<Scalar>, shares) in
            // Q = I − 2uuᵀ/‖u‖² with u = x/r ± e₁, the sign that cancels nothing.
            vectors.dot(x, v, into: products)
            for i in 0..<vectors.count {
                let start = vectors.start + i * vectors.vectorStride
                let sign: Scalar = x[start] < 0 ? -1 : 1
                let share = (products[i] / radius + sign * v[start]) / (1 + abs(x[start]) / radius)
                products[i] = -share / radius
                shares[i] = sign * share
            }
            vectors.add(x, times: products, to: v)
            for i in 0..<vectors.count { v[vectors.start + i * vectors.vectorStride] -= shares[i] }
        }
    }

    /// The coordinates that stay free when each point is turned to the first unit vector of its sphere: all but those
    /// first ones, in order.
    public func tangentCoordinates(of layout: ParameterLayout) -> [Int] {
        var isNormal = [Bool](repeating: false, count: layout.count)
        for family in families {
            for i in 0..<family.count { isNormal[family.offset + i * family.vectorStride] = true }
        }
        return isNormal.indices.filter { !isNormal[$0] }
    }

    /// Calls `body(vectors, radius, index of the first, two pieces of memory for a number each)` for the vectors of all
    /// families, at most 256 at a time, whose coefficients fit on the stack.
    @inline(__always)
    private func forEachBundle<Scalar: BLASScalar>(
        _ body: (VectorBundle, Scalar, Int, UnsafeMutablePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
    ) {
        let size = 256
        var before = 0
        for family in families {
            withUnsafeTemporaryAllocation(of: Scalar.self, capacity: 2 * size) { memory in
                let coefficients = memory.baseAddress!
                for first in stride(from: 0, to: family.count, by: size) {
                    let bundle = VectorBundle(
                        start: family.offset + first * family.vectorStride, count: min(size, family.count - first),
                        length: family.length, vectorStride: family.vectorStride, elementStride: family.elementStride)
                    body(bundle, Scalar(family.radius), before + first, coefficients, coefficients + size)
                }
            }
            before += family.count
        }
    }
}

/// Some vectors of one family: vector i has its elements at start + i·vectorStride + j·elementStride.
///
/// Vectors whose elements lie side by side are BLAS's. Of the others the elements j of all vectors lie side by side,
/// and loops over the vectors are innermost, so that they vectorise.
private struct VectorBundle {
    let start: Int
    let count: Int
    let length: Int
    let vectorStride: Int
    let elementStride: Int

    /// products[i] ← ⟨xᵢ, yᵢ⟩.
    @inline(__always)
    func dot<Scalar: BLASScalar>(
        _ x: UnsafeMutablePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>,
        into products: UnsafeMutablePointer<Scalar>
    ) {
        if elementStride == 1 {
            for i in 0..<count {
                let at = start + i * vectorStride
                products[i] = Scalar.dot(length, x + at, y + at)
            }
        } else {
            for i in 0..<count { products[i] = 0 }
            for j in 0..<length {
                let (a, b) = (x + start + j * elementStride, y + start + j * elementStride)
                for i in 0..<count { products[i] += a[i] * b[i] }
            }
        }
    }

    /// yᵢ ← yᵢ + factors[i]·xᵢ.
    @inline(__always)
    func add<Scalar: BLASScalar>(
        _ x: UnsafeMutablePointer<Scalar>, times factors: UnsafeMutablePointer<Scalar>,
        to y: UnsafeMutablePointer<Scalar>
    ) {
        if elementStride == 1 {
            for i in 0..<count {
                let at = start + i * vectorStride
                Scalar.axpy(length, factors[i], x + at, y + at)
            }
        } else {
            for j in 0..<length {
                let (a, b) = (x + start + j * elementStride, y + start + j * elementStride)
                for i in 0..<count { b[i] += factors[i] * a[i] }
            }
        }
    }

    /// xᵢ ← factors[i]·xᵢ.
    @inline(__always)
    func scale<Scalar: BLASScalar>(_ x: UnsafeMutablePointer<Scalar>, by factors: UnsafeMutablePointer<Scalar>) {
        if elementStride == 1 {
            for i in 0..<count { Scalar.scale(length, factors[i], x + start + i * vectorStride) }
        } else {
            for j in 0..<length {
                let a = x + start + j * elementStride
                for i in 0..<count { a[i] *= factors[i] }
            }
        }
    }

    /// xᵢ ← r·xᵢ/‖xᵢ‖, with the factors r/‖xᵢ‖.
    @inline(__always)
    func normalize<Scalar: BLASScalar>(
        _ x: UnsafeMutablePointer<Scalar>, radius: Scalar, factors: UnsafeMutablePointer<Scalar>
    ) {
        dot(x, x, into: factors)
        for i in 0..<count { factors[i] = radius / Scalar.squareRoot(of: factors[i]) }
        scale(x, by: factors)
    }
}
