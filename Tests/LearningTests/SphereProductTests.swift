import Foundation
import LinearAlgebra
import Testing

@testable import Learning

@Suite struct SphereProductTests {
    /// Two families with a free number before, between and behind: 300 columns of length 7, more than are done at a
    /// time, and 5 rows of length 4.
    private static let columns = SphereProduct.Family(
        offset: 1, count: 300, length: 7, vectorStride: 1, elementStride: 300, radius: 0.5)
    private static let rows = SphereProduct.Family(
        offset: 2102, count: 5, length: 4, vectorStride: 4, elementStride: 1, radius: 3)
    private static let spheres = SphereProduct([columns, rows])
    private static let count = 2123

    private func function<Scalar: BLASScalar>(_: Scalar.Type) -> SmoothFunction<Scalar> {
        SmoothFunction(Self.count, spheres: Self.spheres, { _, _ in 0 }, product: { _, _, _ in })
    }

    /// Indices of each vector's elements, with its radius.
    private static var vectors: [(radius: Double, indices: [Int])] {
        spheres.families.flatMap { family in
            (0..<family.count).map { i in
                (
                    family.radius,
                    (0..<family.length).map { family.offset + i * family.vectorStride + $0 * family.elementStride }
                )
            }
        }
    }

    private func expectClose<Scalar: BLASScalar>(_ block: ParameterBlock<Scalar>, _ expected: [Double]) {
        let bound = 64 * Double(Scalar.ulpOfOne)
        for (index, value) in expected.enumerated() {
            #expect(abs(Double(block.storage[index]) - value) <= bound * max(1, abs(value)))
        }
    }

    private func checkOperations<Scalar: BLASScalar>(_: Scalar.Type) {
        let f = function(Scalar.self)
        let (point, vector) = (f.randomBlock(0), f.randomBlock(1))
        var (x, v) = (point.storage.array.map(Double.init), vector.storage.array.map(Double.init))
        for (radius, indices) in Self.vectors {
            let norm = indices.reduce(0) { $0 + x[$1] * x[$1] }.squareRoot()
            let share = indices.reduce(0) { $0 + x[$1] * v[$1] } / (norm * norm)
            for i in indices { (x[i], v[i]) = (radius / norm * x[i], radius / norm * (v[i] - share * x[i])) }
        }
        let alone = f.randomBlock(0)
        Self.spheres.normalize(alone)
        Self.spheres.normalize(point, carrying: vector)
        #expect(alone.storage.array == point.storage.array)
        expectClose(point, x)
        expectClose(vector, v)

        let gradient = f.randomBlock(2)
        let (projected, multipliers) = (f.randomBlock(2), ParameterBlock<Scalar>(layout: Self.spheres.multiplierLayout))
        Self.spheres.split(gradient, at: point, multipliers: multipliers)
        Self.spheres.project(projected, at: point)
        #expect(multipliers.count == 305 && Self.spheres.count == 305)
        var g = f.randomBlock(2).storage.array.map(Double.init)
        var mu: [Double] = []
        for (radius, indices) in Self.vectors {
            mu.append(indices.reduce(0) { $0 + x[$1] * g[$1] } / (radius * radius))
            for i in indices { g[i] -= mu.last! * x[i] }
        }
        expectClose(gradient, g)
        expectClose(projected, g)
        expectClose(multipliers, mu)

        let product = f.randomBlock(3)
        Self.spheres.restrict(product: product, of: vector, at: point, multipliers: multipliers)
        var hv = f.randomBlock(3).storage.array.map(Double.init)
        for ((radius, indices), mu) in zip(Self.vectors, mu) {
            let share = indices.reduce(0) { $0 + x[$1] * hv[$1] } / (radius * radius)
            for i in indices { hv[i] -= share * x[i] + mu * v[i] }
        }
        expectClose(product, hv)
    }

    @Test func operationsAgreeWithTheirDefinitions() {
        checkOperations(Double.self)
        checkOperations(Float.self)
    }

