package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.meta.AttributeChange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is read while nobody else has the file open, for a cache that others write to. */
final class UndisturbedReadTest {
  private static final int ROUNDS = 2000;
  private static final int NOTHING = -1;

  private VfsFixture fixture;
  private LocalVfs vfs;
  private InodeNumber file;

  @BeforeEach
  void open() throws Exception {
    fixture = new VfsFixture();
    vfs = fixture.vfs();
    Bytes name = new Bytes("file".getBytes(StandardCharsets.US_ASCII));
    Opened made = vfs.create(Caller.ROOT, InodeNumber.ROOT, name, 0600);
    file = made.inode().number();
    write(made.handle(), 0);
    vfs.release(made.handle(), 0, false);
  }

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  @Test
  void isRefusedWhileAnotherHasTheFileOpenOrWithoutRoom() {
    long handle = open(false);
    assertThat(read(handle, ByteBuffer.allocate(4))).isZero();
    assertThat(read(handle, ByteBuffer.allocate(3))).isEqualTo(NOTHING);
    long other = open(false);
    assertThat(read(handle, ByteBuffer.allocate(4))).isEqualTo(NOTHING);
    vfs.release(other, 0, false);
    assertThat(read(handle, ByteBuffer.allocate(4))).isZero();
    vfs.release(handle, 0, false);
  }

  /**
   * As the kernel does it: whoever writes puts it into the cache first, and whoever truncates takes
   * it out last.
   */
  @Test
  void whatComesFromItIsNeverOlderThanAChange() throws Exception {
    AtomicInteger cached = new AtomicInteger(NOTHING);
    AtomicInteger used = new AtomicInteger();
    AtomicBoolean done = new AtomicBoolean();
    CompletableFuture<Void> reader = CompletableFuture.runAsync(() -> {
      while (!done.get()) {
        long handle = open(false);
        ByteBuffer into = ByteBuffer.allocate(4);
        boolean unused = vfs.readUndisturbed(handle, into, () -> {
          cached.set(into.position() == 4 ? into.getInt(0) : NOTHING);
          used.incrementAndGet();
        });
        vfs.release(handle, 0, false);
      }
    });
    try {
      for (int i = 1; i <= ROUNDS; i++) {
        long handle = open(true);
        cached.set(i);
        write(handle, i);
        assertThat(cached).hasValue(i);
        vfs.release(handle, 0, false);
        if (i % 10 == 0) {
          vfs.setAttributes(file, new AttributeChange(null, null, null, 0L, null, null, vfs.now()));
          cached.set(NOTHING);
          TimeUnit.MICROSECONDS.sleep(100);
          assertThat(cached).as("after a truncation").hasValue(NOTHING);
        }
      }
    } finally {
      done.set(true);
      reader.get();
    }
    assertThat(used).hasValueGreaterThan(0);
  }

  private long open(boolean write) {
    return vfs.open(file, true, write, false).handle();
  }

  private void write(long handle, int value) {
    vfs.write(handle, 0, false, ByteBuffer.allocate(4).putInt(0, value));
  }

  private int read(long handle, ByteBuffer into) {
    AtomicInteger seen = new AtomicInteger(NOTHING);
    boolean done = vfs.readUndisturbed(handle, into, () -> seen.set(into.getInt(0)));
    assertThat(done).isEqualTo(seen.get() != NOTHING);
    return seen.get();
  }
}
