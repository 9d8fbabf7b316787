package org.cairnfs.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.cairnfs.core.BlobId;
import org.cairnfs.kv.InMemoryKvStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A store that makes room for new blobs by giving up the oldest. */
class SegmentEvictionTest {
  private static final SegmentOptions TINY = new SegmentOptions(3_000, 0, 2_000, 2);
  private static final int BLOBS = 40;

  /** Steps of the disk that an eviction takes, at most. */
  private static final int STEPS = 30;

  private SimulatedDisk disk = new SimulatedDisk();
  private InMemoryKvStore index = new InMemoryKvStore(SegmentStore.INDEX_TABLES);
  private SegmentStore store;
  private final List<BlobId> ids = new ArrayList<>();

  private static byte[] bytes(int number) {
    return Blobs.bytes(number, 500);
  }

  @BeforeEach
  void fill() throws IOException {
    disk = new SimulatedDisk();
    index = new InMemoryKvStore(SegmentStore.INDEX_TABLES);
    store = SegmentStore.open(disk, index, TINY, Runnable::run);
    ids.clear();
    for (int i = 0; i < BLOBS; i++) {
      ids.add(Blobs.add(store, bytes(i)));
    }
  }

  private void reopen(SimulatedDisk diskAfter, InMemoryKvStore indexAfter) throws IOException {
    disk = diskAfter;
    index = indexAfter;
    store = SegmentStore.open(disk, index, TINY, Runnable::run);
  }

  /** The newest blobs are there and intact, and only those; returns how many. */
  private int countNewest() throws IOException {
    int first = 0;
    while (first < BLOBS && store.lengthBytes(ids.get(first)).isEmpty()) {
      first++;
    }
    for (int i = first; i < BLOBS; i++) {
      assertThat(Blobs.read(store, ids.get(i))).isEqualTo(bytes(i));
    }
    assertThat(store.list(null, 100)).hasSize(BLOBS - first);
    assertThat(store.stats().blobs()).isEqualTo(BLOBS - first);
    assertThat(store.stats().liveBytes()).isEqualTo(500L * (BLOBS - first));
    assertThat(store.stats().damagedBlobs()).isZero();
    return BLOBS - first;
  }

  @Test
  void theOldestGoUntilThereIsRoom() throws IOException {
    long before = store.stats().diskBytes();

    long freed = store.evictOldest(12_000);

    assertThat(store.stats().diskBytes()).isEqualTo(before - freed).isBetween(8_000L, 12_000L);
    assertThat(countNewest()).isBetween(12, 24);
    assertThat(store.evictOldest(12_000)).isZero();
  }

  @Test
  void whatIsBeingWrittenStays() throws IOException {
    long freed = store.evictOldest(0);

    assertThat(freed).isPositive();
    assertThat(countNewest()).isBetween(1, 6);
  }

  @Test
  void whatWasEvictedCanBeAddedAgain() throws IOException {
    long unused = store.evictOldest(12_000);

    assertThat(store.lengthBytes(ids.get(0))).isEmpty();
    Blobs.add(store, bytes(0));

    assertThat(Blobs.read(store, ids.get(0))).isEqualTo(bytes(0));
  }

  @Test
  void whatWasDeletedBeforeStaysDeleted() throws IOException {
    store.delete(ids.get(BLOBS - 1));
    store.delete(ids.get(0));
    long unused = store.evictOldest(12_000);
    store.close();
    reopen(disk.kill(), new InMemoryKvStore(SegmentStore.INDEX_TABLES));

    assertThat(store.lengthBytes(ids.get(BLOBS - 1))).isEmpty();
    assertThat(store.lengthBytes(ids.get(0))).isEmpty();
  }

  @Test
  void aPowerCutAtAnyMomentLeavesTheNewest() throws IOException {
    for (int step = 0; step < STEPS; step++) {
      fill();
      store.sync();
      disk.powerOffAfter(step);
      try {
        long unused = store.evictOldest(12_000);
      } catch (IOException e) {
        assertThat(disk.isOff()).isTrue();
      }
      reopen(disk.powerCut(new Random(step)), index.crash());
      assertThat(countNewest()).isGreaterThanOrEqualTo(12);
    }
  }
}
