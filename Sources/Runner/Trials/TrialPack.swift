import Results
import Sweeps

/// The trials that run side by side on this rank: where they come from and where their ends go.
final class TrialPack {
    /// A trial on its way.
    struct Member {
        let problem: any Problem
        fileprivate let assignment: Message.Assignment
        fileprivate let started: Double
    }

    let first: Member
    private let host: any TrialHost
    private let parse: (Trial) -> (any Problem)?
    private let makeResult: (_ member: Member, _ record: TrialRecord, _ seconds: Double) -> TrialResult
    /// The last trial that did not fit: not asked about again.
    private var refused: Int?

    init(
        _ first: Message.Assignment, _ problem: any Problem, host: any TrialHost,
        parse: @escaping (Trial) -> (any Problem)?,
        makeResult:
            @escaping (
                _ assignment: Message.Assignment, _ record: TrialRecord, _ started: Double,
                _ seconds: Double
            ) -> TrialResult
    ) {
        self.first = Member(problem: problem, assignment: first, started: wallSeconds())
        self.host = host
        self.parse = parse
        self.makeResult = { makeResult($0.assignment, $1, $0.started, $2) }
    }

    func poll() throws(Abandoned) { try host.poll() }

    /// Takes the trial that is next on this rank, if one waits and fits.
    func next(where fits: (any Problem) -> Bool) -> Member? {
        var chosen: (any Problem)?
        let assignment = host.takeWaiting { assignment in
            guard assignment.team.count == 1, assignment.task != refused, let problem = parse(assignment.trial),
                fits(problem)
            else {
                refused = assignment.task
                return false
            }
            chosen = problem
            return true
        }
        guard let assignment, let chosen else { return nil }
        return Member(problem: chosen, assignment: assignment, started: wallSeconds())
    }

    /// - Parameter seconds: this rank's time spent on the trial, shared evenly among those that ran at once.
    func end(_ member: Member, _ record: TrialRecord, seconds: Double) {
        host.end(member.assignment, makeResult(member, record, seconds))
    }
}
