package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class BlobSweepTest {
  private static final int STEPS = 10;

  private VfsFixture fixture;

  @BeforeEach
  void open() throws Exception {
    fixture = new VfsFixture();
    LocalVfs vfs = fixture.vfs();
    long handle = vfs.create(Caller.ROOT, InodeNumber.ROOT, new Bytes(new byte[] {'a'}), 0644)
        .handle();
    vfs.write(handle, 0, false, ByteBuffer.wrap(new byte[1000]));
    vfs.fsync(handle);
  }

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  @Test
  void findsOnceWhatTheMetadataDoesNotKnow() throws Exception {
    List<BlobId> leaked = fixture.leakBlobs(5000);
    assertThat(found(fixture.sweep())).containsExactlyInAnyOrderElementsOf(leaked);
  }

  @Test
  void keepsEverythingIfTheMetadataKnowsTooLittle() throws Exception {
    fixture.leakBlobs(30_000);
    assertThat(found(fixture.sweep())).isEmpty();
  }

  private static List<BlobId> found(BlobSweep sweep) {
    List<BlobId> found = new ArrayList<>();
    for (int step = 0; step < STEPS; step++) {
      found.addAll(sweep.step());
    }
    return found;
  }
}
