package org.cairnfs.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.cairnfs.core.BlobId;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.kv.KvBatch;
import org.cairnfs.kv.KvCursor;
import org.cairnfs.kv.KvDiskFullException;
import org.cairnfs.kv.KvSnapshot;
import org.cairnfs.kv.KvStore;
import org.junit.jupiter.api.Test;

/** A disk that is full, fails, or is slow. */
class SegmentFaultTest {
  private static final SegmentOptions OPTIONS = new SegmentOptions(1 << 20, 0, 1 << 20, 4);

  private final SimulatedDisk disk = new SimulatedDisk();
  private final InMemoryKvStore index = new InMemoryKvStore(SegmentStore.INDEX_TABLES);

  private SegmentStore open(SegmentOptions options) throws IOException {
    return SegmentStore.open(disk, index, options, Runnable::run);
  }

  @Test
  void aFailedForceLosesWhatItCoveredAndSaysSoUntilThatIsHealed() throws IOException {
    var store = open(OPTIONS);
    BlobId synced = Blobs.add(store, Blobs.bytes(1, 100));
    store.sync();
    BlobId first = Blobs.add(store, Blobs.bytes(2, 100));
    BlobId second = Blobs.add(store, Blobs.bytes(3, 100));
    disk.failForces(true);
    assertThatThrownBy(store::sync)
        .isInstanceOf(IOException.class)
        .hasRootCauseMessage("Input/output error");
    disk.failForces(false);

    // A second force of the same file would succeed and mean nothing.
    assertThat(store.lengthBytes(first)).isEmpty();
    assertThat(store.stats().blobs()).isEqualTo(1);
    assertThatThrownBy(store::sync)
        .isInstanceOfSatisfying(
            LostBlobsException.class,
            e -> assertThat(e.lost()).containsExactlyInAnyOrder(first, second));

    Blobs.add(store, Blobs.bytes(2, 100));
    assertThatThrownBy(store::sync)
        .isInstanceOfSatisfying(
            LostBlobsException.class, e -> assertThat(e.lost()).containsExactly(second));
    store.delete(second);
    store.sync();

    assertThat(store.verify(synced)).isTrue();
    assertThat(store.verify(first)).isTrue();
    assertThat(disk.list()).containsExactly(1L, 2L);
    var after = SegmentStore.open(disk.kill(), index.crash(), OPTIONS, Runnable::run);
    assertThat(after.verify(synced)).isTrue();
    assertThat(after.verify(first)).isTrue();
  }

  @Test
  void everyoneWhoWaitsForAForceLearnsThatItFailed() throws Exception {
    var store = open(OPTIONS);
    var gate = new Semaphore(0);
    disk.gateForces(gate);
    disk.failForces(true);
    ExecutorService executor = Executors.newFixedThreadPool(3);
    try {
      var syncs = new ArrayList<Future<?>>();
      for (int i = 0; i < 3; i++) {
        byte[] bytes = Blobs.bytes(i, 100);
        syncs.add(executor.submit(() -> {
          Blobs.add(store, bytes);
          store.sync();
          return null;
        }));
      }
      Awaitility.await().until(() -> disk.forces() > 0 && store.stats().blobs() == 3);
      gate.release(100);
      for (Future<?> sync : syncs) {
        assertThatThrownBy(() -> sync.get(30, TimeUnit.SECONDS))
            .hasCauseInstanceOf(IOException.class);
      }
    } finally {
      executor.shutdownNow();
    }
    assertThat(store.stats().blobs()).isZero();
  }

  @Test
  void concurrentSyncsShareForces() throws Exception {
    var store = open(OPTIONS);
    var gate = new Semaphore(0);
    disk.gateForces(gate);
    int callers = 20;
    ExecutorService executor = Executors.newFixedThreadPool(callers + 1);
    try {
      var syncs = new ArrayList<Future<?>>();
      syncs.add(executor.submit(() -> addAndSync(store, 0)));
      Awaitility.await().until(() -> disk.forces() == 1);
      for (int i = 1; i <= callers; i++) {
        int number = i;
        syncs.add(executor.submit(() -> addAndSync(store, number)));
      }
      Awaitility.await().until(() -> store.stats().blobs() == callers + 1);
      gate.release(100);
      for (Future<?> sync : syncs) {
        sync.get(30, TimeUnit.SECONDS);
      }
      // The first, the one that covers all who came meanwhile, and whoever came just after it.
      assertThat(disk.forces()).isLessThanOrEqualTo(3);
    } finally {
      executor.shutdownNow();
    }
  }

