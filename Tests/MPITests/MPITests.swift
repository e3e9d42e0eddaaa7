import Programs
import Testing

/// Runs the checks of the program `mpichecks` on ranks of their own.
@Suite(.serialized) struct MPITests {
    private func check(_ name: String, ranks: Int?) throws {
        let ending = try Programs.run("mpichecks", [name], ranks: ranks, atMostSeconds: 120)
        #expect(ending.code == 0, "\(name) on \(ranks ?? 1) ranks\n\(ending.output)\(ending.errors)")
    }

    @Test func aBrokenExpectationIsSeen() throws {
        for ranks in [nil, 1, 3] {
            let ending = try Programs.run("mpichecks", ["fail"], ranks: ranks)
            #expect(ending.code == 1)
            #expect(ending.output.contains("the last rank fails, as asked"))
        }
    }

    @Test(arguments: [nil, 1, 2, 3, 4]) func messagesOfAnySizeBothWays(ranks: Int?) throws {
        try check("messages", ranks: ranks)
    }

    @Test(arguments: [nil, 1, 2, 3, 4]) func broadcastsOfAnySize(ranks: Int?) throws {
        try check("broadcast", ranks: ranks)
    }

    @Test(arguments: [nil, 1, 2, 3, 4]) func ranksAgreeOnAnError(ranks: Int?) throws {
        try check("agree", ranks: ranks)
    }

    @Test(arguments: [nil, 1, 2, 3, 4]) func groupsOfTheirMembersAlone(ranks: Int?) throws {
        try check("groups", ranks: ranks)
    }

    @Test(arguments: [2, 4]) func groupsAreMadeApartFromMessages(ranks: Int) throws {
        try check("quiet-groups", ranks: ranks)
    }

    @Test(arguments: [nil, 1, 2, 3, 4]) func nodeMemoryIsSeenByAllRanks(ranks: Int?) throws {
        try check("node", ranks: ranks)
    }

    @Test(arguments: [nil, 1, 2, 3, 4, 5, 7, 8]) func sumsAreThoseOfTheFixedTree(ranks: Int?) throws {
        try check("sums", ranks: ranks)
    }
}
