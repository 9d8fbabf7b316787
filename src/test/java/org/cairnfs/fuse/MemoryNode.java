package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.Inode;
import org.cairnfs.vfs.DirectoryEntry;
import org.jspecify.annotations.Nullable;

/** An inode of {@link MemoryVfs}. Metadata is guarded by the vfs, contents by {@link #content}. */
final class MemoryNode {
  private static final int CHUNK_BYTES = 128 << 10;

  final InodeNumber number;
  final ReadWriteLock content = new ReentrantReadWriteLock();
  final Map<Bytes, Bytes> xattrs = new TreeMap<>();
  final MemoryLocks posixLocks = new MemoryLocks();
  final MemoryLocks flocks = new MemoryLocks();

  /** A directory's entries by name, and by cookie. */
  final Map<Bytes, DirectoryEntry> names = new ConcurrentHashMap<>();

  final ConcurrentSkipListMap<Long, DirectoryEntry> entries = new ConcurrentSkipListMap<>();
  long lastCookie = 2;

  volatile int mode;
  volatile int uid;
  volatile int gid;
  int links;
  int device;
  int opens;
  volatile Timestamp accessed;
  volatile Timestamp modified;
  volatile Timestamp changed;

  @Nullable
  MemoryNode parent;

  @Nullable
  Bytes target;

  private byte[] @Nullable [] chunks = new byte[0][];
  private volatile long size;

  MemoryNode(InodeNumber number, int mode, int uid, int gid, Timestamp now) {
    this.number = number;
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    this.accessed = now;
    this.modified = now;
    this.changed = now;
  }

  boolean isDirectory() {
    return FileMode.isDirectory(mode);
  }

  Inode inode() {
    Bytes link = target;
    MemoryNode above = parent;
    long length = link != null ? link.length() : isDirectory() ? names.size() : size;
    long allocated = 0;
    for (byte[] chunk : chunks) {
      allocated += chunk != null ? CHUNK_BYTES : 0;
    }
    return new Inode(
        number,
        mode,
        uid,
        gid,
        links,
        length,
        allocated,
        device,
        accessed,
        modified,
        changed,
        above != null ? above.number : null,
        link);
  }

  void read(long offset, ByteBuffer into) {
    content.readLock().lock();
    try {
      long position = offset;
      while (into.hasRemaining() && position < size) {
        int index = (int) (position / CHUNK_BYTES);
        int start = (int) (position % CHUNK_BYTES);
        int length =
            (int) Math.min(Math.min(into.remaining(), CHUNK_BYTES - start), size - position);
        byte[] chunk = index < chunks.length ? chunks[index] : null;
        into.put(chunk != null ? chunk : new byte[CHUNK_BYTES], start, length);
        position += length;
      }
    } finally {
      content.readLock().unlock();
    }
  }

  void write(long offset, boolean append, ByteBuffer from) {
    content.writeLock().lock();
    try {
      long position = append ? size : offset;
      while (from.hasRemaining()) {
        int index = (int) (position / CHUNK_BYTES);
        int start = (int) (position % CHUNK_BYTES);
        int length = Math.min(from.remaining(), CHUNK_BYTES - start);
        from.get(chunk(index), start, length);
        position += length;
      }
      size = Math.max(size, position);
    } finally {
      content.writeLock().unlock();
    }
  }

  void resize(long newSize) {
    content.writeLock().lock();
    try {
      if (newSize < size) {
        clear(newSize, size);
      }
      size = newSize;
    } finally {
      content.writeLock().unlock();
    }
  }

  long size() {
    return size;
  }

  void punch(long start, long end) {
    content.writeLock().lock();
    try {
      clear(start, Math.min(end, size));
    } finally {
      content.writeLock().unlock();
    }
  }

  List<DirectoryEntry> entriesAfter(long cookie, int max) {
    return entries.tailMap(cookie, false).values().stream().limit(max).toList();
  }

  private byte[] chunk(int index) {
    if (index >= chunks.length) {
      chunks = Arrays.copyOf(chunks, Math.max(index + 1, chunks.length * 2));
    }
    byte[] chunk = chunks[index];
    if (chunk == null) {
      chunk = new byte[CHUNK_BYTES];
      chunks[index] = chunk;
    }
    return chunk;
  }

  private void clear(long start, long end) {
    for (long position = start; position < end; ) {
      int index = (int) (position / CHUNK_BYTES);
      int from = (int) (position % CHUNK_BYTES);
      int length = (int) Math.min(CHUNK_BYTES - from, end - position);
      byte[] chunk = index < chunks.length ? chunks[index] : null;
      if (chunk == null) {
        position += length;
        continue;
      }
      if (from == 0 && (length == CHUNK_BYTES || end >= size)) {
        chunks[index] = null;
      } else {
        Arrays.fill(chunk, from, from + length, (byte) 0);
      }
      position += length;
    }
  }
}
