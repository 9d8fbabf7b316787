package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.cairnfs.vfs.Caller;
import org.cairnfs.vfs.DirectoryEntry;
import org.cairnfs.vfs.FileLock;
import org.cairnfs.vfs.Opened;
import org.cairnfs.vfs.Vfs;
import org.cairnfs.vfs.VolumeStat;
import org.jspecify.annotations.Nullable;

/** A filesystem in memory, to test the adapter without the rest. */
final class MemoryVfs implements Vfs {
  private static final VolumeStat STAT = new VolumeStat(1L << 40, 1L << 39, 1000, 1L << 30);

  /** Little, so that programs have to go on. */
  private static final int COPY_MAX_BYTES = 100_000;

  final AtomicInteger syncs = new AtomicInteger();
  final AtomicInteger lookups = new AtomicInteger();
  final AtomicInteger reads = new AtomicInteger();
  final AtomicInteger undisturbedReads = new AtomicInteger();

  /** How often a copy was asked for. */
  final AtomicInteger copies = new AtomicInteger();

  /** Whether programs are to read and write instead. */
  volatile boolean refusesCopies;

  /** What programs were said to have read. */
  final List<InodeNumber> accessed = new CopyOnWriteArrayList<>();

  private final Clock clock;
  private final Map<Long, MemoryNode> nodes = new ConcurrentHashMap<>();
  private final Map<Long, MemoryNode> handles = new ConcurrentHashMap<>();
  private final AtomicLong lastInode = new AtomicLong(1);
  private final AtomicLong lastHandle = new AtomicLong();

  MemoryVfs(Clock clock) {
    this.clock = clock;
    MemoryNode root = new MemoryNode(InodeNumber.ROOT, FileMode.DIRECTORY | 0755, 0, 0, now());
    root.links = 2;
    root.parent = root;
    nodes.put(1L, root);
  }

  int openHandles() {
    return handles.size();
  }

  /** How many programs wait for fcntl locks on the file. */
  int waitingLocks(InodeNumber inode) {
    return node(inode).posixLocks.waiting();
  }

  /** How many locks of either kind are held on the file. */
  int heldLocks(InodeNumber inode) {
    return node(inode).posixLocks.held() + node(inode).flocks.held();
  }

  @Override
  public Inode lookup(InodeNumber directory, Bytes name) {
    lookups.incrementAndGet();
    return child(directory, name).inode();
  }

  @Override
  public Inode attributes(InodeNumber inode) {
    return node(inode).inode();
  }

  @Override
  public synchronized Inode setAttributes(InodeNumber inode, AttributeChange change) {
    MemoryNode node = node(inode);
    if (change.permissions() != null) {
      node.mode = (node.mode & FileMode.TYPE_MASK) | change.permissions();
    }
    node.uid = change.uid() != null ? change.uid() : node.uid;
    node.gid = change.gid() != null ? change.gid() : node.gid;
    if (change.sizeBytes() != null) {
      node.resize(change.sizeBytes());
      node.modified = now();
    }
    node.accessed = change.accessed() != null ? change.accessed() : node.accessed;
    node.modified = change.modified() != null ? change.modified() : node.modified;
    node.changed = now();
    return node.inode();
  }

  @Override
  public Timestamp now() {
    return Timestamp.of(clock.instant());
  }

  @Override
  public Bytes readSymlink(InodeNumber symlink) {
    Bytes target = node(symlink).target;
    if (target == null) {
      throw new PosixException(Errno.EINVAL, "not a symlink");
    }
    return target;
  }

  @Override
  public synchronized Inode makeNode(
      Caller caller, InodeNumber parent, Bytes name, int mode, int device) {
    MemoryNode node = newNode(caller, mode);
    node.device = device;
    add(node(parent), name, node);
    return node.inode();
  }

  @Override
  public synchronized Inode makeSymlink(
      Caller caller, InodeNumber parent, Bytes name, Bytes target) {
    MemoryNode node = newNode(caller, FileMode.SYMLINK | 0777);
    node.target = target;
    add(node(parent), name, node);
    return node.inode();
  }

  @Override
  public synchronized Inode link(InodeNumber inode, InodeNumber newParent, Bytes newName) {
    MemoryNode node = node(inode);
    add(node(newParent), newName, node);
    return node.inode();
  }

  @Override
  public synchronized void unlink(InodeNumber parent, Bytes name) {
    MemoryNode node = child(parent, name);
    if (node.isDirectory()) {
      throw new PosixException(Errno.EISDIR, "a directory");
    }
    remove(node(parent), name);
  }

  @Override
  public synchronized void removeDirectory(InodeNumber parent, Bytes name) {
    MemoryNode node = child(parent, name);
    if (!node.isDirectory()) {
      throw new PosixException(Errno.ENOTDIR, "not a directory");
    }
    if (!node.names.isEmpty()) {
      throw new PosixException(Errno.ENOTEMPTY, "not empty");
    }
    remove(node(parent), name);
  }

