#!/usr/bin/env python3
"""Checks a directory as a C2SP tlog-tiles log: checkpoint, hash tiles, entry bundles; or a tlog-proof.

Written from the specifications alone (c2sp.org/tlog-tiles, tlog-proof, tlog-checkpoint, signed-note,
RFC 6962, RFC 9162), sharing no code with the program whose output it judges. Usage:
    check_tlog.py DIR VKEY                  prints "ok SIZE ROOT"
    check_tlog.py --proof FILE VKEY [ENTRY] prints "ok INDEX SIZE"; ENTRY: a file, else the extra data
or says what is wrong and exits with 1.
"""
import base64
import hashlib
import os
import re
import struct
import subprocess
import sys
import tempfile


class Wrong(Exception):
    pass


def need(condition, text):
    if not condition:
        raise Wrong(text)


def sha256(data):
    return hashlib.sha256(data).digest()


def unbase64(text):
    """Strict: padding there, no other characters, no unused bits set."""
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "base64 that is not canonical: " + text)
    return data


def parse_vkey(vkey):
    name, key_id, rest = vkey.strip().split("+", 2)
    data = unbase64(rest)
    need(len(data) == 33 and data[0] == 1, "the verifier key is not of type Ed25519")
    want = sha256(name.encode() + b"\n" + data)[:4].hex()
    need(want == key_id, "the verifier key's id is %s where %s is right" % (key_id, want))
    return name, bytes.fromhex(key_id), data[1:]


def ed25519_holds(public, message, signature):
    """openssl pkeyutl, with the key as a SubjectPublicKeyInfo of RFC 8410."""
    with tempfile.TemporaryDirectory() as d:
        def put(file, data):
            path = os.path.join(d, file)
            with open(path, "wb") as f:
                f.write(data)
            return path
        spki = bytes.fromhex("302a300506032b6570032100") + public
        done = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER",
             "-inkey", put("key", spki), "-in", put("text", message),
             "-sigfile", put("sig", signature)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        return done.returncode == 0


def open_checkpoint(note, vkey):
    name, key_id, public = parse_vkey(vkey)
    note_text = note.decode("utf-8")
    cut = note_text.rfind("\n\n")
    need(cut >= 0 and note_text.endswith("\n"), "the checkpoint is no signed note")
    text, lines = note_text[:cut + 1], note_text[cut + 2:].split("\n")[:-1]
    signed = 0
    for line in lines:
        dash, signer, data = line.split(" ")
        need(dash == "\u2014", "a signature line begins with an em dash")
        blob = unbase64(data)
        if signer == name and blob[:4] == key_id:
            need(len(blob) == 68 and ed25519_holds(public, text.encode(), blob[4:]),
                 "the log's signature does not hold")
            signed += 1
    need(signed == 1, "the log has signed %d times" % signed)
    body = text.split("\n")
    need(body[0] == name, "the origin is not the key's name")
    need(str(int(body[1])) == body[1], "the size is not a plain number")
    root = unbase64(body[2])
    need(len(root) == 32, "the root is not 32 bytes")
    return int(body[1]), root


def tile_name(level, index, width):
    groups = ["%03d" % (index % 1000)]
    while index >= 1000:
        index //= 1000
        groups.insert(0, "x%03d" % (index % 1000))
    return "tile/%s/%s%s" % (level, "/".join(groups), "" if width == 256 else ".p/%d" % width)


def read(directory, name):
    try:
        with open(os.path.join(directory, name), "rb") as f:
            return f.read()
    except OSError as e:
        raise Wrong("%s: %s" % (name, e.strerror)) from e


def tiles_of(count):
    """(index, width) of the tiles that hold count things."""
    full, rest = divmod(count, 256)
    return [(i, 256) for i in range(full)] + ([(full, rest)] if rest else [])


