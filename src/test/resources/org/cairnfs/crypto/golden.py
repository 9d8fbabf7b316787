"""Prints golden.properties: what Cairn's formats must be, made without Cairn's code.

Needs Python's cryptography package with OpenSSL 3.2 or later. No line of the file it made ever changes: a test
that disagrees with it has found a change of format.
"""
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

SUITES = {"block": (1, 65536, b"content"), "block16k": (2, 16384, b"content-16k")}
MASTER = bytes(range(32))


def hkdf(secret, salt, info):
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(secret)


def subkey(purpose):
    return hkdf(MASTER, None, b"cairn/1/" + purpose)


def seal_block(format, plain):
    suite, size, purpose = SUITES[format]
    key = hmac.new(subkey(purpose), plain, hashlib.sha256).digest()
    header = b"CRNB" + struct.pack(">BBHII", 1, suite, 0, len(plain), 0)
    frames = [plain[i : i + size] for i in range(0, len(plain), size)]
    blob = header
    for i, frame in enumerate(frames):
        nonce = bytes(7) + struct.pack(">IB", i, i == len(frames) - 1)
        blob += AESGCM(key).encrypt(nonce, frame, header)
    return blob, hashlib.sha256(blob).digest(), aes_key_wrap(subkey(b"blockkey-wrap"), key)


def seal_string(purpose, associated, plain):
    return AESGCMSIV(subkey(purpose)).encrypt(bytes(12), plain, associated)


def slot(kind, cost, salt, sealing_key):
    clear = struct.pack(">BBHIII", kind, 0, 0, *cost) + salt
    return clear + AESGCM(sealing_key).encrypt(bytes(12), MASTER, b"cairn/1/key-slot" + clear)


def show(name, value):
    print(f"{name}={value.hex()}")


for purpose in (b"content", b"content-16k", b"blockkey-wrap", b"name", b"xattr"):
    show("key." + purpose.decode(), subkey(purpose))

for format, (_, size, _) in SUITES.items():
    blob, blob_id, wrapped = seal_block(format, b"cairn")
    show(f"{format}.small.blob", blob)
    show(f"{format}.small.id", blob_id)
    show(f"{format}.small.wrapped", wrapped)
    for name, length in (("twoFrames", size + 1), ("full", 1 << 20)):
        blob, blob_id, wrapped = seal_block(format, bytes((i * 31 + (i >> 8)) & 0xFF for i in range(length)))
        show(f"{format}.{name}.id", blob_id)
        show(f"{format}.{name}.wrapped", wrapped)

inode = struct.pack(">Q", 0x0102030405060708)
show("name", seal_string(b"name", inode, b"README.md"))
show("symlink", seal_string(b"name", b"cairn/1/symlink-target", b"../target"))
show("xattr.name", seal_string(b"xattr", inode, b"user.colour"))
show("xattr.value", seal_string(b"xattr", inode + b"user.colour", b"blue"))

salt = b"\xa5" * 32
passphrase_key = Argon2id(salt=salt, length=32, iterations=2, lanes=1, memory_cost=64).derive(b"correct horse")
file_secret = bytes(range(32, 64))
slots = b"CRNS" + struct.pack(">BBH", 1, 2, 0)
slots += slot(1, (64, 2, 1), salt, passphrase_key)
slots += slot(2, (0, 0, 0), salt, hkdf(file_secret, salt, b"cairn/1/key-slot"))
show("slots", slots + hashlib.sha256(slots).digest())
show("keyfile.check", hashlib.sha256(file_secret).digest()[:4])

invitation = bytes(range(64, 80))
show("invitation.hash", hashlib.sha256(invitation).digest())
show("invitation.wrapped", aes_key_wrap(hkdf(invitation, None, b"cairn/1/join"), file_secret))

# The key of RFC 8032 section 7.1, test 1.
public = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
).public_key()
spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
show("identity.id", hashlib.sha256(spki).digest())
