"""The golden values of random.test.ts, from Python's integers and its own logarithm, sine and cosine (float64)."""
import math
import struct

MASK = 2**32 - 1


def philox(counter, key):
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        left, right = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (right >> 32) ^ b ^ k0, right & MASK, (left >> 32) ^ d ^ k1, left & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return a, b, c, d


def fold(key, label):
    data = label.encode()
    for start in range(0, max(1, len(data)), 12):
        block = data[start : start + 12]
        words = struct.unpack("<3I", block.ljust(12, b"\0"))
        key = philox((*words, 0x666F6C64 + len(block)), key)[:2]
    return key


def uniform_at(key, position):
    a, b, _, _ = philox((position & MASK, position >> 32, 0, 0), key)
    return ((a >> 11) * 2**32 + b) / 2**53


def uniforms(key, blocks):
    return [word >> 8 for i in range(blocks) for word in philox((i, 0, 0, 0), key)]


def normals(key, blocks):
    for i in range(blocks):
        a, b, c, d = philox((i, 0, 0, 0), key)
        for word, turn in ((a, b), (c, d)):
            radius = math.sqrt(-2 * math.log((word + 1) / 2**32))
            for value in (math.cos, math.sin):
                yield struct.unpack("<f", struct.pack("<f", radius * value(2 * math.pi * turn / 2**32)))[0]


def permutation(key, count):
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = math.floor(uniform_at(key, i) * (i + 1))
        order[i], order[j] = order[j], order[i]
    return order


if __name__ == "__main__":
    seed = (7, 0)
    for counter, key in (
        ((0, 0, 0, 0), (0, 0)),
        ((MASK,) * 4, (MASK,) * 2),
        ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)),
    ):
        print("philox", [f"{word:08x}" for word in philox(counter, key)])
    for label in ("", "3", "layers.3.mixer.q", "naïve 🏺"):
        print("fold", repr(label), [f"{word:08x}" for word in fold(seed, label)])
    print("uniform · 2^24", uniforms(seed, 2))
    print("uniform at", [uniform_at(seed, position) for position in (0, 1, 2**32, 2**53 - 1)])
    print("normal", list(normals(seed, 2)))
    print("sum of normals", sum(normals(seed, 25_000)), "of squares", sum(z * z for z in normals(seed, 25_000)))
    print("permutation", permutation(seed, 12))
