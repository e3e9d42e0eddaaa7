import Foundation
import Testing

@testable import ArrayFiles

@Suite struct SafetensorsTests {
    @Test func aFileOfTheFormatsDescriptionIsRead() throws {
        let file = try Safetensors(path: reference("tensors.safetensors"))
        #expect(file.names == ["weight", "half", "brain", "labels"])
        #expect(file.metadata == ["format": "pt", "note": "Σ"])
        #expect(file["weight"]?.elements(as: Float.self) == [1.5, -2, 3])
        #expect(file["weight"]?.shape == [1, 3])
        #expect(file["half"]?.floats == [0.5, 1])
        #expect(file["brain"]?.floats == [1, -2])
        #expect(file["brain"]?.shape == [2, 1])
        #expect(file["labels"]?.integers == [7, -1])
        let error = try #require(throws: ArrayFileError.self) { try file.array("bias", path: "x") }
        #expect(
            error.description == "x: no array 'bias' (it holds weight, half, brain, labels); save it under this name")
    }

    @Test func everyTypeGoesOutAndIn() throws {
        var file = Safetensors(metadata: ["a": "b"])
        for type in ElementType.allCases {
            let bytes = Data((0..<6 * type.byteCount).map { UInt8($0 % 2) })
            file[type.rawValue] = NumericArray(type: type, shape: [2, 3], bytes: bytes)
        }
        file["empty"] = NumericArray([Float](), shape: [0, 4])
        file["number"] = NumericArray([2.5], shape: [])
        #expect(try Safetensors(decoding: file.encoded(), path: "x") == file)
        let folder = try ScratchFolder()
        try file.write(to: folder.file("x.safetensors"))
        #expect(try Safetensors(path: folder.file("x.safetensors")) == file)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("x.safetensors"))) == file.encoded())
    }

    @Test func arraysAreReplacedInTheirPlaceAndRemoved() throws {
        var file = Safetensors()
        (file["a"], file["b"]) = (NumericArray([1.0]), NumericArray([2.0]))
        file["a"] = NumericArray([3.0])
        #expect(file.names == ["a", "b"])
        file["a"] = nil
        #expect(file.names == ["b"])
    }

    static func file(_ header: String, data: Int) -> Data {
        var file = Data()
        file.append(header.utf8.count, 8)
        file.append(contentsOf: header.utf8)
        file.append(Data(count: data))
        return file
    }

    static let mistakes: [(header: String, words: String)] = [
        ("[]", "x: not a safetensors file (its header is no JSON object)"),
        ("{", "x: not a safetensors file (its header is no JSON object)"),
        (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#, "x: array 'a': ends after"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, "'a': damaged (its shape and its offsets differ)"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "x: damaged (4 bytes belong to no array)"),
        (
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            "'a': damaged (it does not start where the one before it ends)"
        ),
        (#"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#, "'a': elements of type F8_E4M3; save it in"),
        (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}"#, "its shape announces more numbers"),
        (#"{"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,8]}}"#, "its shape announces more"),
        (
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807]}}"#,
            "x: array 'a': ends after"
        ),
        (#"{"a":{"dtype":"F32","shape":[2]}}"#, "'a': damaged (its header lacks dtype, shape or data_offsets)"),
        (#"{"a":[]}"#, "'a': damaged (its header lacks dtype, shape or data_offsets)"),
        (#"{"__metadata__":{"a":1}}"#, "x: damaged (its metadata is not text)"),
    ]

    @Test(arguments: mistakes) func mistakesAreNamed(_ header: String, _ words: String) throws {
        let error = try #require(throws: ArrayFileError.self) {
            try Safetensors(decoding: Self.file(header, data: 8), path: "x")
        }
        #expect(error.description.contains(words), "\(error)")
    }

    @Test func aHugeHeaderIsRefused() throws {
        let error = try #require(throws: ArrayFileError.self) {
            try Safetensors(decoding: Data(repeating: 0xFF, count: 64), path: "x")
        }
        #expect(error.description.contains("not a safetensors file (it announces a header of"))
    }

    @Test func aSliceIsRead() throws {
        let bytes = try referenceBytes("tensors.safetensors")
        let slice = (Data(count: 13) + bytes).dropFirst(13)
        #expect(try Safetensors(decoding: slice, path: "x") == Safetensors(decoding: bytes, path: "x"))
    }

    @Test func noDamageCrashes() throws {
        for (what, bytes) in damaged(try referenceBytes("tensors.safetensors")) {
            guard let file = try? Safetensors(decoding: bytes, path: "x") else { continue }
            for name in file.names {
                let array = try #require(file[name])
                #expect(array.doubles.count == array.count, "\(what)")
            }
        }
    }
}
