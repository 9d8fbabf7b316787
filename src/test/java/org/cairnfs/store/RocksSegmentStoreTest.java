package org.cairnfs.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.stream.Stream;
import org.cairnfs.core.BlobId;
import org.cairnfs.kv.KvCorruptException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract with real files and the real index, and an index that is damaged. */
class RocksSegmentStoreTest extends BlobStoreContract {
  @TempDir
  Path directory;

  @Override
  BlobStore open() throws IOException {
    return openIn("contract");
  }

  private SegmentStore openIn(String name) throws IOException {
    return SegmentStore.open(
        directory.resolve(name),
        directory.resolve(name + ".index"),
        SegmentStoreTest.SMALL,
        Runnable::run);
  }

  /** The end of the name of the index's file that holds the blob's entry. */
  private String fileWith(BlobId id) throws IOException {
    String wanted = new String(id.toBytes(), ISO_8859_1);
    try (Stream<Path> files = Files.list(directory.resolve("own.index"))) {
      for (Path file : files.filter(name -> name.toString().endsWith(".sst")).toList()) {
        if (new String(Files.readAllBytes(file), ISO_8859_1).contains(wanted)) {
          return file.getFileName().toString();
        }
      }
    }
    throw new AssertionError("no file of the index has the blob");
  }

  private void damageIndex(String suffix) throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("own.index"))) {
      for (Path file : files.filter(name -> name.toString().contains(suffix)).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        for (int i = 0; i < 10; i++) {
          bytes[i] ^= 0x55;
        }
        Files.write(file, bytes);
      }
    }
  }

  @Test
  void keepsEverythingOverARestart() throws IOException {
    BlobId kept;
    BlobId deleted;
    try (SegmentStore store = openIn("own")) {
      kept = Blobs.add(store, Blobs.bytes(1, 5000));
      deleted = Blobs.add(store, Blobs.bytes(2, 5000));
      store.delete(deleted);
    }
    try (SegmentStore store = openIn("own")) {
      assertThat(store.recovered().scannedBytes()).isZero();
      assertThat(store.verify(kept)).isTrue();
      assertThat(store.lengthBytes(deleted)).isEmpty();
    }
  }

  @Test
  void makesAnIndexAnewThatCannotBeOpened() throws IOException {
    BlobId id;
    try (SegmentStore store = openIn("own")) {
      id = Blobs.add(store, Blobs.bytes(1, 5000));
    }
    damageIndex("MANIFEST");
    try (SegmentStore store = openIn("own")) {
      assertThat(store.recovered().recordsFound()).isEqualTo(1);
      assertThat(store.verify(id)).isTrue();
    }
  }

  @Test
  void makesAnIndexAnewThatWasFoundDamagedWhileInUse() throws IOException {
    var index = new IndexDirectory(directory.resolve("own.index"));
    BlobId id;
    try (SegmentStore store = openIn("own")) {
      id = Blobs.add(store, Blobs.bytes(1, 5000));
    }
    index.markDamaged();
    index.markDamaged();
    try (SegmentStore store = openIn("own")) {
      assertThat(store.recovered().recordsFound()).isEqualTo(1);
      assertThat(store.verify(id)).isTrue();
    }
    try (SegmentStore store = openIn("own")) {
      assertThat(store.recovered().recordsFound()).isZero();
    }
  }

  @Test
  void aDamagedBlockOfTheIndexThatIsReadAtTheStartHealsAtOnce() throws IOException {
    BlobId id;
    try (SegmentStore store = openIn("own")) {
      id = Blobs.add(store, Blobs.bytes(1, 5000));
    }
    damageIndex(".sst");
    try (SegmentStore store = openIn("own")) {
      // It was noticed by reading what is known of the segments, and the index made anew at once.
      assertThat(store.recovered().recordsFound()).isEqualTo(1);
      assertThat(store.verify(id)).isTrue();
    }
  }

  @Test
  void aDamagedBlockOfTheIndexThatIsReadLaterHealsAtTheNextStart() throws IOException {
    BlobId id;
    try (SegmentStore store = openIn("own")) {
      id = Blobs.add(store, Blobs.bytes(1, 5000));
    }
    damageIndex(fileWith(id));
    try (SegmentStore store = openIn("own")) {
      assertThatThrownBy(() -> store.lengthBytes(id))
          .isInstanceOf(IOException.class)
          .hasCauseInstanceOf(KvCorruptException.class);
    }
    try (SegmentStore store = openIn("own")) {
      assertThat(store.verify(id)).isTrue();
    }
  }

  @Test
  void anInterruptedReaderDisturbsNobody() throws IOException {
    Path path = directory.resolve("file");
    try (var file = new NioSegmentFile(
        path,
        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE))) {
      Thread.currentThread().interrupt();
      file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0);
      file.force();
      var into = ByteBuffer.allocate(3);
      assertThat(file.readFully(into, 0)).isTrue();
      assertThat(Thread.interrupted()).isTrue();
      assertThat(into.array()).containsExactly(1, 2, 3);
      assertThat(file.sizeBytes()).isEqualTo(3);
    }
  }
}