def leaves_of(directory, size, names):
    leaves = []
    for index, width in tiles_of(size):
        name = tile_name("entries", index, width)
        names.add(name)
        data, at = read(directory, name), 0
        for _ in range(width):
            need(at + 2 <= len(data), "%s ends early" % name)
            n = struct.unpack_from(">H", data, at)[0]
            need(at + 2 + n <= len(data), "%s ends early" % name)
            leaves.append(sha256(b"\0" + data[at + 2:at + 2 + n]))
            at += 2 + n
        need(at == len(data), "%s has something after its %d entries" % (name, width))
    return leaves


def root_of(hashes):
    """RFC 6962 section 2.1, given leaf hashes."""
    if not hashes:
        return sha256(b"")
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\1" + root_of(hashes[:k]) + root_of(hashes[k:]))


def check(directory, vkey):
    size, root = open_checkpoint(read(directory, "checkpoint"), vkey)
    names = {"checkpoint"}
    leaves = leaves_of(directory, size, names)
    need(root_of(leaves) == root, "the entries give another root than the checkpoint")
    level, hashes = 0, leaves
    while hashes:
        for index, width in tiles_of(len(hashes)):
            name = tile_name(level, index, width)
            names.add(name)
            need(read(directory, name) == b"".join(hashes[index * 256:index * 256 + width]),
                 "%s has other hashes than the entries give" % name)
        hashes = [root_of(hashes[i:i + 256]) for i in range(0, len(hashes) // 256 * 256, 256)]
        level += 1
    there = set()
    for base, _, files in os.walk(directory):
        there.update(os.path.relpath(os.path.join(base, f), directory) for f in files)
    # Partial tiles of sizes published before may stay.
    extra = sorted(n for n in there - names if not re.search(r"\.p/[0-9]+$", n))
    need(not extra, "files that a log has not: %s" % extra[:5])
    return size, root


def root_from(leaf, index, size, hashes):
    """RFC 9162 section 2.1.3.2: the root to which the hashes lead, or None."""
    fn, sn, r = index, size - 1, leaf
    for h in hashes:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            r = sha256(b"\1" + h + r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\1" + r + h)
        fn, sn = fn >> 1, sn >> 1
    return r if sn == 0 else None


def check_proof(data, vkey, entry=None):
    """A c2sp.org/tlog-proof@v1, of the entry whose bytes are given, or are (or whose leaf hash is) its extra data."""
    head, cut, note = data.partition(b"\n\n")
    need(cut, "nothing ends the hashes")
    lines = head.decode("ascii").split("\n")
    need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "the first line is not a proof's")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = unbase64(lines.pop(0)[6:])
    need(lines and re.fullmatch(r"index (0|[1-9][0-9]*)", lines[0]), "the line `index N` is missing")
    index = int(lines.pop(0)[6:])
    hashes = [unbase64(line) for line in lines]
    need(all(len(h) == 32 for h in hashes), "a hash is not of 32 bytes")
    size, root = open_checkpoint(note, vkey)
    need(index < size, "the index is beyond the checkpoint")
    leaf = sha256(b"\0" + entry) if entry is not None else extra if len(extra) == 32 else sha256(b"\0" + extra)
    need(root_from(leaf, index, size, hashes) == root, "the hashes do not lead to the root")
    return index, size


if __name__ == "__main__":
    try:
        if len(sys.argv) > 3 and sys.argv[1] == "--proof":
            print("ok %d %d" % check_proof(read("", sys.argv[2]), sys.argv[3], *[read("", f) for f in sys.argv[4:]]))
            sys.exit(0)
        if len(sys.argv) != 3:
            raise Wrong("usage: check_tlog.py DIR VKEY | --proof FILE VKEY [ENTRY]")
        print("ok %d %s" % (lambda r: (r[0], r[1].hex()))(check(sys.argv[1], sys.argv[2])))
    except (Wrong, ValueError) as wrong:
        print("wrong: %s" % wrong)
        sys.exit(1)
