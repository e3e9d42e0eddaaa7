import ArgumentParser
import Sweeps

/// "3" or "5%".
struct MaxFails: ExpressibleByArgument {
    let limit: Scheduler.FailureLimit

    init?(argument: String) {
        if argument.hasSuffix("%") {
            guard let percent = Double(argument.dropLast()), (0...100).contains(percent) else { return nil }
            limit = .fraction(percent / 100)
        } else {
            guard let count = Int(argument), count >= 0 else { return nil }
            limit = .count(count)
        }
    }
}
