/// Teams among trials of single ranks.
///
/// A team starts together, so it takes idle ranks only, and may have to wait for the last of them. Meanwhile the others
/// run what does not delay it: trials predicted to end before then, or on ranks that will be left over (EASY
/// backfilling: Lifka, "The ANL/IBM SP scheduling system", 1995). So no core idles that could be filled, and a team
/// starts when it was going to, however many short trials there are.
extension Scheduler {
    mutating func giveToIdleRanks(_ commands: inout [Command]) {
        while let first = queue.first(costs, ranks: load.count) {
            if let team = idle.removeFirst(tasks[first].ranks) {
                give(first, to: team, &commands)
            } else {
                guard let filler = filler(before: first), let team = idle.removeFirst(tasks[filler].ranks) else {
                    return
                }
                give(filler, to: team, &commands)
            }
        }
    }

    /// What idle ranks can do before a task that waits for more of them.
    private func filler(before waiting: Int) -> Int? {
        guard idle.count > 0 else { return nil }
        let needed = tasks[waiting].ranks
        // Ranks that start up are there in a moment; what takes longer than predicted may end at any.
        let free = load.map { max(nowSeconds, $0?.freeSeconds ?? nowSeconds) }.sorted()
        let start = free[needed - 1]
        let spare = free.count { $0 <= start } - needed
        return queue.filling(ranks: idle.count, seconds: start - nowSeconds, spare: spare, costs)
    }
}
