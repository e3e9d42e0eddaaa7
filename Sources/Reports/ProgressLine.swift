import Results
import Sweeps

/// How far a sweep is, in one line.
public struct ProgressLine: Hashable, Sendable {
    public var total: Int
    public var done: Int
    public var diverged: Int
    public var failed: Int
    public var running: Int
    /// Trials a second.
    public var rate: Double
    /// Predicted; nil where nothing can be said yet.
    public var secondsLeft: Double?

    public init(
        total: Int, done: Int, diverged: Int = 0, failed: Int, running: Int, rate: Double, secondsLeft: Double?
    ) {
        self.total = total
        self.done = done
        self.diverged = diverged
        self.failed = failed
        self.running = running
        self.rate = rate
        self.secondsLeft = secondsLeft
    }

    private var ended: Int { done + diverged + failed }
    private var fraction: Double { total > 0 ? min(1, Double(ended) / Double(total)) : 1 }
    /// 100 only when all have ended.
    private var percent: Int { Int((100 * fraction).rounded(.down)) }

    private var parts: [String] {
        var parts = ["\(ended)/\(total)"]
        if diverged > 0 { parts.append("\(diverged) diverged") }
        if failed > 0 { parts.append("\(failed) failed") }
        if ended < total {
            parts.append("\(running) running")
            parts.append(NumberText.rate(perSecond: rate))
            if let secondsLeft { parts.append(NumberText.duration(secondsLeft) + " left") }
        }
        return parts
    }

    /// For a log: "450/1000 trials (45 %), 3 failed, 8 running, 12.3/s, 45 s left".
    public var plainText: String {
        "\(parts[0]) trials (\(percent) %)" + parts.dropFirst().map { ", " + $0 }.joined()
    }

    /// For a terminal of `width` columns, to be drawn over itself: "[#####-----]  45 %  450/1000  8 running  12.3/s".
    /// One column stays free, as a full line makes some terminals wrap.
    public func bar(width: Int) -> String {
        let percentText = "\(percent) %"
        let head = String(repeating: " ", count: max(0, 5 - percentText.count)) + percentText
        let available = max(1, width - 1)
        var parts = parts
        var tail = head + parts.map { "  " + $0 }.joined()
        // The last parts matter least, but the time left most of all.
        while tail.count > available, parts.count > 1 {
            parts.remove(at: parts.count > 2 ? parts.count - 2 : 1)
            tail = head + parts.map { "  " + $0 }.joined()
        }
        let room = min(30, available - tail.count - 3)
        guard room >= 5 else { return String(tail.prefix(available)) }
        let filled = Int(fraction * Double(room))
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: room - filled) + "] " + tail
    }

    /// The bar as it is sent to a terminal: over the last one, without its remains.
    public func redrawn(width: Int) -> String { "\r" + bar(width: width) + "\u{1B}[K" }
}

/// Says when progress is to be shown again. Time is given, never read.
public struct ProgressThrottle: Hashable, Sendable {
    public let intervalSeconds: Double
    private var last: Double?

    public init(intervalSeconds: Double) { self.intervalSeconds = intervalSeconds }

    /// Ten times a second on a terminal, in a log every ten seconds.
    public init(isTerminal: Bool) { self.init(intervalSeconds: isTerminal ? 0.1 : 10) }

    /// Whether it is time, in which case the next time is an interval later. A clock set back counts as time gone.
    public mutating func isDue(at time: Double) -> Bool {
        if let last, time >= last, time - last < intervalSeconds { return false }
        last = time
        return true
    }
}
