package org.cairnfs.meta.raft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.ratis.server.RaftServer;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.meta.LocalMetaSession;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.NewInode;
import org.cairnfs.meta.TestSettings;
import org.cairnfs.proto.MetaEntry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The Raft log on a real directory, with a metadata store that loses what was not flushed. */
class RaftMetaLogTest {
  private static final UUID GROUP = new UUID(1, 2);
  private static final Timestamp NOW = new Timestamp(100, 0);

  @TempDir
  private Path root;

  private Path directory;

  private InMemoryKvStore kv = new InMemoryKvStore(MetaStore.tableNames());
  private RaftMetaLog log;
  private MetaStore store;
  private MetaSession session;
  private long seed = 1;

  @BeforeEach
  void chooseDirectory() {
    directory = root.resolve("log");
  }

  private void open() throws IOException {
    store = new MetaStore(kv);
    log = RaftMetaLog.open(directory, GROUP, "node", store);
    session = LocalMetaSession.open(store, log, TestSettings.withSeed(seed++));
  }

  @AfterEach
  void close() {
    if (log != null) {
      log.close();
    }
  }

  private void create(String name) {
    session.create(
        InodeNumber.ROOT, name(name), new NewInode(FileMode.REGULAR | 0644, 0, 0, 0, null, 0, NOW));
  }

  private static Bytes name(String name) {
    return new Bytes(name.getBytes(UTF_8));
  }

  private List<String> names() {
    return session.list(InodeNumber.ROOT, null, 1000).stream()
        .map(entry -> new String(entry.sealedName().array(), UTF_8))
        .toList();
  }

  private void commit() {
    session.cut().commit(List.of()).join();
  }

  @Test
  void whatWasCommittedIsThereAfterACleanRestart() throws IOException {
    open();
    create("a");
    commit();
    create("b");
    commit();
    log.close();
    open();

    assertThat(names()).containsExactly("a", "b");
  }

  @Test
  void aCleanCloseFlushesTheStore() throws IOException {
    open();
    create("a");
    commit();
    log.close();
    kv = kv.crash();

    assertThat(new MetaStore(kv).applied().index()).isEqualTo(store.applied().index());
  }

  @Test
  void whatComesAfterTheServerClosedItsLogIsRefusedInTheReply() throws Exception {
    open();
    session.close();
    // As Ratis does when it could not write an entry; not even a full disk lets a test choose when.
    Field division = RaftInstance.class.getDeclaredField("division");
    division.setAccessible(true);
    ((RaftServer.Division) division.get(log.current())).getRaftLog().close();

    CompletableFuture<byte[]> reply = log.propose(MetaEntry.getDefaultInstance().toByteArray());

    assertThat(reply)
        .failsWithin(Duration.ofSeconds(30))
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(IOException.class);
  }

  @Test
  void theLogRestoresWhatTheStoreLost() throws IOException {
    open();
    create("a");
    commit();
    // As kill -9 would leave them: the log as it is on disk, the store as it was last flushed.
    Path copy = copyOfLog();
    InMemoryKvStore crashed = kv.crash();
    log.close();
    directory = copy;
    kv = crashed;
    open();

    assertThat(names()).containsExactly("a");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aLogThatIsTornOrDamagedServesEverythingBefore(boolean torn) throws IOException {
    open();
    create("a");
    commit();
    create("b");
    commit();
    Path copy = copyOfLog();
    kv = kv.crash();
    log.close();
    directory = copy;
    if (torn) {
      tear(openSegment(), 5);
    } else {
      flip(openSegment(), 5);
    }
    open();

    assertThat(names()).containsExactly("a");
    create("c");
    commit();
    log.close();
    open();
    assertThat(names()).containsExactly("a", "c");
  }

  @Test
  void aLogThatEndsBeforeTheStoreGoesOnAfterTheStore() throws IOException {
    open();
    create("a");
    commit();
    create("b");
    commit();
    kv.flush();
    Path copy = copyOfLog();
    kv = kv.crash();
    log.close();
    directory = copy;
    tear(openSegment(), 5);
    open();

    assertThat(names()).containsExactly("a", "b");
    create("c");
    commit();
    log.close();
    open();
    assertThat(names()).containsExactly("a", "b", "c");
  }

  @Test
  void aStoreThatWasLostIsNotTakenForANewOne() throws IOException {
    open();
    for (int i = 0; i < 40; i++) {
      create("file" + i);
      commit();
    }
    log.close();
    // The log is purged up to the last flush only when a segment is full; here it is done by hand.
    Path segment = openSegment();
    Files.move(segment, segment.resolveSibling("log_inprogress_30"));
    kv = new InMemoryKvStore(MetaStore.tableNames());

    assertThatThrownBy(this::open)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("metadata database is missing")
        .hasMessageContaining("begins at entry 30");
  }

  @Test
  void aLogThatWasLostIsNotTakenForANewOne() throws IOException {
    open();
    create("a");
    commit();
    log.close();
    directory = directory.resolve("elsewhere");

    assertThatThrownBy(this::open)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("metadata log")
        .hasMessageContaining("is missing");
  }

  @Test
  void proposingToAClosedLogFails() throws IOException {
    open();
    log.close();

    assertThat(log.propose(new byte[1])).isCompletedExceptionally();
  }

  private Path copyOfLog() throws IOException {
    Path copy = Files.createTempDirectory(root, "crashed");
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.toList()) {
        Path target = copy.resolve(directory.relativize(file));
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else if (!file.getFileName().toString().equals("in_use.lock")) {
          Files.copy(file, target);
        }
      }
    }
    return copy;
  }

  private Path openSegment() throws IOException {
    try (Stream<Path> files = Files.list(RaftInstance.logDirectory(directory, GROUP))) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("log_inprogress_"))
          .findFirst()
          .orElseThrow();
    }
  }

  /** Cuts off the last bytes that are not padding. */
  private static void tear(Path segment, int bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(segment, StandardOpenOption.WRITE)) {
      channel.truncate(endOfData(segment) - bytes);
    }
  }

  private static void flip(Path segment, int bytesFromEnd) throws IOException {
    byte[] all = Files.readAllBytes(segment);
    all[(int) endOfData(segment) - bytesFromEnd] ^= 0x40;
    Files.write(segment, all);
  }

  private static long endOfData(Path segment) throws IOException {
    byte[] all = Files.readAllBytes(segment);
    int end = all.length;
    while (end > 0 && all[end - 1] == 0) {
      end--;
    }
    return end;
  }
}
