import LinearAlgebra
import MPI
import RandomNumbers
import Runner

#if canImport(Glibc)
    import Glibc
#endif

/// What must hold of several ranks, each check by its name: `mpirun -n 3 mpichecks messages`. Ends with 1 and a line
/// for each expectation that some rank saw broken. The tests of target MPITests start it.
@main
struct MPIChecks {
    static func main() {
        let failures = withMPI { world in
            var checks = Checks(world: world)
            for name in CommandLine.arguments.dropFirst() { checks.run(name) }
            return checks.failures
        }
        if failures > 0 { exit(1) }
    }
}

struct Checks {
    let world: Communicator
    private(set) var failures = 0

    init(world: Communicator) { self.world = world }

    mutating func run(_ name: String) {
        switch name {
        case "messages": messages()
        case "broadcast": broadcast()
        case "agree": agree()
        case "groups": groups()
        case "quiet-groups": quietGroups()
        case "node": nodeMemory()
        case "sums": sums()
        case "fail": expect(world.rank != world.size - 1, "the last rank fails, as asked")
        default: expect(false, "no check '\(name)'")
        }
        world.barrier()
    }

    mutating func expect(_ isTrue: Bool, _ what: @autoclosure () -> String) {
        guard !isTrue else { return }
        failures += 1
        print("rank \(world.rank) of \(world.size): \(what())")
    }
}
