package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class RowCacheTest {
  private static final byte[] KEY = {1, 2, 3};

  private final RowCache cache = new RowCache();

  @Test
  void answersAsTheEngineWouldWhateverIsChanged() {
    Random random = new Random(11);
    Map<Integer, byte[]> engine = new HashMap<>();
    int[] reads = new int[1];
    for (int step = 0; step < 200_000; step++) {
      int number = random.nextInt(1 << 16); // four keys to a slot
      byte[] key = Keys.number(number);
      if (random.nextInt(3) == 0) {
        byte[] value = random.nextInt(4) == 0 ? null : new byte[random.nextInt(1000)];
        if (value == null) {
          engine.remove(number);
        } else {
          engine.put(number, value);
        }
        cache.changed(MetaTable.INODE, key, value);
      } else {
        byte[] read = cache.get(MetaTable.INODE, key, (table, wanted) -> {
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
    assertThat(cache.get(MetaTable.DENTRY, KEY, (table, key) -> null)).isNull();
    byte[] again = cache.get(MetaTable.DENTRY, KEY, (table, key) -> {
      throw new AssertionError("asked again");
    });
    assertThat(again).isNull();
  }

  @Test
  void tablesDoNotShareKeys() {
    byte[] inode = {1};
    cache.changed(MetaTable.INODE, KEY, inode);
    assertThat(cache.get(MetaTable.DENTRY, KEY, (table, key) -> null)).isNull();
  }

  /** The reader got its value from the engine, then the row changed, then the reader goes on. */
  @Test
  void aValueReadBeforeAChangeIsNotKept() {
    byte[] old = {1};
    byte[] changed = {2};
    byte[] large = new byte[10_000];
    for (byte[] next : new byte[][] {changed, large}) {
      cache.changed(MetaTable.INODE, KEY, large); // nothing is kept
      byte[] read = cache.get(MetaTable.INODE, KEY, (table, key) -> {
        cache.changed(MetaTable.INODE, KEY, next);
        return old;
      });
      assertThat(read).isSameAs(old);
      assertThat(cache.get(MetaTable.INODE, KEY, (table, key) -> next)).isSameAs(next);
    }
  }
}
