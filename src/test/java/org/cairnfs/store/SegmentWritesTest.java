package org.cairnfs.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.BlobId;
import org.cairnfs.kv.InMemoryKvStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How much a store writes for what it is given. */
class SegmentWritesTest {
  private static final int SMALL_BYTES = 4_000;
  private static final int LARGE_BYTES = 300_000;
  private static final int BLOBS = 16;

  private SimulatedDisk disk = new SimulatedDisk();

  @BeforeEach
  void newDisk() {
    disk = new SimulatedDisk();
  }

  private SegmentStore open(int segmentBytes) throws IOException {
    return SegmentStore.open(
        disk,
        new InMemoryKvStore(SegmentStore.INDEX_TABLES),
        new SegmentOptions(segmentBytes, 0, 1 << 30, 2),
        Runnable::run);
  }

  private static BlobId addSynced(BlobStore store, int number, int bytes) throws IOException {
    BlobId id = Blobs.add(store, Blobs.bytes(number, bytes));
    store.sync();
    return id;
  }

  /** The zeroes ahead of small synced blobs cost little if each is used, and a copy if none is. */
  @Test
  void writesNoZeroesAheadOfLargeBlobs() throws IOException {
    SegmentStore store = open(64 << 20);
    BlobId unused = addSynced(store, 0, SMALL_BYTES);
    long before = disk.writtenBytes();
    for (int i = 0; i < BLOBS; i++) {
      BlobId added = Blobs.add(store, Blobs.bytes(i, LARGE_BYTES));
      assertThat(store.lengthBytes(added)).hasValue(LARGE_BYTES);
    }
    assertThat(disk.writtenBytes() - before).isLessThan(BLOBS * (LARGE_BYTES + 100L));
  }

  @Test
  void writesZeroesAheadOfSmallSyncedBlobs() throws IOException {
    SegmentStore store = open(64 << 20);
    BlobId unused = addSynced(store, 0, SMALL_BYTES);
    long before = disk.writtenBytes();
    for (int i = 1; i <= BLOBS; i++) {
      unused = addSynced(store, i, SMALL_BYTES);
    }
    assertThat(disk.writtenBytes() - before).isGreaterThan(2L * BLOBS * SMALL_BYTES);
  }

  /** Files that are appended to leave small dead blobs behind: not each is worth a copy. */
  @Test
  void copiesNothingForAFewDeadBlobs() throws IOException {
    assertThat(writtenToCompact(BLOBS * LARGE_BYTES * 64)).isZero();
    newDisk();
    assertThat(writtenToCompact(BLOBS * LARGE_BYTES * 2)).isPositive();
  }

  /** Most of the active segment is dead; returns what compaction writes. */
  private long writtenToCompact(int segmentBytes) throws IOException {
    SegmentStore store = open(segmentBytes);
    List<BlobId> ids = new ArrayList<>();
    for (int i = 0; i < BLOBS; i++) {
      ids.add(Blobs.add(store, Blobs.bytes(i, LARGE_BYTES)));
    }
    for (BlobId dead : ids.subList(0, BLOBS - 2)) {
      store.delete(dead);
    }
    store.sync();
    long before = disk.writtenBytes();
    long freed = store.compact(Long.MAX_VALUE);
    assertThat(freed > 0).isEqualTo(disk.writtenBytes() > before);
    return disk.writtenBytes() - before;
  }
}
