import Learning
import LinearAlgebra

extension FusedDescent {
    private var lanes: Int { DescentLayout<Scalar>.lanes }

    @inline(__always)
    func pass<Kind: Coefficients>(_ kind: Kind.Type) {
        beginPass()
        transposeClassifier(kind)
        for index in 0..<layout.tiles {
            let tile = layout.tile(index)
            let h = features.values.start + tile.offset
            let v = features.velocity.start + tile.offset
            if !movesInProduct { move(h, v, numbers: shape.dimension * tile.vectors * lanes) }
            let view = TileView(
                h: h, v: v, z: logits.start, classes: shape.classes, dimension: shape.dimension, vectors: tile.vectors)
            LogitBlocks<Scalar, Kind>(
                tile: view, weights: classifier.values.start, bias: bias.map { $0.values.start },
                rate: movesInProduct ? rate.start : nil, maxima: maxima.start
            ).visitBlocks(rows: shape.classes)
            addLoss(firstColumn: tile.firstColumn, columns: tile.columns, stride: tile.vectors * lanes)
            ClassifierGradientBlocks<Scalar>(
                tile: view, sums: classifierSums.start, biasSums: bias == nil ? nil : biasSums.start,
                isFirst: index == 0
            ).visitBlocks(rows: shape.classes)
            tileSquares.zero()
            FeatureGradientBlocks<Scalar, Kind>(
                tile: view, weights: transposedClassifier.start, decay: features.decay.start,
                momentum: momentum.start, squares: tileSquares.start
            ).visitBlocks(rows: shape.dimension)
            addTileSquares()
        }
        endPass(hasLanes: true)
    }

    @inline(__always)
    func passByBLAS() {
        beginPass()
        let (k, d) = (shape.classes, shape.dimension)
        let weights = classifier.values.start
        for index in 0..<layout.tiles {
            let tile = layout.tile(index)
            let h = features.values.start + tile.offset
            let v = features.velocity.start + tile.offset
            let width = tile.vectors * lanes
            let z = logits.start
            move(h, v, numbers: d * width)
            if let bias {
                for label in 0..<k { (z + label * width).update(repeating: bias.values.start[label], count: width) }
            }
            Scalar.gemm(.yes, .no, k, width, d, 1, weights, k, h, width, bias == nil ? 0 : 1, z, width)
            addLoss(firstColumn: tile.firstColumn, columns: tile.columns, stride: width)
            Scalar.gemm(.no, .yes, d, k, width, 1, h, width, z, width, index == 0 ? 0 : 1, classifierSums.start, k)
            if bias != nil {
                for label in 0..<k {
                    let sum = fixedOrderSum(z + label * width, width)
                    biasSums.start[label] = index == 0 ? sum : biasSums.start[label] + sum
                }
            }
            Scalar.gemm(.no, .no, d, width, k, 1, weights, k, z, width, 0, featureGradient.start, width)
            tileSquares.zero()
            accelerate(h, v, along: featureGradient.start, numbers: d * width, decay: features.decay.start)
            addTileSquares()
        }
        endPass(hasLanes: false)
    }

    // MARK: Steps of the pass

    @inline(__always)
    private func beginPass() {
        sums.zero()
        move(classifier.values.start, classifier.velocity.start, numbers: classifier.values.count)
        if let bias { move(bias.values.start, bias.velocity.start, numbers: bias.values.count) }
    }

    /// The product reads a tile column by column, which is slow where it is the first to fetch what a core's caches
    /// near it do not hold.
    @inline(__always)
    private var movesInProduct: Bool {
        shape.dimension * layout.tileVectors * lanes * MemoryLayout<Scalar>.stride <= 128 << 10
    }

    /// W (K × d) of Wᵀ: each product reads the coefficients of a block's rows side by side.
    @inline(__always)
    private func transposeClassifier<Kind: Coefficients>(_: Kind.Type) {
        let width = Kind.width(Scalar.self)
        for label in 0..<shape.classes {
            var source = classifier.values.start + label &* width
            var target = transposedClassifier.start + label &* shape.dimension &* width
            for _ in 0..<shape.dimension {
                Kind.copy(source, to: target)
                source += shape.classes &* width
                target += width
            }
        }
    }

    /// θ ← θ − η·v.
    @inline(__always)
    private func move(_ theta: UnsafeMutablePointer<Scalar>, _ v: UnsafeMutablePointer<Scalar>, numbers: Int) {
        let rate = Scalar.Lanes(repeating: 0) - Scalar.Lanes(loading: rate.start)
        var place = 0
        while place < numbers {
            Scalar.Lanes(loading: theta + place).addingProduct(rate, Scalar.Lanes(loading: v + place))
                .store(to: theta + place)
            place &+= Scalar.Lanes.scalarCount
        }
    }