  private static Void addAndSync(SegmentStore store, int number) throws IOException {
    Blobs.add(store, Blobs.bytes(number, 100));
    store.sync();
    return null;
  }

  @Test
  void aSyncWithNothingNewDoesNotTouchTheDisk() throws IOException {
    var store = open(OPTIONS);
    Blobs.add(store, Blobs.bytes(1, 100));
    store.sync();
    int forces = disk.forces();
    store.sync();
    Blobs.add(store, Blobs.bytes(1, 100));
    store.sync();
    assertThat(disk.forces()).isEqualTo(forces);
  }

  @Test
  void longStreamsAreForcedInTheBackground() throws IOException {
    var store = open(new SegmentOptions(1 << 20, 0, 10_000, 4));
    for (int i = 0; i < 5; i++) {
      Blobs.add(store, Blobs.bytes(i, 9_000));
    }
    assertThat(disk.forces()).isEqualTo(2);
  }

  @Test
  void aFullDiskRefusesBlobsAndServesOn() throws IOException {
    var store = open(OPTIONS);
    BlobId id = Blobs.add(store, Blobs.bytes(1, 1000));
    store.sync();
    disk.capacityBytes(2_000);
    // The store trusts an older count of free bytes: it is the write that fails.
    assertThatThrownBy(() -> Blobs.add(store, Blobs.bytes(2, 1500)))
        .isInstanceOf(DiskFullException.class);
    assertThatThrownBy(() -> Blobs.add(store, Blobs.bytes(2, 1500)))
        .isInstanceOf(DiskFullException.class);
    assertThat(store.stats().blobs()).isEqualTo(1);
    assertThat(store.verify(id)).isTrue();
    BlobId small = Blobs.add(store, Blobs.bytes(3, 100));
    store.sync();
    disk.capacityBytes(1 << 20);
    BlobId late = Blobs.add(store, Blobs.bytes(2, 1500));
    store.sync();

    var after = SegmentStore.open(
        disk.kill(), new InMemoryKvStore(SegmentStore.INDEX_TABLES), OPTIONS, Runnable::run);
    assertThat(after.recovered().isClean()).isTrue();
    assertThat(after.verify(id) && after.verify(small) && after.verify(late)).isTrue();
  }

  @Test
  void aDiskTooFullForASegmentIsNotLitteredWithFiles() throws IOException {
    disk.capacityBytes(10);
    var store = open(OPTIONS);
    for (int i = 0; i < 3; i++) {
      byte[] bytes = {};
      assertThatThrownBy(() -> store.delete(Blobs.add(store, bytes)))
          .isInstanceOf(DiskFullException.class);
    }
    assertThat(disk.list()).isEmpty();
    disk.capacityBytes(1 << 20);
    BlobId id = Blobs.add(store, Blobs.bytes(1, 100));
    store.sync();
    assertThat(store.verify(id)).isTrue();
  }

  @Test
  void theReserveIsForDeletesAndCompaction() throws IOException {
    disk.capacityBytes(10_000_000);
    var store = open(new SegmentOptions(100_000, 100_000, 1 << 20, 4));
    var ids = new ArrayList<BlobId>();
    boolean full = false;
    for (int i = 0; !full; i++) {
      try {
        ids.add(Blobs.add(store, Blobs.bytes(i, 50_000)));
      } catch (DiskFullException e) {
        full = true;
      }
    }
    store.sync();
    assertThat(disk.usableBytes()).isBetween(100_000L, 160_000L);

    for (int i = 0; i < ids.size(); i++) {
      if (i % 8 != 0) {
        store.delete(ids.get(i));
      }
    }
    assertThat(store.compact(Long.MAX_VALUE)).isGreaterThan(5_000_000);
    Blobs.add(store, Blobs.bytes(-1, 50_000));
    for (int i = 0; i < ids.size(); i += 8) {
      assertThat(store.verify(ids.get(i))).isTrue();
    }
  }

  @Test
  void writesAheadWhenEverySmallAppendIsSynced() throws IOException {
    var store = open(OPTIONS);
    for (int i = 0; i < 3; i++) {
      Blobs.add(store, Blobs.bytes(i, 1000));
      store.sync();
    }
    assertThat(disk.bytes(1).length).isGreaterThan(200_000);
    assertThat(store.stats().diskBytes()).isLessThan(4_000);

    var crashed = SegmentStore.open(
        disk.kill(), new InMemoryKvStore(SegmentStore.INDEX_TABLES), OPTIONS, Runnable::run);
    assertThat(crashed.recovered().isClean()).isTrue();
    assertThat(crashed.stats().blobs()).isEqualTo(3);
  }

