import Learning
import LinearAlgebra
import RandomNumbers

#if canImport(Glibc)
    import Glibc
#endif

/// The model with one feature a class, in r dimensions and with both factors decayed alike:
///
///     F(W, Q, b) = Σ_k (n_k/N) ℓ(W q_k/√n_k + b, k) + (Λ/2)(‖W‖² + ‖Q‖²) + (λ_b/2)‖b‖²
///
/// over W, Q (K × r) and b. Its critical points are those of the whole model whose features do not vary within classes,
/// W ↦ (λ_H/λ_W)^¼ W and h_k = (λ_W/λ_H)^¼ q_k/√n_k, of the same value.
final class ClassProgram {
    let sizes: [Int]
    let loss: SampleLoss
    /// Λ.
    let nuclearDecay: Double
    /// λ_b; nil without a bias.
    let biasDecay: Double?
    /// r.
    let dimension: Int
    let layout: ParameterLayout
    private let classifier: ParameterLayout.Slice
    private let features: ParameterLayout.Slice
    private let bias: ParameterLayout.Slice?

    init(sizes: [Int], loss: ClassificationLoss, nuclearDecay: Double, biasDecay: Double?, dimension: Int) {
        self.sizes = sizes
        self.loss = SampleLoss(loss)
        self.nuclearDecay = nuclearDecay
        self.biasDecay = biasDecay
        self.dimension = dimension
        var layout = ParameterLayout()
        classifier = layout.add("classifier", shape: [sizes.count, dimension])
        features = layout.add("features", shape: [sizes.count, dimension])
        bias = biasDecay == nil ? nil : layout.add("bias", shape: [sizes.count])
        self.layout = layout
    }

    private var classes: Int { sizes.count }
    private var roots: [Double] { sizes.map { Double($0).squareRoot() } }
    private var count: Double { Double(sizes.reduce(0, +)) }

    // MARK: Points

    func classifierMatrix(_ point: ParameterBlock<Double>) -> Matrix {
        Matrix(rows: classes, columns: dimension, copying: point.pointer(to: classifier))
    }

    /// Q.
    func featureMatrix(_ point: ParameterBlock<Double>) -> Matrix {
        Matrix(rows: classes, columns: dimension, copying: point.pointer(to: features))
    }

    func biasVector(_ point: ParameterBlock<Double>) -> [Double]? {
        bias.map { slice in (0..<classes).map { point.pointer(to: slice)[$0] } }
    }

    /// Z (K × K): row k holds the logits of class k.
    private func logits(_ point: ParameterBlock<Double>) -> Matrix {
        let (product, roots) = (
            Matrix.product(featureMatrix(point), classifierMatrix(point), transposeB: .yes), roots
        )
        let bias = biasVector(point)
        return Matrix(rows: classes, columns: classes) { product[$0, $1] / roots[$0] + (bias?[$1] ?? 0) }
    }

    /// The loss, and G (K × K): row k is √n_k/N times the gradient of class k's samples. Its singular values are those
    /// of ∇g, the gradient with respect to all N logits.
    func lossAndGradient(_ point: ParameterBlock<Double>) -> (value: Double, gradient: Matrix) {
        let (logits, roots) = (logits(point), roots)
        var value = 0.0
        var elements: [Double] = []
        for k in 0..<classes {
            let part = loss.evaluate(Array(logits.row(k)), label: k)
            value += Double(sizes[k]) / count * part.value
            elements += part.gradient.map { $0 * roots[k] / count }
        }
        return (value, Matrix(rows: classes, columns: classes, elements: elements))
    }

    /// F, its gradient written to `gradient`.
    func evaluate(_ point: ParameterBlock<Double>, _ gradient: ParameterBlock<Double>) -> Double {
        let (value, inner) = lossAndGradient(point)
        gradient.copy(from: point)
        var total = value
        for (slice, decay) in slices {
            let norm = point.norm(of: slice)
            total += decay / 2 * norm * norm
            Double.scale(slice.count, decay, gradient.pointer(to: slice))
        }
        addProducts(inner, classifierMatrix(point), featureMatrix(point), to: gradient)
        return total
    }

    private var slices: [(ParameterLayout.Slice, Double)] {
        [(classifier, nuclearDecay), (features, nuclearDecay)] + (bias.map { [($0, biasDecay!)] } ?? [])
    }

