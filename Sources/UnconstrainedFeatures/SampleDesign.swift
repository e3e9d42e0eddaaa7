/// How many samples there are of which labels. Samples are sorted: all of class 0 first, or all of the first set.
public enum SampleDesign: Sendable, Equatable {
    /// n of each class.
    case balanced(Int)
    /// n_k of class k, at least one of each; not all the same.
    case classSizes([Int])
    /// For each size m = 1, 2, … as many samples of every set of m labels as this says; balanced, several labels a
    /// sample.
    case labelSets(copiesBySize: [Int])

    /// n where all classes have as many; nil for unequal classes and sets of labels.
    public var samplesPerClass: Int? {
        if case .balanced(let n) = self { n } else { nil }
    }

    public var hasLabelSets: Bool {
        if case .labelSets = self { true } else { false }
    }

    func fits(classes: Int) -> Bool {
        switch self {
        case .balanced(let n): n >= 1
        case .classSizes(let sizes): sizes.count == classes && sizes.allSatisfy { $0 >= 1 }
        case .labelSets(let copies):
            !copies.isEmpty && copies.count < classes && copies.allSatisfy { $0 >= 0 } && copies.contains { $0 > 0 }
        }
    }

    /// N.
    public func count(classes: Int) -> Int {
        switch self {
        case .balanced(let n): n * classes
        case .classSizes(let sizes): sizes.reduce(0, +)
        case .labelSets(let copies):
            copies.enumerated().reduce(0) { $0 + $1.element * Self.subsets(of: classes, size: $1.offset + 1) }
        }
    }

    /// n_k; nil for sets of labels.
    public func classSizes(classes: Int) -> [Int]? {
        switch self {
        case .balanced(let n): Array(repeating: n, count: classes)
        case .classSizes(let sizes): sizes
        case .labelSets: nil
        }
    }

    /// The labels of each sample, in the samples' order: class by class; or sets by size, each size in lexicographic
    /// order, copies side by side.
    public func labels(classes: Int) -> [[Int]] {
        switch self {
        case .balanced, .classSizes:
            classSizes(classes: classes)!.enumerated().flatMap { Array(repeating: [$0.offset], count: $0.element) }
        case .labelSets(let copiesBySize):
            copiesBySize.enumerated().flatMap { index, copies in
                Self.subsets(of: 0..<classes, size: index + 1).flatMap { Array(repeating: $0, count: copies) }
            }
        }
    }

    /// All subsets of a size, ascending within and in lexicographic order.
    private static func subsets(of items: Range<Int>, size: Int) -> [[Int]] {
        guard size > 0 else { return [[]] }
        return items.flatMap { first in
            subsets(of: first + 1..<max(items.upperBound, first + 1), size: size - 1).map { [first] + $0 }
        }
    }

    /// K choose m. Exact while it fits: each division is without remainder.
    static func subsets(of classes: Int, size: Int) -> Int {
        (0..<size).reduce(1) { $0 * (classes - $1) / ($1 + 1) }
    }
}
