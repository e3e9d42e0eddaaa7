"""Writes the files that ArrayFilesTests reads: arrays as NumPy writes them, and what they hold.

Run with NumPy at hand: python3 make_reference.py. The files are committed, so that the tests need no Python.
The .safetensors file is put together by hand from the format's description, not by this program's writer.
"""

import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def npy(array, version=(1, 0)):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), version=version)
    return file.getvalue()


def npys():
    values = np.arange(24).reshape(2, 3, 4)
    arrays = {}
    for dtype in ["b1", "i1", "u1", "<i2", "<i4", "<i8", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8"]:
        arrays[f"little_{dtype.lstrip('<')}"] = (values % 7 - (0 if "u" in dtype or "b" in dtype else 3)).astype(dtype)
    for dtype in [">i2", ">i4", ">u8", ">f2", ">f4", ">f8"]:
        arrays[f"big_{dtype[1:]}"] = (values + 0.5).astype(dtype)
    arrays["fortran_f4"] = np.asfortranarray(values.astype("<f4"))
    arrays["fortran_big_i8"] = np.asfortranarray(values.astype(">i8"))
    arrays["fortran_matrix"] = np.asfortranarray(values.reshape(6, 4).astype("u1"))
    arrays["scalar"] = np.array(2.5)
    arrays["vector"] = np.array([1.5, -2.5])
    arrays["empty"] = np.zeros((0, 5), "<f4")
    arrays["extremes"] = np.array([0.0, -0.0, np.inf, -np.inf, 6e-8, -6.1e-5, 65504.0], "<f2")
    contents = {name: npy(array) for name, array in arrays.items()}
    arrays["version_2"], arrays["version_3"] = arrays["little_f4"], arrays["little_f4"]
    contents["version_2"] = npy(arrays["little_f4"], (2, 0))
    contents["version_3"] = npy(arrays["little_f4"], (3, 0))
    return arrays, contents


def refused():
    return {
        "objects": npy(np.array([None, 1], object)),
        "text": npy(np.array(["a", "bc"])),
        "complex": npy(np.array([1j])),
        "records": npy(np.zeros(2, [("x", "<f4"), ("y", "<i4")])),
        "times": npy(np.array(["2020-01-01"], "M8[D]")),
    }


def safetensors():
    floats = np.array([[1.5, -2, 3]], "<f4").tobytes()
    half = np.array([0.5, 1], "<f2").tobytes()
    # bfloat16: the upper halves of 1.0 and -2.0.
    brain = struct.pack("<HH", 0x3F80, 0xC000)
    labels = np.array([7, -1], "<i8").tobytes()
    header = {
        "weight": {"dtype": "F32", "shape": [1, 3], "data_offsets": [0, 12]},
        "half": {"dtype": "F16", "shape": [2], "data_offsets": [12, 16]},
        "brain": {"dtype": "BF16", "shape": [2, 1], "data_offsets": [16, 20]},
        "labels": {"dtype": "I64", "shape": [2], "data_offsets": [20, 36]},
        "__metadata__": {"format": "pt", "note": "Σ"},
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + floats + half + brain + labels


def main():
    arrays, contents = npys()
    with zipfile.ZipFile(HERE / "npy.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**contents, **{"refused_" + k: v for k, v in refused().items()}}.items():
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    values = {
        name: {
            "shape": list(array.shape),
            "dtype": array.dtype.newbyteorder("=").name,
            "values": [repr(float(x)) for x in array.ravel(order="C")],
        }
        for name, array in arrays.items()
    }
    (HERE / "values.json").write_text(json.dumps(values, indent=0))
    features = np.arange(30, dtype="<f4").reshape(6, 5)
    labels = np.array([0, 1, 2, 0, 1, 2])
    np.savez(HERE / "stored.npz", features=features, labels=labels)
    np.savez_compressed(HERE / "deflated.npz", features=features, labels=labels)
    (HERE / "tensors.safetensors").write_bytes(safetensors())


if __name__ == "__main__":
    main()
