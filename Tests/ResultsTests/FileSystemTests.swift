import Foundation
import Testing

@testable import Results

@Suite struct FileSystemTests {
    private let table = """
        27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
        40 27 0:50 / /home rw,relatime shared:5 - nfs4 server:/home rw,vers=4.2
        41 27 0:51 / /scratch rw,relatime - lustre mgs@tcp:/scratch rw,localflock
        42 27 0:52 / /scratch2 rw - lustre mgs@tcp:/scratch rw,flock
        43 40 0:53 / /home/me/far\\040away rw - fuse.sshfs me@host: rw
        44 27 0:54 / /mnt/old ro,relatime - xfs /dev/vdb ro
        45 27 0:55 / /mnt/old rw,relatime - tmpfs tmpfs rw
        46 27 0:56 / /usb rw - fuseblk /dev/sdb rw
        47 27 0:57 / /cd rw - iso9660 /dev/sr0 ro
        a line that is none
        """

    @Test(arguments: [
        ("/", "ext4", false), ("/homely", "ext4", false), ("/home", "nfs4", true), ("/home/me/x", "nfs4", true),
        ("/home/me/far away/x", "fuse.sshfs", true), ("/scratch/a", "lustre", true), ("/mnt/old/a", "tmpfs", false),
        ("/usb/a", "fuseblk", false),
    ])
    func knowsByTheDeepestMount(path: String, name: String, isNetwork: Bool) {
        let system = FileSystem(of: path, mountTable: table)
        #expect(system.name == name)
        #expect(system.isNetwork == isNetwork)
    }

    @Test func knowsWhetherLocksAreShared() {
        #expect(!FileSystem(of: "/scratch/a", mountTable: table).sharesLocks)
        #expect(FileSystem(of: "/scratch2/a", mountTable: table).sharesLocks)
        #expect(FileSystem(of: "/home/a", mountTable: table).sharesLocks)
        #expect(FileSystem(of: "/cd/a", mountTable: table).isReadOnly)
        #expect(!FileSystem(of: "/mnt/old", mountTable: table).isReadOnly)
    }

    @Test func readsThisMachine() throws {
        let folder = try TemporaryFolder()
        let here = FileSystem.kind(of: folder.path + "/not/yet/there")
        #expect(here == FileSystem.kind(of: folder.path) || here.name == FileSystem.kind(of: folder.path).name)
        #expect(here.name != "unknown")
        #expect((here.freeBytes ?? 0) > 0)
        #expect(FileSystem.kind(of: "/proc").name == "proc")
        #expect(FileSystem(of: "/x", mountTable: "").name == "unknown")
    }
}
