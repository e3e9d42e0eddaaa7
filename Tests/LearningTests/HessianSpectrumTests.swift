import LinearAlgebra
import Testing

@testable import Learning

@Suite struct HessianSpectrumTests {
    /// Clusters, multiplicities, zeros, negative numbers.
    private static let spectra: [[Double]] = [
        [-0.5, -0.5, -0.5, -1e-3, 0, 0, 0, 0, 1e-3, 1e-3] + (0..<30).map { 1 + 1e-6 * Double($0) } + [4, 4, 4],
        (0..<120).map { Double($0) - 0.5 },
        (0..<50).map { $0 < 20 ? -0.25 : 0.75 },
        [3, 3, 3, 3],
        [0, 0, 0],
        [-7],
    ]

    private func residual(
        _ f: SmoothFunction<Double>, _ pair: EigenPair<Double>, at point: ParameterBlock<Double>
    ) -> Double {
        let product = f.block([])
        f.multiplyHessian(at: point, by: pair.vector, into: product)
        product.add(pair.vector, scaledBy: -pair.value)
        return product.norm
    }

    @Test(arguments: spectra.indices, [0, 2000]) func findsKnownEigenvalues(index: Int, denseUpTo: Int) throws {
        let spectrum = Self.spectra[index]
        let f = SmoothFunction<Double>.quadratic(symmetricMatrix(spectrum: spectrum).matrix)
        let point = f.randomBlock(0)
        let found = try #require(f.hessianSpectrum(at: point, denseUpTo: denseUpTo))
        let size = spectrum.map(abs).max()!
        #expect(abs(found.smallest.value - spectrum.min()!) <= 1e-12 * size)
        #expect(abs(found.largest.value - spectrum.max()!) <= 1e-12 * size)
        for pair in [found.smallest, found.largest] {
            #expect(abs(pair.vector.norm - 1) < 1e-12)
            #expect(pair.residual <= 1e-9 * size)
            #expect(abs(pair.residual - residual(f, pair, at: point)) <= 1e-12 * size)
        }
        guard denseUpTo > 0 else {
            #expect(found.values == nil && found.negativeCount == nil && found.zeroCount == nil)
            return
        }
        for (value, expected) in zip(try #require(found.values), spectrum.sorted()) {
            #expect(abs(value - expected) <= 1e-12 * max(size, 1))
        }
        #expect(found.negativeCount == spectrum.count { $0 < 0 })
        #expect(found.zeroCount == spectrum.count { $0 == 0 })
    }

    /// ½⟨x, Ax⟩ at the eigenvector i on its sphere: λ_j − λ_i for the others, and nothing for the normal direction.
    @Test(arguments: [0, 3, 29], [0, 2000]) func leavesOutNormalDirections(index: Int, denseUpTo: Int) throws {
        let spectrum = (0..<30).map { 0.1 * Double($0 * $0) - 2 }
        let (matrix, vectors) = symmetricMatrix(spectrum: spectrum)
        let f = SmoothFunction<Double>.quadratic(matrix, spheres: sphere(30, radius: 2.5))
        let point = f.block(vectors.row(index).map { 2.5 * $0 })
        let found = try #require(f.hessianSpectrum(at: point, denseUpTo: denseUpTo))
        let expected = (spectrum[..<index] + spectrum[(index + 1)...]).map { $0 - spectrum[index] }
        #expect(abs(found.smallest.value - expected.min()!) < 1e-11)
        #expect(abs(found.largest.value - expected.max()!) < 1e-11)
        #expect(abs(found.smallest.vector.dot(point)) < 1e-11)
        #expect(max(found.smallest.residual, found.largest.residual) < 1e-8)
        if let values = found.values {
            #expect(values.count == 29)
            for (value, number) in zip(values, expected) { #expect(abs(value - number) < 1e-11) }
            #expect(found.negativeCount == index && found.zeroCount == 0)
        }
    }

    /// Many restarts: eigenvalues near 0 are close together, seen from the spread of all.
    @Test func restartsUntilTheResidualIsSmall() throws {
        let spectrum = (0..<600).map { (index: Int) -> Double in
            let x = Double(index)
            return 1e-4 * x * x + 1e-3 * x - 0.02
        }
        let f = SmoothFunction<Double>(600) { _, gradient in
            gradient.zero()
            return 0
        } product: { _, v, hv in
            for i in 0..<600 { hv.start[i] = spectrum[i] * v.start[i] }
        }
        let found = try #require(f.hessianSpectrum(at: f.block([]), denseUpTo: 100))
        #expect(abs(found.smallest.value + 0.02) < 1e-10)
        #expect(abs(found.largest.value - spectrum[599]) < 1e-10)
        #expect(found.smallest.residual < 1e-8 && found.largest.residual < 1e-8)
        #expect(abs(abs(found.smallest.vector.storage[0]) - 1) < 1e-8)
    }

    @Test(arguments: [0, 100]) func singlePrecisionFindsThemToItsRounding(denseUpTo: Int) throws {
        let spectrum = [-1.0, -1, 0, 0] + (0..<40).map { 1 + 0.1 * Double($0) }
        let f = SmoothFunction<Float>.quadratic(symmetricMatrix(spectrum: spectrum).matrix)
        let found = try #require(f.hessianSpectrum(at: f.randomBlock(0), denseUpTo: denseUpTo))
        #expect(abs(found.smallest.value + 1) < 1e-5 && abs(found.largest.value - 4.9) < 1e-5)
        #expect(found.smallest.residual < 1e-4)
        if denseUpTo > 0 { #expect(found.negativeCount == 2 && found.zeroCount == 2) }
    }

    /// The dense matrix of a product of spheres against products, and against second differences at small size.
    @Test func theDenseHessianHoldsTheProducts() throws {
        let f = SmoothFunction<Double>.bilinear(rows: 3, dimension: 3, columns: 4)
        let point = f.randomPoint(1)
        let matrix = f.tangentHessian(at: point)
        let coordinates = f.spheres.tangentCoordinates(of: f.layout)
        #expect(matrix.rows == f.layout.count - 7)
        let (v, hv, gradient) = (f.randomTangent(2, at: point), f.block([]), f.block([]))
        let multipliers = ParameterBlock<Double>(layout: f.spheres.multiplierLayout)
        _ = f.evaluateOnSpheres(at: point, gradient: gradient, multipliers: multipliers)
        f.multiplyTangentHessian(at: point, multipliers: multipliers, by: v, into: hv)
        f.spheres.reflect(v, at: point)
        f.spheres.reflect(hv, at: point)
        for (row, i) in coordinates.enumerated() {
            let expected = coordinates.enumerated().reduce(0) { $0 + matrix[row, $1.offset] * v.storage[$1.element] }
            #expect(abs(hv.storage[i] - expected) < 1e-11)
        }
        #expect(matrix == matrix.transposed)
    }

    @Test func whatIsNotFiniteHasNoSpectrum() {
        let f = SmoothFunction<Double>(4) { _, g in
            g.zero()
            return 0
        } product: { _, _, hv in
            for i in 0..<4 { hv.start[i] = .nan }
        }
        #expect(f.hessianSpectrum(at: f.block([])) == nil)
        #expect(f.hessianSpectrum(at: f.block([]), denseUpTo: 0) == nil)
        let point = SmoothFunction<Double>.quadratic(Matrix.identity(1), spheres: sphere(1))
        #expect(point.hessianSpectrum(at: point.block([1])) == nil)
    }
}
