/// Waiting tasks, in the order in which they are given out and by what fits into a gap.
///
/// Within a family the order by work never changes; what finished trials correct is the speed of whole families. So the
/// tasks of a family that want teams of one size are kept sorted, and a search looks at the heads of these groups.
struct TaskQueue: Sendable {
    fileprivate struct Group {
        let family: String
        let ranks: Int
        /// Ascending by work: the longest is last. Equal work: the first of the sweep file is last.
        var tasks: [(work: Double, task: Int)] = []
        var work = 0.0
    }

    private struct Key: Hashable {
        let family: String
        let ranks: Int
    }

    private var groups: [Group] = []
    private var indexOfGroup: [Key: Int] = [:]
    private(set) var count = 0

    init(_ tasks: [Scheduler.Task]) {
        for (index, task) in tasks.enumerated() {
            let group = groupIndex(task)
            groups[group].tasks.append((task.cost.work, index))
            groups[group].work += task.cost.work
        }
        for index in groups.indices { groups[index].tasks.sort(by: Self.precedes) }
        count = tasks.count
    }

    var isEmpty: Bool { count == 0 }

    private static func precedes(_ a: (work: Double, task: Int), _ b: (work: Double, task: Int)) -> Bool {
        a.work != b.work ? a.work < b.work : a.task > b.task
    }

    private mutating func groupIndex(_ task: Scheduler.Task) -> Int {
        let key = Key(family: task.cost.family, ranks: task.ranks)
        if let index = indexOfGroup[key] { return index }
        groups.append(Group(family: key.family, ranks: key.ranks))
        indexOfGroup[key] = groups.count - 1
        return groups.count - 1
    }

    /// What comes first on so many ranks: teams of them all, next to which nothing else can run; then trials that last
    /// about as long as all the rest, which would be the tail of the sweep; then large teams before small ones, which
    /// fill the gaps between them; then the longest predicted.
    func first(_ costs: CostModel, ranks: Int) -> Int? {
        let rest = Self.shareOfTheRest * seconds(costs) / Double(ranks)
        var best: (order: (Int, Int, Int, Double), task: Int)?
        for group in groups {
            guard let head = group.tasks.last else { continue }
            let seconds = head.work * costs.secondsPerWork(group.family)
            let order = (group.ranks == ranks ? 1 : 0, seconds >= rest ? 1 : 0, group.ranks, seconds)
            if best == nil || order > best!.order { best = (order, head.task) }
        }
        return best?.task
    }

    /// A trial lasts about as long as the rest from this share of it on.
    static let shareOfTheRest = 0.8

    /// What fills a gap best: the largest team of `ranks` ranks at most, and of these the longest, that is predicted to
    /// end within so many seconds or needs no more than `spare` ranks.
    func filling(ranks: Int, seconds window: Double, spare: Int, _ costs: CostModel) -> Int? {
        var best: (order: (Int, Double), task: Int)?
        for group in groups where group.ranks <= ranks {
            let speed = costs.secondsPerWork(group.family)
            let end = group.ranks <= spare ? group.tasks.endIndex : group.end(of: window, secondsPerWork: speed)
            guard end > 0 else { continue }
            let item = group.tasks[end - 1]
            let order = (group.ranks, item.work * speed)
            if best == nil || order > best!.order { best = (order, item.task) }
        }
        return best?.task
    }

    /// Predicted seconds of all waiting tasks on one rank.
    func seconds(_ costs: CostModel) -> Double {
        groups.reduce(0) { $0 + max(0, $1.work) * Double($1.ranks) * costs.secondsPerWork($1.family) }
    }

    mutating func remove(_ task: Int, _ details: Scheduler.Task) {
        let group = groupIndex(details)
        guard let position = groups[group].tasks.lastIndex(where: { $0.task == task }) else { return }
        groups[group].work -= groups[group].tasks.remove(at: position).work
        count -= 1
    }

    mutating func insert(_ task: Int, _ details: Scheduler.Task) {
        let group = groupIndex(details)
        let item = (work: details.cost.work, task: task)
        let position = groups[group].tasks.firstIndex { Self.precedes(item, $0) } ?? groups[group].tasks.endIndex
        groups[group].tasks.insert(item, at: position)
        groups[group].work += item.work
        count += 1
    }
}

extension TaskQueue.Group {
    /// How many tasks, from the shortest on, last no longer than `window`.
    fileprivate func end(of window: Double, secondsPerWork: Double) -> Int {
        var (low, high) = (0, tasks.count)
        while low < high {
            let middle = (low + high) / 2
            if tasks[middle].work * secondsPerWork <= window { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
