import Learning
import LinearAlgebra
import MPI
import UnconstrainedFeatures

/// Trials of one shape under gradient descent, as many at once as their form has lanes; where one ends the next that
/// waits takes its lane.
final class UnconstrainedFeatureDescents<Scalar: BLASScalar> {
    /// The trial in a lane.
    private final class Running {
        let member: TrialPack.Member
        let problem: UnconstrainedFeatureProblem
        let objective: UnconstrainedFeatureObjective<Scalar>
        /// The tolerance's bound on ‖∇f‖/(1 + ‖θ‖).
        let tolerance: Double
        let steps: Int
        var course: UnconstrainedFeatureCourse
        var step = 0
        var seconds = 0.0

        init(_ member: TrialPack.Member, _ problem: UnconstrainedFeatureProblem) {
            self.member = member
            self.problem = problem
            objective = UnconstrainedFeatureObjective(problem.model)
            tolerance = problem.method.tolerance * problem.model.nuclearDecay!
            steps = problem.method.steps
            course = problem.course
        }
    }

    private let pack: TrialPack
    private let shape: DescentShape
    private let descent: FusedDescent<Scalar>
    private let precision: String
    /// By lane.
    private var running: [Running?]
    /// Where a lane stands, when it is looked at.
    private let point: ParameterBlock<Scalar>
    private let gradient: ParameterBlock<Scalar>
    private var lastClock = monotonicSeconds()
    private var nextJoin = 0.0

    /// How often a free lane looks for a trial that waits.
    private static var joinEverySeconds: Double { 0.001 }

    init(_ pack: TrialPack) {
        guard let first = pack.first.problem as? UnconstrainedFeatureProblem, let shape = DescentShape(first.model)
        else { preconditionFailure("a trial without a kernel of gradient descent") }
        self.pack = pack
        self.shape = shape
        precision = first.precision
        descent = FusedDescent(shape)
        running = Array(repeating: nil, count: descent.trials)
        let layout = UnconstrainedFeatureVariables(first.model).layout
        point = ParameterBlock(layout: layout)
        gradient = ParameterBlock(layout: layout)
        begin(pack.first, first, in: 0)
    }

    func run() throws(Abandoned) {
        while fillLanes() {
            descent.step()
            shareTime()
            for lane in running.indices {
                if let trial = running[lane] { look(at: trial, in: lane) }
            }
            try pack.poll()
        }
    }

    // MARK: Lanes

    /// Gives free lanes to trials that wait; false where nothing runs.
    private func fillLanes() -> Bool {
        var isRunning = running.contains { $0 != nil }
        guard descent.trials > 1, lastClock >= nextJoin || !isRunning,
            let free = running.firstIndex(where: { $0 == nil })
        else { return isRunning }
        nextJoin = lastClock + Self.joinEverySeconds
        for lane in free..<running.count where running[lane] == nil {
            guard
                let member = pack.next(where: { problem in
                    guard let problem = problem as? UnconstrainedFeatureProblem else { return false }
                    return problem.sideBySide != nil && problem.precision == precision
                        && DescentShape(problem.model) == shape
                }), let problem = member.problem as? UnconstrainedFeatureProblem
            else { break }
            begin(member, problem, in: lane)
            isRunning = isRunning || running[lane] != nil
        }
        return isRunning
    }

    private func begin(_ member: TrialPack.Member, _ problem: UnconstrainedFeatureProblem, in lane: Int) {
        let trial = Running(member, problem)
        guard case .gradientDescent(let momentum) = problem.method.solver else {
            preconditionFailure("a trial of another solver")
        }
        do {
            let start = try UnconstrainedFeatureMinimization<Scalar>.start(trial.objective, problem.method)
            descent.place(
                DescentTrial(problem.model, learningRate: problem.method.learningRate, momentum: momentum), at: start,
                trial.objective.variables, lane: lane)
            running[lane] = trial
            shareTime()
        } catch {
            var record = TrialRecord()
            record.state = .failed
            record.reason = String(describing: error)
            pack.end(member, record, seconds: 0)
        }
    }

    /// What has passed since the last time counts for all trials that run, in equal parts.
    private func shareTime() {
        let now = monotonicSeconds()
        let count = running.count { $0 != nil }
        for trial in running { trial?.seconds += (now - lastClock) / Double(count) }
        lastClock = now
    }

    // MARK: A trial

    /// As `UnconstrainedFeatureMinimization.run`: measures where it is due, and ends what is to end.
    private func look(at trial: Running, in lane: Int) {
        let state = descent.state(of: lane)
        guard state.objective.isFinite else {
            trial.course.diverge(at: trial.step)
            end(trial, in: lane)
            return
        }
        let stop: StopReason? =
            if state.gradientNorm <= trial.tolerance * (1 + state.parameterNorm) {
                .gradient
            } else if trial.step == trial.steps {
                .steps
            } else { nil }
        guard stop != nil || trial.course.isDue(trial.step) else {
            trial.step += 1
            return
        }
        shareTime()
        measure(trial, in: lane, stop)
        let now = monotonicSeconds()
        trial.seconds += now - lastClock
        lastClock = now
        if stop == nil { trial.step += 1 } else { end(trial, in: lane) }
    }

    /// What is recorded is of the objective itself, evaluated once more at this point: it agrees with the descent's own
    /// to rounding.
    private func measure(_ trial: Running, in lane: Int, _ stop: StopReason?) {
        descent.copyPoint(of: lane, to: point, trial.objective.variables)
        let value = trial.objective.evaluate(at: point, gradient: gradient)
        let arrived = ArrivedPoint(
            objective: trial.objective, point: point, value: value, gradient: gradient, step: trial.step, stop: stop)
        trial.course.measure(arrived)
        guard stop != nil else { return }
        trial.course.finish(
            arrived,
            MeasuredPoint(trial.objective, trial.objective, at: point, value: value, gradient: gradient))
    }

    private func end(_ trial: Running, in lane: Int) {
        running[lane] = nil
        nextJoin = 0
        pack.end(trial.member, trial.course.record, seconds: trial.seconds)
    }
}
