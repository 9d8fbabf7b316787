package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.vfs.FileLock.Kind;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class LockTableTest {
  private static final InodeNumber FILE = new InodeNumber(7);
  private static final InodeNumber OTHER = new InodeNumber(8);
  private static final long A = 1;
  private static final long B = 2;
  private static final long C = 3;

  private static final List<Kind> KINDS = List.of(Kind.values());

  private final LockTable table = new LockTable(false);

  @Test
  void exclusiveExcludesAndSharedShares() {
    take(A, Kind.SHARED, 0, 9).join();
    take(B, Kind.SHARED, 5, 9).join();
    assertErrno(take(C, Kind.EXCLUSIVE, 9, 9), Errno.EAGAIN);
    take(C, Kind.EXCLUSIVE, 10, 19).join();
    FileLock conflict = Objects.requireNonNull(table.conflict(FILE, C, lock(Kind.EXCLUSIVE, 0, 3)));
    assertThat(conflict).isEqualTo(lock(Kind.SHARED, 0, 9));
  }

  @Test
  void unlockingTheMiddleSplits() {
    take(A, Kind.EXCLUSIVE, 0, 99).join();
    take(A, Kind.UNLOCK, 40, 59).join();
    take(B, Kind.EXCLUSIVE, 40, 59).join();
    assertErrno(take(B, Kind.EXCLUSIVE, 39, 39), Errno.EAGAIN);
    assertErrno(take(B, Kind.EXCLUSIVE, 60, 60), Errno.EAGAIN);
  }

  @Test
  void waitersAreServedWhenTheHolderLetsGo() {
    take(A, Kind.EXCLUSIVE, 0, 9).join();
    CompletableFuture<Void> waiting = await(B, Kind.EXCLUSIVE, 0, 9);
    assertThat(waiting).isNotDone();
    table.unlockAll(FILE, A);
    assertThat(waiting).isCompleted();
    assertErrno(take(A, Kind.SHARED, 0, 0), Errno.EAGAIN);
  }

  @Test
  void aCancelledWaiterGetsNothing() {
    take(A, Kind.EXCLUSIVE, 0, 9).join();
    CompletableFuture<Void> waiting = await(B, Kind.EXCLUSIVE, 0, 9);
    waiting.cancel(false);
    table.unlockAll(FILE, A);
    take(C, Kind.EXCLUSIVE, 0, 9).join();
  }

  @Test
  void deadlockIsRefused() {
    take(A, Kind.EXCLUSIVE, 0, 0).join();
    table.lock(OTHER, B, lock(Kind.EXCLUSIVE, 0, 0), false).join();
    CompletableFuture<Void> waiting = await(B, Kind.EXCLUSIVE, 0, 0);
    assertErrno(table.lock(OTHER, A, lock(Kind.EXCLUSIVE, 0, 0), true), Errno.EDEADLK);
    assertThat(waiting).isNotDone();
  }

  /** flock(2): the existing lock is removed first, and another one granted in between. */
  @Test
  void twoThatShareMayBothAskToHaveItAlone() {
    LockTable wholes = new LockTable(true);
    FileLock alone = lock(Kind.EXCLUSIVE, 0, Long.MAX_VALUE);
    for (long owner : new long[] {A, B}) {
      wholes.lock(FILE, owner, lock(Kind.SHARED, 0, Long.MAX_VALUE), true).join();
    }
    assertErrno(wholes.lock(FILE, A, alone, false), Errno.EAGAIN);
    CompletableFuture<Void> first = wholes.lock(FILE, A, alone, true);
    assertThat(first).isNotDone();
    assertThat(wholes.lock(FILE, B, alone, true)).isCompleted();
    assertThat(first).isNotDone();
    wholes.unlockAll(FILE, B);
    assertThat(first).isCompleted();
  }

  /**
   * Random requests of three owners on twelve bytes, against an array that says who holds each byte
   * how.
   */
  @Property(tries = 300)
  void agreesWithALockForEveryByte(@ForAll long seed) {
    LockTable tried = new LockTable(false);
    Random random = new Random(seed);
    @Nullable Kind[][] held = new Kind[3][12];
    for (int step = 0; step < 60; step++) {
      int owner = random.nextInt(3);
      int start = random.nextInt(12);
      int end = start + random.nextInt(12 - start);
      Kind kind = KINDS.get(random.nextInt(KINDS.size()));
      boolean free = kind == Kind.UNLOCK || isFree(held, owner, start, end, kind);
      CompletableFuture<Void> result = tried.lock(FILE, owner, lock(kind, start, end), false);
      assertThat(result.isCompletedExceptionally()).isEqualTo(!free);
      for (int i = start; free && i <= end; i++) {
        held[owner][i] = kind == Kind.UNLOCK ? null : kind;
      }
    }
  }

  private static boolean isFree(@Nullable Kind[][] held, int owner, int start, int end, Kind kind) {
    for (int other = 0; other < held.length; other++) {
      for (int i = start; other != owner && i <= end; i++) {
        if (held[other][i] == Kind.EXCLUSIVE
            || (held[other][i] != null && kind == Kind.EXCLUSIVE)) {
          return false;
        }
      }
    }
    return true;
  }

  private static FileLock lock(Kind kind, long start, long end) {
    return new FileLock(kind, start, end, 0);
  }

  private CompletableFuture<Void> take(long owner, Kind kind, long start, long end) {
    return table.lock(FILE, owner, lock(kind, start, end), false);
  }

  private CompletableFuture<Void> await(long owner, Kind kind, long start, long end) {
    return table.lock(FILE, owner, lock(kind, start, end), true);
  }

  private static void assertErrno(CompletableFuture<Void> result, Errno errno) {
    assertThatThrownBy(result::join)
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(PosixException.class, e -> assertThat(e.errno()).isEqualTo(errno));
  }
}
