import LinearAlgebra

// Winograd's minimal filtering F(4×4, 3×3) (Winograd 1980; Lavin and Gray, "Fast algorithms for convolutional neural
// networks", CVPR 2016): a tile of 4 × 4 outputs from 6 × 6 inputs d and a 3 × 3 filter g with 36 multiplications in
// place of 144,
//
//     Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A,
//
// one channel beside the other in the lanes of a vector register. Summed over input channels, ⊙ becomes 36 products of
// matrices (tiles × inputs)·(inputs × outputs). The adjoint of each step gives the gradients.
//
// Interpolation at 0, ±1, ±2 and ∞:
//
//     Bᵀ = ⎡4  0 −5  0  1  0⎤   G = ⎡ 1/4    0     0 ⎤   Aᵀ = ⎡1  1  1  1  1  0⎤
//          ⎢0 −4 −4  1  1  0⎥       ⎢−1/6  −1/6  −1/6⎥        ⎢0  1 −1  2 −2  0⎥
//          ⎢0  4 −4 −1  1  0⎥       ⎢−1/6   1/6  −1/6⎥        ⎢0  1  1  4  4  0⎥
//          ⎢0 −2 −1  2  1  0⎥       ⎢1/24   1/12  1/6⎥        ⎣0  1 −1  8 −8  1⎦
//          ⎢0  2 −1 −2  1  0⎥       ⎢1/24  −1/12  1/6⎥
//          ⎣0  4  0 −5  0  1⎦       ⎣  0     0     1 ⎦

typealias Six<V> = (V, V, V, V, V, V)

enum Winograd {
    /// Bᵀ d
    @inline(__always)
    static func input<V: SIMD>(_ d: Six<V>) -> Six<V> where V.Scalar: BLASScalar {
        let (a, b) = (d.4 - 4 * d.2, d.3 - 4 * d.1)
        let (c, e) = (d.4 - d.2, 2 * (d.3 - d.1))
        return (4 * d.0 - 5 * d.2 + d.4, a + b, a - b, c + e, c - e, 4 * d.1 - 5 * d.3 + d.5)
    }

    /// B v
    @inline(__always)
    static func inputAdjoint<V: SIMD>(_ v: Six<V>) -> Six<V> where V.Scalar: BLASScalar {
        let (p, m) = (v.1 + v.2, v.1 - v.2)
        let (q, l) = (v.3 + v.4, v.3 - v.4)
        return (4 * v.0, 4 * (v.5 - m) - 2 * l, -5 * v.0 - 4 * p - q, m + 2 * l - 5 * v.5, v.0 + p + q, v.5)
    }

    /// Aᵀ m
    @inline(__always)
    static func output<V: SIMD>(_ m: Six<V>) -> (V, V, V, V) where V.Scalar: BLASScalar {
        let (p, d) = (m.1 + m.2, m.1 - m.2)
        let (q, l) = (m.3 + m.4, m.3 - m.4)
        return (m.0 + p + q, d + 2 * l, p + 4 * q, d + 8 * l + m.5)
    }

    /// A y
    @inline(__always)
    static func outputAdjoint<V: SIMD>(_ y: (V, V, V, V)) -> Six<V> where V.Scalar: BLASScalar {
        let (even, odd) = (y.0 + y.2, y.1 + y.3)
        let (even2, odd2) = (y.0 + 4 * y.2, 2 * y.1 + 8 * y.3)
        return (y.0, even + odd, even - odd, even2 + odd2, even2 - odd2, y.3)
    }

    /// G g
    @inline(__always)
    static func filter<V: SIMD>(_ g: (V, V, V)) -> Six<V> where V.Scalar: BLASScalar {
        let sixth = V.Scalar(1) / 6
        let sum = (g.0 + g.2) * -sixth
        let (even, odd) = ((0.25 * g.0 + g.2) * sixth, g.1 * (0.5 * sixth))
        return (0.25 * g.0, sum - g.1 * sixth, sum + g.1 * sixth, even + odd, even - odd, g.2)
    }

    /// Gᵀ u
    @inline(__always)
    static func filterAdjoint<V: SIMD>(_ u: Six<V>) -> (V, V, V) where V.Scalar: BLASScalar {
        let sixth = V.Scalar(1) / 6
        let (p, q) = ((u.1 + u.2) * -sixth, (u.3 + u.4) * sixth)
        return (0.25 * (u.0 + q) + p, (u.2 - u.1) * sixth + (u.3 - u.4) * (0.5 * sixth), p + q + u.5)
    }
}

/// How the tiles of a convolution are cut into blocks that stay in the cache, and where everything lies in the
/// workspace.
struct WinogradPlan {
    let tileRows: Int
    let tileColumns: Int
    /// Tiles of all samples.
    let tiles: Int
    /// Tiles of a block.
    let block: Int
    /// Channels rounded up to whole vector registers of either precision.
    let inputPitch: Int
    let outputPitch: Int
    let inputs: Int
    let outputs: Int

    init(_ layer: Convolution, samples: Int) {
        tileRows = (layer.output.height + 3) / 4
        tileColumns = (layer.output.width + 3) / 4
        tiles = samples * tileRows * tileColumns
        (inputs, outputs) = (layer.input.channels, layer.output.channels)
        inputPitch = VectorRegister.roundUp(inputs)
        outputPitch = VectorRegister.roundUp(outputs)
        // Transformed inputs and outputs of a block beside the weights of one product in the second-level cache; but
        // enough tiles that reading the weights does not cost more than multiplying by them.
        block = min(tiles, max(64, min(512, 262_144 / (36 * (inputPitch + outputPitch)))))
    }

    /// From one of the 36 matrices to the next. A power of two would put all 36 into the same lines of the cache.
    var inputsStride: Int { block * inputPitch + 16 }
    var outputsStride: Int { block * outputPitch + 16 }
    var weightsStride: Int { inputs * outputPitch + 16 }
    var transposedStride: Int { outputs * inputPitch + 16 }

    /// One pixel of zeros or of numbers nobody reads, for what lies outside the image.
    var pixelCount: Int { max(inputPitch, outputPitch) }

    /// 36 vectors of either precision.
    static let scratchCount = 36 * VectorRegister.numbers

    /// Scratch, weights in both orders or their gradient, the blocks, two pixels; backward needs the most.
    var workspaceCount: Int {
        36 * (inputsStride + outputsStride + weightsStride + transposedStride) + 9 * inputs * outputs + 2 * pixelCount
            + Self.scratchCount
    }
}
