import LinearAlgebra

/// A tile of samples: features and velocities (d × columns), logits or their gradient (K × columns), columns side by
/// side.
struct TileView<Scalar: BLASScalar> {
    let h: UnsafeMutablePointer<Scalar>
    let v: UnsafeMutablePointer<Scalar>
    let z: UnsafeMutablePointer<Scalar>
    let classes: Int
    let dimension: Int
    let vectors: Int

    @inline(__always)
    var columns: Int { vectors &* Scalar.Lanes.scalarCount }
}

/// Z ← W·H + b1ᵀ, rows are classes, and max Z of each column; before it H ← H − η·V where that is still to be done.
struct LogitBlocks<Scalar: BLASScalar, Kind: Coefficients>: RowBlockVisitor {
    let tile: TileView<Scalar>
    /// Wᵀ (d × K)
    let weights: UnsafeMutablePointer<Scalar>
    let bias: UnsafeMutablePointer<Scalar>?
    /// η, a number for each lane; nil where the features have moved.
    let rate: UnsafeMutablePointer<Scalar>?
    /// (columns)
    let maxima: UnsafeMutablePointer<Scalar>

    @inline(__always)
    func visit<Block: RowBlock>(_: Block.Type, firstRow: Int) where Block.Scalar == Scalar {
        let (lanes, columns) = (Scalar.Lanes.scalarCount, tile.columns)
        let width = Kind.width(Scalar.self)
        let left = LeftHandSide<Scalar>(start: weights, rowStride: width, depthStride: tile.classes &* width)
        let minusRate = rate.map { Scalar.Lanes() - Scalar.Lanes(loading: $0) } ?? Scalar.Lanes()
        let toVelocity = tile.v - tile.h
        var place = 0
        while place < columns {
            var block = Block()
            if let bias {
                block.updateRows(from: firstRow) { row, p, q in
                    p = Kind.load(bias + row &* width)
                    q = p
                }
            }
            let h = tile.h + place
            let right = RightHandSide<Scalar>(left: h, right: h + lanes, stride: columns, depth: tile.dimension)
            if firstRow == 0 && rate != nil {
                block.addProduct(left, firstRow: firstRow, right, Kind.self) { h in
                    let moved = Scalar.Lanes(loading: h).addingProduct(minusRate, Scalar.Lanes(loading: h + toVelocity))
                    moved.store(to: h)
                    return moved
                }
            } else {
                block.addProduct(left, firstRow: firstRow, right, Kind.self)
            }
            let z = tile.z + place
            let maxima = maxima + place
            var (leftMaximum, rightMaximum) = (Scalar.Lanes(), Scalar.Lanes())
            if firstRow > 0 {
                leftMaximum = Scalar.Lanes(loading: maxima)
                rightMaximum = Scalar.Lanes(loading: maxima + lanes)
            }
            block.updateRows(from: firstRow) { row, p, q in
                p.store(to: z + row &* columns)
                q.store(to: z + row &* columns + lanes)
                // A NaN in the first row stays, elsewhere it shows in the sums.
                leftMaximum = row == 0 ? p : Scalar.maximum(leftMaximum, p)
                rightMaximum = row == 0 ? q : Scalar.maximum(rightMaximum, q)
            }
            leftMaximum.store(to: maxima)
            rightMaximum.store(to: maxima + lanes)
            place &+= 2 &* lanes
        }
    }
}

/// ∂f/∂Wᵀ ← H·(∂f/∂Z)ᵀ (d × K) and ∂f/∂b, before lanes are added; rows are classes, the two vectors two dimensions.
struct ClassifierGradientBlocks<Scalar: BLASScalar>: RowBlockVisitor {
    let tile: TileView<Scalar>
    /// (d, rounded up to an even number × K × lanes)
    let sums: UnsafeMutablePointer<Scalar>
    /// (K × lanes)
    let biasSums: UnsafeMutablePointer<Scalar>?
    /// Nothing has been added yet.
    let isFirst: Bool

