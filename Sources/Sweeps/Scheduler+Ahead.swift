/// Handing out trials before a rank needs them.
///
/// The coordinator trains as well, and looks for messages between two steps only; a rank that has ended a trial would
/// wait that long for the next one. So it has one waiting where that wait would show, and more where several trials fit
/// into it. What a rank has been given no other rank can take, so the tail of the sweep is left alone: as in guided
/// self-scheduling (Polychronopoulos and Kuck 1987) a rank holds at most a share of what is left.
extension Scheduler {
    /// The wait shows in trials shorter than so many waits: 1/2 · 1/20 of the time would be lost, the wait being half
    /// the lateness on average.
    private static let waitsThatDoNotShow = 20.0
    /// Coordinators without a trial of their own answer within this.
    private static let leastLatenessSeconds = 0.001
    /// Waits that the trials waiting at a rank shall cover.
    private static let waitsCovered = 2.0
    private static let mostAhead = 512

    mutating func giveAhead(to rank: Int, _ commands: inout [Command]) {
        while let given = load[rank], !given.tasks.isEmpty, isShort(given),
            let task = queue.first(costs, ranks: load.count), tasks[task].ranks == 1,
            queue.count > 2 * load.count * given.tasks.count
        {
            give(task, to: [rank], &commands)
        }
        giveBeside(to: rank, &commands)
    }

    /// Trials that run side by side are given until the rank has as many as it runs at once, or an even share of all
    /// that have not ended.
    private mutating func giveBeside(to rank: Int, _ commands: inout [Command]) {
        while let given = load[rank], let current = given.tasks.first,
            given.tasks.count < tasks[current].cost.sideBySide,
            let task = queue.first(costs, ranks: load.count), tasks[task].ranks == 1,
            tasks[task].cost == tasks[current].cost, given.tasks.count * load.count < queue.count + running.count
        {
            give(task, to: [rank], &commands)
        }
    }

    private func isShort(_ given: Load) -> Bool {
        let current = given.tasks[0]
        guard tasks[current].ranks == 1, let running = running[current] else { return false }
        if given.tasks.count == 1 {
            return running.seconds < Self.waitsThatDoNotShow * max(Self.leastLatenessSeconds, latenessSeconds)
        }
        // More than one needs predictions that deserve the name.
        return given.tasks.count <= Self.mostAhead && costs.hasObserved(tasks[current].cost.family)
            && given.seconds - running.seconds < Self.waitsCovered * latenessSeconds
    }
}
