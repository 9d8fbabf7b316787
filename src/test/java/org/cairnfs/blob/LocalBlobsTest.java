package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.cairnfs.core.BlobId;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.store.DiskFullException;
import org.cairnfs.store.NoSuchBlobException;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;
import org.junit.jupiter.api.Test;

/** Who keeps a blob from being deleted, and what is only cached. */
class LocalBlobsTest {
  private static final Duration HOLD = Duration.ofMinutes(10);
  private static final long CACHED_BYTES = 1 << 20;

  private final InMemoryBlobStore store = new InMemoryBlobStore();
  private final AtomicLong now = new AtomicLong();
  private final CachedBlobs cached = new CachedBlobs(
      () -> SegmentStore.open(
          Jimfs.newFileSystem(Configuration.unix()).getPath("/cached"),
          new InMemoryKvStore(SegmentStore.INDEX_TABLES),
          new SegmentOptions(CACHED_BYTES / 16, 0, CACHED_BYTES, 16),
          Runnable::run),
      CACHED_BYTES,
      () -> true);
  private final LocalBlobs local = new LocalBlobs(store, cached, new Holds(HOLD, now::get));
  private final TestCatalog catalog = new TestCatalog();

  private LocalBlobs.Collected collect(BlobId id) throws IOException {
    return local.collect(id, catalog::isReferenced);
  }

  @Test
  void whatAPeerPutIsHeldForAWhile() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    assertThat(local.accept(Blocks.id(blob), ByteBuffer.wrap(blob))).isTrue();

