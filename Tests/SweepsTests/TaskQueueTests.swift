import Testing

@testable import Sweeps

@Suite struct TaskQueueTests {
    /// Against a plain list that is searched through.
    @Test func agreesWithTheNaiveTwin() {
        for seed in 0..<50 {
            var random = SeededGenerator(seed: seed)
            let tasks = (0..<60).map { _ in
                Scheduler.Task(
                    cost: Cost(
                        family: ["a", "b", "c"].randomElement(using: &random)!,
                        work: Double(Int.random(in: 0...9, using: &random))),
                    ranks: Int.random(in: 1...3, using: &random))
            }
            var queue = TaskQueue(tasks)
            var waiting = Set(tasks.indices)
            var costs = CostModel()
            func seconds(_ index: Int) -> Double { costs.seconds(tasks[index].cost) }
            func area() -> Double { waiting.reduce(0) { $0 + seconds($1) * Double(tasks[$1].ranks) } }
            func order(_ index: Int, _ area: Double) -> (Int, Int, Int, Double) {
                let lastsAsLong = seconds(index) >= TaskQueue.shareOfTheRest * area / 3
                return (tasks[index].ranks == 3 ? 1 : 0, lastsAsLong ? 1 : 0, tasks[index].ranks, seconds(index))
            }
            for _ in 0..<300 {
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    costs.observe(
                        Cost(family: ["a", "b"].randomElement(using: &random)!, work: 1),
                        seconds: Double.random(in: 0.1...10, using: &random))
                case 1:
                    let index = Int.random(in: 0..<tasks.count, using: &random)
                    if waiting.insert(index).inserted { queue.insert(index, tasks[index]) }
                default:
                    guard let first = queue.first(costs, ranks: 3) else {
                        #expect(waiting.isEmpty)
                        continue
                    }
                    #expect(waiting.contains(first))
                    let total = area()
                    let orders = waiting.map { (task: $0, order: order($0, total)) }
                    let best = order(first, total)
                    let isFirst = orders.allSatisfy { $0.order <= best }
                    // At the border rounding decides.
                    let border = TaskQueue.shareOfTheRest * total / 3
                    let isAtBorder = waiting.contains { abs(seconds($0) - border) <= 1e-9 * border }
                    #expect(isFirst || isAtBorder)
                    // Of equal ones of a family the first of the sweep file.
                    let equal = orders.filter {
                        tasks[$0.task].cost.family == tasks[first].cost.family && $0.order == best
                    }
                    #expect(equal.map(\.task).min() == first || isAtBorder)
                    let (most, spare) = (Int.random(in: 1...3, using: &random), Int.random(in: 0...2, using: &random))
                    let window = Double.random(in: 0...20, using: &random) * costs.seconds(Cost(family: "a", work: 1))
                    let fitting = waiting.filter {
                        tasks[$0].ranks <= most && (tasks[$0].ranks <= spare || seconds($0) <= window)
                    }
                    let filler = queue.filling(ranks: most, seconds: window, spare: spare, costs)
                    #expect((filler == nil) == fitting.isEmpty)
                    if let filler {
                        #expect(fitting.contains(filler))
                        let isBest = fitting.allSatisfy {
                            (tasks[$0].ranks, seconds($0)) <= (tasks[filler].ranks, seconds(filler))
                        }
                        #expect(isBest)
                    }
                    queue.remove(first, tasks[first])
                    waiting.remove(first)
                }
                #expect(queue.count == waiting.count && queue.isEmpty == waiting.isEmpty)
                let total = area()
                #expect(abs(queue.seconds(costs) - total) <= 1e-9 * max(total, 1))
            }
        }
    }

    @Test func removingWhatDoesNotWaitChangesNothing() {
        let tasks = [Scheduler.Task(cost: Cost(family: "a", work: 1))]
        var queue = TaskQueue(tasks)
        queue.remove(0, tasks[0])
        queue.remove(0, tasks[0])
        #expect(queue.count == 0)
    }
}

@Suite struct CostModelTests {
    @Test func learnsTheSpeedOfAFamilyAlone() {
        var costs = CostModel()
        let guess = costs.seconds(Cost(family: "b", work: 7))
        costs.observe(Cost(family: "a", work: 10), seconds: 5)
        costs.observe(Cost(family: "a", work: 30), seconds: 5)
        #expect(costs.seconds(Cost(family: "a", work: 8)) == 2)
        #expect(costs.seconds(Cost(family: "b", work: 7)) == guess)
    }

    @Test(arguments: [0, -1, Double.nan, .infinity]) func ignoresWhatIsNoTime(seconds: Double) {
        var costs = CostModel()
        let cost = Cost(family: "a", work: 10)
        let guess = costs.seconds(cost)
        costs.observe(cost, seconds: seconds)
        #expect(costs.seconds(cost) == guess && guess > 0)
    }

    @Test func aFamilyWithoutWorkKeepsTheGuess() {
        var costs = CostModel()
        costs.observe(Cost(family: "a", work: 0), seconds: 1)
        #expect(costs.seconds(Cost(family: "a", work: 1)).isFinite)
    }
}
