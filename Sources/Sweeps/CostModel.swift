/// What a trial is expected to cost: work that is comparable within its family.
public struct Cost: Hashable, Sendable {
    /// Trials of one family run at one speed: same problem, solver, precision.
    public let family: String
    /// Floating-point operations, roughly.
    public let work: Double
    /// Trials of this very cost that a rank runs at once in little more than the time of one.
    public let sideBySide: Int

    public init(family: String, work: Double, sideBySide: Int = 1) {
        self.family = family
        self.work = work
        self.sideBySide = sideBySide
    }
}

/// Predicted seconds of a trial. It starts from a guess of the machine's speed and is corrected by every finished
/// trial: a family's speed is the work done over the seconds it took.
public struct CostModel: Sendable {
    private struct Observed {
        var work = 0.0
        var seconds = 0.0
    }

    private var observed: [String: Observed] = [:]

    public init() {}

    public mutating func observe(_ cost: Cost, seconds: Double) {
        guard seconds > 0, seconds.isFinite else { return }
        observed[cost.family, default: Observed()].work += cost.work
        observed[cost.family, default: Observed()].seconds += seconds
    }

    /// Work in a second, in a family no trial of which has finished: whoever states work should state it so that this
    /// is about right.
    private static let guess = 1e10

    /// Seconds per unit of work in a family.
    func secondsPerWork(_ family: String) -> Double {
        guard let speed = observed[family], speed.work > 0 else { return 1 / Self.guess }
        return speed.seconds / speed.work
    }

    /// Whether predictions for a family rest on finished trials.
    func hasObserved(_ family: String) -> Bool { observed[family] != nil }

    public func seconds(_ cost: Cost) -> Double { cost.work * secondsPerWork(cost.family) }
}
