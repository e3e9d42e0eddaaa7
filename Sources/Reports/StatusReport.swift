import Results
import Sweeps

/// What `ncsweep status` prints: whether a sweep runs, how far it is, and who works on what.
public struct StatusReport {
    public enum State: String, Sendable {
        case running, finished, interrupted
        /// Ended without a word: killed, or its node lost.
        case died
        /// The folder was made but no session begun.
        case empty
    }

    public let state: State
    private let session: StoredSession?
    private let running: [RunningTrial]
    private let trials: [TrialID: String]
    private let writer: StoreLock.Holder?
    private let unconverged: Int
    private let directory: String
    private let time: Double

    /// - Parameter time: now, in Unix seconds.
    public init(_ results: StoredResults, at time: Double = ClockTime.now()) throws(StoreError) {
        // The lock is looked at first: a session that ends in between is then seen as ended, not as dead.
        writer = results.writer
        session = try results.sessions().last
        running = try results.running()
        trials = try results.canonicalTexts(of: running.map(\.id))
        unconverged = try results.count(ofDoneTrialsWith: "stop", equalTo: "steps")
        directory = results.directory
        self.time = time
        state =
            switch (session, writer) {
            case (_, _?): .running
            case (nil, nil): .empty
            case (let session?, nil):
                switch session.ending {
                case .finished: .finished
                case .interrupted: .interrupted
                case nil: .died
                }
            }
    }

    /// Trials a second in the last session.
    public var rate: Double {
        guard let session, session.updated > session.started else { return 0 }
        return Double(session.endedHere) / (session.updated - session.started)
    }

    public func text(width: Int = 100) -> String {
        guard let session else {
            let what = writer.map { "\($0) prepares the first session" } ?? "no session has begun"
            return "\(directory): \(what)\n"
        }
        var lines = [headline(session)]
        let counts = session.counts
        let left = max(0, session.planned - counts.ended)
        let percent = session.planned > 0 ? 100 * counts.ended / session.planned : 100
        var parts = ["\(counts.done) done"]
        if counts.diverged > 0 { parts.append("\(counts.diverged) diverged") }
        if counts.failed > 0 { parts.append("\(counts.failed) failed") }
        if state == .running { parts.append("\(running.count) running") }
        parts.append("\(left) left")
        lines.append(
            "  \(counts.ended) of \(session.planned) trials ended (\(percent) %): "
                + parts.joined(separator: ", "))
        if unconverged > 0 {
            lines.append("  " + Text.wrapped(Text.unconverged(unconverged), to: max(1, width - 2), indent: "    "))
        }
        if state == .running {
            var pace = "  " + NumberText.rate(perSecond: rate)
            if let predicted = session.secondsLeft ?? (rate > 0 ? Double(left) / rate : nil) {
                pace += ", about \(NumberText.duration(predicted)) left"
            }
            lines.append(pace + "; last commit \(NumberText.duration(max(0, time - session.updated))) ago")
            lines += runningLines(width: width)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func headline(_ session: StoredSession) -> String {
        let ranks = Text.count(session.info.ranks, "rank")
        switch state {
        case .running:
            return "\(directory): running as \(writer?.description ?? "?"), \(ranks)"
        case .finished:
            return "\(directory): finished at \(ClockTime.text(session.ended ?? session.updated, now: time)) "
                + "after \(NumberText.duration((session.ended ?? session.updated) - session.started)) on \(ranks)"
        case .interrupted:
            return "\(directory): interrupted at \(ClockTime.text(session.ended ?? session.updated, now: time)); "
                + "start the same command again to go on"
        case .died, .empty:
            return "\(directory): died: process \(session.info.pid) on host \(session.info.host) gave no sign after "
                + "\(ClockTime.text(session.updated, now: time)); start the same command again to go on"
        }
    }

    private func runningLines(width: Int) -> [String] {
        running.map { trial in
            let start =
                "  rank \(trial.rank) on \(trial.host) for \(NumberText.duration(max(0, time - trial.since))): "
                + "\(trial.id) "
            let text = start + (trials[trial.id] ?? "")
            return text.count > width ? String(text.prefix(max(start.count, width - 3))) + "..." : text
        }
    }
}
