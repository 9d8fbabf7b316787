package org.cairnfs.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.cairnfs.core.BlobId;
import org.cairnfs.kv.InMemoryKvStore;

/**
 * Random operations, crashes among them, against a map. For each blob the model keeps the states
 * that a crash may leave it in: the last one synced, and all since.
 */
class SegmentStoreModelTest {
  private static final int KEYS = 12;
  private static final SegmentOptions TINY = new SegmentOptions(4_000, 0, 3_000, 2);
  private static final List<BlobId> IDS =
      IntStream.range(0, KEYS).mapToObj(key -> Blobs.id(bytes(key))).toList();

  enum Kind {
    APPEND,
    APPEND_AND_SYNC,
    DELETE,
    SYNC,
    COMPACT,
    FLUSH_INDEX,
    REOPEN,
    POWER_CUT,
    POWER_CUT_WHILE_COMPACTING,
    KILL,
    LOSE_INDEX
  }

  record Step(Kind kind, int key, int seed) {}

  private static byte[] bytes(int key) {
    return Blobs.bytes(key, 100 + 97 * key);
  }

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<Kind> kinds = Arbitraries.frequencyOf(
        Tuple.of(12, Arbitraries.of(Kind.APPEND, Kind.DELETE)),
        Tuple.of(6, Arbitraries.of(Kind.values())));
    Arbitrary<Step> step = Combinators.combine(
            kinds, Arbitraries.integers().between(0, KEYS - 1), Arbitraries.integers())
        .as(Step::new);
    return step.list().ofMinSize(1).ofMaxSize(120);
  }

  @Property(tries = 250)
  void agreesWithAMapOverAnyCrash(@ForAll("steps") List<Step> steps) throws IOException {
    var run = new Run();
    for (Step step : steps) {
      run.take(step);
      run.check();
    }
    run.checkThatSpaceComesBack();
  }

  private static final class Run {
    SimulatedDisk disk = new SimulatedDisk();
    InMemoryKvStore index = new InMemoryKvStore(SegmentStore.INDEX_TABLES);
    SegmentStore store = open();
    final Map<Integer, Boolean> present = new HashMap<>();
    final Map<Integer, Set<Boolean>> afterCrash = new HashMap<>();

    /** Blobs of which a torn record may be left that looks like one damaged later. */
    final Set<Integer> mayBeDamaged = new HashSet<>();

    /** Who reads the whole log again finds every torn record again, of moved blobs as well. */
    boolean lostIndex;

    Run() throws IOException {
      for (int key = 0; key < KEYS; key++) {
        set(key, false);
      }
      synced();
    }

    SegmentStore open() throws IOException {
      return SegmentStore.open(disk, index, TINY, Runnable::run);
    }

    void set(int key, boolean isPresent) {
      present.put(key, isPresent);
      if (!isPresent) {
        mayBeDamaged.remove(key);
      }
      afterCrash.computeIfAbsent(key, unused -> new HashSet<>()).add(isPresent);
    }

    void synced() {
      mayBeDamaged.removeIf(present::get);
      present.forEach((key, isPresent) -> afterCrash.put(key, new HashSet<>(Set.of(isPresent))));
    }

    void take(Step step) throws IOException {
      switch (step.kind()) {
        case APPEND -> append(step.key());
        case APPEND_AND_SYNC -> {
          append(step.key());
          sync();
        }
        case DELETE -> {
          store.delete(IDS.get(step.key()));
          set(step.key(), false);
        }
        case SYNC -> sync();
        case COMPACT -> {
          store.compact(Long.MAX_VALUE);
          synced();
        }
        case FLUSH_INDEX -> index.flush();
        case REOPEN -> {
          store.close();
          synced();
          reopen(disk.kill(), index.crash());
        }
        case POWER_CUT -> powerCut(step.seed());
        case POWER_CUT_WHILE_COMPACTING -> {
          disk.powerOffAfter(Math.floorMod(step.seed(), 40));
          try {
            store.compact(Long.MAX_VALUE);
            synced();
          } catch (IOException e) {
            assertThat(disk.isOff()).isTrue();
          }
          powerCut(step.seed());
        }
        case KILL -> reopen(disk.kill(), index.crash());
        case LOSE_INDEX -> {
          lostIndex = true;
          reopen(
              disk.powerCut(new Random(step.seed())),
              new InMemoryKvStore(SegmentStore.INDEX_TABLES));
        }
      }
    }

    private void append(int key) throws IOException {
      boolean added = store.append(IDS.get(key), ByteBuffer.wrap(bytes(key)));
      assertThat(added).isEqualTo(!present.get(key));
      set(key, true);
    }

    private void sync() throws IOException {
      store.sync();
      synced();
    }

    private void powerCut(int seed) throws IOException {
      reopen(disk.powerCut(new Random(seed)), index.crash());
    }

    private void reopen(SimulatedDisk diskAfter, InMemoryKvStore indexAfter) throws IOException {
      disk = diskAfter;
      index = indexAfter;
      store = open();
      for (int key = 0; key < KEYS; key++) {
        boolean isPresent = store.lengthBytes(IDS.get(key)).isPresent();
        assertThat(afterCrash.get(key)).as("blob %d after a crash", key).contains(isPresent);
        if (!isPresent && afterCrash.get(key).contains(true)) {
          mayBeDamaged.add(key);
        }
        present.put(key, isPresent);
      }
      synced();
    }

    void check() throws IOException {
      long blobs = 0;
      long liveBytes = 0;
      for (int key = 0; key < KEYS; key++) {
        assertThat(store.lengthBytes(IDS.get(key)).isPresent()).isEqualTo(present.get(key));
        if (present.get(key)) {
          assertThat(Blobs.read(store, IDS.get(key))).isEqualTo(bytes(key));
          blobs++;
          liveBytes += bytes(key).length;
        }
      }
      StoreStats stats = store.stats();
      assertThat(stats.blobs()).isEqualTo(blobs);
      assertThat(stats.liveBytes()).isEqualTo(liveBytes);
      assertThat(lostIndex ? 0 : stats.damagedBlobs()).isLessThanOrEqualTo(mayBeDamaged.size());
    }

    void checkThatSpaceComesBack() throws IOException {
      for (int key = 0; key < KEYS; key++) {
        store.delete(IDS.get(key));
      }
      store.compact(Long.MAX_VALUE);
      // What is left is the active segment, and tombstones for nothing.
      assertThat(store.stats().diskBytes()).isLessThan(2 * TINY.segmentBytes());
    }
  }
}
