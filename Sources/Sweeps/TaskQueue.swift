/// Waiting tasks, the longest predicted first.
///
/// Within a family the order by work never changes; what finished trials correct is the speed of whole families. So each
/// family keeps its tasks sorted, and the longest of all is the longest of the families' heads.
struct TaskQueue: Sendable {
    private struct Family {
        let name: String
        /// Ascending by work: the longest is last. Equal work: the first of the sweep file is last.
        var tasks: [(work: Double, task: Int)] = []
        var work = 0.0
    }

    private var families: [Family] = []
    private var indexOfFamily: [String: Int] = [:]
    private(set) var count = 0

    init(_ tasks: [Scheduler.Task]) {
        for (index, task) in tasks.enumerated() {
            let family = familyIndex(task.cost.family)
            families[family].tasks.append((task.cost.work * Double(task.ranks), index))
            families[family].work += task.cost.work * Double(task.ranks)
        }
        for index in families.indices { families[index].tasks.sort(by: Self.precedes) }
        count = tasks.count
    }

    var isEmpty: Bool { count == 0 }

    private static func precedes(_ a: (work: Double, task: Int), _ b: (work: Double, task: Int)) -> Bool {
        a.work != b.work ? a.work < b.work : a.task > b.task
    }

    private mutating func familyIndex(_ name: String) -> Int {
        if let index = indexOfFamily[name] { return index }
        families.append(Family(name: name))
        indexOfFamily[name] = families.count - 1
        return families.count - 1
    }

    func longest(_ costs: CostModel) -> Int? {
        var best: (seconds: Double, task: Int)?
        for family in families {
            guard let head = family.tasks.last else { continue }
            let seconds = head.work * costs.secondsPerWork(family.name)
            if best == nil || seconds > best!.seconds { best = (seconds, head.task) }
        }
        return best?.task
    }

    /// Predicted seconds of all waiting tasks on one rank.
    func seconds(_ costs: CostModel) -> Double {
        families.reduce(0) { $0 + max(0, $1.work) * costs.secondsPerWork($1.name) }
    }

    mutating func remove(_ task: Int, _ details: Scheduler.Task) {
        let family = familyIndex(details.cost.family)
        guard let position = families[family].tasks.lastIndex(where: { $0.task == task }) else { return }
        families[family].work -= families[family].tasks.remove(at: position).work
        count -= 1
    }

    mutating func insert(_ task: Int, _ details: Scheduler.Task) {
        let family = familyIndex(details.cost.family)
        let item = (work: details.cost.work * Double(details.ranks), task: task)
        let position = families[family].tasks.firstIndex { Self.precedes(item, $0) } ?? families[family].tasks.endIndex
        families[family].tasks.insert(item, at: position)
        families[family].work += item.work
        count += 1
    }
}
