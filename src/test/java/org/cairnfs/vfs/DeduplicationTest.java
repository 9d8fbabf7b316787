package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Equal content is stored once, wherever cuts fell while it was written. */
final class DeduplicationTest {
  private static final int SIZE_BYTES = (5 << 19) + 12_345; // three blocks, the last one partial

  private VfsFixture fixture;

  @BeforeEach
  void open() throws Exception {
    fixture = new VfsFixture();
  }

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  @Test
  void filesWrittenInOneGoShareTheirBlobs() {
    byte[] content = new byte[SIZE_BYTES];
    new Random(1).nextBytes(content);
    for (int copy = 0; copy < 4; copy++) {
      write("copy" + copy, content, 70_000 + 1000 * copy, 5 + copy);
    }
    fixture.vfs().sync();
    fixture.assertBlobsMatchMetadata();
    assertThat(fixture.storedBlobs()).isEqualTo(3);
  }

  /** The cut takes everything before the close: only the close tells that the tail is whole. */
  @Test
  void aTailThatWasCutIsStoredWholeOnceTheFileIsClosed() {
    byte[] content = new byte[100_000];
    new Random(2).nextBytes(content);
    write("one", content, 10_000, 5);
    write("two", content, 100_000, 1);
    fixture.vfs().sync();
    fixture.assertBlobsMatchMetadata();
    assertThat(fixture.storedBlobs()).isEqualTo(1);
  }

  /** Whoever changes a little in the middle must not pay for the whole. */
  @Test
  void aPieceWrittenIntoABlockStaysAPiece() {
    byte[] content = new byte[1 << 20];
    new Random(3).nextBytes(content);
    long handle = write("file", content, 1 << 20, 9);
    for (int at = 0; at < 3; at++) {
      byte[] piece = {(byte) at, 1, 2, 3};
      fixture.vfs().write(handle, 5000 + 8000 * at, false, ByteBuffer.wrap(piece));
      fixture.vfs().flush(handle, 0);
      fixture.vfs().sync();
    }
    fixture.assertBlobsMatchMetadata();
    assertThat(fixture.storedBlobs()).isEqualTo(4);
  }

  @Test
  void blobsThatACrashLeftAreDeleted() throws Exception {
    write("file", new byte[1000], 1000, 9);
    fixture.leakBlobs(3);
    fixture.restart();
    fixture.assertBlobsMatchMetadata();
    assertThat(fixture.storedBlobs()).isEqualTo(1);
  }

  private long write(String name, byte[] content, int step, int syncEvery) {
    LocalVfs vfs = fixture.vfs();
    Bytes bytes = new Bytes(name.getBytes(StandardCharsets.UTF_8));
    long handle = vfs.create(Caller.ROOT, InodeNumber.ROOT, bytes, 0644).handle();
    int steps = 0;
    for (int at = 0; at < content.length; at += step) {
      ByteBuffer part = ByteBuffer.wrap(content, at, Math.min(step, content.length - at));
      vfs.write(handle, at, false, part);
      if (++steps % syncEvery == 0) {
        vfs.sync();
      }
    }
    vfs.flush(handle, 0);
    return handle;
  }
}