    /// W part + GᵀQ, Q part + GW, b part + Gᵀ√n.
    private func addProducts(_ g: Matrix, _ w: Matrix, _ q: Matrix, to target: ParameterBlock<Double>) {
        func add(_ matrix: Matrix, to slice: ParameterLayout.Slice) {
            let start = target.pointer(to: slice)
            for (index, value) in matrix.elements.enumerated() { start[index] += value }
        }
        add(Matrix.product(g, q, transposeA: .yes), to: classifier)
        add(g * w, to: features)
        if let bias {
            add(Matrix(rows: 1, columns: classes, elements: g.combiningRows(with: roots)), to: bias)
        }
    }

    /// product ← ∇²F(point)·direction.
    func multiplyHessian(
        at point: ParameterBlock<Double>, by direction: ParameterBlock<Double>, into product: ParameterBlock<Double>
    ) {
        let (logits, inner, roots) = (logits(point), lossAndGradient(point).gradient, roots)
        let (w, q) = (classifierMatrix(point), featureMatrix(point))
        let (dw, dq, db) = (classifierMatrix(direction), featureMatrix(direction), biasVector(direction))
        let change = Matrix.product(dq, w, transposeB: .yes) + Matrix.product(q, dw, transposeB: .yes)
        var elements: [Double] = []
        for k in 0..<classes {
            let moved = (0..<classes).map { change[k, $0] / roots[k] + (db?[$0] ?? 0) }
            elements += loss.multiplyHessian(Array(logits.row(k)), label: k, moved).map { $0 * roots[k] / count }
        }
        product.copy(from: direction)
        for (slice, decay) in slices { Double.scale(slice.count, decay, product.pointer(to: slice)) }
        addProducts(Matrix(rows: classes, columns: classes, elements: elements), w, q, to: product)
        // The rest of d(GᵀQ) and d(GW); G without the bias's share, which has no second factor.
        let start = product.pointer(to: classifier)
        for (index, value) in Matrix.product(inner, dq, transposeA: .yes).elements.enumerated() {
            start[index] += value
        }
        let featureStart = product.pointer(to: features)
        for (index, value) in (inner * dw).elements.enumerated() { featureStart[index] += value }
    }

    // MARK: Minimising

    /// A minimum of F from a start that depends on `seed` alone: L-BFGS, then Newton's method to the last digits.
    func minimum(seed: UInt64 = 0, steps: Int = 20_000) -> ParameterBlock<Double> {
        let point = ParameterBlock<Double>(layout: layout)
        for (index, slice) in [classifier, features].enumerated() {
            let random = Philox(seed: seed, purpose: .initialization(index))
            for element in 0..<slice.count { point.pointer(to: slice)[element] = random.normal(at: UInt64(element)) }
        }
        let solver = LBFGS<Double, Never>(layout: layout) { [self] in evaluate($0, $1) }
        solver.start(at: point)
        for _ in 0..<steps {
            guard solver.gradient.norm > 1e-11 * nuclearDecay * (1 + point.norm), solver.step(point) == .improved
            else { break }
        }
        polish(point)
        return point
    }

    /// Newton's steps as long as they make the gradient smaller.
    private func polish(_ point: ParameterBlock<Double>) {
        let (gradient, candidate) = (ParameterBlock<Double>(layout: layout), ParameterBlock<Double>(layout: layout))
        let next = ParameterBlock<Double>(layout: layout)
        _ = evaluate(point, gradient)
        for _ in 0..<30 {
            let norm = gradient.norm
            guard norm > 0 else { return }
            let step =
                layout.count <= Self.denseLimit
                ? denseStep(at: point, gradient) : conjugateGradientStep(at: point, gradient)
            candidate.copy(from: point)
            candidate.add(step, scaledBy: 1)
            _ = evaluate(candidate, next)
            guard next.norm < 0.9 * norm else { return }
            point.copy(from: candidate)
            gradient.copy(from: next)
        }
    }

    /// Numbers up to which the Hessian is written out and decomposed.
    private static let denseLimit = 450

    /// −|H|⁻¹·gradient, without the directions that the Hessian is zero along: rotations of feature space, to which the
    /// gradient is orthogonal.
    private func denseStep(at point: ParameterBlock<Double>, _ gradient: ParameterBlock<Double>)
        -> ParameterBlock<Double>
    {
        let spectrum = hessian(at: point).symmetricEigen()
        let step = ParameterBlock<Double>(layout: layout)
        let cutoff = 1e-12 * spectrum.values.reduce(0) { max($0, abs($1)) }
        for (index, value) in spectrum.values.enumerated() where abs(value) > cutoff {
            let vector = spectrum.vectors.row(index)
            let part = zip(vector, 0..<layout.count).reduce(0) { $0 + $1.0 * gradient.start[$1.1] } / abs(value)
            for (element, j) in zip(vector, 0..<layout.count) { step.start[j] -= part * element }
        }
        return step
    }

