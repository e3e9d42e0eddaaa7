#if canImport(Glibc)
    import Glibc
#endif

/// When to measure: at 0, at the end, and about `count` times in between at equal ratios, as collapse unfolds over
/// orders of magnitude of time.
struct LogSpacedPoints {
    private let points: [Int]

    /// Strictly increasing whole numbers from 0 to `last`.
    init(last: Int, count: Int) {
        var points = [0]
        let count = min(count, last + 1)
        for index in 0..<max(count, 1) {
            let exponent = count > 1 ? Double(index) / Double(count - 1) : 1
            let point = Int(exp(exponent * log(Double(max(last, 1)))).rounded())
            if point > points.last!, point < last { points.append(point) }
        }
        if last > 0 { points.append(last) }
        self.points = points
    }

    /// A function of the point alone: one who resumes measures where he would have without an interruption.
    func isDue(_ point: Int) -> Bool {
        var (low, high) = (0, points.count)
        while low < high {
            let middle = (low + high) / 2
            if points[middle] < point { low = middle + 1 } else { high = middle }
        }
        return low < points.count && points[low] == point
    }
}
