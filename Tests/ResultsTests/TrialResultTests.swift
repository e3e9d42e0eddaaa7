import Results
import Sweeps
import Testing

@Suite struct TrialResultTests {
    @Test func survivesTheJourney() throws {
        var result = Sample.result(3, state: .diverged, measurements: 50)
        result.outcomes += [
            Outcome(name: "λ", value: .integer(.min)), Outcome(name: "big", value: .integer(.max)),
            Outcome(name: "inf", value: .real(-.infinity)), Outcome(name: "", value: .text("a;b\n\"ü")),
        ]
        result.rank = -1
        #expect(TrialResult(decoding: result.encoded) == result)
        result.reason = ""
        #expect(TrialResult(decoding: result.encoded) == result)
        result.measurements = []
        result.outcomes = []
        #expect(TrialResult(decoding: result.encoded) == result)
    }

    @Test func keepsTheBitsOfRealNumbers() throws {
        var result = Sample.result(0)
        result.seconds = Double(bitPattern: 0x7FF8_0000_0000_1234)
        let back = try #require(TrialResult(decoding: result.encoded))
        #expect(back.seconds.bitPattern == result.seconds.bitPattern)
    }

    @Test func refusesEveryTruncationAndExtension() {
        let bytes = Sample.result(3, state: .failed, measurements: 5).encoded
        for count in bytes.indices { #expect(TrialResult(decoding: Array(bytes[..<count])) == nil) }
        #expect(TrialResult(decoding: bytes + [0]) == nil)
    }

    /// Whatever arrives is either refused or a result: no crash, no huge allocation.
    @Test func doesNotCrashOnDamage() {
        let bytes = Sample.result(3, state: .failed, measurements: 5).encoded
        var refused = 0
        for index in bytes.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] where bytes[index] != value {
                var damaged = bytes
                damaged[index] = value
                if let result = TrialResult(decoding: damaged) {
                    #expect(result != Sample.result(3, state: .failed, measurements: 5))
                } else {
                    refused += 1
                }
            }
        }
        #expect(refused > 100)
    }

    @Test func refusesALengthBeyondTheMessage() {
        // Format, id, state, no reason, two times, then a host of 2⁶³ bytes.
        let bytes: [UInt8] =
            [1] + Array(repeating: 7, count: 8) + [0, 0] + Array(repeating: 0, count: 16)
            + Array(repeating: 0xFF, count: 9) + [0x01]
        #expect(TrialResult(decoding: bytes) == nil)
    }
}
