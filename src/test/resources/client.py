"""A program on a mount, for tests: does what it is told, one line a call, and says what came of it.

    client.py DIRECTORY

create NAME, look NAME, unlink NAME, rename NAME NAME, link NAME NAME; append NAME TEXT; store NAME KIB, check NAME KIB.
The answer is "ok VALUE" (the inode number of create and look; what an append found before), "errno NUMBER", "away" if
nothing was done, or "lost" if nobody knows what came of it. A call that is answered is on stable storage, with
everything that it saw: it ends with an fsync; but not "check", which reads as if alone. A call with "+" before it is made under a shared lock of the file "guard":
what it saw is no older than the moment it got that. Each call opens the directory, so that it never takes an empty mount
point for it.
"""

import errno
import fcntl
import os
import random
import sys

# What a call may say that had no effect; after any other error nobody knows.
CLEAR = {errno.EEXIST, errno.ENOENT}


class Lost(Exception):
    pass


def create(at, name):
    file = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644, dir_fd=at)
    try:
        return os.fstat(file).st_ino
    finally:
        os.close(file)


def look(at, name):
    return os.stat(name, dir_fd=at, follow_symlinks=False).st_ino


def unlink(at, name):
    os.unlink(name, dir_fd=at)
    return ""


def rename(at, name, other):
    os.rename(name, other, src_dir_fd=at, dst_dir_fd=at)
    return ""


def link(at, name, other):
    os.link(name, other, src_dir_fd=at, dst_dir_fd=at, follow_symlinks=False)
    return ""


def content_of(file):
    content = b""
    while piece := os.pread(file, 1 << 20, len(content)):
        content += piece
    return content


def append(at, name, text):
    file = os.open(name, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644, dir_fd=at)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX)
        content = content_of(file)
        if os.write(file, text.encode()) != len(text):
            raise Lost()
        os.fsync(file)
        return content.decode()
    finally:
        os.close(file)


def made(name, kib):
    return random.Random(name).randbytes(int(kib) << 10)


def store(at, name, kib):
    file = os.open(name, os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=at)
    try:
        left = made(name, kib)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
        return ""
    finally:
        os.close(file)


def check(at, name, kib):
    file = os.open(name, os.O_RDONLY, dir_fd=at)
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)  # ask the node, not the kernel's memory
        return "same" if content_of(file) == made(name, kib) else "other"
    finally:
        os.close(file)


NAMES = {call.__name__: call for call in (create, look, unlink, rename, link)}
FILES = {call.__name__: call for call in (append, store)}


def answer(at, call, arguments):
    try:
        if call == "check":  # for hosts that can commit nothing, too
            return "ok " + check(at, *arguments)
        try:
            said = "ok " + str((NAMES.get(call) or FILES[call])(at, *arguments))
        except OSError as e:
            if e.errno not in CLEAR or call in FILES:
                return "lost " + os.strerror(e.errno)
            said = "errno " + str(e.errno)
        os.fsync(at)
        return said
    except OSError as e:
        return "lost at the end: " + os.strerror(e.errno)
    except Lost:
        return "lost"


def closing(file):
    try:
        os.close(file)
    except OSError:
        pass  # the node is dead


def guarded(directory, call, arguments):
    try:
        at = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return "away"
    try:
        if not call.startswith("+"):
            return answer(at, call, arguments)
        try:
            guard = os.open("guard", os.O_RDONLY, dir_fd=at)
        except OSError:
            return "away"
        try:
            fcntl.lockf(guard, fcntl.LOCK_SH)
        except OSError:
            return "away"
        else:
            return answer(at, call[1:], arguments)
        finally:
            closing(guard)
    finally:
        closing(at)


for line in sys.stdin:
    words = line.split()
    print(guarded(sys.argv[1], words[0], words[1:]), flush=True)
