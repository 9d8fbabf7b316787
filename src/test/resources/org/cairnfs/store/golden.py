#!/usr/bin/env python3
"""Makes golden.properties: segments' bytes as docs/formats.md specifies them, sharing no code with Cairn.

    python3 golden.py > golden.properties
"""
import hashlib
import struct


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def segment_header(segment):
    head = b"CRNS" + struct.pack(">IQ", 1, segment)
    return head + struct.pack(">I", crc32c(head))


def record(segment, offset, kind, blob_id, payload):
    head = b"CRNR" + struct.pack(">BBHI", 1, kind, 0, len(payload))
    head += blob_id + struct.pack(">I", crc32c(payload))
    place = struct.pack(">QQ", segment, offset)
    return head + struct.pack(">I", crc32c(head + place)) + payload


assert crc32c(b"123456789") == 0xE3069283  # RFC 3720, B.4
blob = b"a cairn is a pile of stones"
blob_id = hashlib.sha256(blob).digest()
first = segment_header(0x0102)
added = record(0x0102, 20, 1, blob_id, blob)
buried = record(0x0102, 20 + len(added), 2, blob_id, struct.pack(">QQ", 0x0102, 20))
print("blob=" + blob.hex())
print("segment.header=" + first.hex())
print("record.blob=" + added.hex())
print("record.tombstone=" + buried.hex())
