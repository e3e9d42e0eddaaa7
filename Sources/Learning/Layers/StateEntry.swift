import LinearAlgebra

/// One array of a PyTorch `state_dict`, and where a network keeps its numbers.
public struct StateEntry: Sendable {
    /// Names are PyTorch's where the architecture is torchvision's; elsewhere the network's own.
    public let name: String
    /// As PyTorch has it: convolutions are (outputs × inputs × kernel × kernel).
    public let shape: [Int]
    let source: Source
    /// Axes of the network's own array, in PyTorch's order: axis `order[i]` there is axis i here; nil where the numbers
    /// lie in the same order.
    let order: [Int]?

    enum Source: Sendable {
        case parameters(ParameterLayout.Slice)
        case statistics(ParameterLayout.Slice)
        /// A classifier that is not trained.
        case fixed(Matrix)
    }

    /// Parameters of a layer, in the order PyTorch keeps them in.
    init(_ slice: ParameterLayout.Slice) { self.init(slice, shape: slice.shape, order: nil) }

    /// A convolution's weights.
    static func kernel(_ slice: ParameterLayout.Slice) -> StateEntry {
        let order = [3, 2, 0, 1]
        return StateEntry(slice, shape: order.map { slice.shape[$0] }, order: order)
    }

    /// Numbers of each place of an image: here (height × width × channels).
    static func image(_ slice: ParameterLayout.Slice, _ image: FeatureShape) -> StateEntry {
        StateEntry(slice, shape: [image.channels, image.height, image.width], order: [2, 0, 1])
    }

    /// Running statistics.
    static func statistics(_ slice: ParameterLayout.Slice) -> StateEntry {
        StateEntry(name: slice.name, shape: slice.shape, source: .statistics(slice), order: nil)
    }

    private init(_ slice: ParameterLayout.Slice, shape: [Int], order: [Int]?) {
        self.init(name: slice.name, shape: shape, source: .parameters(slice), order: order)
    }

    init(name: String, shape: [Int], source: Source, order: [Int]?) {
        self.name = name
        self.shape = shape
        self.source = source
        self.order = order
    }

    public var count: Int { shape.reduce(1, *) }

    /// For each number in PyTorch's order, its place among the network's own.
    var places: [Int] {
        guard let order else { return Array(0..<count) }
        // Numbers from one index to the next along each of the network's axes.
        var strides = [Int](repeating: 1, count: shape.count)
        let extents = order.indices.map { axis in shape[order.firstIndex(of: axis) ?? axis] }
        for axis in extents.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * extents[axis + 1] }
        var places = [0]
        for (axis, extent) in zip(order, shape) {
            places = places.flatMap { place in (0..<extent).map { place + $0 * strides[axis] } }
        }
        return places
    }
}
