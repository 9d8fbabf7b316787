package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.cairnfs.proto.MetaOp;
import org.jspecify.annotations.Nullable;

/** Makes the cuts of a session, those with which leases go among them. Thread-safe. */
final class SessionCuts {
  private final Leases leases;
  private final SessionLocks locks;
  private final Supplier<SessionUser> user;

  SessionCuts(Leases leases, SessionLocks locks, Supplier<SessionUser> user) {
    this.leases = leases;
    this.locks = locks;
    this.user = user;
  }

  /** See {@link MetaSession#cut}. */
  Cut cut(SessionLife life) {
    return new LocalCut(life, life.speculation().cut(), SessionLife.Ending.NONE);
  }

  /** See {@link MetaSession#release}. */
  MetaSession.@Nullable Release release(
      SessionLife life, List<LeaseRange> ranges, boolean unchanged) {
    if (!leases.shut(ranges, true)) {
      return null;
    }
    Releasing releasing = new Releasing(ranges);
    if (unchanged && !life.speculation().hasChanges(ranges)) {
      return new MetaSession.Release(new BareCut(life, releasing), false);
    }
    return new MetaSession.Release(new LocalCut(life, life.speculation().cut(), releasing), true);
  }

  /** Gives up what is only read here, if that is so; at any time. */
  void releaseReading(SessionLife life, List<LeaseRange> ranges) {
    if (leases.shut(ranges, false)) {
      var unused = new BareCut(life, new Releasing(ranges)).commit(List.of());
    }
  }

  /** What gives up leases, and tells the others what goes with them. */
  private final class Releasing implements SessionLife.Ending {
    private final List<LeaseRange> ranges;

    Releasing(List<LeaseRange> ranges) {
      this.ranges = ranges;
    }

    List<MetaOp> ops() {
      List<MetaOp> ops = new ArrayList<>(locks.share(user.get().locksToShare()));
      ops.add(leases.releaseOp(ranges, user.get().openInodes()));
      return ops;
    }

    @Override
    public void addTo(Batch batch) {
      ops().forEach(batch::addUpkeep); // what others wanted, no program here
    }

    @Override
    public void numbered(long number) {
      leases.releasingBy(number);
    }
  }

  /** Of leases under which nothing was changed. */
  private record BareCut(SessionLife life, Releasing releasing) implements Cut {
    @Override
    public boolean isEmpty() {
      return true;
    }

    @Override
    public CompletableFuture<Void> commit(List<FileUpdate> updates, EntryJournal journal) {
      return life.propose(releasing.ops(), releasing::numbered).thenApply(reply -> null);
    }

    @Override
    public long bytes() {
      return 0;
    }

    @Override
    public void takeBack() {
      throw new IllegalStateException("leases that were given up stay given up");
    }
  }
}
