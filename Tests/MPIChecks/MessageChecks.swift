import MPI
import Runner

extension Checks {
    /// Every rank sends to every rank, itself included, messages of 0 bytes to 40 MB at the same time: two that wait
    /// for each other to receive would never end.
    mutating func messages() {
        let sizes = [0, 1, 7, 4000, 4096, 65_537, 1 << 20, 0, 40_000_000, 3]
        func content(_ size: Int, from source: Int, number: Int) -> [UInt8] {
            (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ source &* 7 &+ number) }
        }
        let outbox = Outbox(world)
        for (number, size) in sizes.enumerated() {
            for rank in 0..<world.size {
                outbox.send(content(size, from: world.rank, number: number), to: rank, tag: 5)
            }
        }
        var received = Array(repeating: 0, count: world.size)
        var wait = AdaptiveWait()
        let deadline = monotonicSeconds() + 60
        while received.contains(where: { $0 < sizes.count }), monotonicSeconds() < deadline {
            outbox.progress()
            guard let message = world.receiveIfAny() else {
                wait.pause()
                continue
            }
            wait.reset()
            // In the order in which they were sent.
            let number = received[message.source]
            received[message.source] += 1
            expect(message.tag == 5, "tag \(message.tag)")
            expect(
                message.bytes == content(sizes[number], from: message.source, number: number),
                "message \(number) from \(message.source): \(message.bytes.count) bytes or other content")
        }
        while !outbox.isEmpty, monotonicSeconds() < deadline { outbox.progress() }
        expect(monotonicSeconds() < deadline, "not all messages arrived: \(received)")
    }

    mutating func broadcast() {
        for size in [0, 1, 4097, 1 << 20, 50_000_000] {
            for root in 0..<world.size {
                let sent = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ root) }
                let received = world.broadcast(world.rank == root ? sent : [], from: root)
                expect(received == sent, "broadcast of \(size) bytes from \(root)")
            }
        }
    }

    private struct Wrong: Error, CustomStringConvertible {
        let description: String
    }

    /// The error of the lowest rank that threw one, on all ranks.
    mutating func agree() {
        for throwing in [[], [0], [world.size - 1], Array(0..<world.size), [world.size / 2, world.size - 1]] {
            do {
                let value = try world.agree {
                    if throwing.contains(world.rank) { throw Wrong(description: "rank \(world.rank): ü\nsecond line") }
                    return world.rank
                }
                expect(throwing.isEmpty, "nothing thrown though \(throwing) did")
                expect(value == world.rank, "value \(value)")
            } catch {
                expect(
                    throwing.min().map { "\(error)" == "rank \($0): ü\nsecond line" } ?? false,
                    "'\(error)' thrown when \(throwing) did")
            }
        }
        do {
            try world.agree { if world.rank == 0 { throw Wrong(description: "") } }
            expect(false, "an error without a text was lost")
        } catch { expect(!"\(error)".isEmpty, "an error without a text") }
    }

    /// Groups are made by their members alone, in the order given, also at the same time.
    mutating func groups() {
        let everybody = Array((0..<world.size).reversed())
        for round in 0..<300 {
            let group = world.group(of: everybody, tag: round)
            expect(group.size == world.size && group.rank == world.size - 1 - world.rank, "reversed group")
            let heard = group.broadcast(group.rank == 0 ? [UInt8(truncatingIfNeeded: round)] : [], from: 0)
            expect(heard == [UInt8(truncatingIfNeeded: round)], "broadcast in a group")
        }
        // Two at once, of the even and the odd ranks; in the second half rank 0 is left out.
        for round in 0..<50 {
            let members = (0..<world.size).filter { $0 % 2 == world.rank % 2 && (round < 25 || $0 > 0) }
            guard members.contains(world.rank) else { continue }
            let group = world.group(of: members, tag: world.rank % 2)
            expect(group.size == members.count && members[group.rank] == world.rank, "group of \(members)")
            group.barrier()
        }
    }

    /// A rank that looks for messages while others already make a group with it must see none of theirs.
    mutating func quietGroups() {
        let teams = world.duplicate()
        for round in 0..<100 {
            if world.rank == world.size - 1 {
                let end = monotonicSeconds() + 0.002
                while monotonicSeconds() < end {
                    let message = world.receiveIfAny()
                    expect(message == nil, "message of tag \(message?.tag ?? 0) in round \(round)")
                }
            }
            let group = teams.group(of: Array(0..<world.size), tag: round)
            expect(group.rank == world.rank, "rank \(group.rank) in the group")
        }
    }

    mutating func nodeMemory() {
        let node = world.node()
        // All ranks of this test run on one machine.
        expect(node.size == world.size && node.rank == world.rank, "node of \(node.size) ranks")
        for size in [0, 1, 50_000_000] {
            let memory = NodeMemory(byteCount: size, on: node)
            expect(memory.bytes.count == size, "\(memory.bytes.count) bytes")
            if node.rank == 0 {
                for index in 0..<size { memory.bytes[index] = UInt8(truncatingIfNeeded: index &* 17) }
            }
            memory.publish()
            expect(
                (0..<size).allSatisfy { memory.bytes[$0] == UInt8(truncatingIfNeeded: $0 &* 17) },
                "memory of \(size) bytes is not what rank 0 wrote")
            node.barrier()
        }
    }
}
