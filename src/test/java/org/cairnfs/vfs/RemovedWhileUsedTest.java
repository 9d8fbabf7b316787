package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.junit.jupiter.api.Test;

/** A file that is removed while somebody uses it without having it open. */
final class RemovedWhileUsedTest {
  private static final int ROUNDS = 300;
  private static final Bytes NAME = new Bytes("f".getBytes(StandardCharsets.US_ASCII));

  @Test
  void whatIsRemovedWhileItsAttributesAreSetIsFreed() throws Exception {
    try (VfsFixture fixture = new VfsFixture()) {
      LocalVfs vfs = fixture.vfs();
      for (int round = 0; round < ROUNDS; round++) {
        InodeNumber file = vfs.makeNode(
                Caller.ROOT, InodeNumber.ROOT, NAME, FileMode.REGULAR | 0644, 0)
            .number();
        CountDownLatch begun = new CountDownLatch(1);
        AtomicBoolean removed = new AtomicBoolean();
        CompletableFuture<Void> user =
            CompletableFuture.runAsync(() -> setAttributes(vfs, file, begun, removed));
        begun.await();
        vfs.unlink(InodeNumber.ROOT, NAME);
        removed.set(true);
        user.join();
      }
      VolumeStat stat = vfs.stat();
      assertThat(stat.inodes() - stat.freeInodes()).as("the root alone").isOne();
    }
  }

  private static void setAttributes(
      Vfs vfs, InodeNumber file, CountDownLatch begun, AtomicBoolean removed) {
    try {
      while (!removed.get()) {
        Inode unused = vfs.setAttributes(
            file, new AttributeChange(0600, null, null, null, null, null, vfs.now()));
        begun.countDown();
      }
    } catch (PosixException gone) {
      assertThat(gone.errno()).isEqualTo(Errno.ENOENT);
    }
  }
}
