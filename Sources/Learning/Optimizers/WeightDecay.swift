import LinearAlgebra

/// Weight decay Σ (λ_s/2)‖θ_s‖² over the slices s of a parameter block.
public struct WeightDecay: Equatable, Sendable {
    /// Neighbouring numbers of one λ.
    struct Part: Equatable, Sendable {
        var range: Range<Int>
        let lambda: Double
    }

    /// In order, without gaps, λ different from one to the next.
    let parts: [Part]

    /// Every slice with its own λ, at least 0; 0 is no decay.
    public init(_ layout: ParameterLayout, of lambda: (ParameterLayout.Slice) -> Double) {
        var parts: [Part] = []
        for slice in layout.slices where slice.count > 0 {
            let lambda = lambda(slice)
            precondition(lambda >= 0 && lambda.isFinite, "negative weight decay")
            if let last = parts.indices.last, parts[last].lambda == lambda {
                parts[last].range = parts[last].range.lowerBound..<slice.range.upperBound
            } else {
                parts.append(Part(range: slice.range, lambda: lambda))
            }
        }
        self.parts = parts
    }

    /// One λ for all parameters, biases included, as PyTorch's `weight_decay`.
    public init(_ layout: ParameterLayout, _ lambda: Double) { self.init(layout) { _ in lambda } }

    /// Numbers it is made for.
    var count: Int { parts.last?.range.upperBound ?? 0 }

    /// Σ (λ/2)‖θ‖².
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func penalty<Scalar: BLASScalar>(at parameters: ParameterBlock<Scalar>) -> Double {
        sum(at: parameters, addingTo: nil)
    }

    /// Σ (λ/2)‖θ‖², its gradient λθ added to `gradients`.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func evaluate<Scalar: BLASScalar>(
        at parameters: ParameterBlock<Scalar>, addingTo gradients: ParameterBlock<Scalar>
    ) -> Double {
        precondition(gradients.count >= count, "parameter block sizes differ")
        return sum(at: parameters, addingTo: gradients.start)
    }

    /// The squares of a piece are summed in Scalar by BLAS, the pieces in Float64.
    @inline(__always)
    private func sum<Scalar: BLASScalar>(
        at parameters: ParameterBlock<Scalar>, addingTo gradients: UnsafeMutablePointer<Scalar>?
    ) -> Double {
        precondition(parameters.count >= count, "parameter block sizes differ")
        let theta = parameters.start
        var sum = 0.0
        for part in parts where part.lambda > 0 {
            let factor = Scalar(part.lambda)
            var squares = 0.0
            for start in stride(from: part.range.lowerBound, to: part.range.upperBound, by: 1024) {
                let end = min(start + 1024, part.range.upperBound)
                if let gradients { for i in start..<end { gradients[i] += factor * theta[i] } }
                squares += Double(Scalar.dot(end - start, theta + start, theta + start))
            }
            sum += 0.5 * part.lambda * squares
        }
        return sum
    }
}
