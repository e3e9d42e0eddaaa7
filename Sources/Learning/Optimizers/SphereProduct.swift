import LinearAlgebra

/// Spheres that parts of a parameter block lie on: their product is the manifold that is searched (Absil, Mahony and
/// Sepulchre 2008, sections 3.6 and 4.1). Variables of no sphere are free.
public struct SphereProduct: Sendable, Equatable {
    /// `count` spheres of one radius: vector i has its elements at offset + i·vectorStride + j·elementStride,
    /// j = 0 ..< length. Either the elements of a vector or the vectors' elements j lie side by side, as rows and
    /// columns of a row-major matrix do.
    public struct Family: Sendable, Equatable {
        public let offset: Int
        public let count: Int
        public let length: Int
        public let vectorStride: Int
        public let elementStride: Int
        public let radius: Double

        public init(offset: Int, count: Int, length: Int, vectorStride: Int, elementStride: Int, radius: Double) {
            precondition(count >= 1 && length >= 1 && radius > 0, "sphere")
            precondition(elementStride == 1 || vectorStride == 1 || count == 1, "strides of a family of spheres")
            self.offset = offset
            self.count = count
            self.length = length
            self.vectorStride = vectorStride
            self.elementStride = elementStride
            self.radius = radius
        }
    }

    public let families: [Family]

    public init(_ families: [Family] = []) { self.families = families }

    public var isEmpty: Bool { families.isEmpty }

    /// How many spheres.
    public var count: Int { families.reduce(0) { $0 + $1.count } }

    /// A number for each sphere, in the order of the families.
    public var multiplierLayout: ParameterLayout {
        var layout = ParameterLayout()
        if !isEmpty { layout.add("multipliers", shape: [count]) }
        return layout
    }

    /// Dimension of the manifold that blocks of `layout` are bound to.
    public func tangentDimension(of layout: ParameterLayout) -> Int { layout.count - count }
}