    @inline(__always)
    func visit<Block: RowBlock>(_: Block.Type, firstRow: Int) where Block.Scalar == Scalar {
        let (lanes, columns) = (Scalar.Lanes.scalarCount, tile.columns)
        let left = LeftHandSide<Scalar>(start: tile.z, rowStride: columns, depthStride: lanes)
        let pitch = tile.classes &* lanes
        var dimension = 0
        while dimension < tile.dimension {
            let h = tile.h + dimension &* columns
            // The last of an odd number is paired with itself.
            let next = dimension &+ 1 < tile.dimension ? h + columns : h
            let target = sums + dimension &* pitch
            var block = Block()
            if !isFirst {
                block.updateRows(from: firstRow) { row, p, q in
                    p = Scalar.Lanes(loading: target + row &* lanes)
                    q = Scalar.Lanes(loading: target + row &* lanes + pitch)
                }
            }
            block.addProduct(
                left, firstRow: firstRow,
                RightHandSide(left: h, right: next, stride: lanes, depth: tile.vectors), LaneCoefficients.self)
            block.updateRows(from: firstRow) { row, p, q in
                p.store(to: target + row &* lanes)
                q.store(to: target + row &* lanes + pitch)
            }
            dimension &+= 2
        }
        if let biasSums { addBias(Block.self, firstRow, biasSums) }
    }

    @inline(__always)
    private func addBias<Block: RowBlock>(
        _: Block.Type, _ firstRow: Int, _ biasSums: UnsafeMutablePointer<Scalar>
    ) where Block.Scalar == Scalar {
        let (lanes, columns) = (Scalar.Lanes.scalarCount, tile.columns)
        var block = Block()
        if !isFirst {
            block.updateRows(from: firstRow) { row, p, _ in p = Scalar.Lanes(loading: biasSums + row &* lanes) }
        }
        var place = 0
        while place < columns {
            let z = tile.z + place
            block.updateRows(from: firstRow) { row, p, q in
                p += Scalar.Lanes(loading: z + row &* columns)
                q += Scalar.Lanes(loading: z + row &* columns + lanes)
            }
            place &+= 2 &* lanes
        }
        block.updateRows(from: firstRow) { row, p, q in (p + q).store(to: biasSums + row &* lanes) }
    }
}

/// g ← Wᵀ·∂f/∂Z + λ·H, v ← m·v + g; rows are dimensions. The squares of g and H are added to `squares`.
struct FeatureGradientBlocks<Scalar: BLASScalar, Kind: Coefficients>: RowBlockVisitor {
    let tile: TileView<Scalar>
    /// W (K × d)
    let weights: UnsafeMutablePointer<Scalar>
    /// λ_H and m, a number for each lane.
    let decay: UnsafeMutablePointer<Scalar>
    let momentum: UnsafeMutablePointer<Scalar>
    /// Two vectors.
    let squares: UnsafeMutablePointer<Scalar>

    @inline(__always)
    func visit<Block: RowBlock>(_: Block.Type, firstRow: Int) where Block.Scalar == Scalar {
        let (lanes, columns) = (Scalar.Lanes.scalarCount, tile.columns)
        let width = Kind.width(Scalar.self)
        let left = LeftHandSide<Scalar>(start: weights, rowStride: width, depthStride: tile.dimension &* width)
        // Of the left and the right vector apart: each sum waits for its last addition.
        var (gradients, values) = (Scalar.Lanes(loading: squares), Scalar.Lanes(loading: squares + lanes))
        var (rightGradients, rightValues) = (Scalar.Lanes(), Scalar.Lanes())
        var place = 0
        while place < columns {
            var block = Block()
            let z = tile.z + place
            block.addProduct(
                left, firstRow: firstRow,
                RightHandSide(left: z, right: z + lanes, stride: columns, depth: tile.classes), Kind.self)
            let (lambda, m) = (Scalar.Lanes(loading: decay), Scalar.Lanes(loading: momentum))
            block.updateRows(from: firstRow) { row, p, q in
                let start = row &* columns &+ place
                update(tile.h + start, tile.v + start, p, lambda, m, &gradients, &values)
                update(tile.h + start + lanes, tile.v + start + lanes, q, lambda, m, &rightGradients, &rightValues)
            }
            place &+= 2 &* lanes
        }
        (gradients + rightGradients).store(to: squares)
        (values + rightValues).store(to: squares + lanes)
    }

    @inline(__always)
    private func update(
        _ h: UnsafeMutablePointer<Scalar>, _ v: UnsafeMutablePointer<Scalar>, _ gradient: Scalar.Lanes,
        _ lambda: Scalar.Lanes, _ m: Scalar.Lanes, _ gradients: inout Scalar.Lanes, _ values: inout Scalar.Lanes
    ) {
        let x = Scalar.Lanes(loading: h)
        let g = gradient.addingProduct(lambda, x)
        g.addingProduct(m, Scalar.Lanes(loading: v)).store(to: v)
        gradients = gradients.addingProduct(g, g)
        values = values.addingProduct(x, x)
    }
}
