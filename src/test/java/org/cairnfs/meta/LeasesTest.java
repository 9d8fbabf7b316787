package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.junit.jupiter.api.Test;

/** How long a session waits for leases, and for what. */
final class LeasesTest {
  private static final long MINE = 1;
  private static final long OTHER = 2;
  private static final InodeNumber INODE = new InodeNumber(7);

  /** Longer than a log may be silent before a read goes on without it. */
  private static final Duration LONG = Duration.ofMillis(2500);

  /** Nobody proposes to it here. */
  private static final SteadyLog LOG = entry -> new CompletableFuture<>();

  private final MetaStore store = new MetaStore(new InMemoryKvStore(MetaStore.tableNames()));
  private final Leases leases = new Leases(store.reader(), LOG, System::nanoTime, this::step);
  private Runnable step = () -> {};
  private final long[] cuts = new long[3];
  private long index;

  LeasesTest() {
    apply(0, Ops.makeVolume(new Bytes(new byte[] {1}), 0755, 0, 0, new Timestamp(1, 0)));
    apply(0, Ops.openSession(OTHER, new NodeId(0, 0, 0, OTHER), List.of()));
    apply(0, Ops.openSession(MINE, new NodeId(0, 0, 0, MINE), List.of()));
    leases.begin(new SessionLife(MINE, store, LOG, (batch, reply) -> {}, () -> {}), Set.of());
    leases.look();
  }

  private void step() {
    step.run();
  }

  private void apply(long session, MetaOp op) {
    MetaEntry entry = MetaEntry.newBuilder()
        .setSession(session)
        .setCut(session == 0 ? 0 : ++cuts[(int) session])
        .addOps(op)
        .build();
    byte[] unused = store.apply(1, ++index, entry.toByteArray());
  }

  private void acquire(long session, LeaseMode mode) {
    apply(session, Ops.acquireLeases(Map.of(INODE.value(), mode)));
  }

  private void release(long session) {
    List<LeaseRange> all = List.of(new LeaseRange(0, LeaseRanges.END, LeaseMode.NONE));
    apply(session, Ops.releaseLeases(all, List.of(), List.of()));
  }

  private Needs read() {
    Needs needs = leases.needs();
    needs.begin();
    needs.read(INODE);
    return needs;
  }

  @Test
  void aReadWaitsForAsLongAsTheLogAnswersThoughTheLeaseIsGoneWhenItLooks() {
    long begin = System.nanoTime();
    step = () -> {
      acquire(MINE, LeaseMode.SHARED);
      release(OTHER); // mine for a moment
      if (System.nanoTime() - begin < LONG.toNanos()) {
        acquire(OTHER, LeaseMode.EXCLUSIVE);
        release(MINE);
      }
      leases.look();
    };
    Needs needs = read();

    leases.requireRead(needs);

    assertThat(needs.areGivenUp()).isFalse();
    needs.begin();
    needs.read(INODE);
    assertThat(needs.wereHeld()).isTrue();
  }

  @Test
  void aReadGoesOnWithoutALogThatIsSilent() {
    Needs needs = read();

    leases.requireRead(needs);

    assertThat(needs.areGivenUp()).isTrue();
  }
}
