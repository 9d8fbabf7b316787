package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.SessionUser;
import org.cairnfs.proto.MetaOp;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Several hosts use one volume at a time. */
final class SharedVolumeTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private final ExecutorService programs = Executors.newCachedThreadPool();
  private ClusterFixture cluster;

  private void start(int hosts) throws IOException {
    cluster = new ClusterFixture(hosts, true, 5);
  }

  @AfterEach
  void stop() throws Exception {
    programs.shutdownNow();
    assertThat(programs.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    cluster.close();
  }

  private LocalVfs vfs(int host) {
    return cluster.host(host).vfs();
  }

  private VfsFiles files(int host) {
    return cluster.host(host).files();
  }

  /** Runs a program on each of so many hosts, all at a time. */
  private void onEachOf(int hosts, IntConsumer program) throws Exception {
    List<Future<?>> all = new ArrayList<>();
    for (int i = 0; i < hosts; i++) {
      int host = i;
      all.add(programs.submit(() -> program.accept(host)));
    }
    for (Future<?> one : all) {
      Object unused = one.get(60, TimeUnit.SECONDS);
    }
  }

  private void awaitInodes(int host, long inodes) {
    await().atMost(SOON).until(() -> cluster.host(host).session().usage().inodes() == inodes);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Bytes name(String name) {
    return new Bytes(bytes(name));
  }

  private static String read(LocalVfs vfs, long handle) {
    ByteBuffer into = ByteBuffer.allocate(1 << 16);
    vfs.read(handle, 0, into);
    return new String(into.array(), 0, into.position(), StandardCharsets.UTF_8);
  }

  private static void failsWith(Errno errno, ThrowingCallable action) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(PosixException.class, e -> assertThat(e.errno()).isEqualTo(errno));
  }

  @Test
  void aHostThatIsAloneNeverAsksForTheLease() throws Exception {
    start(1);
    for (int i = 0; i < 20; i++) {
      files(0).create("f" + i);
      files(0).write("f" + i, 0, bytes("text"));
      files(0).sync("f" + i);
    }

    assertThat(cluster
            .log()
            .count(List.of(
                MetaOp.KindCase.ACQUIRE_LEASE,
                MetaOp.KindCase.RELEASE_LEASE,
                MetaOp.KindCase.SET_LOCK)))
        .isZero();
  }

  @Test
  void whatWasClosedOnOneHostIsReadOnAnother() throws Exception {
    start(2);
    for (int round = 0; round < 10; round++) {
      int writer = round % 2;
      String text = "round " + round;
      if (round == 0) {
        files(writer).create("f");
      }
      files(writer).write("f", 0, bytes(text));

      assertThat(files(1 - writer).read("f")).isEqualTo(bytes(text));
    }
  }

  @Test
  void aHostThatJoinsSeesWhatWasNotCommittedYet() throws Exception {
    start(1);
    files(0).create("f");
    files(0).write("f", 0, bytes("fresh"));

    cluster.add();

    assertThat(files(1).read("f")).isEqualTo(bytes("fresh"));
  }

  @Test
  void creatingExclusivelyHasOneWinner() throws Exception {
    start(3);
    int names = 15;
    Map<String, AtomicInteger> wins = new ConcurrentHashMap<>();
    onEachOf(3, host -> {
      for (int i = 0; i < names; i++) {
        try {
          Opened opened = vfs(host).create(Caller.ROOT, InodeNumber.ROOT, name("n" + i), 0644);
          vfs(host).release(opened.handle(), 0, false);
          wins.computeIfAbsent("n" + i, key -> new AtomicInteger()).incrementAndGet();
        } catch (PosixException e) {
          assertThat(e.errno()).isEqualTo(Errno.EEXIST);
        }
      }
    });

    assertThat(wins.values()).hasSize(names).allMatch(count -> count.get() == 1);
    assertThat(files(0).readAll()).hasSize(names);
  }

  @Test
  void writersOnSeveralHostsLoseNothing() throws Exception {
    start(2);
    files(0).create("log");
    int lines = 25;
    onEachOf(2, host -> {
      String mark = "host" + host;
      for (int i = 0; i < lines; i++) {
        long handle = files(host).open("log");
        vfs(host).write(handle, 0, true, ByteBuffer.wrap(bytes(mark + " line " + i + "\n")));
        vfs(host).flush(handle, 0);
        vfs(host).release(handle, 0, false);
        files(host).create(mark + "-" + i);
      }
    });

    String log = new String(files(1).read("log"), StandardCharsets.UTF_8);
    assertThat(log.lines())
        .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 2 * lines)
            .mapToObj(i -> "host" + i % 2 + " line " + i / 2)
            .toList());
    assertThat(files(0).readAll()).hasSize(2 * lines + 1);
    assertThat(files(1).readAll()).hasSize(2 * lines + 1);
  }

  @Test
  void aFileStaysWhileAnotherHostHasItOpen() throws Exception {
    start(2);
    files(0).create("f");
    files(0).write("f", 0, bytes("kept"));
    long handle = files(1).open("f");

    files(0).delete("f");

    failsWith(Errno.ENOENT, () -> files(1).read("f"));
    assertThat(read(vfs(1), handle)).isEqualTo("kept");
    vfs(1).write(handle, 4, false, ByteBuffer.wrap(bytes(" on")));
    vfs(1).fsync(handle);
    assertThat(read(vfs(1), handle)).isEqualTo("kept on");
    assertThat(cluster.host(0).session().usage().inodes()).isEqualTo(2);

    vfs(1).release(handle, 0, false);
    awaitInodes(0, 1);
    await().atMost(SOON).until(() -> cluster.storedBlobs() == 0);
  }

  @Test
  void aFileThatADeadHostHadOpenGoesWithItsSession() throws Exception {
    start(2);
    files(0).create("f");
    files(0).write("f", 0, bytes("kept"));
    long handle = files(1).open("f");
    files(0).delete("f");
    assertThat(read(vfs(1), handle)).isEqualTo("kept");
    assertThat(cluster.host(0).session().usage().inodes()).isEqualTo(2);

    cluster.host(1).node().cutOff(true);
    cluster.host(1).declareDead(cluster.host(0));

    awaitInodes(0, 1);
    cluster.host(1).node().cutOff(false);
    await().atMost(SOON).until(() -> cluster.storedBlobs() == 0);
  }

  @Test
  void aFileThatBothHaveOpenGoesWithTheLast() throws Exception {
    start(2);
    files(0).create("f");
    files(0).write("f", 0, bytes("kept"));
    long first = files(0).open("f");
    long second = files(1).open("f");

    files(1).delete("f");
    vfs(1).release(second, 0, false);
    files(0).create("other");

    assertThat(read(vfs(0), first)).isEqualTo("kept");
    assertThat(vfs(0)
            .attributes(vfs(0).lookup(InodeNumber.ROOT, name("other")).number())
            .links())
        .isEqualTo(1);
    vfs(0).release(first, 0, false);
    awaitInodes(1, 2);
  }

  @Test
  void renamingOverAFileOpenElsewhereKeepsIt() throws Exception {
    start(2);
    files(0).create("old");
    files(0).write("old", 0, bytes("old"));
    files(0).create("new");
    files(0).write("new", 0, bytes("new"));
    long handle = files(1).open("old");

    files(0).rename("new", "old");

    assertThat(files(1).read("old")).isEqualTo(bytes("new"));
    assertThat(read(vfs(1), handle)).isEqualTo("old");
    vfs(1).release(handle, 0, false);
    awaitInodes(1, 2);
  }

  @Test
  void aHostThatDiesLosesWhatItDidNotCommitAndOthersGoOn() throws Exception {
    start(2);
    ClusterFixture.Host dead = cluster.host(0);
    files(0).create("safe");
    files(0).write("safe", 0, bytes("safe"));
    files(0).sync("safe");
    long handle = files(0).open("safe");
    dead.node().cutOff(true);
    vfs(0).write(handle, 0, false, ByteBuffer.wrap(bytes("lost")));
    files(0).create("lost");

    dead.declareDead(cluster.host(1));

    assertThat(files(1).readAll().keySet()).containsExactly("safe");
    assertThat(files(1).read("safe")).isEqualTo(bytes("safe"));
    files(1).create("after");

    dead.node().cutOff(false);
    await().atMost(SOON).until(() -> files(0).readAll().containsKey("after"));
    failsWith(Errno.EIO, () -> vfs(0).fsync(handle));
    assertThat(files(0).readAll().keySet()).containsExactly("after", "safe");
    assertThat(read(vfs(0), handle)).isEqualTo("safe");
    vfs(0).write(handle, 0, false, ByteBuffer.wrap(bytes("again")));
    vfs(0).fsync(handle);
    vfs(0).release(handle, 0, false);
    assertThat(files(1).read("safe")).isEqualTo(bytes("again"));
  }

  @Test
  void whoeverSyncsIsToldOnceThatNamesWereLost() throws Exception {
    start(2);
    ClusterFixture.Host dead = cluster.host(0);
    files(0).create("f");
    files(0).sync("f");
    long file = files(0).open("f");
    long directory = vfs(0).openDirectory(InodeNumber.ROOT);
    dead.node().cutOff(true);
    files(0).create("lost");
    dead.declareDead(cluster.host(1));
    dead.node().cutOff(false);
    await().atMost(SOON).until(() -> !files(0).readAll().containsKey("lost"));

    long later = vfs(0).openDirectory(InodeNumber.ROOT);
    failsWith(Errno.EIO, () -> vfs(0).syncDirectory(later));
    failsWith(Errno.EIO, () -> vfs(0).syncDirectory(directory));
    failsWith(Errno.EIO, () -> vfs(0).fsync(file));
    vfs(0).syncDirectory(later);
    vfs(0).syncDirectory(directory);
    vfs(0).fsync(file);
    long afterwards = vfs(0).openDirectory(InodeNumber.ROOT);
    vfs(0).syncDirectory(afterwards);
    List.of(later, directory, afterwards).forEach(vfs(0)::releaseDirectory);
    vfs(0).release(file, 0, false);
  }

  @Test
  void whatTheLogRefusesIsLostAndSaidToBeAndTheSessionGoesOn() throws Exception {
    start(2);
    ClusterLog.Node node = cluster.host(0).node();
    files(0).create("f");
    files(0).sync("f");
    long handle = files(0).open("f");
    node.cutOff(true);
    vfs(0).write(handle, 0, false, ByteBuffer.wrap(bytes("lost")));
    Future<?> sync = programs.submit(() -> vfs(0).fsync(handle));
    await().atMost(SOON).until(() -> {
      node.refuseUnheard();
      return sync.isDone();
    });
    assertThat(sync)
        .failsWithin(Duration.ZERO)
        .withThrowableOfType(ExecutionException.class)
        .withCauseInstanceOf(PosixException.class);

    node.cutOff(false);
    node.refuseUnheard();
    await().atMost(SOON).ignoreExceptions().untilAsserted(() -> {
      vfs(0).write(handle, 0, false, ByteBuffer.wrap(bytes("good")));
      vfs(0).fsync(handle);
    });
    vfs(0).release(handle, 0, false);
    assertThat(files(1).read("f")).isEqualTo(bytes("good"));
  }

  @Test
  void whatWasOpenStaysWhenASessionBeginsAgain() throws Exception {
    start(2);
    files(0).create("f");
    files(0).write("f", 0, bytes("kept"));
    files(0).sync("f");
    long handle = files(0).open("f");
    cluster.host(0).declareDead(cluster.host(1));
    await().atMost(SOON).untilAsserted(() -> {
      files(0).create("alive");
      files(0).sync("alive");
    });

    files(1).delete("f");

    assertThat(read(vfs(0), handle)).isEqualTo("kept");
    vfs(0).release(handle, 0, false);
    awaitInodes(1, 2);
  }

  @Test
  void withoutAQuorumWhatIsHereStaysReadable() throws Exception {
    start(2);
    files(0).create("f");
    files(0).write("f", 0, bytes("text"));
    assertThat(files(1).read("f")).isEqualTo(bytes("text"));
    files(0).create("g");

    cluster.host(1).node().cutOff(true);

    assertThat(files(1).read("f")).isEqualTo(bytes("text"));
    assertThat(vfs(1).stat().freeInodes()).isPositive();
    cluster.host(1).node().cutOff(false);
    await().atMost(SOON).until(() -> files(1).readAll().containsKey("g"));
  }

  /** Remembers what it was told. */
  private static final class RecordedCaches implements KernelCaches {
    private final Set<InodeNumber> invalidated = ConcurrentHashMap.newKeySet();
    private volatile Duration timeout = Duration.ZERO;

    @Override
    public synchronized Duration setTimeout(Duration most) {
      Duration before = timeout;
      timeout = most;
      return before;
    }

    @Override
    public void invalidate(InodeNumber inode) {
      invalidated.add(inode);
    }
  }

  @Test
  void theKernelForgetsWhatOthersWroteBeforeAFileIsOpened() throws Exception {
    start(1);
    RecordedCaches caches = new RecordedCaches();
    vfs(0).connect(caches);
    files(0).create("f");
    InodeNumber number = vfs(0).lookup(InodeNumber.ROOT, name("f")).number();
    await().atMost(SOON).until(() -> caches.timeout.equals(Duration.ofSeconds(1)));

    long begin = System.nanoTime();
    ClusterFixture.Host second = cluster.add();
    files(1).write("f", 0, bytes("theirs"));

    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .as("for so long the kernel might believe what it had been told")
        .isGreaterThanOrEqualTo(Duration.ofSeconds(1));
    assertThat(caches.timeout).isEqualTo(Duration.ZERO);
    long handle = files(0).open("f");
    assertThat(caches.invalidated).containsExactly(number);
    assertThat(read(vfs(0), handle)).isEqualTo("theirs");
    vfs(0).release(handle, 0, false);

    second.vfs().sync();
    second.session().close();
    files(0).write("f", 0, bytes("mine"));
    await().atMost(SOON).until(() -> caches.timeout.equals(Duration.ofSeconds(1)));
  }

  private InodeNumber makeDirectory(int host, InodeNumber parent, String name) {
    return vfs(host)
        .makeNode(Caller.ROOT, parent, name(name), FileMode.DIRECTORY | 0755, 0)
        .number();
  }

  private long leaseOperations() throws IOException {
    return cluster
        .log()
        .count(List.of(MetaOp.KindCase.ACQUIRE_LEASE, MetaOp.KindCase.RELEASE_LEASE));
  }

  private void createAndWrite(int host, InodeNumber directory, String name) {
    LocalVfs vfs = vfs(host);
    Opened opened = vfs.create(Caller.ROOT, directory, name(name), 0644);
    vfs.write(opened.handle(), 0, false, ByteBuffer.wrap(bytes(name)));
    vfs.flush(opened.handle(), 0);
    vfs.release(opened.handle(), 0, false);
    Inode unused = vfs.setAttributes(
        opened.inode().number(),
        new AttributeChange(0600, null, null, null, null, null, vfs.now()));
    vfs.rename(directory, name(name), directory, name(name + "-done"));
  }

  @Test
  void hostsThatWorkInDirectoriesOfTheirOwnDoNotDisturbEachOther() throws Exception {
    start(2);
    List<InodeNumber> directories = new ArrayList<>();
    for (int host = 0; host < 2; host++) {
      directories.add(makeDirectory(0, InodeNumber.ROOT, "of" + host));
    }
    for (int host = 0; host < 2; host++) {
      createAndWrite(host, directories.get(host), "first");
    }
    long before = leaseOperations();
    onEachOf(2, host -> {
      for (int i = 0; i < 200; i++) {
        createAndWrite(host, directories.get(host), "f" + i);
      }
      vfs(host).sync();
    });

    assertThat(leaseOperations()).isEqualTo(before);
    for (int host = 0; host < 2; host++) {
      InodeNumber theirs = directories.get(1 - host);
      assertThat(vfs(host).lookup(theirs, name("f199-done")).sizeBytes()).isEqualTo(4);
    }
  }

  @Test
  void aHostThatRestsLeavesEverythingToOneThatWorks() throws Exception {
    start(3);
    List<InodeNumber> directories = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      directories.add(makeDirectory(i % 3, InodeNumber.ROOT, "d" + i));
    }
    assertThat(files(1).readAll()).isEmpty();
    await().pollDelay(Duration.ofMillis(400)).until(() -> true);
    createAndWrite(0, directories.get(0), "first");
    long before = leaseOperations();

    for (InodeNumber directory : directories) {
      createAndWrite(0, directory, "f");
    }

    // less than one for each directory: who is asked gives up more than that
    assertThat(leaseOperations() - before).isLessThan(directories.size() / 2);
  }

  @Test
  void directoriesMovedIntoEachOtherMakeNoCircle() throws Exception {
    start(2);
    for (int round = 0; round < 10; round++) {
      InodeNumber a = makeDirectory(0, InodeNumber.ROOT, "a");
      InodeNumber b = makeDirectory(1, InodeNumber.ROOT, "b");
      Future<Boolean> first = programs.submit(() -> moves(0, InodeNumber.ROOT, "a", b, "x"));
      Future<Boolean> second = programs.submit(() -> moves(1, InodeNumber.ROOT, "b", a, "y"));
      boolean firstMoved = first.get(60, TimeUnit.SECONDS);
      boolean secondMoved = second.get(60, TimeUnit.SECONDS);

      assertThat(firstMoved ^ secondMoved).as("one of the two").isTrue();
      int host = round % 2;
      vfs(host).removeDirectory(firstMoved ? b : a, name(firstMoved ? "x" : "y"));
      vfs(host).removeDirectory(InodeNumber.ROOT, name(firstMoved ? "b" : "a"));
    }
  }

  private boolean moves(int host, InodeNumber from, String name, InodeNumber to, String newName) {
    try {
      vfs(host).rename(from, name(name), to, name(newName));
      return true;
    } catch (PosixException e) {
      assertThat(e.errno()).isEqualTo(Errno.EINVAL);
      return false;
    }
  }

  @Test
  void renamesThatCrossDoNotWaitForEachOther() throws Exception {
    start(2);
    InodeNumber a = makeDirectory(0, InodeNumber.ROOT, "a");
    InodeNumber b = makeDirectory(1, InodeNumber.ROOT, "b");
    createAndWrite(0, a, "ball");
    createAndWrite(1, b, "puck");
    onEachOf(2, host -> {
      Bytes mine = name(host == 0 ? "ball-done" : "puck-done");
      InodeNumber from = host == 0 ? a : b;
      InodeNumber to = host == 0 ? b : a;
      for (int i = 0; i < 20; i++) {
        vfs(host).rename(i % 2 == 0 ? from : to, mine, i % 2 == 0 ? to : from, mine);
      }
    });

    assertThat(vfs(1).lookup(a, name("ball-done")).links()).isEqualTo(1);
    assertThat(vfs(0).lookup(b, name("puck-done")).links()).isEqualTo(1);
  }

  @Test
  void linksMadeAndRemovedByTwoHostsAreCounted() throws Exception {
    start(2);
    files(0).create("f");
    InodeNumber file = vfs(0).lookup(InodeNumber.ROOT, name("f")).number();
    List<InodeNumber> directories =
        List.of(makeDirectory(0, InodeNumber.ROOT, "a"), makeDirectory(1, InodeNumber.ROOT, "b"));
    onEachOf(2, host -> {
      InodeNumber mine = directories.get(host);
      for (int i = 0; i < 10; i++) {
        Inode unused = vfs(host).link(file, mine, name("l" + i));
        if (i % 2 == 1) {
          vfs(host).unlink(mine, name("l" + i));
        }
      }
    });

    assertThat(vfs(0).attributes(file).links()).isEqualTo(11);
    assertThat(vfs(1).attributes(file).links()).isEqualTo(11);
  }

  /** A host that joins mounts the volume after its session has opened among the others. */
  @Test
  void whoeverUsesASessionLateIsToldOfTheOthersToo() throws Exception {
    start(2);
    files(0).create("f");
    assertThat(files(1).read("f")).isEmpty();
    AtomicBoolean told = new AtomicBoolean();
    SessionUser late = (SessionUser) Proxy.newProxyInstance(
        SessionUser.class.getClassLoader(),
        new Class<?>[] {SessionUser.class},
        (proxy, method, arguments) -> switch (method.getName()) {
          case "trust" -> {
            told.set(arguments[0] != SessionUser.Trust.ALONE);
            yield Duration.ZERO;
          }
          case "openInodes", "locksToShare" -> List.of();
          case "forgetUnused" -> true;
          default -> null;
        });

    cluster.host(1).session().attach(late);

    await().atMost(SOON).untilTrue(told);
  }

  @Test
  void aHoleIsMadeInWhatAnotherHostHasJustAppended() throws Exception {
    start(2);
    files(0).create("f");
    files(0).write("f", 0, new byte[] {1});
    long handle = files(1).open("f");
    byte[] content = new byte[100_000];
    Arrays.fill(content, (byte) 1);
    files(0).write("f", 0, content);

    vfs(1).punchHole(handle, 10, 90_000);

    Arrays.fill(content, 10, 90_010, (byte) 0);
    assertThat(files(0).read("f")).isEqualTo(content);
    vfs(1).release(handle, 0, false);
  }

  @Test
  void aFileIsCopiedAsAnotherHostHasJustLeftIt() throws Exception {
    start(2);
    files(0).create("f");
    byte[] content = new byte[Limits.BLOCK_SIZE_BYTES + 100_000];
    files(0).write("f", 0, content);
    long from = files(1).open("f");
    files(1).create("copy");
    long to = files(1).open("copy");
    Arrays.fill(content, (byte) 1);
    files(0).write("f", 0, content);

    assertThat(vfs(1).copyRange(from, 0, to, 0, Long.MAX_VALUE)).isEqualTo(content.length);

    assertThat(files(0).read("copy")).isEqualTo(content);
    vfs(1).release(from, 0, false);
    vfs(1).release(to, 0, false);
  }

  @Test
  void whatWasWrittenLastToAFileWithoutANameIsSeenWhereItIsStillOpen() throws Exception {
    start(2);
    files(0).create("f");
    files(0).write("f", 0, bytes("old"));
    long reader = files(0).open("f");
    long writer = files(1).open("f");
    InodeNumber file = vfs(1).lookup(InodeNumber.ROOT, name("f")).number();
    files(1).delete("f");

    vfs(1).write(writer, 0, false, ByteBuffer.wrap(bytes("new")));
    vfs(1).release(writer, 0, false);

    assertThat(vfs(0).attributes(file).sizeBytes()).isEqualTo(3);
    assertThat(read(vfs(0), reader)).isEqualTo("new");
    vfs(0).release(reader, 0, false);
    awaitInodes(0, 1);
  }

  @Test
  void whatWasWrittenBeforeANameIsRemovedIsSeenWhereTheFileIsStillOpen() throws Exception {
    start(2);
    files(0).create("f");
    long reader = files(0).open("f");
    InodeNumber file = vfs(1).lookup(InodeNumber.ROOT, name("f")).number();
    files(1).write("f", 0, bytes("new"));
    files(1).delete("f");

    assertThat(vfs(0).attributes(file).sizeBytes()).isEqualTo(3);
    assertThat(read(vfs(0), reader)).isEqualTo("new");
    vfs(0).release(reader, 0, false);
    awaitInodes(0, 1);
  }
}
