package org.cairnfs.vfs;

import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.Lock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.crypto.NameSealer;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.store.Journal;
import org.jspecify.annotations.Nullable;

/**
 * The filesystem of one volume on this host, shared by all its mounts.
 *
 * <p>Names go to {@link Namespace}, bytes to {@link FileIo}, durability to {@link Committer}; this
 * class keeps the handles and joins them. Thread-safe.
 */
public final class LocalVfs implements Vfs, AutoCloseable {
  private static final int IDLE_BLOCK_BUFFERS = 32;
  private static final long FREE_INODES = 1L << 40;

  /**
   * What tells the time.
   *
   * @param date for the times of files; may jump
   * @param ticker nanoseconds of a clock that never jumps
   */
  public record Clocks(InstantSource date, LongSupplier ticker) {}

  private final MetaSession session;
  private final BlockStore blobs;
  private final InstantSource clock;
  private final Touched touched;
  private final ActiveFiles files;
  private final Committer committer;
  private final FileIo io;
  private final RangeCopy copies;
  private final Namespace namespace;
  private final AccessTimes accessTimes;
  private final Xattrs xattrs;
  private final DirectoryReader directories;
  private final GarbageCollector collector;
  private final Invalidations invalidations = new Invalidations();
  private final LeasedReads reads;
  private final Neighbours neighbours;
  private final FileLocks locks;
  private final Handles handles;

  /**
   * Opens the filesystem and begins to commit by the clock.
   *
   * @param session the only one through which this volume is changed on this host; stays the
   *     caller's to close
   * @param timer for cuts and collection; two threads let a collection run beside a cut
   * @param journal makes fsync quicker while this node is alone; replayed already, stays the
   *     caller's to close. Null if there is none
   */
  public LocalVfs(
      MetaSession session,
      BlockStore blobs,
      NameSealer sealer,
      Clocks clocks,
      ScheduledExecutorService timer,
      @Nullable Journal journal) {
    this.session = session;
    this.blobs = blobs;
    this.clock = clocks.date();
    BufferPool buffers = new BufferPool(IDLE_BLOCK_BUFFERS);
    BlockReader reader = new BlockReader(blobs);
    SealedNames names = new SealedNames(sealer);
    StrayBlobs strays = new StrayBlobs(blobs);
    touched = new Touched();
    files = new ActiveFiles(session, blobs, buffers, strays, touched);
    WriteBack writeBack =
        new WriteBack(blobs, new LayerSealer(session, blobs, reader), clocks.ticker());
    committer = new Committer(
        session,
        buffers,
        new PendingFiles(blobs, files, strays),
        writeBack,
        timer,
        journal == null ? null : new SyncJournal(journal, blobs, writeBack, session, timer));
    handles = new Handles(committer.losses());
    io = new FileIo(session, blobs, reader, committer);
    namespace = new Namespace(session, files, committer, names);
    accessTimes = new AccessTimes(session, files, committer, touched, timer);
    xattrs = new Xattrs(session, committer, names);
    directories = new DirectoryReader(session, files, names);
    collector = new GarbageCollector(session, committer, timer);
    reads = new LeasedReads(session.leases(), invalidations);
    copies = new RangeCopy(session, blobs, committer, reads);
    locks = new FileLocks(session, reads, committer);
    neighbours = new Neighbours(
        files, handles.files(), committer, namespace, locks, accessTimes, invalidations);
    session.attach(neighbours);
    committer.start();
    collector.start();
    accessTimes.start();
  }

  @Override
  public Inode lookup(InodeNumber directory, Bytes name) {
    return reads.read(needs -> namespace.lookup(needs, directory, name));
  }

  @Override
  public Inode attributes(InodeNumber inode) {
    return reads.read(needs -> {
      needs.read(inode);
      return files.attributes(inode);
    });
  }

  @Override
  public Inode setAttributes(InodeNumber inode, AttributeChange wanted) {
    AttributeChange change = new AttributeChange(
        wanted.permissions(),
        wanted.uid(),
        wanted.gid(),
        wanted.sizeBytes(),
        wanted.accessed(),
        wanted.modified(),
        now());
    return namespace.using(
        inode,
        file -> committer.change(needs -> {
          needs.demand(inode);
          return touched.shown(file.setAttributes(change));
        }));
  }

  @Override
  public Timestamp now() {
    return Timestamp.of(clock.instant());
  }

  @Override
  public Bytes readSymlink(InodeNumber symlink) {
    return reads.read(needs -> namespace.readSymlink(needs, symlink));
  }

