import RandomNumbers
import Testing

@testable import LinearAlgebra

/// The matrix unit's products against Float64, against plain float32, and where they must be exact.
@Suite(.enabled(if: TileProduct.isSupported, "this CPU has no matrix unit")) struct TileProductTests {
    /// Sizes around those of tiles, panels, and groups of panels of either side.
    private static let sizes = [
        (1, 1, 1), (3, 5, 7), (16, 32, 31), (33, 17, 48), (32, 32, 32), (65, 129, 95), (40, 300, 100), (290, 170, 33),
        (257, 257, 65), (31, 140, 513), (130, 30, 1100),
    ]

    @Test(arguments: [Transpose.no, .yes], [Transpose.no, .yes])
    func agreesWithItsNaiveTwinAndKeepsToItsMatrices(_ transposeA: Transpose, _ transposeB: Transpose) throws {
        for (index, (m, n, k)) in Self.sizes.enumerated() {
            for adding in [false, true] {
                // NaN lies between the rows: whoever reads it shows it.
                let a = Operand(transposeA == .no ? (m, k) : (k, m), seed: UInt64(3 * index))
                let b = Operand(transposeB == .no ? (k, n) : (n, k), seed: UInt64(3 * index + 1))
                let before = Operand((m, n), seed: UInt64(3 * index + 2))
                let c = Buffer<Float>(before.buffer.array)
                TileProduct.multiply(
                    transposeA, transposeB, m, n, k, a.buffer.start, a.pitch, b.buffer.start, b.pitch,
                    adding: adding, c.start, before.pitch)
                for i in 0..<m {
                    for j in 0..<n {
                        var (exact, size) = adding ? (Double(before[i, j]), Double(abs(before[i, j]))) : (0, 0)
                        for p in 0..<k {
                            let x = Double(transposeA == .no ? a[i, p] : a[p, i])
                            let term = x * Double(transposeB == .no ? b[p, j] : b[j, p])
                            exact += term
                            size += abs(term)
                        }
                        let error = abs(Double(c[i * before.pitch + j]) - exact)
                        guard error <= 0x1p-22 * size else {
                            Issue.record("(\(m) × \(n) × \(k)) at \(i), \(j): off by \(error) of \(size)")
                            return
                        }
                    }
                    for j in n..<before.pitch { #expect(c[i * before.pitch + j].isNaN) }
                }
            }
        }
    }

    /// Than products and sums in float32, in root mean square over all elements: of numbers of either sign, of one sign
    /// (roundings add up), and of 13 orders of magnitude.
    @Test(arguments: 0..<3) func isNoLessAccurateThanFloat32(_ kind: Int) throws {
        let (m, n, k) = (96, 112, 700)
        let random = Philox(seed: 5, purpose: .test)
        func number(_ index: Int) -> Float {
            let normal = random.normal(at: UInt64(index))
            switch kind {
            case 0: return Float(normal)
            case 1: return Float(abs(normal))
            default: return Float(normal) * Float(sign: .plus, exponent: (index * 7919) % 43 - 21, significand: 1)
            }
        }
        let (a, b) = (Buffer<Float>(count: m * k), Buffer<Float>(count: k * n))
        for index in 0..<m * k { a[index] = number(index) }
        for index in 0..<k * n { b[index] = number(m * k + index) }
        let tiles = Buffer<Float>(count: m * n)
        TileProduct.multiply(.no, .no, m, n, k, a.start, k, b.start, n, adding: false, tiles.start, n)
        var (tileSum, plainSum) = (0.0, 0.0)
        for i in 0..<m {
            for j in 0..<n {
                let terms = (0..<k).map { Double(a[i * k + $0]) * Double(b[$0 * n + j]) }
                let (exact, size) = (terms.reduce(0, +), terms.reduce(0) { $0 + abs($1) })
                let plain = (0..<k).reduce(Float(0)) { $0 + a[i * k + $1] * b[$1 * n + j] }
                let (tileError, plainError) = (
                    (Double(tiles[i * n + j]) - exact) / size, (Double(plain) - exact) / size
                )
                tileSum += tileError * tileError
                plainSum += plainError * plainError
            }
        }
        #expect(tileSum <= plainSum)
    }

    /// Three parts hold all bits of a number, whatever its bits are: times one, it is what it was.
    @Test func splittingLosesNothing() throws {
        let order = 96
        let random = Philox(seed: 6, purpose: .test)
        let (a, identity, c) = (
            Buffer<Float>(count: order * order), Buffer<Float>(count: order * order),
            Buffer<Float>(count: order * order)
        )
        for index in 0..<order * order {
            // From 2⁻¹⁰³, below which parts are too small, to the largest numbers, which rounding would make infinite.
            let significand = 1 + Float(random.bits(at: UInt64(index)).0 & 0x7fffff) * 0x1p-23
            a[index] = Float(
                sign: index % 3 == 0 ? .minus : .plus, exponent: index % 231 - 103, significand: significand)
        }
        for index in 0..<order { identity[index * order + index] = 1 }
        for isLeft in [true, false] {
            let (left, right) = isLeft ? (a, identity) : (identity, a)
            TileProduct.multiply(
                .no, .no, order, order, order, left.start, order, right.start, order, adding: false, c.start, order)
            #expect(c.array == a.array)
        }
    }

    /// Sums of integers that float32 holds are those integers.
    @Test func integersAreExact() throws {
        let (m, n, k) = (70, 90, 640)
        let (a, b, c) = (Buffer<Float>(count: m * k), Buffer<Float>(count: k * n), Buffer<Float>(count: m * n))
        for index in 0..<m * k { a[index] = Float(index * 31 % 257 - 128) }
        for index in 0..<k * n { b[index] = Float(index * 17 % 201 - 100) }
        TileProduct.multiply(.no, .no, m, n, k, a.start, k, b.start, n, adding: false, c.start, n)
        for i in 0..<m {
            for j in 0..<n {
                let exact = (0..<k).reduce(0) { $0 + Int(a[i * k + $1]) * Int(b[$1 * n + j]) }
                #expect(c[i * n + j] == Float(exact))
            }
        }
    }

    /// What is not finite stays in its rows and columns, and does not become finite there: trials that diverge are
    /// told by it. NaN with all kinds of bits.
    @Test(
        arguments: [Float.infinity, -.infinity, .nan]
            + [0x7f80_0001, 0xff80_0001, 0x7fff_7fff, 0x7fff_8000, 0x7fff_ffff, 0xffff_ffff].map {
                Float(bitPattern: $0)
            })
    func whatIsNotFiniteShows(_ number: Float) throws {
        let order = 64
        let (a, b, c) = (
            Buffer<Float>(count: order * order), Buffer<Float>(count: order * order),
            Buffer<Float>(count: order * order)
        )
        for index in 0..<order * order { (a[index], b[index]) = (Float(index % 5 + 1), Float(index % 3 + 1)) }
        a[7 * order + 9] = number
        TileProduct.multiply(
            .no, .no, order, order, order, a.start, order, b.start, order, adding: false, c.start, order)
        for i in 0..<order {
            for j in 0..<order { #expect(c[i * order + j].isFinite == (i != 7)) }
        }
    }

    /// Random numbers with rows that are longer than what is used of them, the rest NaN.
    private struct Operand {
        let buffer: Buffer<Float>
        let pitch: Int

        init(_ shape: (Int, Int), seed: UInt64) {
            pitch = shape.1 + 3
            buffer = Buffer(count: shape.0 * pitch)
            let random = Philox(seed: seed, purpose: .test)
            for index in 0..<buffer.count {
                buffer[index] = index % pitch < shape.1 ? Float(random.normal(at: UInt64(index))) : .nan
            }
        }

        subscript(row: Int, column: Int) -> Float { buffer[row * pitch + column] }
    }
}
