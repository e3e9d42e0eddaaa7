import Learning
import LinearAlgebra

/// What trials that can be minimised side by side have in common; all else may differ from one to the next.
public struct DescentShape: Equatable, Sendable {
    /// K.
    public let classes: Int
    /// d.
    public let dimension: Int
    public let loss: ClassificationLoss
    public let hasBias: Bool
    /// n_k.
    let classSizes: [Int]

    /// nil for models of another kind than a learned classifier on features of one class each, all decayed.
    public init?(_ model: UnconstrainedFeatureModel) {
        guard case .classification(let loss) = model.loss, model.decays != nil, model.classifier == .learned,
            model.hidden == nil, let sizes = model.samples.classSizes(classes: model.classes)
        else { return nil }
        classes = model.classes
        dimension = model.dimension
        self.loss = loss
        hasBias = model.bias != .none
        classSizes = sizes
    }

    /// N.
    public var samples: Int { classSizes.reduce(0, +) }

    /// Class of each sample.
    var labels: [Int32] {
        classSizes.enumerated().flatMap { Array(repeating: Int32($0.offset), count: $0.element) }
    }
}

/// How the numbers of gradient descent lie in vectors: a function of a trial's own sizes and precision alone, as the
/// order of sums, and so the last bits, depend on it.
public enum DescentForm: Sendable {
    /// Each lane is another trial. Nothing is added across lanes, so a trial's numbers do not depend on its neighbours.
    case packed
    /// Lanes are samples of one trial; products by kernels of our own, which beat BLAS where K is small.
    case tiled
    /// Lanes are samples of one trial; products by BLAS.
    case blas

    public init<Scalar: BLASScalar>(for shape: DescentShape, _: Scalar.Type) {
        let numbers = shape.dimension * shape.samples + shape.classes * (shape.dimension + shape.samples)
        if numbers * Scalar.Lanes.scalarCount * MemoryLayout<Scalar>.stride <= Self.packedBytes {
            self = .packed
        } else {
            self = shape.classes < Self.fewestClassesForBLAS ? .tiled : .blas
        }
    }

    /// Features, classifiers and logits of a pack that fit into a core's first cache. Beyond, a trial has samples
    /// enough to fill vectors by itself, and one after the other is about as fast; alone it is several times faster.
    private static let packedBytes = 48 << 10
    /// With so many classes the blocks of our kernels are no better than those of BLAS, which may have wider vectors where
    /// these are of 32 bytes.
    private static let fewestClassesForBLAS = VectorRegister.numbers == 16 ? 120 : 20
}

/// Where the features of each sample lie: tiles of some vectors of samples, row by row in each.
///
/// (tiles × d × vectors × lanes). A tile is what one turn of the pass works on, and lies in one piece.
struct DescentLayout<Scalar: BLASScalar> {
    /// d.
    let dimension: Int
    /// N.
    let samples: Int
    let form: DescentForm
    /// Vectors of samples, an even number; what is beyond the last sample stays zero.
    let vectors: Int
    /// Of a tile, but the last may be narrower; even.
    let tileVectors: Int

    @inline(__always)
    static var lanes: Int { Scalar.Lanes.scalarCount }

    init(_ shape: DescentShape, _ form: DescentForm, tileVectors: Int?) {
        dimension = shape.dimension
        samples = shape.samples
        self.form = form
        let perVector = form == .packed ? 1 : Self.lanes
        vectors = (samples + 2 * perVector - 1) / (2 * perVector) * 2
        // Sums over samples are stored once a tile, so it should be long, yet a tile and its velocities stay in the
        // cache; a pack's holds as many columns as the loss takes at a time.
        let bytesPerVector = shape.dimension * Self.lanes * MemoryLayout<Scalar>.stride
        let most =
            tileVectors
            ?? {
                switch form {
                case .packed: SortedCrossEntropy<Scalar>.mostColumns / Self.lanes
                case .tiled: max(2, min(32, (256 << 10) / bytesPerVector))
                case .blas: 512 / Self.lanes
                }
            }()
        let tiles = (vectors + most - 1) / most
        self.tileVectors = (vectors / 2 + tiles - 1) / tiles * 2
    }

    /// Numbers that all the features take.
    var featureCount: Int { vectors * dimension * Self.lanes }

    /// Columns that hold samples.
    var columns: Int { form == .packed ? samples * Self.lanes : samples }

    var tiles: Int { (vectors + tileVectors - 1) / tileVectors }

    /// Where a tile's features begin, its vectors, its first column, and how many of its columns hold samples.
    @inline(__always)
    func tile(_ index: Int) -> (offset: Int, vectors: Int, firstColumn: Int, columns: Int) {
        let first = index * tileVectors
        let count = min(tileVectors, vectors - first)
        let firstColumn = first * Self.lanes
        return (
            first * dimension * Self.lanes, count, firstColumn,
            max(0, min(count * Self.lanes, columns - firstColumn))
        )
    }

    /// Place of a feature of a sample, in a pack that of the trial in `lane`.
    @inline(__always)
    func place(row: Int, sample: Int, lane: Int) -> Int {
        let column = form == .packed ? sample * Self.lanes + lane : sample
        let tile = column / (tileVectors * Self.lanes)
        let first = tile * tileVectors
        let width = min(tileVectors, vectors - first) * Self.lanes
        return first * dimension * Self.lanes + row * width + (column - first * Self.lanes)
    }
}
