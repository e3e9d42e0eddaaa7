import Testing

@testable import Sweeps

@Suite struct MessageTests {
    private func randomInteger(_ random: inout SeededGenerator) -> Int {
        let bits = Int.random(in: 0...63, using: &random)
        return Int(truncatingIfNeeded: random.next()) >> bits
    }

    private func randomTrial(_ random: inout SeededGenerator) -> Trial {
        Trial(
            problem: "ufm", revision: Int.random(in: 1...1000, using: &random),
            parameters: (0..<Int.random(in: 0...20, using: &random)).map { index in
                let value: ParameterValue =
                    switch index % 3 {
                    case 0: .integer(randomInteger(&random))
                    case 1: .real(Double.random(in: -1e3...1e3, using: &random) * 1e-7)
                    default: .text("word-\(random.next() % 100)")
                    }
                return .init(name: "p\(index)", value: value)
            })
    }

    private func randomMessages(_ random: inout SeededGenerator) -> [Message] {
        let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        return [
            .ready, .abandon, .abandoned, .finish, .signalled(randomInteger(&random)),
            .ended(task: randomInteger(&random), attempt: randomInteger(&random), result: bytes),
            .run(
                Message.Assignment(
                    task: randomInteger(&random), attempt: randomInteger(&random),
                    team: (0..<Int.random(in: 1...40, using: &random)).map { _ in randomInteger(&random) },
                    trial: randomTrial(&random),
                    checkpointIntervalSeconds: Bool.random(using: &random)
                        ? nil : Double.random(in: 0...1e6, using: &random),
                    keepsWeights: Bool.random(using: &random))),
        ]
    }

    @Test func arrivesAsItWasSent() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<300 {
            for message in randomMessages(&random) {
                #expect(Message(tag: message.tag, bytes: message.bytes) == message)
            }
        }
        let extreme = Message.ended(task: .max, attempt: .min, result: [])
        #expect(Message(tag: extreme.tag, bytes: extreme.bytes) == extreme)
    }

    @Test func aPartOfAMessageIsNone() {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<20 {
            for message in randomMessages(&random) {
                // What follows a result's header is the result, of any length: its own reader judges it.
                var shortest = message.bytes.count
                if case .ended(let task, let attempt, _) = message {
                    shortest = Message.ended(task: task, attempt: attempt, result: []).bytes.count
                }
                for length in 0..<shortest {
                    #expect(Message(tag: message.tag, bytes: Array(message.bytes[..<length])) == nil)
                }
                if case .ended = message { continue }
                #expect(Message(tag: message.tag, bytes: message.bytes + [0]) == nil)
            }
        }
    }

    @Test func anyBytesAreReadOrRefused() {
        var random = SeededGenerator(seed: 3)
        for round in 0..<5_000 {
            var bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if round % 2 == 0 {
                // Closer to the truth: a good message with one byte changed.
                let good = randomMessages(&random)[6].bytes
                bytes = good
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            for tag in -1...9 {
                guard let message = Message(tag: tag, bytes: bytes) else { continue }
                #expect(message.tag == tag)
                #expect(Message(tag: tag, bytes: message.bytes) == message)
            }
        }
    }
}
