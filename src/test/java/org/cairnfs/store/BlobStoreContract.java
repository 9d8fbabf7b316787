package org.cairnfs.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.cairnfs.core.BlobId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link BlobStore} promises. */
abstract class BlobStoreContract {
  private BlobStore store;

  /** A new, empty store. */
  abstract BlobStore open() throws IOException;

  @BeforeEach
  void openStore() throws IOException {
    store = open();
  }

  @AfterEach
  void closeStore() throws IOException {
    store.close();
  }

  @Test
  void servesWhatWasAppendedBeforeAndAfterASync() throws IOException {
    byte[] bytes = Blobs.bytes(1, 1000);
    BlobId id = Blobs.id(bytes);
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    assertThat(store.append(id, buffer)).isTrue();
    assertThat(buffer.remaining()).isZero();
    assertThat(Blobs.read(store, id)).isEqualTo(bytes);
    store.sync();
    assertThat(Blobs.read(store, id)).isEqualTo(bytes);
    assertThat(store.verify(id)).isTrue();
  }

  /** Those of whole blocks begin and end anywhere in a page, and some are longer than a buffer. */
  @Test
  void servesLargeBlobsAmongSmallOnes() throws IOException {
    int[] lengths = {1, 262_092, 4043, 1_048_848, 262_093, 300, 1 << 20, 2 << 20, 262_144, 1_114_200
    };
    List<BlobId> ids = new ArrayList<>();
    for (int length : lengths) {
      ids.add(Blobs.add(store, Blobs.bytes(7, length)));
    }
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < lengths.length; i++) {
        assertThat(Blobs.read(store, ids.get(i))).isEqualTo(Blobs.bytes(7, lengths[i]));
        assertThat(store.verify(ids.get(i))).isTrue();
      }
      store.sync();
    }
  }

  @Test
  void appendsFromPositionToLimitOfAnyBuffer() throws IOException {
    byte[] bytes = Blobs.bytes(2, 300);
    BlobId id = Blobs.id(Arrays.copyOfRange(bytes, 100, 250));
    ByteBuffer direct = ByteBuffer.allocateDirect(300).put(bytes).position(100).limit(250);
    assertThat(store.append(id, direct.asReadOnlyBuffer())).isTrue();
    assertThat(Blobs.read(store, id)).isEqualTo(Arrays.copyOfRange(bytes, 100, 250));
  }

  @Test
  void keepsABlobOnce() throws IOException {
    byte[] bytes = Blobs.bytes(3, 100);
    BlobId id = Blobs.add(store, bytes);
    ByteBuffer again = ByteBuffer.wrap(bytes);
    assertThat(store.append(id, again)).isFalse();
    assertThat(again.remaining()).isZero();
    store.sync();
    assertThat(store.append(id, ByteBuffer.wrap(bytes))).isFalse();
    assertThat(store.stats().blobs()).isEqualTo(1);
    assertThat(store.stats().liveBytes()).isEqualTo(100);
  }

  @Test
  void listsEveryBlobInPages() throws IOException {
    var ids = new TreeSet<BlobId>();
    for (int i = 0; i < 25; i++) {
      ids.add(Blobs.add(store, Blobs.bytes(100 + i, 50)));
    }
    BlobId deleted = Blobs.add(store, Blobs.bytes(99, 50));
    store.delete(deleted);
    store.sync();
    var listed = new ArrayList<BlobId>();
    List<BlobId> page = store.list(null, 10);
    while (!page.isEmpty()) {
      listed.addAll(page);
      page = store.list(page.get(page.size() - 1), 10);
    }
    assertThat(listed).containsExactlyElementsOf(ids);
  }

  @Test
  void readsAnyPart() throws IOException {
    byte[] bytes = Blobs.bytes(4, 5000);
    BlobId id = Blobs.add(store, bytes);
    ByteBuffer into = ByteBuffer.allocate(100).position(10).limit(60);
    store.read(id, 4950, into);
    assertThat(into.position()).isEqualTo(60);
    assertThat(Arrays.copyOfRange(into.array(), 10, 60))
        .isEqualTo(Arrays.copyOfRange(bytes, 4950, 5000));
    store.read(id, 5000, ByteBuffer.allocate(0));
  }

  @Test
  void refusesARangeThatLeavesTheBlob() throws IOException {
    BlobId id = Blobs.add(store, Blobs.bytes(5, 100));
    Blobs.add(store, Blobs.bytes(6, 100));
    for (int offset : new int[] {-1, 91, 101, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertThatThrownBy(() -> store.read(id, offset, ByteBuffer.allocate(10)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void saysWhatIsNotHere() throws IOException {
    BlobId id = Blobs.id(Blobs.bytes(7, 10));
    assertThat(store.lengthBytes(id)).isEmpty();
    assertThat(store.verify(id)).isFalse();
    assertThatThrownBy(() -> store.read(id, 0, ByteBuffer.allocate(1)))
        .isInstanceOf(NoSuchBlobException.class)
        .hasMessageContaining(id.toString());
  }

  @Test
  void forgetsWhatWasDeleted() throws IOException {
    byte[] bytes = Blobs.bytes(8, 100);
    BlobId id = Blobs.add(store, bytes);
    store.delete(id);
    store.delete(id);
    assertThat(store.lengthBytes(id)).isEmpty();
    assertThat(store.stats().blobs()).isZero();
    assertThat(store.stats().liveBytes()).isZero();
    store.sync();
    assertThat(store.lengthBytes(id)).isEmpty();

    assertThat(store.append(id, ByteBuffer.wrap(bytes))).isTrue();
    assertThat(Blobs.read(store, id)).isEqualTo(bytes);
    store.sync();
    store.delete(id);
    assertThat(store.append(id, ByteBuffer.wrap(bytes))).isTrue();
    store.delete(id);
    store.sync();
    assertThat(store.lengthBytes(id)).isEmpty();
    assertThat(store.stats().blobs()).isZero();
  }

  @Test
  void keepsAnEmptyBlobAndALongOne() throws IOException {
    byte[] empty = {};
    byte[] large = Blobs.bytes(9, (1 << 20) + 272);
    assertThat(Blobs.read(store, Blobs.add(store, empty))).isEmpty();
    assertThat(Blobs.read(store, Blobs.add(store, large))).isEqualTo(large);
    assertThat(store.stats().blobs()).isEqualTo(2);
  }

  @Test
  void givesSpaceBackAndKeepsTheRest() throws IOException {
    var ids = new ArrayList<BlobId>();
    for (int i = 0; i < 40; i++) {
      ids.add(Blobs.add(store, Blobs.bytes(100 + i, 100_000)));
    }
    for (int i = 0; i < 40; i++) {
      if (i % 4 != 0) {
        store.delete(ids.get(i));
      }
    }
    long before = store.stats().diskBytes();
    long freed = store.compact(Long.MAX_VALUE);
    assertThat(freed).isPositive();
    assertThat(store.stats().diskBytes()).isEqualTo(before - freed);
    for (int i = 0; i < 40; i++) {
      if (i % 4 == 0) {
        assertThat(Blobs.read(store, ids.get(i))).isEqualTo(Blobs.bytes(100 + i, 100_000));
      } else {
        assertThat(store.lengthBytes(ids.get(i))).isEmpty();
      }
    }
    assertThat(store.stats().blobs()).isEqualTo(10);
    assertThat(store.stats().liveBytes()).isEqualTo(10 * 100_000L);
    assertThat(store.compact(Long.MAX_VALUE)).isZero();
  }

  /** So that whoever has much to reclaim can take his time. */
  @Test
  void givesSpaceBackInSteps() throws IOException {
    for (int i = 0; i < 40; i++) {
      BlobId id = Blobs.add(store, Blobs.bytes(i, 100_000));
      if (i % 4 != 0) {
        store.delete(id);
      }
    }
    long before = store.stats().diskBytes();
    long all = 0;
    int steps = 0;
    for (long freed = store.compact(1); freed > 0; freed = store.compact(1)) {
      all += freed;
      steps++;
      assertThat(store.stats().diskBytes()).isEqualTo(before - all);
    }
    assertThat(steps).isGreaterThan(1);
    assertThat(store.compact(Long.MAX_VALUE)).as("nothing is left").isZero();
    assertThat(store.stats().liveBytes()).isEqualTo(10 * 100_000L);
  }

  @Test
  void servesManyThreadsAtOnce() throws Exception {
    int threads = 4;
    int blobsEach = 60;
    ExecutorService executor = Executors.newFixedThreadPool(threads + 1);
    try {
      var results = new ArrayList<Future<?>>();
      for (int thread = 0; thread < threads; thread++) {
        int first = thread * blobsEach / 2; // Half of them are another thread's, too.
        results.add(executor.submit(() -> {
          for (int i = first; i < first + blobsEach; i++) {
            byte[] bytes = Blobs.bytes(i, 20_000);
            BlobId id = Blobs.add(store, bytes);
            if (i % 3 == 0) {
              store.sync();
            }
            assertThat(Blobs.read(store, id)).isEqualTo(bytes);
            Blobs.add(store, Blobs.bytes(10_000 + i, 20_000));
            store.delete(Blobs.id(Blobs.bytes(10_000 + i, 20_000)));
          }
          return null;
        }));
      }
      results.add(executor.submit(() -> {
        for (int i = 0; i < 20; i++) {
          store.compact(Long.MAX_VALUE);
        }
        return null;
      }));
      for (Future<?> result : results) {
        result.get(60, TimeUnit.SECONDS);
      }
    } finally {
      executor.shutdownNow();
    }
    for (int i = 0; i < blobsEach; i++) {
      byte[] bytes = Blobs.bytes(i, 20_000);
      assertThat(Blobs.read(store, Blobs.id(bytes))).isEqualTo(bytes);
    }
    assertThat(store.stats().blobs()).isEqualTo(blobsEach * (threads + 1) / 2);
  }
}