  @Override
  public synchronized void rename(
      InodeNumber parent, Bytes name, InodeNumber newParent, Bytes newName) {
    MemoryNode node = child(parent, name);
    DirectoryEntry replaced = node(newParent).names.get(newName);
    if (replaced != null && replaced.inode().equals(node.number)) {
      return;
    }
    if (replaced != null) {
      MemoryNode target = node(replaced.inode());
      if (node.isDirectory() && !target.isDirectory()) {
        throw new PosixException(Errno.ENOTDIR, "onto a file");
      }
      if (target.isDirectory()) {
        if (!node.isDirectory()) {
          throw new PosixException(Errno.EISDIR, "onto a directory");
        }
        removeDirectory(newParent, newName);
      } else {
        unlink(newParent, newName);
      }
    }
    add(node(newParent), newName, node);
    remove(node(parent), name);
    if (node.isDirectory()) {
      node.parent = node(newParent);
    }
  }

  @Override
  public synchronized Opened open(
      InodeNumber inode, boolean read, boolean write, boolean truncate) {
    MemoryNode node = node(inode);
    if (truncate) {
      node.resize(0);
      touch(node);
    }
    return new Opened(node.inode(), newHandle(node), true);
  }

  @Override
  public synchronized Opened create(Caller caller, InodeNumber parent, Bytes name, int mode) {
    MemoryNode node = newNode(caller, mode);
    add(node(parent), name, node);
    return new Opened(node.inode(), newHandle(node), true);
  }

  @Override
  public void read(long handle, long offset, ByteBuffer into) {
    reads.incrementAndGet();
    handle(handle).read(offset, into);
  }

  @Override
  public synchronized boolean readUndisturbed(long handle, ByteBuffer into, Runnable use) {
    MemoryNode node = handle(handle);
    if (node.opens > 1 || node.size() > into.remaining()) {
      return false;
    }
    undisturbedReads.incrementAndGet();
    node.read(0, into);
    use.run();
    return true;
  }

  @Override
  public void accessed(InodeNumber inode) {
    accessed.add(inode);
  }

  @Override
  public void write(long handle, long offset, boolean append, ByteBuffer from) {
    MemoryNode node = handle(handle);
    node.write(offset, append, from);
    touch(node);
  }

  @Override
  public void flush(long handle, long lockOwner) {
    handle(handle).posixLocks.release(lockOwner);
  }

  @Override
  public synchronized void release(long handle, long lockOwner, boolean flockRelease) {
    MemoryNode node = handle(handle);
    if (flockRelease) {
      node.flocks.release(lockOwner);
    }
    handles.remove(handle);
    node.opens--;
    forgetIfUnused(node);
  }

  @Override
  public void fsync(long handle) {
    handle(handle);
    sync();
  }

  @Override
  public void sync() {
    syncs.incrementAndGet();
  }

  @Override
  public void syncDirectory(long handle) {
    handle(handle);
    sync();
  }

  @Override
  public synchronized void allocate(long handle, long offset, long length, boolean keepSize) {
    MemoryNode node = handle(handle);
    if (!keepSize && offset + length > node.size()) {
      node.resize(offset + length);
    }
  }

  @Override
  public void punchHole(long handle, long offset, long length) {
    handle(handle).punch(offset, offset + length);
  }

  @Override
  public long copyRange(long from, long fromOffset, long to, long toOffset, long length) {
    copies.incrementAndGet();
    if (refusesCopies) {
      throw new PosixException(Errno.EOPNOTSUPP, "refused");
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(length, COPY_MAX_BYTES));
    handle(from).read(fromOffset, bytes);
    int copied = bytes.flip().remaining();
    MemoryNode target = handle(to);
    target.write(toOffset, false, bytes);
    touch(target);
    return copied;
  }

  @Override
  public synchronized long openDirectory(InodeNumber directory) {
    return newHandle(node(directory));
  }

  @Override
  public List<DirectoryEntry> readDirectory(long handle, long cookie, int max, boolean attributes) {
    MemoryNode node = handle(handle);
    List<DirectoryEntry> entries = new ArrayList<>();
    if (cookie < 1) {
      entries.add(dots(1, node));
    }
    if (cookie < 2) {
      MemoryNode parent = node.parent;
      entries.add(dots(2, parent != null ? parent : node));
    }
    for (DirectoryEntry entry : node.entriesAfter(Math.max(cookie, 2), max)) {
      entries.add(attributes ? withAttributes(entry) : entry);
    }
    return entries;
  }

  private synchronized DirectoryEntry withAttributes(DirectoryEntry entry) {
    MemoryNode node = nodes.get(entry.inode().value());
    return new DirectoryEntry(
        entry.name(),
        entry.inode(),
        entry.type(),
        entry.cookie(),
        node == null ? null : node.inode());
  }

