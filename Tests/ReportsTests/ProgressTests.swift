import Reports
import Testing

@Suite struct ProgressTests {
    private let line = ProgressLine(
        total: 1000, done: 440, diverged: 3, failed: 7, running: 8, rate: 12.34, secondsLeft: 44.6)

    @Test func asALogLine() {
        #expect(
            line.plainText == "450/1000 trials (45 %), 3 diverged, 7 failed, 8 running, 12.3/s, 45 s left")
        #expect(
            ProgressLine(total: 3, done: 3, failed: 0, running: 0, rate: 1, secondsLeft: 0).plainText
                == "3/3 trials (100 %)")
        #expect(
            ProgressLine(total: 1000, done: 999, failed: 0, running: 1, rate: 0, secondsLeft: nil).plainText
                == "999/1000 trials (99 %), 1 running, 0/s")
    }

    @Test func asABar() {
        #expect(
            line.bar(width: 120) == "[#############-----------------]  45 %  450/1000  3 diverged  7 failed  8 running"
                + "  12.3/s  45 s left")
        #expect(line.bar(width: 100).contains("] "))
        #expect(line.redrawn(width: 80).hasPrefix("\r"))
    }

    @Test func neverFillsTheTerminal() {
        for width in 1...200 { #expect(line.bar(width: width).count < max(2, width)) }
        let short = line.bar(width: 40)
        #expect(short.contains("45 %") && short.contains("45 s left"))
    }

    @Test func barGrowsWithTheTrials() {
        var filled = -1
        for done in 0...50 {
            let line = ProgressLine(total: 50, done: done, failed: 0, running: 0, rate: 1, secondsLeft: nil)
            let bar = line.bar(width: 80)
            let count = bar.count { $0 == "#" }
            #expect(count >= filled)
            #expect(bar.contains("-") == (done < 50))
            filled = count
        }
        #expect(filled == 30)
    }

    @Test func ofNothing() {
        #expect(
            ProgressLine(total: 0, done: 0, failed: 0, running: 0, rate: 0, secondsLeft: nil).plainText
                == "0/0 trials (100 %)")
    }

    @Test func isShownAtMostTenTimesASecond() {
        var throttle = ProgressThrottle(isTerminal: true)
        let shown = (0..<1000).filter { throttle.isDue(at: 5 + Double($0) / 1000) }
        #expect(shown.count == 10)
        #expect(shown.first == 0)
    }

    @Test func aClockSetBackDoesNotSilenceIt() {
        var throttle = ProgressThrottle(intervalSeconds: 5)
        let isDue = [1000, 1004.9, 10, 15].map { throttle.isDue(at: $0) }
        #expect(isDue == [true, false, true, true])
    }

    @Test func namesTimesAndRates() {
        #expect(
            [0, 0.2, 59.4, 60, 65, 3600, 7700, 86400 * 3 + 3600 * 4].map(NumberText.duration) == [
                "0 s", "under 1 s", "59 s", "1 min 00 s", "1 min 05 s", "1 h 00 min", "2 h 08 min", "3 d 04 h",
            ])
        #expect(NumberText.duration(.infinity) == "unknown")
        #expect(
            [0, 0.0005, 0.05, 0.5, 12.345, 1234.4].map { NumberText.rate(perSecond: $0) } == [
                "0/s", "1.8/h", "3/min", "0.5/s", "12.3/s", "1234/s",
            ])
    }

    @Test func writesNumbersForPeople() {
        #expect(
            [0.005, 1.0 / 3, 123456.7, 1.5e-9, -2, 0].map { NumberText.short($0 as Double) } == [
                "0.005", "0.33333", "1.2346e+05", "1.5e-09", "-2", "0",
            ])
        #expect(NumberText.short(Double.nan) == "nan")
        #expect(NumberText.short(-Double.infinity) == "-inf")
    }
}
