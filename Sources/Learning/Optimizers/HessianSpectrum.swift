import LinearAlgebra

/// Eigenvalues of a function's Hessian at a point, on the tangent space of the spheres the point is bound to:
/// directions that leave them do not count.
public struct HessianSpectrum<Scalar: BLASScalar> {
    public let smallest: EigenPair<Scalar>
    public let largest: EigenPair<Scalar>
    /// All of them, ascending; nil where only the extremes are known.
    public let values: [Double]?
    /// What counts as zero: √ε times the largest magnitude, ε the precision's.
    public let zeroTolerance: Double

    /// The Morse index; nil where only the extremes are known.
    public var negativeCount: Int? { values?.count { $0 < -zeroTolerance } }
    public var zeroCount: Int? { values?.count { abs($0) <= zeroTolerance } }
}

extension TwiceDifferentiable {
    /// The spectrum at a point on the spheres: a dense matrix up to the size given, beyond that both ends by Lanczos'
    /// method to residuals of 10⁻¹⁰ (Float64) of the norm.
    ///
    /// nil where the tangent space is a point or the Hessian is not finite.
    public func hessianSpectrum(at point: ParameterBlock<Scalar>, denseUpTo limit: Int = 2000) -> HessianSpectrum<
        Scalar
    >? {
        let dimension = spheres.tangentDimension(of: layout)
        guard dimension > 0 else { return nil }
        let gradient = ParameterBlock<Scalar>(layout: layout)
        let multipliers = ParameterBlock<Scalar>(layout: spheres.multiplierLayout)
        guard evaluateOnSpheres(at: point, gradient: gradient, multipliers: multipliers).isFinite,
            gradient.norm.isFinite
        else { return nil }
        let multiply = { (direction: ParameterBlock<Scalar>, product: ParameterBlock<Scalar>) in
            self.multiplyTangentHessian(at: point, multipliers: multipliers, by: direction, into: product)
        }
        let relative = Double(Scalar.ulpOfOne).squareRoot()
        guard dimension > limit else {
            let matrix = tangentHessian(at: point)
            guard matrix.elements.allSatisfy(\.isFinite) else { return nil }
            let values = Array(matrix.symmetricEigenvalues().reversed())
            let coordinates = spheres.tangentCoordinates(of: layout)
            func pair(_ value: Double) -> EigenPair<Scalar> {
                let vector = ParameterBlock<Scalar>(layout: layout)
                for (number, i) in zip(matrix.symmetricEigenvector(near: value), coordinates) {
                    vector.start[i] = Scalar(number)
                }
                spheres.reflect(vector, at: point)
                return measuredPair(vector, multiply: multiply)
            }
            return HessianSpectrum(
                smallest: pair(values[0]), largest: pair(values[dimension - 1]), values: values,
                zeroTolerance: relative * max(abs(values[0]), abs(values[dimension - 1])))
        }
        let lanczos = Lanczos<Scalar>(
            layout: layout, dimension: dimension, stream: .max, multiply: multiply,
            project: { self.spheres.project($0, at: point) })
        let accuracy = max(1e-10, 64 * Double(Scalar.ulpOfOne))
        let (smallest, largest) = lanczos.extremes(productLimit: 20_000) { lowest, highest, norm in
            max(lowest.residual, highest.residual) <= accuracy * norm
        }
        guard smallest.value.isFinite, largest.value.isFinite else { return nil }
        return HessianSpectrum(
            smallest: smallest, largest: largest, values: nil,
            zeroTolerance: relative * max(abs(smallest.value), abs(largest.value)))
    }

    /// The Riemannian Hessian as a symmetric matrix in an orthonormal basis of the tangent space at a point on the
    /// spheres: of the whole space where there are none.
    public func tangentHessian(at point: ParameterBlock<Scalar>) -> Matrix {
        let (direction, product) = (ParameterBlock<Scalar>(layout: layout), ParameterBlock<Scalar>(layout: layout))
        let multipliers = ParameterBlock<Scalar>(layout: spheres.multiplierLayout)
        _ = evaluateOnSpheres(at: point, gradient: product, multipliers: multipliers)
        let coordinates = spheres.tangentCoordinates(of: layout)
        let order = coordinates.count
        var matrix = Matrix(rows: order, columns: order)
        matrix.withUnsafeMutableElements { elements in
            for (row, coordinate) in coordinates.enumerated() {
                direction.zero()
                direction.start[coordinate] = 1
                spheres.reflect(direction, at: point)
                multiplyTangentHessian(at: point, multipliers: multipliers, by: direction, into: product)
                spheres.reflect(product, at: point)
                for (column, i) in coordinates.enumerated() {
                    let half = 0.5 * Double(product.start[i])
                    elements[row * order + column] += half
                    elements[column * order + row] += half
                }
            }
        }
        return matrix
    }
}
