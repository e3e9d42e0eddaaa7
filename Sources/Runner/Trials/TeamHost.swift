import LinearAlgebra
import MPI

/// The ranks that train one trial. A rank that is told to give up does so only when all of them do, at the same step:
/// one that left alone would leave the others waiting in a sum.
final class TeamHost {
    private let host: any TrialHost
    let team: Communicator?
    private var wantsToStop = false
    private let shared = Buffer<Double>(count: 2)
    private let scratch = Buffer<Double>(count: 2)

    init(_ host: any TrialHost, _ team: Communicator?) {
        self.host = host
        self.team = team
    }

    var rank: Int { team?.rank ?? 0 }
    var ranks: Int { team?.size ?? 1 }

    /// Between steps; throws only on a rank that trains alone.
    func poll() throws(Abandoned) {
        do { try host.poll() } catch {
            guard team != nil else { throw error }
            wantsToStop = true
        }
    }

    /// Sum of a number over the team; throws on all ranks if one of them wants to stop.
    func sum(_ value: Double) throws(Abandoned) -> Double {
        guard let team else { return value }
        shared[0] = value
        shared[1] = wantsToStop ? 1 : 0
        team.allReduceSum(shared, scratch: scratch)
        if shared[1] > 0 { throw Abandoned() }
        return shared[0]
    }
}
