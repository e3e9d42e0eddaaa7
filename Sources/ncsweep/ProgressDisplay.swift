import Foundation
import Reports
import Runner

/// Shows how far a sweep is on standard error: a bar on a terminal, else a line every few seconds.
final class ProgressDisplay {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var throttle: ProgressThrottle
    private var started = monotonicSeconds()
    private var endedBefore = 0
    private var isShown = false

    init() { throttle = ProgressThrottle(isTerminal: isTerminal) }

    /// Before the first trial.
    func announce(_ start: SweepStart, ranks: Int) {
        let progress = start.progress
        started = monotonicSeconds()
        endedBefore = progress.done + progress.diverged + progress.failed
        let stored = endedBefore > 0 ? ", \(endedBefore) of them stored already" : ""
        let trials = "\(progress.total) trial\(progress.total == 1 ? "" : "s")"
        printLine("\(trials)\(stored); \(ranks) rank\(ranks == 1 ? "" : "s"); results in \(start.directory)")
        for other in start.otherRevisions {
            printLine(
                "\(other.count) stored results were made by revision \(other.revision); this is \(Program.revision)")
        }
        if start.unplanned > 0 {
            printLine(
                "\(start.unplanned) stored results are of trials that the file does not ask for now (it was changed, or a default "
                    + "of the program); they are kept")
        }
        if !isTerminal { _ = throttle.isDue(at: started) }
    }

    func show(_ progress: SweepProgress) {
        let now = monotonicSeconds()
        guard throttle.isDue(at: now) else { return }
        let ended = progress.done + progress.diverged + progress.failed
        let elapsed = now - started
        let line = ProgressLine(
            total: progress.total, done: progress.done, diverged: progress.diverged, failed: progress.failed,
            running: progress.running.count, rate: elapsed > 0 ? Double(ended - endedBefore) / elapsed : 0,
            secondsLeft: elapsed > 1 ? progress.secondsLeft : nil)
        if isTerminal {
            isShown = true
            write(line.redrawn(width: StandardOutput.terminalWidth ?? 80))
        } else {
            printLine(line.plainText)
        }
    }

    /// Leaves the last bar standing.
    func end() { if isShown { write("\n") } }

    private func write(_ text: String) { writeToStandardError(text) }
}