    /// g ← g + λ·θ, v ← m·v + g; the squares of g and θ are added to the tile's.
    @inline(__always)
    private func accelerate(
        _ theta: UnsafeMutablePointer<Scalar>, _ v: UnsafeMutablePointer<Scalar>,
        along g: UnsafeMutablePointer<Scalar>, numbers: Int, decay: UnsafeMutablePointer<Scalar>
    ) {
        let (m, lambda) = (Scalar.Lanes(loading: momentum.start), Scalar.Lanes(loading: decay))
        func move(_ place: Int, _ gradient: inout Scalar.Lanes, _ values: inout Scalar.Lanes) {
            let x = Scalar.Lanes(loading: theta + place)
            let direction = Scalar.Lanes(loading: g + place).addingProduct(lambda, x)
            direction.addingProduct(m, Scalar.Lanes(loading: v + place)).store(to: v + place)
            gradient = gradient.addingProduct(direction, direction)
            values = values.addingProduct(x, x)
        }
        // Two vectors at a time: each sum waits for its last addition.
        var (gradient, nextGradient) = (Scalar.Lanes(), Scalar.Lanes())
        var (values, nextValues) = (Scalar.Lanes(), Scalar.Lanes())
        var place = 0
        while place &+ lanes < numbers {
            move(place, &gradient, &values)
            move(place &+ lanes, &nextGradient, &nextValues)
            place &+= 2 &* lanes
        }
        if place < numbers { move(place, &gradient, &values) }
        (Scalar.Lanes(loading: tileSquares.start) + gradient + nextGradient).store(to: tileSquares.start)
        (Scalar.Lanes(loading: tileSquares.start + lanes) + values + nextValues).store(to: tileSquares.start + lanes)
    }

    /// The losses of the tile's columns, each lane's apart in a pack; the logits become their gradient, zero where
    /// there is no sample.
    @inline(__always)
    private func addLoss(firstColumn: Int, columns: Int, stride: Int) {
        let scale = Scalar(1 / Double(layout.samples))
        let most = crossEntropy == nil ? LossWorkspace<Scalar>.tile : SortedCrossEntropy<Scalar>.mostColumns
        var first = 0
        while first < columns {
            let count = min(most, columns - first)
            if let crossEntropy {
                crossEntropy.evaluate(
                    logits.start + first, maxima: form == .blas ? nil : maxima.start + first, stride: stride,
                    first: firstColumn + first, columns: count, scale: scale, addingTo: sums.start)
            } else {
                addLoss(piece: first, firstColumn + first, columns: count, stride: stride, scale: scale)
            }
            first += count
        }
        guard columns < stride else { return }
        for label in 0..<shape.classes {
            (logits.start + label * stride + columns).update(repeating: 0, count: stride - columns)
        }
    }

    /// Of any other loss than cross-entropy.
    @inline(__always)
    private func addLoss(piece: Int, _ firstColumn: Int, columns: Int, stride: Int, scale: Scalar) {
        labels.withUnsafeBufferPointer { labels in
            _ = shape.loss.evaluate(
                logits: logits.start + piece, classes: shape.classes, samples: columns, stride: stride,
                labels: labels.baseAddress! + firstColumn, scale: scale, workspace: workspace)
        }
        for column in 0..<columns { sums.start[column % lanes] += workspace.losses.start[column] }
    }

    @inline(__always)
    private func addTileSquares() { addSquares(.gradient, .features) }

    @inline(__always)
    private func addSquares(_ gradient: DescentSum, _ values: DescentSum) {
        for lane in 0..<lanes {
            let place = form == .packed ? lane : 0
            sums.start[gradient.rawValue * lanes + place] += Double(tileSquares.start[lane])
            sums.start[values.rawValue * lanes + place] += Double(tileSquares.start[lanes + lane])
        }
    }

    @inline(__always)
    private func endPass(hasLanes: Bool) {
        func finish(_ variable: DescentVariable<Scalar>, _ gradient: Buffer<Scalar>, _ sum: DescentSum, numbers: Int) {
            if hasLanes && form != .packed { addLanes(of: gradient.start, numbers: numbers) }
            tileSquares.zero()
            accelerate(
                variable.values.start, variable.velocity.start, along: gradient.start, numbers: variable.values.count,
                decay: variable.decay.start)
            addSquares(.gradient, sum)
        }
        finish(classifier, classifierSums, .classifier, numbers: shape.dimension * shape.classes)
        if let bias { finish(bias, biasSums, .bias, numbers: shape.classes) }
        guard form != .packed else { return }
        for lane in 1..<lanes { sums.start[0] += sums.start[lane] }
    }

    /// x[i] ← Σ over the lanes of vector i; zeros up to the next whole vector.
    @inline(__always)
    private func addLanes(of x: UnsafeMutablePointer<Scalar>, numbers: Int) {
        for number in 0..<numbers {
            let vector = x + number * lanes
            var sum: Scalar = 0
            for lane in 0..<lanes { sum += vector[lane] }
            x[number] = sum
        }
        for number in numbers..<(numbers + lanes - 1) / lanes * lanes { x[number] = 0 }
    }
}
