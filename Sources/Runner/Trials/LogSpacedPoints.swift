#if canImport(Glibc)
    import Glibc
#endif

/// When to measure: at 0, at the end, and about `count` times in between at equal ratios, as collapse unfolds over
/// orders of magnitude of time.
struct LogSpacedPoints {
    private let points: [Int]
    private var next = 0

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

    /// Whether to measure at `point`; points are asked for in increasing order.
    mutating func isDue(_ point: Int) -> Bool {
        guard next < points.count, point >= points[next] else { return false }
        while next < points.count, points[next] <= point { next += 1 }
        return true
    }
}
