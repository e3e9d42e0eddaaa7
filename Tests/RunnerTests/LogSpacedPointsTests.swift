import Testing

@testable import Runner

@Suite struct LogSpacedPointsTests {
    /// Whoever goes on in the middle asks for the same points as who came all the way.
    @Test func dependOnThePointAlone() {
        for (last, count) in [(1, 2), (5, 10), (60, 4), (1000, 20), (20_000, 20)] {
            let points = LogSpacedPoints(last: last, count: count)
            let due = (0...last).filter(points.isDue)
            #expect(due.first == 0 && due.last == last && due.count <= count + 2)
            #expect((0...last).reversed().filter(points.isDue) == due.reversed())
            #expect(!points.isDue(last + 1))
            // At equal ratios, as far as whole numbers go.
            let ratios = zip(due.dropFirst(4), due.dropFirst(3)).map { Double($0) / Double($1) }
            if due.count > 10, last > 1000 { #expect((ratios.max() ?? 0) < 2 * (ratios.min() ?? 0)) }
        }
    }
}
