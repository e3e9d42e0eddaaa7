import LinearAlgebra

/// The pairs that L-BFGS remembers, and their product with a vector (Nocedal and Wright, "Numerical Optimization",
/// algorithm 7.4).
///
/// Apart from `LBFGS`, whose failures are a type of their own, so that it is compiled for one precision.
final class CurvatureHistory<Scalar: BLASScalar> {
    /// Oldest first.
    private(set) var pairs: [CurvaturePair<Scalar>] = []
    /// Dropped pairs, used again: nothing is allocated once the history is full.
    private var spare: [CurvaturePair<Scalar>] = []
    let capacity: Int
    private let layout: ParameterLayout
    private var projections: [Scalar]

    init(capacity: Int, layout: ParameterLayout) {
        precondition(capacity > 0, "L-BFGS without history")
        self.capacity = capacity
        self.layout = layout
        projections = Array(repeating: 0, count: capacity)
    }

    var isEmpty: Bool { pairs.isEmpty }

    func forget() {
        spare += pairs
        pairs.removeAll(keepingCapacity: true)
    }

    /// A pair to be filled and remembered; the oldest one where there are as many as may be.
    func nextPair() -> CurvaturePair<Scalar> {
        if pairs.count == capacity { return pairs.removeFirst() }
        return spare.popLast() ?? CurvaturePair(layout: layout)
    }

    /// Where its curvature is positive.
    func remember(_ pair: CurvaturePair<Scalar>) {
        pair.measure()
        if pair.curvature > 1e-12 * (pair.stepSquared * pair.changeSquared).squareRoot() {
            pairs.append(pair)
        } else {
            spare.append(pair)
        }
    }

    /// Projects the pairs to the tangent space of a point, and drops those that lose their curvature.
    func carry(to point: ParameterBlock<Scalar>, on spheres: SphereProduct) {
        guard !spheres.isEmpty else { return }
        let carried = pairs
        pairs.removeAll(keepingCapacity: true)
        for pair in carried {
            spheres.project(pair.step, at: point)
            spheres.project(pair.change, at: point)
            remember(pair)
        }
    }

    /// direction ← −H·gradient by the two-loop recursion; returns direction·gradient. A pair that is added and the next
    /// one that is asked for go through the direction together.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func descend(along direction: ParameterBlock<Scalar>, from gradient: ParameterBlock<Scalar>) -> Double {
        let (n, d, g) = (direction.count, direction.start, gradient.start)
        for i in 0..<n { d[i] = -g[i] }
        guard let newest = pairs.last else { return direction.dot(gradient) }
        var product = Scalar.dot(n, newest.step.start, d)
        for index in pairs.indices.reversed() {
            let pair = pairs[index]
            let projection = product / Scalar(pair.curvature)
            projections[index] = projection
            product =
                index > 0
                ? addMultiple(
                    -projection, of: pair.change.start, to: d, count: n, scale: 1, dot: pairs[index - 1].step.start)
                : addMultiple(
                    -projection, of: pair.change.start, to: d, count: n,
                    scale: Scalar(newest.curvature / newest.changeSquared), dot: pair.change.start)
        }
        for index in pairs.indices {
            let pair = pairs[index]
            let factor = projections[index] - product / Scalar(pair.curvature)
            let next = index + 1 < pairs.count ? pairs[index + 1].change.start : g
            product = addMultiple(factor, of: pair.step.start, to: d, count: n, scale: 1, dot: next)
        }
        return Double(product)
    }

    /// y ← scale·(y + factor·x); returns y·z. z may be x.
    @inline(__always)
    private func addMultiple(
        _ factor: Scalar, of x: UnsafePointer<Scalar>, to y: UnsafeMutablePointer<Scalar>, count: Int, scale: Scalar,
        dot z: UnsafePointer<Scalar>
    ) -> Scalar {
        typealias Lanes = Scalar.Lanes
        let lanes = Lanes.scalarCount
        let (f, s) = (Lanes(repeating: factor), Lanes(repeating: scale))
        var (even, odd) = (Lanes(), Lanes())
        var i = 0
        while i + 2 * lanes <= count {
            let first = s * Lanes(loading: y + i).addingProduct(f, Lanes(loading: x + i))
            let second = s * Lanes(loading: y + i + lanes).addingProduct(f, Lanes(loading: x + i + lanes))
            first.store(to: y + i)
            second.store(to: y + i + lanes)
            even = even.addingProduct(first, Lanes(loading: z + i))
            odd = odd.addingProduct(second, Lanes(loading: z + i + lanes))
            i += 2 * lanes
        }
        var sum = (even + odd).sum()
        while i < count {
            y[i] = scale * (y[i] + factor * x[i])
            sum += y[i] * z[i]
            i += 1
        }
        return sum
    }
}

/// A step s and the change y of the gradient over it.
final class CurvaturePair<Scalar: BLASScalar> {
    let step: ParameterBlock<Scalar>
    let change: ParameterBlock<Scalar>
    /// s·y, s·s and y·y when the pair was last measured.
    private(set) var curvature = 0.0
    private(set) var stepSquared = 0.0
    private(set) var changeSquared = 0.0

    init(layout: ParameterLayout) {
        step = ParameterBlock(layout: layout)
        change = ParameterBlock(layout: layout)
    }

    /// s ← length·velocity, y ← end − start.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func set(
        _ length: Double, _ velocity: ParameterBlock<Scalar>, from start: ParameterBlock<Scalar>,
        to end: ParameterBlock<Scalar>
    ) {
        let (s, y, v) = (step.start, change.start, velocity.start)
        let (old, new, factor) = (start.start, end.start, Scalar(length))
        for i in 0..<step.count { s[i] = factor * v[i] }
        for i in 0..<step.count { y[i] = new[i] - old[i] }
    }

    func measure() {
        curvature = step.dot(change)
        stepSquared = step.dot(step)
        changeSquared = change.dot(change)
    }
}
