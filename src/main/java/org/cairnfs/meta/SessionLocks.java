package org.cairnfs.meta;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.MetaReply;
import org.jspecify.annotations.Nullable;

/**
 * The advisory locks of a session that has others beside it: held and waited for in the replicated
 * state, so that they exclude each other across hosts.
 *
 * <p>Thread-safe. Requests reach the log in the order they are made here, and after the locks that
 * a release takes with it.
 */
public final class SessionLocks {
  private final LocalMetaSession session;
  private final MetaReader committed;
  private final LeaseKeeper keeper;
  private final AtomicLong lastTicket = new AtomicLong();
  private final Map<Long, Pending> pending = new ConcurrentHashMap<>();

  /** A request that has no answer yet. */
  private static final class Pending {
    private final InodeNumber inode;
    private final CompletableFuture<Void> granted;

    /** Whether it came with a release, not with an entry of its own. */
    private final boolean shared;

    /** Whether the tables have it: then it is granted once it is not among those that wait. */
    private volatile boolean asked;

    Pending(InodeNumber inode, CompletableFuture<Void> granted, boolean shared) {
      this.inode = inode;
      this.granted = granted;
      this.shared = shared;
    }
  }

  /**
   * A lock, or a request for one, of before the session had others beside it.
   *
   * @param granted completed when a request that waits is granted; null for a lock that is held
   */
  public record Shared(
      InodeNumber inode, LockRequest request, @Nullable CompletableFuture<Void> granted) {}

  SessionLocks(LocalMetaSession session, MetaReader committed, LeaseKeeper keeper) {
    this.session = session;
    this.committed = committed;
    this.keeper = keeper;
  }

  /**
   * Sets, replaces or removes a lock.
   *
   * @return completes, on the thread that applies entries, when it is held; fails with EAGAIN,
   *     EDEADLK or ENOLCK, or with EIO if the log refused or the session was ended. Cancelling it,
   *     or failing it with something else, gives up.
   */
  public CompletableFuture<Void> set(InodeNumber inode, LockRequest request) {
    CompletableFuture<Void> granted = new CompletableFuture<>();
    LockRequest named = request.named(lastTicket.incrementAndGet());
    Pending asking = await(inode, named, granted, false);
    keeper.inOrder(() -> {
      if (!granted.isDone()) {
        propose(
            Ops.setLock(inode, named),
            (reply, failure) -> answered(named.ticket(), asking, reply, failure));
      }
    });
    return granted;
  }

  private Pending await(
      InodeNumber inode, LockRequest named, CompletableFuture<Void> granted, boolean shared) {
    Pending asking = new Pending(inode, granted, shared);
    pending.put(named.ticket(), asking);
    var unused = granted.whenComplete((done, error) -> {
      pending.remove(named.ticket());
      if (error != null && !(error instanceof PosixException)) {
        giveUp(inode, named); // cancelled, or too late
      }
    });
    return asking;
  }

  /**
   * Removes locks.
   *
   * @return completes when others can have them; a session that was ended has none
   */
  public CompletableFuture<Void> unlock(InodeNumber inode, LockRequest request) {
    CompletableFuture<Void> gone = new CompletableFuture<>();
    keeper.inOrder(() ->
        propose(Ops.setLock(inode, request.unlocking()), (reply, failure) -> gone.complete(null)));
    return gone;
  }

  /** A lock of somebody else, of any session, that {@code wanted} would conflict with, or null. */
  public @Nullable LockRequest conflict(InodeNumber inode, LockRequest wanted) {
    long id = session.life().id();
    List<LockRecord.Lock> blockers = LockRecord.read(committed, inode.value())
        .blockersOf(new LockRecord.Lock(
            new LockRecord.Owner(id, wanted.owner(), wanted.whole()),
            wanted.kind() == LockRequest.Kind.EXCLUSIVE,
            wanted.start(),
            wanted.end(),
            0,
            0));
    if (blockers.isEmpty()) {
      return null;
    }
    LockRecord.Lock first = blockers.get(0);
    return new LockRequest(
        first.owner().owner(),
        first.owner().whole(),
        first.exclusive() ? LockRequest.Kind.EXCLUSIVE : LockRequest.Kind.SHARED,
        first.start(),
        first.end(),
        first.owner().session() == id ? first.pid() : 0,
        false,
        0);
  }

  private interface Answer {
    void answered(@Nullable MetaReply reply, @Nullable Throwable failure);
  }

  private void propose(MetaOp op, Answer answer) {
    var unused = session.life().propose(List.of(op), number -> {}).whenComplete(answer::answered);
  }

  private void answered(
      long ticket, Pending request, @Nullable MetaReply reply, @Nullable Throwable failure) {
    Errno refused = reply == null || reply.getRepliesCount() == 0
        ? null
        : Errno.of(reply.getReplies(0).getErrno());
    if (failure != null) {
      // a log that only waits for room may yet take it
      request.granted.completeExceptionally(new IOException("the lock could not be set", failure));
    } else if (refused != null) {
      request.granted.completeExceptionally(new PosixException(refused, "lock"));
    } else {
      request.asked = true;
      look(ticket, request);
    }
  }

  /** Locks may have been given up or granted. On the thread that applies entries. */
  void look() {
    pending.forEach(this::look);
  }

  private void look(long ticket, Pending request) {
    if (request.asked
        && !LockRecord.read(committed, request.inode.value())
            .isWaiting(session.life().id(), ticket)) {
      request.granted.complete(null);
    }
  }

  /** If it was granted already, it must go again. */
  private void giveUp(InodeNumber inode, LockRequest request) {
    keeper.inOrder(() -> propose(Ops.cancelLock(inode, request.ticket()), (reply, failure) -> {
      boolean waited = reply != null && reply.getRepliesCount() == 0;
      if (!waited) {
        var unused = unlock(inode, request);
      }
    }));
  }

  /** Names what had no ticket, and makes the operations that bring it into the replicated state. */
  List<MetaOp> share(List<Shared> locks) {
    return locks.stream()
        .map(lock -> {
          LockRequest named = lock.request().named(lastTicket.incrementAndGet());
          CompletableFuture<Void> granted = lock.granted();
          if (granted != null) {
            Pending unused = await(lock.inode(), named, granted, true);
          }
          return Ops.setLock(lock.inode(), named);
        })
        .toList();
  }

  /** The tables have what {@link #share} made. */
  void shared() {
    pending.values().forEach(request -> request.asked |= request.shared);
    look();
  }

  /** The session was ended: nothing is held, nothing will be granted. */
  void lose() {
    pending
        .values()
        .forEach(request -> request.granted.completeExceptionally(
            new PosixException(Errno.EIO, "locks were lost with the session")));
  }
}