    /// ∇²F, a product with each unit vector.
    func hessian(at point: ParameterBlock<Double>) -> Matrix {
        let (direction, product) = (ParameterBlock<Double>(layout: layout), ParameterBlock<Double>(layout: layout))
        var elements: [Double] = []
        for index in 0..<layout.count {
            direction.zero()
            direction.start[index] = 1
            multiplyHessian(at: point, by: direction, into: product)
            elements += product.storage.array
        }
        return Matrix(rows: layout.count, columns: layout.count, elements: elements)
    }

    /// −H⁻¹·gradient as far as conjugate gradients come before they meet curvature that is not positive.
    private func conjugateGradientStep(at point: ParameterBlock<Double>, _ gradient: ParameterBlock<Double>)
        -> ParameterBlock<Double>
    {
        func block() -> ParameterBlock<Double> { ParameterBlock(layout: layout) }
        let (step, residual, direction, product) = (block(), block(), block(), block())
        residual.add(gradient, scaledBy: -1)
        direction.copy(from: residual)
        var square = residual.dot(residual)
        let goal = 1e-6 * residual.norm
        for _ in 0..<500 {
            multiplyHessian(at: point, by: direction, into: product)
            let curvature = direction.dot(product)
            guard curvature > 0 else { break }
            step.add(direction, scaledBy: square / curvature)
            residual.add(product, scaledBy: -square / curvature)
            let next = residual.dot(residual)
            if next.squareRoot() < goal { break }
            direction.scale(by: next / square)
            direction.add(residual, scaledBy: 1)
            square = next
        }
        return step
    }

    // MARK: What a point proves

    /// A number that F is nowhere below, in any dimension: the dual of the convex program over WQᵀ and b at the
    /// gradient of this point, made feasible (docs/THEORY.md, "Unequal classes"). Equal to F where the point is the
    /// global minimum.
    ///
    /// With V = ∇ℓ at the point and any 0 ≤ s ≤ 1 with s‖G‖₂ ≤ Λ: f* ≥ −Σ (n_k/N) ℓ*(s v_k) − s²‖Gᵀ√n‖²/(2λ_b).
    func lowerBound(_ point: ParameterBlock<Double>) -> Double {
        let gradient = lossAndGradient(point).gradient
        let roots = roots
        let scale = min(1, nuclearDecay / max(gradient.singularValues().values[0], .leastNormalMagnitude))
        var bound = 0.0
        for k in 0..<classes {
            let v = gradient.row(k).map { scale * $0 * count / roots[k] }
            bound -= Double(sizes[k]) / count * loss.conjugate(v, label: k)
        }
        guard let biasDecay else { return bound }
        let pull = gradient.combiningRows(with: roots).map { scale * $0 }
        let square = pull.reduce(0) { $0 + $1 * $1 }
        // A free bias wants a pull of exactly zero; what rounding leaves is charged at the bias there is.
        if biasDecay == 0 {
            let size = biasVector(point)!.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return bound - square.squareRoot() * (1 + size)
        }
        return bound - square / (2 * biasDecay)
    }

    /// The point of the whole model, in as many dimensions as its rank. What is left of collapsed factors is rounding:
    /// where the decays cost less than 10⁻¹³ of F, W and H are zero.
    func configuration(
        _ point: ParameterBlock<Double>, decays: (classifier: Double, features: Double)
    ) -> ClassConfiguration {
        let (roots, bias) = (roots, biasVector(point))
        let (w, q) = (classifierMatrix(point), featureMatrix(point))
        let size = w.frobeniusNorm * w.frobeniusNorm + q.frobeniusNorm * q.frobeniusNorm
        guard nuclearDecay / 2 * size > 1e-13 * lossAndGradient(point).value else {
            return .zero(classes: classes, bias: bias)
        }
        let product = Matrix.product(w, q, transposeB: .yes)
        return .balanced(
            logits: Matrix(rows: classes, columns: classes) { product[$0, $1] / roots[$1] }, sizes: sizes,
            decays: decays, bias: bias)
    }
}
