import Learning
import MPI
import Results
import Sweeps

/// One kind of trial, ready to run: made from a trial's parameters, which it checks.
protocol Problem {
    /// What `run` reports: columns and metrics that are not declared here are a programmer's error.
    static var reports: ReportSchema { get }

    /// Rough floating-point operations, comparable within a family.
    var cost: Cost { get }

    /// Computes the trial. The record of a team's first rank is the result.
    func run(_ context: TrialContext) throws -> TrialRecord

    /// How many such trials one rank can run at once, this one included, where that is done by `run(in:)`; nil for a
    /// trial that is run by `run(_:)`.
    var sideBySide: Int? { get }

    /// Runs the pack's first trial and, while there is room, others that wait on this rank and fit beside it; tells the
    /// end of each where it ends. What a trial yields must not depend on its neighbours.
    func run(in pack: TrialPack) throws(Abandoned)
}

extension Problem {
    var sideBySide: Int? { nil }

    func run(in _: TrialPack) throws(Abandoned) { preconditionFailure("a trial that runs alone") }
}

/// Where a trial runs: none of it is part of what the trial is.
struct TrialContext {
    let trial: Trial
    let host: any TrialHost
    /// The ranks that share the trial; nil for this rank alone.
    let team: Communicator?
    /// nil where none are to be kept.
    let checkpoints: CheckpointFolder?
    let checkpointIntervalSeconds: Double
    /// nil where they are not to be kept.
    let weights: WeightsFolder?
}

/// What a trial yields, whoever ran it.
struct TrialRecord {
    var state = TrialState.done
    var reason: String?
    var outcomes: [Outcome] = []
    var measurements: [Measurement] = []
    /// Spent before an interruption.
    var secondsBefore = 0.0

    mutating func set(_ name: String, _ value: Double?) {
        guard let value else { return }
        outcomes.append(Outcome(name: name, value: .real(value)))
    }

    mutating func set(_ name: String, _ value: Int) { outcomes.append(Outcome(name: name, value: .integer(value))) }
    mutating func set(_ name: String, _ value: String) { outcomes.append(Outcome(name: name, value: .text(value))) }

    mutating func diverge(_ reason: String) {
        state = .diverged
        self.reason = reason
    }
}

/// From a trial's parameters to something that runs; the switches over the kinds of problems are here.
public struct TrialBuilder {
    private let dataSets: DataSetShelf
    private let plannedNetworks = NetworkShelf()

    public init(dataSets: DataSetShelf) { self.dataSets = dataSets }

    /// - Parameter isPlanned: the problem will not be run.
    func problem(_ trial: Trial, isPlanned: Bool = false) throws(ParameterProblem) -> any Problem {
        switch trial.problem {
        case "ufm": try UnconstrainedFeatureProblem(trial)
        case "landscape": try LandscapeProblem(trial)
        case "network": try NetworkProblem(trial, dataSets: dataSets, planning: isPlanned ? plannedNetworks : nil)
        default: throw ParameterProblem(name: "problem", message: "unknown problem '\(trial.problem)'")
        }
    }

    /// What trials of a problem report, with the columns that every trial has.
    public static func reports(of problem: String) -> ReportSchema {
        switch problem {
        case "ufm": UnconstrainedFeatureProblem.reports.adding(StoredResults.fixedColumns)
        case "landscape": LandscapeProblem.reports.adding(StoredResults.fixedColumns)
        case "network": NetworkProblem.reports.adding(StoredResults.fixedColumns)
        default: preconditionFailure("unknown problem '\(problem)'")
        }
    }

    /// The columns that trials of any problem may report.
    public static var reportedColumns: [String] {
        ParameterSchema.all.flatMap { reports(of: $0.problem).columns.map(\.text) }
    }

    /// What can be known to be wrong before the trial starts.
    public func check(_ trial: Trial) -> [ParameterProblem] {
        // What is wrong with the words is told all at once; the rest needs them.
        let problems =
            switch trial.problem {
            case "network": NetworkProblem.unreadableWords(trial)
            case "ufm", "landscape": UnconstrainedFeatureMistakes(in: trial).problems
            default: preconditionFailure("unknown problem '\(trial.problem)'")
            }
        guard problems.isEmpty else { return problems }
        do { _ = try problem(trial, isPlanned: true) } catch { return [error] }
        return []
    }

    /// A trial that `check` accepted.
    public func cost(of trial: Trial) -> Cost {
        guard let problem = try? problem(trial, isPlanned: true) else { return Cost(family: trial.problem, work: 1) }
        return problem.cost
    }

    /// The same with the ranks that share the trial: teams of different sizes run at different speeds.
    func cost(of planned: PlannedTrial) -> Cost {
        let cost = cost(of: planned.trial)
        let ranks = planned.execution.ranks
        return ranks == 1 ? cost : Cost(family: "\(cost.family) on \(ranks) ranks", work: cost.work / Double(ranks))
    }

    /// Runs an assignment on this rank and times it. Whatever goes wrong becomes a `failed` result.
    ///
    /// - Parameter teams: all ranks of the world, for the communicators of teams alone.
    /// - Returns: nil where the host has been told the end of it, and of what ran beside it.
    public func execute(
        _ assignment: Message.Assignment, host: any TrialHost, teams: Communicator, hostName: String,
        checkpoints: CheckpointFolder, weights: WeightsFolder
    ) throws(Abandoned) -> TrialResult? {
        func result(
            _ assignment: Message.Assignment, _ record: TrialRecord, started: Double, seconds: Double
        ) -> TrialResult {
            TrialResult(
                id: assignment.trial.id, state: record.state, reason: record.reason, outcomes: record.outcomes,
                measurements: record.measurements, started: started, seconds: record.secondsBefore + seconds,
                host: hostName, rank: teams.rank, attempt: assignment.attempt)
        }
        let (started, clock) = (wallSeconds(), monotonicSeconds())
        var record = TrialRecord()
        do {
            let problem = try problem(assignment.trial)
            if problem.sideBySide != nil {
                let pack = TrialPack(
                    assignment, problem, host: host, parse: { try? self.problem($0) },
                    makeResult: { assignment, record, started, seconds in
                        Self.checkReports(of: record, type(of: problem))
                        return result(assignment, record, started: started, seconds: seconds)
                    })
                try problem.run(in: pack)
                return nil
            }
            let team =
                assignment.team.count > 1
                ? teams.group(of: assignment.team, tag: assignment.task % 1024) : nil
            let interval = assignment.checkpointIntervalSeconds
            record = try problem.run(
                TrialContext(
                    trial: assignment.trial, host: host, team: team, checkpoints: interval == nil ? nil : checkpoints,
                    checkpointIntervalSeconds: interval ?? .infinity,
                    weights: assignment.keepsWeights ? weights : nil))
            Self.checkReports(of: record, type(of: problem))
        } catch is Abandoned {
            throw Abandoned()
        } catch {
            record.state = .failed
            record.reason = String(describing: error)
        }
        return result(assignment, record, started: started, seconds: monotonicSeconds() - clock)
    }

    private static func checkReports(of record: TrialRecord, _ problem: any Problem.Type) {
        let undeclared = problem.reports.firstUndeclared(in: record)
        precondition(undeclared == nil, "undeclared in `reports` of its problem: \(undeclared ?? "")")
    }
}
