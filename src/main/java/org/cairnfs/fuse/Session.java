package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import jnr.ffi.Runtime;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.fuse.Callbacks.PP;
import org.cairnfs.fuse.MountException.Reason;
import org.cairnfs.fuse.NativeLibraries.LibFuse;
import org.cairnfs.fuse.OperationTable.Slot;
import org.cairnfs.vfs.Vfs;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to the kernel: libfuse's session and channel, and the workers that serve them.
 *
 * <p>Begins by mounting and ends when the kernel says that nothing is mounted any more (or every
 * worker failed). The last worker to leave tidies up: waiting locks are answered, libfuse's memory
 * is freed, the vfs is synced, {@link #ended} completes. Thread-safe.
 */
final class Session implements KernelPages {
  private static final Logger LOG = LoggerFactory.getLogger(Session.class);

  private static final Duration CANCEL_LIMIT = Duration.ofSeconds(10);

  /** The offset that makes an invalidation one of attributes only. */
  private static final long NO_PAGES = -1;

  /** FUSE_BUF_NO_SPLICE of fuse_common.h. */
  private static final int NO_SPLICE = 1 << 1;

  // struct fuse_conn_info (fuse_common.h): unsigned ints.
  private static final long CAPABLE = 20;
  private static final long WANT = 24;
  private static final long MAX_BACKGROUND = 28;
  private static final long CONGESTION_THRESHOLD = 32;

  // FUSE_CAP_* of fuse_common.h.
  private static final int ASYNC_READ = 1;
  private static final int ATOMIC_O_TRUNC = 1 << 3;
  private static final int EXPORT_SUPPORT = 1 << 4;
  private static final int BIG_WRITES = 1 << 5;
  private static final int WANTED = ASYNC_READ | ATOMIC_O_TRUNC | EXPORT_SUPPORT | BIG_WRITES;

  /** What all sessions of a process share. */
  record Surroundings(LibFuse fuse, Siblings siblings) {}

  private final LibFuse fuse;
  private final Siblings siblings;
  private final Vfs vfs;
  private final FuseSettings settings;
  private final CacheTimeout timeout;

  /**
   * Reachable from the workers through {@link #leave}, and so for as long as libfuse may call it.
   */
  private final OperationTable operations;

  private final OpenHandles handles;
  private final LockOperations locks;
  private final ArgumentList arguments;
  private final long channel;
  private final long session;
  private final Handshake handshake;

  /** Set by {@link #start}, before there are workers. */
  private Optional<IdlePolling> polling = Optional.empty();

  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private final AtomicInteger workersLeft;

  /** Read: libfuse may be given the channel. Write: to free it. */
  private final ReadWriteLock life = new ReentrantReadWriteLock();

  /** Guarded by {@link #life}. */
  private boolean freed;

  /**
   * Mounts on {@code located} and creates the session; {@link #start} serves it.
   *
   * @throws MountException if libfuse refuses
   */
  Session(Surroundings shared, Vfs vfs, byte[] located, MountOptions options, FuseSettings settings)
      throws MountException {
    this.fuse = shared.fuse;
    this.siblings = shared.siblings;
    this.vfs = vfs;
    this.settings = settings;
    this.timeout = new CacheTimeout(settings.cacheTimeout());
    this.workersLeft = new AtomicInteger(settings.threads());
    this.operations = new OperationTable(Runtime.getSystemRuntime());
    this.handles = new OpenHandles(vfs);
    this.locks = new LockOperations(vfs, handles, fuse, operations);
    AccessTimes accessTimes = new AccessTimes(vfs, handles, options);
    operations.set(Slot.INIT, PP.class, (userData, connection) -> initialise(connection));
    new NameOperations(vfs).register(operations);
    new InodeOperations(vfs, accessTimes, this).register(operations);
    new XattrOperations(vfs).register(operations);
    new FileOperations(vfs, handles, accessTimes, new Preload(vfs, accessTimes, this), this)
        .register(operations);
    new DirectoryOperations(vfs, handles, accessTimes).register(operations);
    locks.register(operations);

    this.arguments = new ArgumentList(fuse, options.toString());
    ByteBuffer mountPoint = ByteBuffer.allocateDirect(located.length).put(located);
    long mountPointAddress = NativeMemory.addressOf(mountPoint);
    channel = fuse.fuse_mount(mountPointAddress, arguments.address());
    if (channel == 0) {
      arguments.free();
      throw new MountException(
          Reason.REFUSED,
          "the system refused to mount with the options " + options,
          "libfuse wrote the reason to the node's standard error: log/cairn.err in the home.");
    }
    session = fuse.fuse_lowlevel_new(
        arguments.address(), operations.address(), OperationTable.sizeBytes(), 0);
    if (session == 0) {
      fuse.fuse_unmount(mountPointAddress, channel);
      arguments.free();
      throw new MountException(
          Reason.BAD_OPTION,
          "libfuse does not accept the options " + options,
          "See mount.fuse(8) for the options there are.");
    }
    fuse.fuse_session_add_chan(session, channel);
    handshake = new Handshake(fuse, operations, channel);
  }

  /**
   * Starts the workers; {@link #ready} tells when the kernel has said hello.
   *
   * @param onEnd called on a worker when no request is served any more, before {@link #ended}
   *     completes
   */
  void start(String name, Runnable onEnd) {
    siblings.add(this);
    if (settings.idlePolling()) {
      polling = CpuLatency.open().map(processors -> new IdlePolling(name + "-idle", processors));
    }
    Worker.Connection connection = new Worker.Connection(
        fuse,
        session,
        channel,
        handshake,
        new Standby(),
        polling.<Runnable>map(used -> used::arrived).orElse(() -> {}));
    for (int i = 1; i <= settings.threads(); i++) {
      new Worker(name + "-" + i, connection, timeout, () -> leave(onEnd)).start();
    }
  }

  CompletableFuture<Void> ready() {
    return ready;
  }

  CompletableFuture<Void> ended() {
    return ended;
  }

  CacheTimeout timeout() {
    return timeout;
  }

  void invalidate(InodeNumber inode) {
    notifyKernel(inode, 0, 0);
  }

  /** Makes the kernel forget the pages of {@code [from, to)}, and the attributes. */
  void invalidate(InodeNumber inode, long from, long to) {
    notifyKernel(inode, from, to == END ? 0 : to - from);
  }

  /** Whether it is another mount of the same vfs. */
  boolean isSiblingOf(Session other) {
    return this != other && vfs == other.vfs;
  }

  @Override
  public void attributesChanged(InodeNumber inode) {
    notifyKernel(inode, NO_PAGES, 0);
  }

  @Override
  public void contentsChanged(InodeNumber inode, long from, long to) {
    siblings.contentsChanged(this, inode, from, to);
  }

  /** {@inheritDoc} Only on a worker, which keeps the channel. */
  @Override
  public void put(InodeNumber inode, long vector) {
    report(fuse.fuse_lowlevel_notify_store(channel, inode.value(), 0, vector, NO_SPLICE));
  }

  @Override
  public void awaitForgotten() {
    siblings.awaitForgotten();
  }

  /** @param length of the range of pages; 0 for all from the offset on */
  private void notifyKernel(InodeNumber inode, long offset, long length) {
    life.readLock().lock();
    try {
      if (!freed) {
        report(fuse.fuse_lowlevel_notify_inval_inode(channel, inode.value(), offset, length));
      }
    } finally {
      life.readLock().unlock();
    }
  }

  void invalidateEntry(InodeNumber parent, Bytes name) {
    ByteBuffer memory = ByteBuffer.allocateDirect(name.length() + 1).put(name.array());
    life.readLock().lock();
    try {
      if (!freed) {
        report(fuse.fuse_lowlevel_notify_inval_entry(
            channel, parent.value(), NativeMemory.addressOf(memory), name.length()));
      }
    } finally {
      life.readLock().unlock();
    }
  }

  /** ENOENT only says that the kernel has nothing cached. */
  private static void report(int result) {
    if (result != 0 && result != -Errno.ENOENT.number()) {
      LOG.debug("a notification was refused with errno {}", -result);
    }
  }

  /** libfuse calls this once, on a worker, before any other operation. */
  private void initialise(long connection) {
    try {
      int wanted = NativeMemory.getInt(connection + CAPABLE) & WANTED;
      NativeMemory.putInt(connection + WANT, NativeMemory.getInt(connection + WANT) | wanted);
      int background = settings.backgroundMax();
      NativeMemory.putInt(connection + MAX_BACKGROUND, background);
      NativeMemory.putInt(connection + CONGESTION_THRESHOLD, background - background / 4);
      ready.complete(null);
    } catch (Throwable unexpected) {
      LOG.error("cannot set up the connection to the kernel", unexpected);
      ready.completeExceptionally(unexpected);
    }
  }

  private void leave(Runnable onEnd) {
    if (workersLeft.decrementAndGet() > 0) {
      return;
    }
    siblings.remove(this);
    polling.ifPresent(IdlePolling::close);
    try {
      free(locks.cancelAll(CANCEL_LIMIT));
      onEnd.run();
      handles.releaseAll();
      vfs.sync();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      LOG.error("interrupted while ending a FUSE session", interrupted);
    } catch (RuntimeException failure) {
      LOG.error("the last sync of a FUSE session failed", failure);
    } finally {
      ready.cancel(false);
      ended.complete(null);
    }
  }

  /**
   * Frees what libfuse holds, the connection with it. Not while a request has no answer: answering
   * it later would be a use after free. Its memory is then left, and the connection to the kernel
   * until this process ends.
   */
  private void free(boolean allAnswered) {
    life.writeLock().lock();
    try {
      freed = true;
      if (allAnswered) {
        handshake.free();
        fuse.fuse_session_destroy(session);
        arguments.free();
      }
    } finally {
      life.writeLock().unlock();
    }
  }
}