    assertThat(collect(Blocks.id(blob))).isEqualTo(LocalBlobs.Collected.HELD);
    now.addAndGet(2 * HOLD.toNanos());
    assertThat(collect(Blocks.id(blob))).isEqualTo(LocalBlobs.Collected.DELETED);
  }

  @Test
  void aCachedBlobThatSomebodyReliesOnBecomesAReplica() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    local.cache(Blocks.id(blob), ByteBuffer.wrap(blob));
    assertThat(local.lengthBytes(Blocks.id(blob))).isEmpty();
    assertThat(local.isHere(Blocks.id(blob))).isTrue();

    assertThat(local.hold(Blocks.id(blob))).hasValue(1000);

    assertThat(store.has(Blocks.id(blob))).isTrue();
    assertThat(store.syncs()).isEqualTo(1);
  }

  @Test
  void aDamagedReplicaIsNotPromisedButReplacedByWhatIsPut() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    List<BlobId> damaged = new ArrayList<>();
    local.onDamaged(damaged::add);
    local.accept(Blocks.id(blob), ByteBuffer.wrap(blob));
    store.flipBit(Blocks.id(blob), 77);

    assertThat(local.hold(Blocks.id(blob))).as("nobody may rely on it").isEmpty();
    assertThat(damaged).containsExactly(Blocks.id(blob));

    assertThat(new BlobService(local, () -> false).put(Blocks.id(blob), ByteBuffer.wrap(blob)))
        .isTrue();
    assertThat(local.hold(Blocks.id(blob))).hasValue(1000);
  }

  @Test
  void aCachedCopyTakesThePlaceOfADamagedReplica() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    local.accept(Blocks.id(blob), ByteBuffer.wrap(blob));
    local.cache(Blocks.id(blob), ByteBuffer.wrap(blob));
    store.flipBit(Blocks.id(blob), 77);

    assertThat(local.hold(Blocks.id(blob))).hasValue(1000);

    assertThat(local.readIntact(Blocks.id(blob))).isEqualTo(blob);
  }

  @Test
  void aDamagedCachedBlobIsNoReplica() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    local.cache(Blocks.id(blob), ByteBuffer.wrap(Blocks.random(1000, 2)));

    assertThat(local.promoteIfCached(Blocks.id(blob), id -> true)).isFalse();
    assertThat(store.has(Blocks.id(blob))).isFalse();
  }

  @Test
  void aCachedBlobThatCannotBecomeAReplicaIsMissed() throws Exception {
    LocalBlobs full = new LocalBlobs(
        new ForwardingBlobStore(store) {
          @Override
          public boolean append(BlobId id, ByteBuffer blob) throws IOException {
            throw new DiskFullException("no room");
          }
        },
        cached,
        new Holds(HOLD, now::get));
    List<BlobId> refused = new ArrayList<>();
    full.onRefused(refused::add);
    byte[] blob = Blocks.random(1000, 1);
    full.cache(Blocks.id(blob), ByteBuffer.wrap(blob));

    assertThatThrownBy(() -> full.hold(Blocks.id(blob))).isInstanceOf(DiskFullException.class);
    assertThat(refused).containsExactly(Blocks.id(blob));
  }

  @Test
  void whatNobodyRefersToAnyMoreIsNotKept() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    assertThat(local.keep(Blocks.id(blob), ByteBuffer.wrap(blob), id -> false)).isFalse();
    local.cache(Blocks.id(blob), ByteBuffer.wrap(blob));
    assertThat(local.promoteIfCached(Blocks.id(blob), id -> false)).isFalse();
    assertThat(store.has(Blocks.id(blob))).isFalse();

    assertThat(collect(Blocks.id(blob))).isEqualTo(LocalBlobs.Collected.DELETED);
    assertThat(local.isHere(Blocks.id(blob))).as("nor is it cached").isFalse();
  }

  @Test
  void aReadThatBeganInAReplicaThatIsGivenUpIsDoneInTheCachedCopy() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    LocalBlobs leaving = new LocalBlobs(
        new ForwardingBlobStore(store) {
          @Override
          public void read(BlobId id, int offset, ByteBuffer into) throws IOException {
            into.put((byte) 1);
            throw new NoSuchBlobException(id);
          }
        },
        cached,
        new Holds(HOLD, now::get));
    leaving.cache(Blocks.id(blob), ByteBuffer.wrap(blob));
    ByteBuffer read = ByteBuffer.allocate(blob.length);

    leaving.read(Blocks.id(blob), 0, read);

    assertThat(read.array()).isEqualTo(blob);
  }

  @Test
  void whatIsNoLongerPinnedMayBeHeld() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    local.write(Blocks.id(blob), ByteBuffer.wrap(blob));
    assertThat(collect(Blocks.id(blob))).isEqualTo(LocalBlobs.Collected.PINNED);

    local.unpinAndHold(Blocks.id(blob));

    assertThat(collect(Blocks.id(blob))).isEqualTo(LocalBlobs.Collected.HELD);
  }

  @Test
  void whatIsGivenUpIsCachedUnlessThisNodeLeaves() throws Exception {
    for (boolean leaving : new boolean[] {false, true}) {
      byte[] blob = Blocks.random(1000, leaving ? 2 : 1);
      assertThat(local.keep(Blocks.id(blob), ByteBuffer.wrap(blob), id -> true)).isTrue();

      assertThat(local.giveUp(Blocks.id(blob), leaving)).isTrue();

      assertThat(store.has(Blocks.id(blob))).isFalse();
      assertThat(local.isHere(Blocks.id(blob))).isEqualTo(!leaving);
    }
  }

  @Test
  void whatIsHeldIsGivenUpOnlyByANodeThatLeaves() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    local.accept(Blocks.id(blob), ByteBuffer.wrap(blob));

    assertThat(local.giveUp(Blocks.id(blob), false)).isFalse();
    assertThat(local.giveUp(Blocks.id(blob), true)).isTrue();
  }

  @Test
  void theOldestCachedBlobsMakeRoom() throws Exception {
    for (int i = 0; i < 100; i++) {
      byte[] blob = Blocks.random(50_000, i);
      local.cache(Blocks.id(blob), ByteBuffer.wrap(blob));
      assertThat(local.isHere(Blocks.id(blob))).isTrue();
      assertThat(cached.diskBytes()).isLessThanOrEqualTo(CACHED_BYTES);
    }
    assertThat(local.isHere(Blocks.id(Blocks.random(50_000, 0)))).isFalse();
    assertThat(local.isHere(Blocks.id(Blocks.random(50_000, 90)))).isTrue();
  }

  @Test
  void aDamagedCachedBlobIsForgotten() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    byte[] other = Blocks.random(1000, 2);
    local.cache(Blocks.id(blob), ByteBuffer.wrap(other));

    assertThat(local.hold(Blocks.id(blob))).as("nobody may rely on it").isEmpty();
    assertThat(local.verify(Blocks.id(blob))).isFalse();
    assertThat(local.isHere(Blocks.id(blob))).isFalse();
  }

  /**
   * Writers here and elsewhere, commits, drops and the collector in any order: a blob is there from
   * when somebody was told so until nobody relies on it.
   */
  @Property(tries = 200)
  void nothingSomebodyReliesOnIsEverDeleted(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    byte[][] blobs = new byte[4][];
    Map<BlobId, Integer> pins = new HashMap<>();
    Map<BlobId, Long> heldUntil = new HashMap<>();
    for (int i = 0; i < blobs.length; i++) {
      blobs[i] = Blocks.random(100, seed + i);
    }
    for (int step = 0; step < 200; step++) {
      byte[] blob = blobs[random.nextInt(blobs.length)];
      BlobId id = Blocks.id(blob);
      switch (random.nextInt(7)) {
        case 0 -> {
          boolean unused = local.write(id, ByteBuffer.wrap(blob));
          pins.merge(id, 1, Integer::sum);
        }
        case 1 -> {
          if (pins.getOrDefault(id, 0) > 0) {
            catalog.refer(id, 84);
            local.unpin(id);
            pins.merge(id, -1, Integer::sum);
          }
        }
        case 2 -> {
          boolean unused = local.accept(id, ByteBuffer.wrap(blob));
          heldUntil.put(id, now.get() + HOLD.toNanos());
        }
        case 3 -> {
          if (local.hold(id).isPresent()) {
            heldUntil.put(id, now.get() + HOLD.toNanos());
          }
        }
        case 4 -> catalog.drop(id);
        case 5 -> now.addAndGet(random.nextLong(HOLD.toNanos()));
        default -> {
          boolean relied = catalog.isReferenced(id)
              || pins.getOrDefault(id, 0) > 0
              || heldUntil.getOrDefault(id, Long.MIN_VALUE) > now.get();
          boolean was = local.isHere(id);
          boolean deleted = collect(id) == LocalBlobs.Collected.DELETED;
          assertThat(deleted && relied).as("deleted and relied on").isFalse();
          assertThat(local.isHere(id)).isEqualTo(was && !deleted);
        }
      }
    }
    now.addAndGet(2 * HOLD.toNanos());
    for (byte[] blob : blobs) {
      BlobId id = Blocks.id(blob);
      catalog.drop(id);
      while (pins.merge(id, -1, Integer::sum) >= 0) {
        local.unpin(id);
      }
      assertThat(collect(id)).isEqualTo(LocalBlobs.Collected.DELETED);
      assertThat(local.isHere(id)).isFalse();
    }
  }
}
