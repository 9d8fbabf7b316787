package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.cairnfs.meta.MetaFixture.ROOT;
import static org.cairnfs.meta.MetaFixture.extent;
import static org.cairnfs.meta.MetaFixture.name;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.junit.jupiter.api.Test;

/**
 * Readers beside changes, commits and applying: what is there all the time is seen all the time.
 */
class SessionConcurrencyTest {
  private static final int RENAMES = 3_000;
  private static final int READERS = 3;

  @Test
  void readersNeverMissWhatIsThere() throws Exception {
    MetaFixture fixture = new MetaFixture(false);
    InodeNumber moving = fixture.file(ROOT, "a").number();
    InodeNumber still = fixture.file(ROOT, "still").number();
    var first = fixture.commit(fixture.update(still, 10, 0, extent(0, 10, 1)));
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService threads = Executors.newFixedThreadPool(READERS + 2);
    try {
      List<Future<Long>> readers = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        readers.add(threads.submit(reader(fixture.session, moving, still, done)));
      }
      Future<?> log = threads.submit(() -> {
        while (!done.get() || fixture.log.waiting() > 0) {
          fixture.log.applyNext();
        }
      });
      Future<?> writer = threads.submit(() -> write(fixture, still));
      writer.get(60, TimeUnit.SECONDS);
      done.set(true);
      log.get(60, TimeUnit.SECONDS);
      for (Future<Long> reader : readers) {
        assertThat(reader.get(60, TimeUnit.SECONDS)).isPositive();
      }
    } finally {
      done.set(true);
      threads.shutdownNow();
    }
    assertThat(first).isCompleted();
    assertThat(fixture.overlaySize()).isZero();
    new Invariants(fixture.store.reader()).check();
  }

  private static void write(MetaFixture fixture, InodeNumber still) {
    for (int i = 0; i < RENAMES; i++) {
      Bytes from = name(i % 2 == 0 ? "a" : "z");
      Bytes to = name(i % 2 == 0 ? "z" : "a");
      fixture.session.rename(ROOT, from, ROOT, to, false, fixture.tick());
      if (i % 5 == 0) {
        // The futures are those of the log's own thread, which ends when all is applied.
        var unused = fixture.commit(fixture.update(still, 10, 0, extent(0, 10, 1 + i % 3)));
      }
    }
    var unused = fixture.commit();
  }

  private static Callable<Long> reader(
      MetaSession session, InodeNumber moving, InodeNumber still, AtomicBoolean done) {
    return () -> {
      long rounds = 0;
      do {
        assertThat(session.inode(moving).links()).isEqualTo(1);
        assertThat(session.inode(ROOT).sizeBytes()).isEqualTo(2);
        assertThat(session.lookup(ROOT, name("still"))).isNotNull();
        assertThat(session.extents(still, 0))
            .as("extents of a file that always has one")
            .hasSize(1);
        List<Dentry> entries = session.list(ROOT, null, 10);
        assertThat(entries).extracting(Dentry::inode).contains(moving, still);
        rounds++;
      } while (!done.get());
      return rounds;
    };
  }
}
