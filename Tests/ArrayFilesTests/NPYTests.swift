import Foundation
import Testing

@testable import ArrayFiles

/// Arrays as NumPy wrote them (Reference/make_reference.py), and what is refused.
@Suite struct NPYTests {
    struct Expected: Decodable {
        let shape: [Int]
        let dtype: String
        /// In C order, as Python prints them.
        let values: [String]
    }

    @Test func everyTypeOrderAndVersionOfNumPyIsRead() throws {
        let archive = try NPZArchive(path: reference("npy.zip"))
        let expected = try JSONDecoder().decode([String: Expected].self, from: referenceBytes("values.json"))
        #expect(expected.count == 27)
        for (name, expected) in expected {
            let array = try archive.array(name)
            #expect(array.shape == expected.shape, "\(name)")
            #expect(array.type.rawValue == expected.dtype, "\(name)")
            let values = expected.values.map { Double($0)! }
            #expect(array.doubles.map(\.bitPattern) == values.map(\.bitPattern), "\(name)")
            #expect(array.floats == values.map { Float($0) }, "\(name)")
            // Its own bytes give it back.
            #expect(try NumericArray(npy: array.npy, path: name) == array, "\(name)")
        }
    }

    @Test func integersAreExactOrNone() throws {
        #expect(NumericArray([0.0, 3, -4]).integers == [0, 3, -4])
        #expect(NumericArray([0.5]).integers == nil)
        #expect(NumericArray([Double.nan]).integers == nil)
        #expect(NumericArray([1e300]).integers == nil)
        #expect(NumericArray([UInt64.max]).integers == nil)
        #expect(NumericArray([Int64.min, .max]).integers == [.min, .max])
        #expect(NumericArray([UInt8(200)]).integers == [200])
        #expect(NumericArray([Int8(-100)]).integers == [-100])
        #expect(NumericArray([Int16(-300)]).integers == [-300])
        #expect(NumericArray([UInt16(65_535)]).integers == [65_535])
        #expect(NumericArray([UInt32.max]).integers == [4_294_967_295])
    }

    @Test func everyHalfIsItsFloat() throws {
        // Against the arithmetic definition: (−1)^s 2^(e−15) (1 + f/1024), subnormals 2^−14 f/1024.
        let bits = (0..<65_536).map { UInt16($0) }
        let array = NumericArray(type: .float16, shape: [65_536], bytes: NumericArray(bits).bytes)
        for (half, value) in zip(bits, array.floats) {
            let (exponent, fraction) = (Int(half >> 10 & 31), Double(half & 1023) / 1024)
            let sign: Double = half & 0x8000 == 0 ? 1 : -1
            switch exponent {
            case 31: #expect(fraction == 0 ? Double(value) == sign * .infinity : value.isNaN)
            case 0: #expect(Double(value) == sign * 0x1p-14 * fraction)
            default:
                #expect(Double(value) == sign * Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction))
            }
        }
    }

    @Test func elementsAreOfTheirTypeOnly() throws {
        let array = NumericArray([Float(1), 2, 3, 4], shape: [2, 2])
        #expect(array.elements(as: Float.self) == [1, 2, 3, 4])
        #expect(array.elements(as: Double.self) == nil)
        #expect(array.reshaped(to: [4]).shape == [4])
    }

    @Test func aFileGoesOutAndIn() throws {
        let folder = try ScratchFolder()
        let array = NumericArray((0..<1000).map { Float($0) / 3 }, shape: [10, 100])
        try array.write(npyFile: folder.file("a.npy"))
        #expect(try NumericArray(npyFile: folder.file("a.npy")) == array)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.npy"])
    }

    @Test func headersAreThoseOfNumPy() throws {
        // numpy.save of the same array, byte for byte.
        let stored = try NPZArchive(path: reference("stored.npz"))
        let bytes = try referenceBytes("stored.npz")
        for name in ["features", "labels"] {
            let array = try stored.array(name)
            #expect(bytes.range(of: array.npy) != nil, "\(name)")
        }
    }

    static let refused: [(name: String, words: String)] = [
        ("objects", "holds Python objects ('|O')"), ("text", "holds text ('<U2')"),
        ("complex", "holds complex numbers ('<c16')"), ("records", "holds records of named fields"),
        ("times", "holds times ('<M8[D]')"),
    ]

    @Test(arguments: refused) func whatIsNoArrayOfNumbersIsRefused(_ name: String, _ words: String) throws {
        let archive = try NPZArchive(path: reference("npy.zip"))
        let error = try #require(throws: ArrayFileError.self) { try archive.array("refused_" + name) }
        #expect(error.description.hasPrefix("\(reference("npy.zip")): array 'refused_\(name)': \(words); save "))
        #expect(!error.description.contains("\n"))
    }

    static func file(header: String, version: UInt8 = 1, data: Int = 0) -> Data {
        var file = Data([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, version, 0])
        file.append(header.utf8.count, version == 1 ? 2 : 4)
        file.append(contentsOf: header.utf8)
        file.append(Data(count: data))
        return file
    }

    static let headers: [(header: String, words: String)] = [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "ends after 65 of 73 bytes"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2)}", "its header cannot be read at byte 52"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", "its header cannot be read at byte 51"),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",
            "its shape announces more numbers than any file"
        ),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4611686018427387904, 4)}",
            "its shape announces more numbers than any file"
        ),
        ("{'descr': '<f4', 'fortran_order': False}", "its header has other entries"),
        ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", "its header has other entries"),
        ("{'descr': '<f16', 'fortran_order': False, 'shape': ()}", "holds floating-point numbers of an unusual size"),
        ("{'descr': '<V2', 'fortran_order': False, 'shape': ()}", "holds elements of an unknown type ('<V2')"),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", "its header cannot be read at byte"),
        ("", "its header cannot be read at byte 0"),
    ]

    @Test(arguments: headers) func badHeadersAreNamed(_ header: String, _ words: String) throws {
        let error = try #require(throws: ArrayFileError.self) {
            try NumericArray(npy: Self.file(header: header), path: "x.npy")
        }
        #expect(error.description.contains(words), "\(error)")
    }

    @Test func headersOfPythonTwoAreRead() throws {
        let text = "{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (2L, 1L), }\n"
        #expect(try NumericArray(npy: Self.file(header: text, data: 8), path: "x").shape == [2, 1])
    }

    @Test func whatFollowsIsRefused() throws {
        var bytes = NumericArray([1.0]).npy
        bytes.append(0)
        let error = try #require(throws: ArrayFileError.self) { try NumericArray(npy: bytes, path: "x.npy") }
        #expect(error.description == "x.npy: damaged (1 bytes follow the 8 it announces); write or copy it again")
    }

    @Test func noDamageCrashes() throws {
        let array = NumericArray((0..<12).map { Float($0) }, shape: [3, 4])
        for (what, bytes) in damaged(array.npy) {
            guard let other = try? NumericArray(npy: bytes, path: "x") else { continue }
            // There is no checksum: what is read has its size, whatever it is.
            #expect(other.bytes.count == other.count * other.type.byteCount, "\(what)")
            #expect(other.doubles.count == other.count, "\(what)")
        }
    }
}