  @Override
  public void releaseDirectory(long handle) {
    release(handle, 0, false);
  }

  @Override
  public synchronized byte @Nullable [] xattr(InodeNumber inode, Bytes name) {
    Bytes value = node(inode).xattrs.get(name);
    return value != null ? value.array() : null;
  }

  @Override
  public synchronized List<Bytes> xattrNames(InodeNumber inode) {
    return List.copyOf(node(inode).xattrs.keySet());
  }

  @Override
  public synchronized void setXattr(
      InodeNumber inode, Bytes name, Bytes value, boolean mustBeNew, boolean mustExist) {
    Map<Bytes, Bytes> xattrs = node(inode).xattrs;
    if (mustBeNew && xattrs.containsKey(name)) {
      throw new PosixException(Errno.EEXIST, "attribute");
    }
    if (mustExist && !xattrs.containsKey(name)) {
      throw new PosixException(Errno.ENODATA, "attribute");
    }
    xattrs.put(name, value);
  }

  @Override
  public synchronized void removeXattr(InodeNumber inode, Bytes name) {
    if (node(inode).xattrs.remove(name) == null) {
      throw new PosixException(Errno.ENODATA, "attribute");
    }
  }

  @Override
  public VolumeStat stat() {
    return STAT;
  }

  @Override
  public @Nullable FileLock conflictingLock(long handle, long lockOwner, FileLock wanted) {
    return handle(handle).posixLocks.conflict(lockOwner, wanted);
  }

  @Override
  public CompletableFuture<Void> lock(long handle, long lockOwner, FileLock wanted, boolean wait) {
    return handle(handle).posixLocks.lock(lockOwner, wanted, wait);
  }

  @Override
  public CompletableFuture<Void> flock(
      long handle, long lockOwner, FileLock.Kind kind, boolean wait) {
    FileLock wanted = new FileLock(kind, 0, Long.MAX_VALUE, 0);
    return handle(handle).flocks.lock(lockOwner, wanted, wait);
  }

  private static DirectoryEntry dots(int count, MemoryNode node) {
    Bytes name = new Bytes("..".substring(0, count).getBytes(StandardCharsets.UTF_8));
    return new DirectoryEntry(name, node.number, FileMode.DIRECTORY, count, null);
  }

  private MemoryNode node(InodeNumber inode) {
    MemoryNode node = nodes.get(inode.value());
    if (node == null) {
      throw new PosixException(Errno.ENOENT, "inode " + inode);
    }
    return node;
  }

  private MemoryNode child(InodeNumber directory, Bytes name) {
    DirectoryEntry entry = node(directory).names.get(name);
    if (entry == null) {
      throw new PosixException(Errno.ENOENT, "name");
    }
    return node(entry.inode());
  }

  private MemoryNode handle(long handle) {
    MemoryNode node = handles.get(handle);
    if (node == null) {
      throw new PosixException(Errno.EBADF, "handle " + handle);
    }
    return node;
  }

  private long newHandle(MemoryNode node) {
    long handle = lastHandle.incrementAndGet();
    node.opens++;
    handles.put(handle, node);
    return handle;
  }

  private MemoryNode newNode(Caller caller, int mode) {
    InodeNumber number = new InodeNumber(lastInode.incrementAndGet());
    MemoryNode node = new MemoryNode(number, mode, caller.uid(), caller.gid(), now());
    node.links = node.isDirectory() ? 1 : 0;
    return node;
  }

  private void add(MemoryNode directory, Bytes name, MemoryNode node) {
    if (directory.names.containsKey(name)) {
      throw new PosixException(Errno.EEXIST, "name");
    }
    long cookie = ++directory.lastCookie;
    int type = node.mode & FileMode.TYPE_MASK;
    DirectoryEntry entry = new DirectoryEntry(name, node.number, type, cookie, null);
    nodes.put(node.number.value(), node);
    directory.names.put(name, entry);
    directory.entries.put(cookie, entry);
    node.links++;
    if (node.isDirectory()) {
      node.parent = directory;
      directory.links++;
    }
    touch(directory);
    node.changed = now();
  }

  private void remove(MemoryNode directory, Bytes name) {
    DirectoryEntry entry = directory.names.remove(name);
    if (entry == null) {
      throw new PosixException(Errno.ENOENT, "name");
    }
    directory.entries.remove(entry.cookie());
    MemoryNode node = node(entry.inode());
    node.links--;
    if (node.isDirectory()) {
      directory.links--;
      node.links = node.links == 1 ? 0 : node.links;
    }
    touch(directory);
    node.changed = now();
    forgetIfUnused(node);
  }

  private void forgetIfUnused(MemoryNode node) {
    if (node.links == 0 && node.opens == 0) {
      nodes.remove(node.number.value());
    }
  }

  private void touch(MemoryNode node) {
    Timestamp now = now();
    node.modified = now;
    node.changed = now;
  }
}
