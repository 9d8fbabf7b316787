package org.cairnfs.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RocksKvStoreTest extends KvStoreContract {
  private static final KvOptions SMALL = new KvOptions(256 << 10, 256 << 10);

  @TempDir
  Path directory;

  @Override
  KvStore open() throws IOException {
    return RocksKvStore.open(directory.resolve("contract"), TABLES, SMALL);
  }

  private Path path() {
    return directory.resolve("own");
  }

  private KvStore openOwn() throws IOException {
    return RocksKvStore.open(path(), TABLES, SMALL);
  }

  private void putOne() throws IOException {
    try (KvStore store = openOwn()) {
      store.write(batch -> batch.put(store.table(FIRST), bytes("01"), bytes("aa")));
    }
  }

  private Path fileEnding(String suffix) throws IOException {
    try (Stream<Path> files = Files.list(path())) {
      return files.filter(file -> file.toString().endsWith(suffix)).findFirst().orElseThrow();
    }
  }

  @Test
  void closingKeepsEverything() throws IOException {
    putOne();
    try (KvStore store = openOwn()) {
      assertThat(entries(store, store.table(FIRST), "")).containsExactly("01=aa");
    }
  }

  @Test
  void whatWasFlushedIsInACopyOfTheFilesAndTheRestIsNot() throws IOException {
    Path copy = directory.resolve("copy");
    try (KvStore store = openOwn()) {
      KvStore.Table table = store.table(FIRST);
      store.write(batch -> batch.put(table, bytes("01"), bytes("aa")));
      store.flush();
      store.write(batch -> batch.put(table, bytes("02"), bytes("bb")));
      Files.createDirectory(copy);
      try (Stream<Path> files = Files.list(path())) {
        for (Path file : files.toList()) {
          Files.copy(file, copy.resolve(file.getFileName()));
        }
      }
    }
    try (KvStore store = RocksKvStore.open(copy, TABLES, SMALL)) {
      assertThat(entries(store, store.table(FIRST), "")).containsExactly("01=aa");
    }
  }

  @Test
  void addsATableToAStoreThatHasNone() throws IOException {
    putOne();
    List<String> more = List.of(FIRST, SECOND, "third");
    try (KvStore store = RocksKvStore.open(path(), more, SMALL)) {
      store.write(batch -> batch.put(store.table("third"), bytes("01"), bytes("cc")));
      assertThat(entries(store, store.table(FIRST), "")).containsExactly("01=aa");
    }
    assertThatThrownBy(this::openOwn).isInstanceOf(IOException.class).hasMessageContaining("third");
  }

  @Test
  void refusesAStoreThatIsOpen() throws IOException {
    try (KvStore store = openOwn()) {
      assertThat(store.get(store.table(FIRST), bytes("01"))).isNull();
      assertThatThrownBy(this::openOwn)
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(KvCorruptException.class)
          .hasMessageContaining("lock");
    }
  }

  @Test
  void saysThatAMissingFileIsDamage() throws IOException {
    putOne();
    Files.delete(fileEnding(".sst"));
    assertThatThrownBy(this::openOwn).isInstanceOf(KvCorruptException.class);
  }

  @Test
  void saysThatABrokenManifestIsDamage() throws IOException {
    putOne();
    try (Stream<Path> files = Files.list(path())) {
      for (Path file :
          files.filter(name -> name.toString().contains("MANIFEST")).toList()) {
        Files.write(file, new byte[100]);
      }
    }
    assertThatThrownBy(this::openOwn).isInstanceOf(KvCorruptException.class);
  }

  @Test
  void neverReturnsAValueFromADamagedBlock() throws IOException {
    putOne();
    Path sst = fileEnding(".sst");
    byte[] content = Files.readAllBytes(sst);
    content[4] ^= 1;
    Files.write(sst, content);
    try (KvStore store = openOwn()) {
      assertThatThrownBy(() -> store.get(store.table(FIRST), bytes("01")))
          .isInstanceOf(UncheckedIOException.class)
          .hasCauseInstanceOf(KvCorruptException.class);
      assertThatThrownBy(() -> entries(store, store.table(FIRST), ""))
          .isInstanceOf(UncheckedIOException.class)
          .hasCauseInstanceOf(KvCorruptException.class);
    }
  }

  @Test
  void staysNearItsMemoryLimit() throws IOException {
    try (KvStore store = openOwn()) {
      KvStore.Table table = store.table(FIRST);
      byte[] value = new byte[1000];
      for (int i = 0; i < 20_000; i++) {
        byte[] key = Integer.toHexString(i).getBytes(StandardCharsets.UTF_8);
        store.write(batch -> batch.put(table, key, value));
      }
      assertThat(store.memoryBytes())
          .isLessThan(4 * (SMALL.blockCacheBytes() + SMALL.memtableBytes()));
    }
  }
}