    /// Q is orthogonal and its own inverse, takes the point to the first coordinates alone, and others to tangents.
    @Test func reflectionsGiveATangentBasis() {
        let f = function(Double.self)
        let point = f.randomPoint(0)
        let (a, b) = (f.randomBlock(1), f.randomBlock(2))
        let before = a.dot(b)
        Self.spheres.reflect(a, at: point)
        Self.spheres.reflect(b, at: point)
        #expect(abs(a.dot(b) - before) < 1e-11)
        Self.spheres.reflect(a, at: point)
        expectClose(a, f.randomBlock(1).storage.array)

        let turned = f.randomPoint(0)
        Self.spheres.reflect(turned, at: point)
        let free = Self.spheres.tangentCoordinates(of: f.layout)
        #expect(free.count == Self.count - 305)
        #expect(Self.spheres.tangentDimension(of: f.layout) == free.count)
        for i in free where Self.vectors.contains(where: { $0.indices.contains(i) }) {
            #expect(abs(turned.storage[i]) < 1e-14)
        }
        let tangent = f.block([])
        for i in free { tangent.storage[i] = Double(i % 13) - 6 }
        Self.spheres.reflect(tangent, at: point)
        for (_, indices) in Self.vectors {
            #expect(abs(indices.reduce(0) { $0 + tangent.storage[$1] * point.storage[$1] }) < 1e-13)
        }
    }

    /// Along the retraction: first derivative by central differences; along geodesics: the second.
    @Test(arguments: 0..<5) func riemannianDerivativesAgreeWithDifferences(stream: UInt32) {
        for f in [
            SmoothFunction<Double>.bilinear(rows: 4, dimension: 3, columns: 6),
            .framePotential(vectors: 5, dimension: 3, areColumns: true),
            .quadratic(symmetricMatrix(spectrum: [-2, 1, 3, 5]).matrix, spheres: sphere(4, radius: 1.7)),
        ] {
            let point = f.randomPoint(stream)
            let gradient = f.block([])
            let multipliers = ParameterBlock<Double>(layout: f.spheres.multiplierLayout)
            _ = f.evaluateOnSpheres(at: point, gradient: gradient, multipliers: multipliers)
            let (v, u) = (f.randomTangent(10 + stream, at: point), f.randomTangent(20 + stream, at: point))
            let (hv, hu) = (f.block([]), f.block([]))
            f.multiplyTangentHessian(at: point, multipliers: multipliers, by: v, into: hv)
            f.multiplyTangentHessian(at: point, multipliers: multipliers, by: u, into: hu)
            #expect(abs(u.dot(hv) - v.dot(hu)) < 1e-11 * (1 + hv.norm * u.norm))

            let h = 1e-4
            let (forward, backward) = (value(f, point, v, h), value(f, point, v, -h))
            let middle = value(f, point, v, 0)
            let slope = (forward - backward) / (2 * h)
            #expect(abs(slope - gradient.dot(v)) < 1e-6 * (1 + abs(slope)))
            let curvature = (forward - 2 * middle + backward) / (h * h)
            #expect(abs(curvature - v.dot(hv)) < 1e-5 * (1 + abs(curvature)))
        }
    }

    /// f at the point t of the geodesic that leaves along v: x cos(t‖v‖/r) + v r/‖v‖ sin(t‖v‖/r) on each sphere.
    private func value(
        _ f: SmoothFunction<Double>, _ point: ParameterBlock<Double>, _ v: ParameterBlock<Double>, _ t: Double
    ) -> Double {
        let x = f.block(point.storage.array)
        x.add(v, scaledBy: t)
        for family in f.spheres.families {
            for i in 0..<family.count {
                let indices = (0..<family.length).map {
                    family.offset + i * family.vectorStride + $0 * family.elementStride
                }
                let speed = indices.reduce(0) { $0 + v.storage[$1] * v.storage[$1] }.squareRoot()
                let angle = t * speed / family.radius
                for j in indices {
                    x.storage[j] = point.storage[j] * cos(angle) + v.storage[j] * family.radius / speed * sin(angle)
                }
            }
        }
        return f.evaluate(at: x, gradient: f.block([]))
    }
}
