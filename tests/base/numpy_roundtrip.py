"""Opens what base::EncodeNpy and base::Archive::Encode wrote, and writes files for them to read.

Usage: numpy_roundtrip.py DIRECTORY; the directory holds written.npy and written.npz.
"""
import json
import pathlib
import sys
import zipfile

import numpy as np

folder = pathlib.Path(sys.argv[1])

array = np.load(folder / "written.npy", allow_pickle=False, mmap_mode="r")
assert array.dtype == np.float32 and array.shape == (2, 3), (array.dtype, array.shape)
assert array.offset % 64 == 0, array.offset
np.testing.assert_array_equal(array, np.arange(6, dtype=np.float32).reshape(2, 3) / 2)

with np.load(folder / "written.npz", allow_pickle=False) as written:
    assert written.files == ["f4", "f8", "i4", "i8", "u1", "b1", "c16", "scalar", "empty", "meta"]
    for name, dtype in [("f4", "<f4"), ("f8", "<f8"), ("i4", "<i4"), ("i8", "<i8"), ("u1", "|u1"),
                        ("b1", "|b1"), ("c16", "<c16")]:
        assert written[name].dtype == np.dtype(dtype), name
        assert written[name].shape == (3,), name
    np.testing.assert_array_equal(written["f8"], [0.1, -np.inf, 1e-300])
    np.testing.assert_array_equal(written["i8"], [-1, 2**62, 0])
    np.testing.assert_array_equal(written["b1"], [True, False, True])
    np.testing.assert_array_equal(written["c16"], [1 + 2j, -3j, 4])
    assert written["scalar"].shape == () and written["scalar"] == 2.5
    assert written["empty"].shape == (0, 7)
    assert json.loads(str(written["meta"])) == {"name": "Größe ∂F/∂h 𝛼"}
with zipfile.ZipFile(folder / "written.npz") as z:
    assert z.testzip() is None
    for info in z.infolist():
        assert info.compress_type == zipfile.ZIP_STORED
        assert info.date_time == (1980, 1, 1, 0, 0, 0), info.date_time

rng = np.random.RandomState(0)
arrays = {
    "states": rng.randn(4, 5, 6).astype(np.float32),
    "xstar": rng.randn(3, 7),
    "eig": rng.randn(3, 2) + 1j * rng.randn(3, 2),
    "count": np.array([1, -2, 3]),
    "stable": np.array([True, False]),
    "meta": np.array("ζ = ½"),
    "one": np.array(1.5),
}
np.savez(folder / "stored.npz", **arrays)
np.savez_compressed(folder / "deflated.npz", **arrays)
np.save(folder / "states.npy", arrays["states"])
np.save(folder / "fortran.npy", np.asfortranarray(arrays["xstar"]))
np.save(folder / "big_endian.npy", arrays["xstar"].astype(">f8"))
for dtype in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
    info = np.iinfo(dtype)
    np.save(folder / f"{dtype}.npy", np.array([info.min, info.max // 3, info.max], dtype=dtype))
# Every kind of float16: subnormal, the least normal, the largest, both signs of zero.
halves = np.array([0, 1, 0x3FF, 0x400, 0x3C00, 0x7BFF, 0x8000, 0x8001, 0xBC01], dtype=np.uint16)
np.save(folder / "f2.npy", halves.view(np.float16))
np.save(folder / "f2_as_f8.npy", halves.view(np.float16).astype(np.float64))
np.save(folder / "f2_infinite.npy", np.array([1, -np.inf, np.nan], dtype=np.float16))
np.save(folder / "objects.npy", np.array([{}, None], dtype=object), allow_pickle=True)
np.save(folder / "structured.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
with open(folder / "long_header.npy", "wb") as out:
    np.lib.format.write_array(out, arrays["xstar"], version=(2, 0))
# The sums that the reader must find.
with open(folder / "sums.txt", "w") as out:
    for name in ["states", "xstar", "count"]:
        print(repr(float(np.sum(arrays[name], dtype=np.float64))), file=out)
