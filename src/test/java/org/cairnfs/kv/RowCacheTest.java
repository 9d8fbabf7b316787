package org.cairnfs.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class RowCacheTest {
  private static final byte[] KEY = {1, 2, 3};

  private static final KvStore.Table INODES = () -> "inodes";
  private static final KvStore.Table DENTRIES = () -> "dentries";
  private static final KvStore.Table OTHERS = () -> "others";

  private final RowCache cache = new RowCache(Set.of(INODES, DENTRIES), 1 << 14, 512);

  @Test
  void answersAsTheEngineWouldWhateverIsChanged() {
    Random random = new Random(11);
    Map<Integer, byte[]> engine = new HashMap<>();
    int[] reads = new int[1];
    for (int step = 0; step < 200_000; step++) {
      int number = random.nextInt(1 << 16); // four keys to a slot
      byte[] key = ByteBuffer.allocate(Long.BYTES).putLong(number).array();
      if (random.nextInt(3) == 0) {
        byte[] value = random.nextInt(4) == 0 ? null : new byte[random.nextInt(1000)];
        if (value == null) {
          engine.remove(number);
        } else {
          engine.put(number, value);
        }
        cache.changed(INODES, key, value);
      } else {
        byte[] read = cache.get(INODES, key, (table, wanted) -> {
          reads[0]++;
          return engine.get(number);
        });
        assertThat(read).isSameAs(engine.get(number));
      }
    }
    assertThat(reads[0]).as("some reads were answered without the engine").isLessThan(130_000);
  }

  @Test
  void absentRowsAreRemembered() {
    assertThat(cache.get(DENTRIES, KEY, (table, key) -> null)).isNull();
    byte[] again = cache.get(DENTRIES, KEY, (table, key) -> {
      throw new AssertionError("asked again");
    });
    assertThat(again).isNull();
  }

  @Test
  void tablesDoNotShareKeys() {
    byte[] inode = {1};
    cache.changed(INODES, KEY, inode);
    assertThat(cache.get(DENTRIES, KEY, (table, key) -> null)).isNull();
  }

  @Test
  void otherTablesAreNotKept() {
    byte[] value = {1};
    cache.changed(OTHERS, KEY, value);
    assertThat(cache.get(OTHERS, KEY, (table, key) -> null)).isNull();
  }

  /** The reader got its value from the engine, then the row changed, then the reader goes on. */
  @Test
  void aValueReadBeforeAChangeIsNotKept() {
    byte[] old = {1};
    byte[] changed = {2};
    byte[] large = new byte[10_000];
    for (byte[] next : new byte[][] {changed, large}) {
      cache.changed(INODES, KEY, large); // nothing is kept
      byte[] read = cache.get(INODES, KEY, (table, key) -> {
        cache.changed(INODES, KEY, next);
        return old;
      });
      assertThat(read).isSameAs(old);
      assertThat(cache.get(INODES, KEY, (table, key) -> next)).isSameAs(next);
    }
  }
}