  @Override
  public Inode makeNode(Caller caller, InodeNumber parent, Bytes name, int mode, int device) {
    return namespace.makeNode(caller, parent, name, mode, device, false, now());
  }

  @Override
  public Inode makeSymlink(Caller caller, InodeNumber parent, Bytes name, Bytes target) {
    return namespace.makeSymlink(caller, parent, name, target, now());
  }

  @Override
  public Inode link(InodeNumber inode, InodeNumber newParent, Bytes newName) {
    return namespace.link(inode, newParent, newName, now());
  }

  @Override
  public void unlink(InodeNumber parent, Bytes name) {
    namespace.unlink(parent, name, now());
  }

  @Override
  public void removeDirectory(InodeNumber parent, Bytes name) {
    namespace.removeDirectory(parent, name, now());
  }

  @Override
  public void rename(InodeNumber parent, Bytes name, InodeNumber newParent, Bytes newName) {
    namespace.rename(parent, name, newParent, newName, now());
  }

  @Override
  public Opened open(InodeNumber number, boolean read, boolean write, boolean truncate) {
    if (truncate) {
      return withLock(
          number,
          () -> committer.change(needs -> {
            needs.demand(number);
            return openLocked(number, read, write, truncation());
          }));
    }
    return reads.read(
        needs -> {
          needs.read(number);
          return withLock(number, () -> openLocked(number, read, write, null));
        },
        opened -> release(opened.handle(), 0, false));
  }

  /** Holds the inode's lock, and is within a change if there is one to make. */
  private Opened openLocked(
      InodeNumber number, boolean read, boolean write, @Nullable AttributeChange change) {
    Inode inode = files.attributes(number);
    if (!FileMode.isRegular(inode.mode())) {
      throw new PosixException(
          FileMode.isDirectory(inode.mode()) ? Errno.EISDIR : Errno.EINVAL, "open inode " + number);
    }
    ActiveFile file = files.acquire(number);
    try {
      if (change != null) {
        inode = file.setAttributes(change);
      }
    } catch (RuntimeException e) {
      files.release(file);
      throw e;
    }
    return new Opened(inode, handles.open(file, read, write), neighbours.pagesAreGood());
  }

  @Override
  public Opened create(Caller caller, InodeNumber parent, Bytes name, int mode) {
    int regular = FileMode.REGULAR | (mode & FileMode.PERMISSION_MASK);
    Inode inode = namespace.makeNode(caller, parent, name, regular, 0, true, now());
    ActiveFile file = Objects.requireNonNull(files.find(inode.number()));
    return new Opened(inode, handles.open(file, true, true), true);
  }

  @Override
  public void read(long handle, long offset, ByteBuffer into) {
    io.read(handles.file(handle), offset, into);
  }

  @Override
  public boolean readUndisturbed(long handle, ByteBuffer into, Runnable use) {
    OpenFile open = handles.file(handle);
    ActiveFile file = open.file();
    InodeNumber number = file.number();
    return withLock(
        number,
        () -> files.isOpenOnce(number)
            && file.holding(() -> {
              long sizeBytes = file.sizeBytes();
              if (sizeBytes > into.remaining()
                  || !neighbours.pagesAreGood()
                  || !io.isHere(file, (int) sizeBytes)) {
                return false;
              }
              io.read(open, 0, into);
              use.run();
              if (!neighbours.pagesAreGood()) {
                invalidations.add(List.of(number)); // what was used may be old, and came late
              }
              return true;
            }));
  }

  @Override
  public void accessed(InodeNumber inode) {
    accessTimes.read(inode, now());
  }

  @Override
  public void write(long handle, long offset, boolean append, ByteBuffer from) {
    io.write(handles.file(handle), offset, append, from, now());
  }

  @Override
  public void flush(long handle, long lockOwner) {
    OpenFile open = handles.file(handle);
    ActiveFile file = open.file();
    open.locks().unlockAll();
    Commits.await(locks.unlockAll(file.number(), lockOwner, false));
    io.finish(open);
    file.throwWriteError();
  }

  @Override
  public void release(long handle, long lockOwner, boolean flockRelease) {
    OpenFile open = handles.removeFile(handle);
    ActiveFile file = open.file();
    var unused = locks.unlockAll(file.number(), lockOwner, false);
    if (flockRelease) {
      unused = locks.unlockAll(file.number(), lockOwner, true);
    }
    namespace.closed(file);
  }

