package org.cairnfs.fuse;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import jnr.ffi.Pointer;
import org.cairnfs.core.Errno;
import org.cairnfs.core.PosixException;
import org.cairnfs.fuse.Callbacks.PP;
import org.cairnfs.fuse.Callbacks.PPPI;
import org.cairnfs.fuse.Callbacks.PPPP;
import org.cairnfs.fuse.Callbacks.PPPPI;
import org.cairnfs.fuse.NativeLibraries.LibFuse;
import org.cairnfs.fuse.OperationTable.Slot;
import org.cairnfs.vfs.FileLock;
import org.cairnfs.vfs.Vfs;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operations on locks: fcntl(2) and flock(2).
 *
 * <p>A lock that has to wait keeps no worker: its request is answered by whoever completes the
 * vfs's future. A signal to the waiting program arrives as an interrupt of the request and cancels
 * the future. Cancelling answers the request, which libfuse cannot bear inside its interrupt
 * callback (it still holds the request's mutex), so a thread of its own does it.
 */
final class LockOperations {
  /** Most requests that wait for a lock at a time; ENOLCK beyond. */
  static final int WAITING_MAX = 65_536;

  private static final Logger LOG = LoggerFactory.getLogger(LockOperations.class);

  private static final int LOCK_SH = 1;
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final int LOCK_UN = 8;
  private static final long IDLE_SECONDS = 10;

  /** A lock being waited for, and whether its request has had its answer. */
  private record Waiter(CompletableFuture<Void> lock, CompletableFuture<Void> answered) {}

  private final Vfs vfs;
  private final OpenHandles handles;
  private final LibFuse fuse;
  private final Pointer interruptFunction;
  private final ThreadPoolExecutor interrupts;
  private final Map<Long, Waiter> waiting = new ConcurrentHashMap<>();
  private final AtomicLong lastId = new AtomicLong();

  LockOperations(Vfs vfs, OpenHandles handles, LibFuse fuse, OperationTable table) {
    this.vfs = vfs;
    this.handles = handles;
    this.fuse = fuse;
    this.interruptFunction = table.function(PP.class, (req, id) -> interrupted(id));
    this.interrupts = new ThreadPoolExecutor(
        1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(WAITING_MAX), task -> {
          Thread thread = new Thread(task, "fuse-interrupts");
          thread.setDaemon(true);
          return thread;
        });
    interrupts.allowCoreThreadTimeOut(true);
  }

  void register(OperationTable table) {
    table.set(
        Slot.GETLK,
        PPPP.class,
        (req, inode, fileInfo, lock) ->
            Boundary.serve(req, request -> get(request, fileInfo, lock)));
    table.set(
        Slot.SETLK,
        PPPPI.class,
        (req, inode, fileInfo, lock, wait) ->
            Boundary.serve(req, request -> set(request, fileInfo, lock, wait != 0)));
    table.set(
        Slot.FLOCK,
        PPPI.class,
        (req, inode, fileInfo, operation) ->
            Boundary.serve(req, request -> flock(request, fileInfo, operation)));
  }

  /**
   * Gives up all waiting and returns when their requests have been answered. For the end of a
   * session, when no more come.
   *
   * @return false if some have not been answered within {@code limit}
   */
  boolean cancelAll(Duration limit) throws InterruptedException {
    Waiter[] waiters = waiting.values().toArray(new Waiter[0]);
    CompletableFuture<?>[] answers = new CompletableFuture<?>[waiters.length];
    for (int i = 0; i < waiters.length; i++) {
      waiters[i].lock.cancel(true);
      answers[i] = waiters[i].answered;
    }
    try {
      CompletableFuture.allOf(answers).get(limit.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException | ExecutionException late) {
      LOG.error("requests that waited for locks have no answer", late);
      return false;
    } finally {
      interrupts.shutdown();
    }
  }

  private void get(Request request, long fileInfo, long lock) {
    FileLock wanted = LockWriter.read(lock);
    FileLock conflict =
        vfs.conflictingLock(FileInfo.handle(fileInfo), FileInfo.lockOwner(fileInfo), wanted);
    request.lock(
        conflict != null
            ? conflict
            : new FileLock(FileLock.Kind.UNLOCK, wanted.start(), wanted.end(), 0));
  }

  private void set(Request request, long fileInfo, long lock, boolean wait) {
    long handle = FileInfo.handle(fileInfo);
    long owner = FileInfo.lockOwner(fileInfo);
    handles.locked(handle, owner);
    answer(request, vfs.lock(handle, owner, LockWriter.read(lock), wait));
  }

  private void flock(Request request, long fileInfo, int operation) {
    FileLock.Kind kind = switch (operation & ~LOCK_NB) {
      case LOCK_SH -> FileLock.Kind.SHARED;
      case LOCK_EX -> FileLock.Kind.EXCLUSIVE;
      case LOCK_UN -> FileLock.Kind.UNLOCK;
      default -> throw new PosixException(Errno.EINVAL, "flock operation " + operation);
    };
    long handle = FileInfo.handle(fileInfo);
    long owner = FileInfo.lockOwner(fileInfo);
    handles.locked(handle, owner);
    answer(request, vfs.flock(handle, owner, kind, (operation & LOCK_NB) == 0));
  }

  /** Answers now if {@code lock} is decided, or when it is. */
  @SuppressWarnings("FutureReturnValueIgnored") // answerLater handles success and failure alike
  private void answer(Request request, CompletableFuture<Void> lock) {
    if (lock.isDone()) {
      lock.join();
      request.done();
      return;
    }
    if (waiting.size() >= WAITING_MAX) {
      lock.cancel(true);
      throw new PosixException(Errno.ENOLCK, "too many programs wait for locks");
    }
    long id = lastId.incrementAndGet();
    Waiter waiter = new Waiter(lock, new CompletableFuture<>());
    waiting.put(id, waiter);
    long handle = request.detach();
    // Before anything can answer the request and so free it.
    fuse.fuse_req_interrupt_func(handle, interruptFunction.address(), id);
    lock.whenComplete((held, failure) -> answerLater(handle, id, waiter, failure));
  }

  private void answerLater(long handle, long id, Waiter waiter, @Nullable Throwable failure) {
    fuse.fuse_reply_err(handle, failure == null ? 0 : Boundary.errnoOf(failure).number());
    waiting.remove(id);
    waiter.answered.complete(null);
  }

  private void interrupted(long id) {
    try {
      interrupts.execute(() -> {
        Waiter waiter = waiting.get(id);
        if (waiter != null) {
          waiter.lock.cancel(true);
        }
      });
    } catch (RuntimeException unexpected) {
      // The program stays blocked until the lock is free; it can be interrupted again.
      LOG.error("an interrupt was lost", unexpected);
    }
  }
}
