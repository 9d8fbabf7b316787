package org.cairnfs.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.cairnfs.core.BlobId;
import org.cairnfs.kv.InMemoryKvStore;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One history of appends, deletes, syncs and compactions, cut off after every step of the disk. */
class SegmentCrashTest {
  private static final SegmentOptions TINY = new SegmentOptions(3_000, 0, 2_000, 2);
  private static final int BLOBS = 24;

  /** How far the history got: what must be there and what must not. */
  private static final class Progress {
    final List<BlobId> kept = new ArrayList<>();
    final List<BlobId> deleted = new ArrayList<>();
    boolean finished;
  }

  private static byte[] bytes(int number) {
    return Blobs.bytes(number, 300 + number);
  }

  private static void live(SegmentStore store, InMemoryKvStore index, Progress progress)
      throws IOException {
    for (int i = 0; i < BLOBS; i++) {
      Blobs.add(store, bytes(i));
    }
    store.sync();
    for (int i = 0; i < BLOBS; i += 3) {
      progress.kept.add(Blobs.id(bytes(i)));
    }
    for (int i = 0; i < BLOBS; i++) {
      if (i % 3 != 0) {
        store.delete(Blobs.id(bytes(i)));
      }
    }
    index.flush();
    store.sync();
    for (int i = 1; i < BLOBS; i += 3) {
      progress.deleted.add(Blobs.id(bytes(i)));
    }
    store.compact(Long.MAX_VALUE);
    for (int i = 2; i < BLOBS; i += 3) {
      Blobs.add(store, bytes(i));
    }
    store.sync();
    for (int i = 2; i < BLOBS; i += 3) {
      progress.kept.add(Blobs.id(bytes(i)));
    }
    store.compact(Long.MAX_VALUE);
    store.close();
    progress.finished = true;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void losesNothingSyncedAndKeepsNothingDeleted(boolean loseIndex) throws IOException {
    boolean finished = false;
    for (int steps = 0; !finished; steps++) {
      var disk = new SimulatedDisk();
      var index = new InMemoryKvStore(SegmentStore.INDEX_TABLES);
      var progress = new Progress();
      disk.powerOffAfter(steps);
      try {
        live(SegmentStore.open(disk, index, TINY, Runnable::run), index, progress);
      } catch (IOException e) {
        assertThat(disk.isOff()).isTrue();
      }
      finished = progress.finished;

      var after = disk.powerCut(new Random(steps));
      var indexAfter = loseIndex ? new InMemoryKvStore(SegmentStore.INDEX_TABLES) : index.crash();
      var store = SegmentStore.open(after, indexAfter, TINY, Runnable::run);
      assertThat(store.recovered().blobsLost()).isZero();
      for (BlobId id : progress.kept) {
        assertThat(store.verify(id)).as("after %d steps", steps).isTrue();
      }
      for (BlobId id : progress.deleted) {
        assertThat(store.lengthBytes(id)).as("after %d steps", steps).isEmpty();
      }
      store.compact(Long.MAX_VALUE);
      store.close();
    }
  }
}
