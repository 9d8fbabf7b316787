package org.cairnfs.meta.raft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.meta.LocalMetaSession;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.NewInode;
import org.cairnfs.meta.TestSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Raft log on a real file system that runs full: a small tmpfs, which only root can mount. */
@Tag("may-skip")
class RaftMetaLogDiskFullIT {
  private static final int DISK_MIB = 24;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir
  Path root;

  private Path disk;
  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    disk = Files.createDirectory(root.resolve("disk"));
    mounted =
        run("mount", "-t", "tmpfs", "-o", "size=" + DISK_MIB + "m", "cairn-test", disk.toString())
            == 0;
    assumeTrue(mounted, "needs the right to mount a tmpfs");
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(run("umount", disk.toString())).isZero();
    }
  }

  private static int run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  @Test
  void aFullDiskIsReportedAndNothingIsLostOnceThereIsRoom() throws Exception {
    Path ballast = Files.write(disk.resolve("ballast"), new byte[12 << 20]);
    InMemoryKvStore kv = new InMemoryKvStore(MetaStore.tableNames());
    List<Bytes> made = new ArrayList<>();
    MetaStore store = new MetaStore(kv);
    try (RaftMetaLog log = open(store)) {
      LocalMetaSession session = LocalMetaSession.open(store, log, TestSettings.withSeed(1));
      assertThatThrownBy(() -> fill(session, made))
          .isInstanceOfSatisfying(
              PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOSPC));
      assertThat(log.stalled()).isNotNull();
      assertThat(session.lookup(InodeNumber.ROOT, made.get(0)))
          .as("reads go on")
          .isNotNull();

      Files.delete(ballast);
      await().atMost(PATIENCE).until(() -> log.stalled() == null);

      Bytes last = name(1_000_000);
      create(session, last);
      made.add(last);
      session.cut().commit(List.of()).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      session.close();
    }
    MetaStore again = new MetaStore(kv);
    try (RaftMetaLog log = open(again)) {
      LocalMetaSession session = LocalMetaSession.open(again, log, TestSettings.withSeed(2));
      for (Bytes name : made) {
        assertThat(session.lookup(InodeNumber.ROOT, name)).isNotNull();
      }
      session.close();
    }
  }

  /** Commits until the disk is full: large xattrs, so that it does not take long. */
  private static void fill(LocalMetaSession session, List<Bytes> made) {
    for (int i = 0; i < 10_000; i++) {
      Bytes name = name(i);
      InodeNumber inode = create(session, name);
      made.add(name);
      session.setXattr(inode, name, new Bytes(new byte[60_000]), false, false, new Timestamp(i, 0));
      CompletableFuture<Void> done = session.cut().commit(List.of());
      try {
        done.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof PosixException posix) {
          throw posix;
        }
        throw new AssertionError(e);
      } catch (InterruptedException | TimeoutException e) {
        throw new AssertionError(e);
      }
    }
    throw new AssertionError("the disk never ran full");
  }

  private static InodeNumber create(LocalMetaSession session, Bytes name) {
    NewInode inode = new NewInode(FileMode.REGULAR | 0644, 0, 0, 0, null, 0, new Timestamp(1, 0));
    return session.create(InodeNumber.ROOT, name, inode).number();
  }

  private static Bytes name(int number) {
    return new Bytes(("name" + number).getBytes(UTF_8));
  }

  private RaftMetaLog open(MetaStore store) throws IOException {
    return RaftMetaLog.open(disk.resolve("raft"), new UUID(1, 2), "node", store);
  }
}
