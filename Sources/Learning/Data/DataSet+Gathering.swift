import LinearAlgebra

extension DataSet {
    @inline(__always)
    func bytes(ofSample sample: Int) -> UnsafePointer<UInt8> {
        precondition(sample >= 0 && sample < samples, "sample out of range")
        return (values.baseAddress! + sample * sampleWidth).assumingMemoryBound(to: UInt8.self)
    }

    @inline(__always)
    func floats(ofSample sample: Int) -> UnsafePointer<Float> {
        precondition(sample >= 0 && sample < samples, "sample out of range")
        return (values.baseAddress! + 4 * sample * sampleWidth).assumingMemoryBound(to: Float.self)
    }

    /// target ← the normalised samples, (indices.count × padded sample).
    ///
    /// - Parameters:
    ///   - pad: zeros put on each side of an image, before it is normalised.
    ///   - augmentation: changes of this epoch; nil for the samples as they are.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func gather<Scalar: BLASScalar>(
        _ indices: ArraySlice<Int>, normalization: Normalization, pad: Int = 0,
        augmentation: AugmentationDraws? = nil, into target: UnsafeMutablePointer<Scalar>
    ) {
        let table = normalization.table(Scalar.self)
        precondition(table.period == 1 || table.period == normalizationPeriod, "normalisation of another data set")
        precondition(isImages || (pad == 0 && augmentation == nil), "padding or augmentation of vectors")
        var row = target
        if pad == 0 && augmentation == nil {
            for sample in indices {
                precondition(sample >= 0 && sample < samples, "sample out of range")
                let source = values.baseAddress! + sample * sampleWidth * element.byteCount
                normalize(source, count: sampleWidth, table, into: row)
                row += sampleWidth
            }
            return
        }
        let width = Self.padded(sampleShape, by: pad).reduce(1, *)
        withUnsafeTemporaryAllocation(
            byteCount: sampleShape[1] * sampleShape[2] * element.byteCount, alignment: 16
        ) { line in
            for sample in indices {
                let change = augmentation?.change(ofSample: sample) ?? AugmentationDraws.Change()
                place(sample, pad: pad, change, table, line: line.baseAddress!, into: row)
                row += width
            }
        }
    }

    /// target ← one image in a frame of zeros, changed.
    @inline(__always)
    private func place<Scalar: BLASScalar>(
        _ sample: Int, pad: Int, _ change: AugmentationDraws.Change, _ table: NormalizationTable<Scalar>,
        line: UnsafeMutableRawPointer, into target: UnsafeMutablePointer<Scalar>
    ) {
        precondition(sample >= 0 && sample < samples, "sample out of range")
        let (height, width, channels) = (sampleShape[0], sampleShape[1], sampleShape[2])
        let (outHeight, outWidth) = (height + 2 * pad, width + 2 * pad)
        let pixelBytes = channels * element.byteCount
        let image = values.baseAddress! + sample * sampleWidth * element.byteCount
        // Pixel x of the frame comes from x − pad + dx of the image.
        let first = min(outWidth, max(0, pad - change.dx))
        let end = max(first, min(outWidth, width + pad - change.dx))
        for y in 0..<outHeight {
            let row = target + y * outWidth * channels
            let sourceY = y - pad + change.dy
            guard sourceY >= 0, sourceY < height, first < end else {
                fillWithZero(count: outWidth * channels, table, into: row)
                continue
            }
            fillWithZero(count: first * channels, table, into: row)
            var source = image + sourceY * width * pixelBytes
            if change.flip {
                mirror(source, into: line)
                source = UnsafeRawPointer(line)
            }
            normalize(
                source + (first - pad + change.dx) * pixelBytes, count: (end - first) * channels, table,
                into: row + first * channels)
            fillWithZero(count: (outWidth - end) * channels, table, into: row + end * channels)
        }
    }

    /// target ← one line of an image, its pixels in reverse.
    @inline(__always)
    private func mirror(_ source: UnsafeRawPointer, into target: UnsafeMutableRawPointer) {
        let (width, channels) = (sampleShape[1], sampleShape[2])
        func mirror<Value: BitwiseCopyable>(as type: Value.Type) {
            let (from, to) = (source.assumingMemoryBound(to: type), target.assumingMemoryBound(to: type))
            var (forwards, backwards) = (0, (width - 1) &* channels)
            for _ in 0..<width {
                for c in 0..<channels { to[forwards &+ c] = from[backwards &+ c] }
                forwards &+= channels
                backwards &-= channels
            }
        }
        element == .byte ? mirror(as: UInt8.self) : mirror(as: Float.self)
    }

    /// target ← `count` raw values, normalised; the first is of channel or column 0.
    @inline(__always)
    private func normalize<Scalar: BLASScalar>(
        _ source: UnsafeRawPointer, count: Int, _ table: NormalizationTable<Scalar>,
        into target: UnsafeMutablePointer<Scalar>
    ) {
        // Decided when specialised; the concrete conversions vectorise, the generic ones do not.
        switch element {
        case .byte:
            let bytes = source.assumingMemoryBound(to: UInt8.self)
            if Scalar.self == Float.self {
                table.applyToBytes(count, into: target) { Float(bytes[$0]) as! Scalar }
            } else {
                table.applyToBytes(count, into: target) { Double(bytes[$0]) as! Scalar }
            }
        case .float:
            let floats = source.assumingMemoryBound(to: Float.self)
            if Scalar.self == Float.self {
                table.applyToValues(count, into: target) { floats[$0] as! Scalar }
            } else {
                table.applyToValues(count, into: target) { Double(floats[$0]) as! Scalar }
            }
        }
    }

    @inline(__always)
    private func fillWithZero<Scalar: BLASScalar>(
        count: Int, _ table: NormalizationTable<Scalar>, into target: UnsafeMutablePointer<Scalar>
    ) {
        if element == .byte {
            table.applyToBytes(count, into: target) { _ in 0 }
        } else {
            table.applyToValues(count, into: target) { _ in 0 }
        }
    }

    /// target ← the labels of these samples.
    public func gatherLabels(_ indices: ArraySlice<Int>, into target: UnsafeMutablePointer<Int32>) {
        for (position, sample) in indices.enumerated() { target[position] = labels[sample] }
    }
}
