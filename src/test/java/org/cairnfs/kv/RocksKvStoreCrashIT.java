package org.cairnfs.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a process leaves that dies between the flushes which the engine starts by itself. */
class RocksKvStoreCrashIT {
  private static final List<String> TABLES = List.of("first", "second");
  private static final KvOptions SMALL = new KvOptions(256 << 10, 256 << 10);
  private static final int BATCHES = 20_000;
  private static final int VALUE_BYTES = 100;
  private static final int EXIT_CODE = 17;
  private static final long CHILD_TIMEOUT_SECONDS = 60;

  @TempDir
  Path directory;

  /** The process that dies: every batch puts the same key into both tables. */
  static final class Writer {
    private Writer() {}

    public static void main(String[] args) throws IOException {
      KvStore store = RocksKvStore.open(Path.of(args[0]), TABLES, SMALL);
      for (int i = 0; i < BATCHES; i++) {
        byte[] key = key(i);
        store.write(batch -> {
          batch.put(store.table("first"), key, new byte[VALUE_BYTES]);
          batch.put(store.table("second"), key, new byte[2 * VALUE_BYTES]);
        });
      }
      Runtime.getRuntime().halt(EXIT_CODE);
    }
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
  }

  @Test
  void leavesAPrefixOfTheBatchesOverAllTables() throws Exception {
    Process child = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Writer.class.getName(),
            directory.toString())
        .inheritIO()
        .start();
    assertThat(child.waitFor(CHILD_TIMEOUT_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(child.exitValue()).isEqualTo(EXIT_CODE);

    try (KvStore store = RocksKvStore.open(directory, TABLES, SMALL)) {
      int survived = 0;
      while (survived < BATCHES && store.get(store.table("first"), key(survived)) != null) {
        survived++;
      }
      assertThat(survived).isPositive().isLessThan(BATCHES);
      for (int i = 0; i < BATCHES; i++) {
        boolean expected = i < survived;
        assertThat(store.get(store.table("first"), key(i)) != null).isEqualTo(expected);
        assertThat(store.get(store.table("second"), key(i)) != null).isEqualTo(expected);
      }
    }
  }
}