  @Override
  public void fsync(long handle) {
    OpenFile open = handles.file(handle);
    Commits.await(committer.requestDurable());
    open.requireNothingLost();
  }

  @Override
  public void syncDirectory(long handle) {
    Handles.OpenDirectory open = handles.directory(handle);
    sync();
    open.losses().requireNone();
  }

  @Override
  public void sync() {
    accessTimes.settle();
    committer.sync();
  }

  @Override
  public void allocate(long handle, long offset, long length, boolean keepSize) {
    io.allocate(handles.file(handle), offset, length, keepSize, now());
  }

  @Override
  public void punchHole(long handle, long offset, long length) {
    io.punchHole(handles.file(handle), offset, length, now());
  }

  @Override
  public long copyRange(long from, long fromOffset, long to, long toOffset, long length) {
    return copies.copy(handles.file(from), fromOffset, handles.file(to), toOffset, length, now());
  }

  @Override
  public long openDirectory(InodeNumber directory) {
    return reads.read(
        needs -> {
          needs.read(directory);
          return withLock(directory, () -> openDirectoryLocked(directory));
        },
        this::releaseDirectory);
  }

  private long openDirectoryLocked(InodeNumber directory) {
    if (!FileMode.isDirectory(session.inode(directory).mode())) {
      throw new PosixException(Errno.ENOTDIR, "open inode " + directory);
    }
    ActiveFile unused = files.acquire(directory);
    return handles.open(directory);
  }

  @Override
  public List<DirectoryEntry> readDirectory(long handle, long cookie, int max, boolean attributes) {
    InodeNumber directory = handles.directory(handle).number();
    return reads.read(needs -> directories.read(needs, directory, cookie, max, attributes));
  }

  @Override
  public void releaseDirectory(long handle) {
    ActiveFile state = files.find(handles.removeDirectory(handle).number());
    namespace.closed(Objects.requireNonNull(state));
  }

  @Override
  public byte @Nullable [] xattr(InodeNumber inode, Bytes name) {
    return reads.read(needs -> xattrs.get(needs, inode, name));
  }

  @Override
  public List<Bytes> xattrNames(InodeNumber inode) {
    return reads.read(needs -> xattrs.names(needs, inode));
  }

  @Override
  public void setXattr(
      InodeNumber inode, Bytes name, Bytes value, boolean mustBeNew, boolean mustExist) {
    xattrs.set(inode, name, value, mustBeNew, mustExist, now());
  }

  @Override
  public void removeXattr(InodeNumber inode, Bytes name) {
    xattrs.remove(inode, name, now());
  }

  @Override
  public VolumeStat stat() {
    long inodes = session.usage().inodes();
    return new VolumeStat(
        blobs.totalBytes(), blobs.usableBytes(), inodes + FREE_INODES, FREE_INODES);
  }

  @Override
  public @Nullable FileLock conflictingLock(long handle, long lockOwner, FileLock wanted) {
    return locks.conflict(handles.file(handle).file().number(), lockOwner, wanted);
  }

  @Override
  public CompletableFuture<Void> lock(long handle, long lockOwner, FileLock wanted, boolean wait) {
    return locks.lock(handles.file(handle), lockOwner, wanted, false, wait);
  }

  @Override
  public CompletableFuture<Void> flock(
      long handle, long lockOwner, FileLock.Kind kind, boolean wait) {
    FileLock whole = new FileLock(kind, 0, Long.MAX_VALUE, 0);
    return locks.lock(handles.file(handle), lockOwner, whole, true, wait);
  }

  /**
   * Has this volume's changes by other hosts reach what the kernel caches. To be called before
   * anything is mounted.
   */
  public void connect(KernelCaches caches) {
    invalidations.connect(caches);
  }

  /** Bytes written that wait in memory, for the status. */
  public long dirtyBytes() {
    return committer.dirtyBytes();
  }

  /** Operations that are in no cut yet, for the status. */
  public int pendingOperations() {
    return session.pendingOperations();
  }

  /** Commits everything and stops the background work. Handles still open are dead afterwards. */
  @Override
  public void close() {
    collector.close();
    accessTimes.settle();
    try {
      committer.close();
    } finally {
      locks.close();
      invalidations.close();
    }
  }

  private AttributeChange truncation() {
    return new AttributeChange(null, null, null, 0L, null, null, now());
  }

  private <T> T withLock(InodeNumber inode, Supplier<T> action) {
    Lock lock = files.lockFor(inode);
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }
}