  @Test
  void closingCutsOffWhatWasWrittenAhead() throws IOException {
    var store = open(OPTIONS);
    for (int i = 0; i < 3; i++) {
      Blobs.add(store, Blobs.bytes(i, 1000));
      store.sync();
    }
    long bytes = store.stats().diskBytes();
    store.close();
    store.close();
    assertThat(disk.bytes(1)).hasSize((int) bytes);
    assertThatThrownBy(() -> Blobs.add(store, Blobs.bytes(9, 10)))
        .isInstanceOfAny(IOException.class, IllegalStateException.class);
  }

  /** An index without room: it can be read and not written. */
  private static final class FullKvStore implements KvStore {
    private final KvStore store;
    private boolean full;

    FullKvStore(KvStore store) {
      this.store = store;
    }

    @Override
    public Table table(String name) {
      return store.table(name);
    }

    @Override
    public byte[] get(Table table, byte[] key) {
      return store.get(table, key);
    }

    @Override
    public KvCursor cursor(Table table) {
      return store.cursor(table);
    }

    @Override
    public KvSnapshot snapshot() {
      return store.snapshot();
    }

    @Override
    public void exclusively(Runnable work) {
      store.exclusively(work);
    }

    @Override
    public void write(Consumer<KvBatch> changes) {
      if (full) {
        throw new UncheckedIOException(new KvDiskFullException("full", new IOException()));
      }
      store.write(changes);
    }

    @Override
    public void flush() {
      store.flush();
    }

    @Override
    public long memoryBytes() {
      return store.memoryBytes();
    }

    @Override
    public void close() {
      throw new AssertionError("not closed here");
    }
  }

  @Test
  void anIndexWithoutRoomDelaysNothingButItself() throws IOException {
    var fullIndex = new FullKvStore(index);
    var store = SegmentStore.open(disk, fullIndex, OPTIONS, Runnable::run);
    BlobId before = Blobs.add(store, Blobs.bytes(1, 100));
    store.sync();
    fullIndex.full = true;
    BlobId synced = Blobs.add(store, Blobs.bytes(2, 100));
    store.sync();
    assertThat(store.verify(synced)).isTrue();
    assertThatThrownBy(() -> store.compact(Long.MAX_VALUE)).isInstanceOf(DiskFullException.class);

    // What was synced stays although the segment fails before the index knows of it.
    BlobId lost = Blobs.add(store, Blobs.bytes(3, 100));
    disk.failForces(true);
    assertThatThrownBy(store::sync).isInstanceOf(IOException.class);
    disk.failForces(false);
    store.delete(lost);
    BlobId after = Blobs.add(store, Blobs.bytes(4, 100));
    store.sync();
    assertThat(disk.list()).containsExactly(1L, 2L);
    assertThat(store.stats().blobs()).isEqualTo(3);

    fullIndex.full = false;
    store.compact(Long.MAX_VALUE);
    for (BlobId id : List.of(before, synced, after)) {
      assertThat(store.verify(id)).isTrue();
    }
    assertThat(store.stats().liveBytes()).isEqualTo(300);
    index.flush();
    var reopened = SegmentStore.open(disk.kill(), index.crash(), OPTIONS, Runnable::run);
    assertThat(reopened.recovered().recordsFound()).isZero();
    for (BlobId id : List.of(before, synced, after)) {
      assertThat(reopened.verify(id)).isTrue();
    }
  }

  @Test
  void compactionThatFailsLosesNothing() throws IOException {
    var store = open(new SegmentOptions(5_000, 0, 1 << 20, 4));
    for (int i = 0; i < 20; i++) {
      Blobs.add(store, Blobs.bytes(i, 1000));
    }
    store.sync();
    for (int i = 0; i < 20; i++) {
      if (i % 4 != 0) {
        store.delete(Blobs.id(Blobs.bytes(i, 1000)));
      }
    }
    store.sync();
    disk.failForces(true);
    assertThatThrownBy(() -> store.compact(Long.MAX_VALUE)).isInstanceOf(IOException.class);
    disk.failForces(false);
    for (int i = 0; i < 20; i += 4) {
      assertThat(store.verify(Blobs.id(Blobs.bytes(i, 1000)))).isTrue();
    }
    store.sync();
    assertThat(store.compact(Long.MAX_VALUE)).isPositive();
    for (int i = 0; i < 20; i += 4) {
      assertThat(store.verify(Blobs.id(Blobs.bytes(i, 1000)))).isTrue();
    }
    assertThat(store.stats().blobs()).isEqualTo(5);
  }
}
