package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
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

  private static BlobId id(byte[] blob) {
    try {
      return BlobId.of(MessageDigest.getInstance("SHA-256").digest(blob));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private LocalBlobs.Collected collect(BlobId id) throws IOException {
    return local.collect(id, catalog::isReferenced);
  }

  @Test
  void whatAPeerPutIsHeldForAWhile() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    assertThat(local.accept(id(blob), ByteBuffer.wrap(blob))).isTrue();

    assertThat(collect(id(blob))).isEqualTo(LocalBlobs.Collected.HELD);
    now.addAndGet(2 * HOLD.toNanos());
    assertThat(collect(id(blob))).isEqualTo(LocalBlobs.Collected.DELETED);
  }

  @Test
  void aCachedBlobThatSomebodyReliesOnBecomesAReplica() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    local.cache(id(blob), ByteBuffer.wrap(blob));
    assertThat(local.lengthBytes(id(blob))).isEmpty();
    assertThat(local.isHere(id(blob))).isTrue();

    assertThat(local.hold(id(blob))).hasValue(1000);

    assertThat(store.has(id(blob))).isTrue();
    assertThat(store.syncs()).isEqualTo(1);
  }

  @Test
  void aDamagedReplicaIsNotPromisedButReplacedByWhatIsPut() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    List<BlobId> damaged = new ArrayList<>();
    local.onDamaged(damaged::add);
    local.accept(id(blob), ByteBuffer.wrap(blob));
    store.flipBit(id(blob), 77);

    assertThat(local.hold(id(blob))).as("nobody may rely on it").isEmpty();
    assertThat(damaged).containsExactly(id(blob));

    assertThat(new BlobService(local, () -> false).put(id(blob), ByteBuffer.wrap(blob)))
        .isTrue();
    assertThat(local.hold(id(blob))).hasValue(1000);
  }

  @Test
  void aCachedCopyTakesThePlaceOfADamagedReplica() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    local.accept(id(blob), ByteBuffer.wrap(blob));
    local.cache(id(blob), ByteBuffer.wrap(blob));
    store.flipBit(id(blob), 77);

    assertThat(local.hold(id(blob))).hasValue(1000);

    assertThat(local.readIntact(id(blob))).isEqualTo(blob);
  }

  @Test
  void whatIsGivenUpIsCachedUnlessThisNodeLeaves() throws Exception {
    for (boolean leaving : new boolean[] {false, true}) {
      byte[] blob = Blocks.random(1000, leaving ? 2 : 1);
      assertThat(local.keep(id(blob), ByteBuffer.wrap(blob), id -> true)).isTrue();

      assertThat(local.giveUp(id(blob), leaving)).isTrue();

      assertThat(store.has(id(blob))).isFalse();
      assertThat(local.isHere(id(blob))).isEqualTo(!leaving);
    }
  }

  @Test
  void whatIsHeldIsGivenUpOnlyByANodeThatLeaves() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    local.accept(id(blob), ByteBuffer.wrap(blob));

    assertThat(local.giveUp(id(blob), false)).isFalse();
    assertThat(local.giveUp(id(blob), true)).isTrue();
  }

  @Test
  void theOldestCachedBlobsMakeRoom() throws Exception {
    for (int i = 0; i < 100; i++) {
      byte[] blob = Blocks.random(50_000, i);
      local.cache(id(blob), ByteBuffer.wrap(blob));
      assertThat(local.isHere(id(blob))).isTrue();
      assertThat(cached.diskBytes()).isLessThanOrEqualTo(CACHED_BYTES);
    }
    assertThat(local.isHere(id(Blocks.random(50_000, 0)))).isFalse();
    assertThat(local.isHere(id(Blocks.random(50_000, 90)))).isTrue();
  }

  @Test
  void aDamagedCachedBlobIsForgotten() throws Exception {
    byte[] blob = Blocks.random(1000, 1);
    byte[] other = Blocks.random(1000, 2);
    local.cache(id(blob), ByteBuffer.wrap(other));

    assertThat(local.hold(id(blob))).as("nobody may rely on it").isEmpty();
    assertThat(local.verify(id(blob))).isFalse();
    assertThat(local.isHere(id(blob))).isFalse();
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
      BlobId id = id(blob);
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
      BlobId id = id(blob);
      catalog.drop(id);
      while (pins.merge(id, -1, Integer::sum) >= 0) {
        local.unpin(id);
      }
      assertThat(collect(id)).isEqualTo(LocalBlobs.Collected.DELETED);
      assertThat(local.isHere(id)).isFalse();
    }
  }
}
