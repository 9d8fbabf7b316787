package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.vfs.FileLock.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Advisory locks of programs on two hosts. */
final class SharedLocksTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final long P = 11;
  private static final long Q = 12;

  private final ExecutorService programs = Executors.newCachedThreadPool();
  private ClusterFixture cluster;
  private final long[] handles = new long[2];

  @BeforeEach
  void start() throws Exception {
    cluster = new ClusterFixture(1, true, 3);
    cluster.host(0).files().create("f");
    handles[0] = cluster.host(0).files().open("f");
  }

  /** The second host joins, and has the file open, too. */
  private void join() throws Exception {
    cluster.add();
    handles[1] = cluster.host(1).files().open("f");
  }

  @AfterEach
  void stop() throws Exception {
    programs.shutdownNow();
    assertThat(programs.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    cluster.close();
  }

  private CompletableFuture<Void> lock(
      int host, long owner, Kind kind, long start, long end, boolean wait) {
    return cluster
        .host(host)
        .vfs()
        .lock(handles[host], owner, new FileLock(kind, start, end, (int) owner), wait);
  }

  private CompletableFuture<Void> flock(int host, long owner, Kind kind, boolean wait) {
    return cluster.host(host).vfs().flock(handles[host], owner, kind, wait);
  }

  private static void refused(CompletableFuture<Void> lock, Errno errno) {
    await().atMost(SOON).until(lock::isDone);
    assertThat(lock)
        .failsWithin(Duration.ZERO)
        .withThrowableOfType(ExecutionException.class)
        .satisfies(e -> assertThat(((PosixException) e.getCause()).errno()).isEqualTo(errno));
  }

  private static void held(CompletableFuture<Void> lock) {
    assertThat(lock).succeedsWithin(SOON);
  }

  @Test
  void twoHostsThatShareAFlockMayBothAskToHaveItAlone() throws Exception {
    join();
    held(flock(0, P, Kind.SHARED, true));
    held(flock(1, Q, Kind.SHARED, true));
    CompletableFuture<Void> here = flock(0, P, Kind.EXCLUSIVE, true);
    CompletableFuture<Void> there = flock(1, Q, Kind.EXCLUSIVE, true);
    await().atMost(SOON).until(() -> here.isDone() || there.isDone());
    assertThat(here.isDone() && there.isDone()).isFalse();
    if (here.isDone()) {
      held(flock(0, P, Kind.UNLOCK, true));
      held(there);
    } else {
      held(flock(1, Q, Kind.UNLOCK, true));
      held(here);
    }
  }

  @Test
  void aLockTakenAloneHoldsAgainstAHostThatJoins() throws Exception {
    held(lock(0, P, Kind.EXCLUSIVE, 0, 9, false));
    held(flock(0, P, Kind.SHARED, false));
    CompletableFuture<Void> waitedAlone = lock(0, Q, Kind.EXCLUSIVE, 0, 4, true);
    join();

    refused(lock(1, P, Kind.SHARED, 5, 5, false), Errno.EAGAIN);
    refused(flock(1, P, Kind.EXCLUSIVE, false), Errno.EAGAIN);
    held(flock(1, P, Kind.SHARED, false));
    held(lock(1, P, Kind.EXCLUSIVE, 10, 19, false));
    FileLock conflict =
        cluster.host(1).vfs().conflictingLock(handles[1], P, new FileLock(Kind.SHARED, 0, 99, 1));
    assertThat(conflict).isEqualTo(new FileLock(Kind.EXCLUSIVE, 0, 9, 0));
    assertThat(waitedAlone).isNotDone();

    held(lock(0, P, Kind.UNLOCK, 0, 9, false));
    held(waitedAlone);
    refused(lock(1, P, Kind.SHARED, 0, 9, false), Errno.EAGAIN);
    held(lock(1, P, Kind.SHARED, 5, 9, false));
  }

  @Test
  void rangesSplitAndMergeAcrossHosts() throws Exception {
    join();
    held(lock(0, P, Kind.EXCLUSIVE, 0, 99, false));
    held(lock(0, P, Kind.UNLOCK, 40, 59, false));
    held(lock(1, P, Kind.EXCLUSIVE, 40, 59, false));
    refused(lock(1, P, Kind.EXCLUSIVE, 39, 39, false), Errno.EAGAIN);
    held(lock(0, P, Kind.SHARED, 0, 39, false));
    held(lock(1, P, Kind.SHARED, 10, 39, false));
    refused(lock(0, P, Kind.EXCLUSIVE, 0, 39, false), Errno.EAGAIN);
    held(lock(0, P, Kind.EXCLUSIVE, 0, 9, false));
  }

  @Test
  void theNextOwnerSeesWhatTheOneBeforeWrote() throws Exception {
    join();
    int turns = 12;
    List<Future<?>> all = new ArrayList<>();
    for (int host = 0; host < 2; host++) {
      int mine = host;
      all.add(programs.submit(() -> {
        LocalVfs vfs = cluster.host(mine).vfs();
        for (int i = 0; i < turns; i++) {
          held(lock(mine, P, Kind.EXCLUSIVE, 0, Long.MAX_VALUE, true));
          ByteBuffer into = ByteBuffer.allocate(20);
          vfs.read(handles[mine], 0, into);
          String text = new String(into.array(), 0, into.position(), StandardCharsets.UTF_8);
          int next = text.isEmpty() ? 1 : Integer.parseInt(text) + 1;
          byte[] bytes = Integer.toString(next).getBytes(StandardCharsets.UTF_8);
          vfs.write(handles[mine], 0, false, ByteBuffer.wrap(bytes));
          held(lock(mine, P, Kind.UNLOCK, 0, Long.MAX_VALUE, false));
        }
      }));
    }
    for (Future<?> one : all) {
      one.get(60, TimeUnit.SECONDS);
    }

    assertThat(new String(cluster.host(0).files().read("f"), StandardCharsets.UTF_8))
        .isEqualTo(Integer.toString(2 * turns));
  }

  private static String read(LocalVfs vfs, long handle) {
    ByteBuffer into = ByteBuffer.allocate(20);
    vfs.read(handle, 0, into);
    return new String(into.array(), 0, into.position(), StandardCharsets.UTF_8);
  }

  private static ByteBuffer text(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The lock is on one file, and what it protects is in another one that both have open. */
  @Test
  void whoMayReadToldByALockSeesWhatWasWrittenToAnotherFile() throws Exception {
    join();
    cluster.host(0).files().create("data");
    long mine = cluster.host(0).files().open("data");
    long theirs = cluster.host(1).files().open("data");
    for (int turn = 0; turn < 5; turn++) {
      held(lock(0, P, Kind.EXCLUSIVE, 0, 9, false));
      cluster.host(0).vfs().write(mine, 0, false, text("turn " + turn));
      held(lock(0, P, Kind.SHARED, 0, 9, false));

      held(lock(1, P, Kind.SHARED, 0, 9, false));
      assertThat(read(cluster.host(1).vfs(), theirs)).isEqualTo("turn " + turn);
      held(lock(1, P, Kind.UNLOCK, 0, 9, false));
    }
    cluster.host(0).vfs().release(mine, 0, false);
    cluster.host(1).vfs().release(theirs, 0, false);
  }

  /** Forgets once it is let. */
  private static final class SlowCaches implements KernelCaches {
    private final CountDownLatch asked = new CountDownLatch(1);
    private final CompletableFuture<Void> let = new CompletableFuture<>();

    @Override
    public Duration setTimeout(Duration most) {
      return Duration.ZERO;
    }

    @Override
    public void invalidate(InodeNumber inode) {
      asked.countDown();
      let.join();
    }
  }

  @Test
  void aLockIsHadOnceTheKernelHasForgottenOtherFilesToo() throws Exception {
    join();
    SlowCaches caches = new SlowCaches();
    cluster.host(1).vfs().connect(caches);
    cluster.host(0).files().create("data");
    held(lock(0, P, Kind.EXCLUSIVE, 0, 9, false));
    cluster.host(0).files().write("data", 0, "text".getBytes(StandardCharsets.UTF_8));
    CompletableFuture<Void> next = lock(1, P, Kind.EXCLUSIVE, 0, 9, true);
    held(lock(0, P, Kind.UNLOCK, 0, 9, false));
    assertThat(caches.asked.await(20, TimeUnit.SECONDS)).isTrue();

    await().during(Duration.ofMillis(200)).atMost(SOON).until(() -> !next.isDone());
    caches.let.complete(null);
    held(next);
  }

  @Test
  void waitingForEachOtherIsRefused() throws Exception {
    join();
    held(lock(0, P, Kind.EXCLUSIVE, 0, 0, false));
    held(lock(1, P, Kind.EXCLUSIVE, 1, 1, false));
    CompletableFuture<Void> first = lock(0, P, Kind.EXCLUSIVE, 1, 1, true);
    await().atMost(SOON).until(() -> {
      CompletableFuture<Void> second = lock(1, P, Kind.EXCLUSIVE, 0, 0, true);
      try {
        second.get(200, TimeUnit.MILLISECONDS);
        return false;
      } catch (ExecutionException e) {
        return ((PosixException) e.getCause()).errno() == Errno.EDEADLK;
      } catch (TimeoutException e) {
        second.cancel(true);
        return false;
      }
    });
    held(lock(1, P, Kind.UNLOCK, 1, 1, false));
    held(first);
  }

  @Test
  void aWaitCanBeGivenUp() throws Exception {
    join();
    held(flock(0, P, Kind.EXCLUSIVE, false));
    CompletableFuture<Void> given = flock(1, P, Kind.EXCLUSIVE, true);
    CompletableFuture<Void> waiting = flock(1, Q, Kind.EXCLUSIVE, true);
    given.cancel(true);
    held(flock(0, P, Kind.UNLOCK, false));
    held(waiting);
  }

  @Test
  void closingLetsGo() throws Exception {
    join();
    held(lock(0, P, Kind.EXCLUSIVE, 0, 9, false));
    held(flock(0, P, Kind.EXCLUSIVE, false));
    CompletableFuture<Void> range = lock(1, P, Kind.EXCLUSIVE, 0, 9, true);
    CompletableFuture<Void> whole = flock(1, P, Kind.EXCLUSIVE, true);
    cluster.host(0).vfs().flush(handles[0], P);
    held(range);
    assertThat(whole).isNotDone();
    cluster.host(0).vfs().release(handles[0], P, true);
    held(whole);
  }

  @Test
  void aHostThatDiesLosesItsLocks() throws Exception {
    join();
    held(flock(0, P, Kind.EXCLUSIVE, false));
    CompletableFuture<Void> waiting = flock(1, P, Kind.EXCLUSIVE, true);
    cluster.host(0).node().cutOff(true);
    cluster.host(0).declareDead(cluster.host(1));
    held(waiting);
    cluster.host(0).node().cutOff(false);
    handles[0] = cluster.host(0).files().open("f"); // the one before lost a lock
    await().atMost(SOON).untilAsserted(() -> {
      try {
        flock(0, Q, Kind.EXCLUSIVE, false).join();
      } catch (CompletionException e) {
        assertThat(((PosixException) e.getCause()).errno()).isEqualTo(Errno.EAGAIN);
        return;
      }
      throw new AssertionError("two hosts have the lock");
    });
  }

  /** Loses the session of the first host, and returns when another one is usable. */
  private void loseSession() {
    cluster.host(0).node().cutOff(true);
    cluster.host(0).declareDead(cluster.host(1));
    cluster.host(0).node().cutOff(false);
    await().atMost(SOON).untilAsserted(() -> cluster.host(0).files().sync("f"));
  }

  private void append(String text) {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    cluster.host(0).vfs().write(handles[0], 0, true, bytes);
  }

  private static void failsWithEio(ThrowingCallable action) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(
            PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EIO));
  }

  @Test
  void whoeverLostALockWritesNothingUntilItLetsGo() throws Exception {
    join();
    held(lock(0, P, Kind.SHARED, 10, 19, false));
    held(lock(0, P, Kind.EXCLUSIVE, 30, 39, false));
    refused(lock(1, Q, Kind.EXCLUSIVE, 0, 100, false), Errno.EAGAIN);
    loseSession();
    held(lock(1, Q, Kind.EXCLUSIVE, 0, 100, false));

    failsWithEio(() -> append("based on what was read before"));
    failsWithEio(() -> read());
    failsWithEio(() -> lock(0, P, Kind.SHARED, 50, 59, false));
    held(lock(0, P, Kind.UNLOCK, 30, 39, false));
    failsWithEio(() -> append("it still believes to have the other"));
    held(lock(0, P, Kind.UNLOCK, 0, Long.MAX_VALUE, false));
    append("now it may");
    held(lock(1, Q, Kind.UNLOCK, 0, 100, false));
    held(lock(0, P, Kind.EXCLUSIVE, 10, 19, false));
    append(" and again");
    assertThat(read()).isEqualTo("now it may and again");
  }

  private String read() {
    ByteBuffer into = ByteBuffer.allocate(100);
    cluster.host(0).vfs().read(handles[0], 0, into);
    return new String(into.array(), 0, into.position(), StandardCharsets.UTF_8);
  }

  @Test
  void whoeverHadNoLockGoesOnWhenTheSessionIsLost() throws Exception {
    join();
    held(lock(1, Q, Kind.EXCLUSIVE, 0, 100, false));
    refused(lock(0, P, Kind.EXCLUSIVE, 10, 19, false), Errno.EAGAIN);
    long closed = cluster.host(0).files().open("f");
    held(cluster.host(0).vfs().flock(closed, P, Kind.EXCLUSIVE, false));
    cluster.host(0).vfs().release(closed, P, true);
    loseSession();
    append("text");
    assertThat(read()).isEqualTo("text");
  }
}
