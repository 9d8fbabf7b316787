package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.cairnfs.core.BlobId;
import org.cairnfs.store.DiskFullException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What makes a node keep a blob that it was told nobody needs, and how fast space comes back. */
final class BlobCollectorTest {
  private static final Duration HOLD = Duration.ofMinutes(10);
  private static final long LIMIT_SECONDS = 20;

  private final InMemoryBlobStore store = new InMemoryBlobStore();

  /** What each compaction may copy. */
  private final BlockingQueue<Long> compactions = new LinkedBlockingQueue<>();

  /** What each compaction frees; 0 for all that come after. */
  private final BlockingQueue<Long> freed = new LinkedBlockingQueue<>();

  /** What happens before the next blob is deleted, and before the next compaction. */
  private final BlockingQueue<IoStep> beforeDelete = new LinkedBlockingQueue<>();

  private final BlockingQueue<IoStep> beforeCompact = new LinkedBlockingQueue<>();

  private interface IoStep {
    void run() throws IOException;

    static void runNext(Queue<IoStep> steps) throws IOException {
      IoStep next = steps.poll();
      if (next != null) {
        next.run();
      }
    }
  }

  private final TestCatalog catalog = new TestCatalog();
  private final Queue<BlobId> droppedWhilePinned = new ConcurrentLinkedQueue<>();

  /** The questions whether the metadata here is up to date. */
  private final BlockingQueue<CompletableFuture<Object>> questions = new LinkedBlockingQueue<>();

  private final AtomicLong now = new AtomicLong();
  private final Holds holds = new Holds(HOLD, now::get);
  private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
  private final LocalBlobs local = new LocalBlobs(
      new ForwardingBlobStore(store) {
        @Override
        public void delete(BlobId id) throws IOException {
          IoStep.runNext(beforeDelete);
          super.delete(id);
        }

        @Override
        public long compact(long copiedMaxBytes) throws IOException {
          compactions.add(copiedMaxBytes);
          IoStep.runNext(beforeCompact);
          Long next = freed.poll();
          return next == null ? 0 : next;
        }
      },
      Blocks.nothingCached(),
      holds);
  private final BlobCollector collector = collector(3);

  private BlobCollector collector(int nodes) {
    return new BlobCollector(
        local, catalog, holds, new FakeNodes(nodes), droppedWhilePinned::add, timer, now::get);
  }

  @BeforeEach
  void start() throws Exception {
    catalog.upToDate = () -> {
      CompletableFuture<Object> question = new CompletableFuture<>();
      questions.add(question);
      return question;
    };
    collector.start();
    settle(); // the first sweep, which would find what a test stores
  }

  @AfterEach
  void stop() {
    collector.close();
    timer.shutdownNow();
  }

  private BlobId stored(int number) throws IOException {
    BlobId id = new BlobId(number, 2, 3, 4);
    store.append(id, ByteBuffer.wrap(new byte[] {1, 2, 3}));
    return id;
  }

  private BlobId dropped(int number) throws IOException {
    BlobId id = stored(number);
    collector.add(List.of(id));
    return id;
  }

  private CompletableFuture<Object> question() throws InterruptedException {
    CompletableFuture<Object> question = questions.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
    assertThat(question).as("it asks").isNotNull();
    return question;
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  /** All that was to be done before is done then. */
  private void settle() throws Exception {
    collector.add(List.of());
    timer.submit(() -> {}).get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private void awaitGone(BlobId id) {
    await().atMost(Duration.ofSeconds(LIMIT_SECONDS)).until(() -> !store.has(id));
  }

  @Test
  void aNodeThatIsCutOffFromTheLogDeletesNothing() throws Exception {
    BlobId id = dropped(1);

    question().completeExceptionally(new IOException("nobody leads"));
    settle();
    CompletableFuture<Object> again = question();
    settle();
    assertThat(store.has(id)).isTrue();

    again.complete("");
    awaitGone(id);
  }

  /** As when the process stood still meanwhile. */
  @Test
  void anAnswerIsAsOldAsItsQuestion() throws Exception {
    BlobId id = dropped(1);
    CompletableFuture<Object> first = question();
    pass(HOLD.dividedBy(2));

    first.complete("");

    CompletableFuture<Object> second = question();
    settle();
    assertThat(store.has(id)).isTrue();
    pass(HOLD.dividedBy(2).minusNanos(1));
    second.complete("");
    awaitGone(id);
  }

  @Test
  void whatWasUpToDateHalfAHoldAgoIsOld() throws Exception {
    BlobId first = dropped(1);
    question().complete("");
    awaitGone(first);
    BlobId second = dropped(2);
    awaitGone(second);
    assertThat(questions).as("it knows").isEmpty();

    pass(HOLD.dividedBy(2));
    BlobId third = dropped(3);
    CompletableFuture<Object> question = question();
    settle();
    assertThat(store.has(third)).isTrue();
    catalog.refer(third, 1); // what it did not know
    question.complete("");
    settle();
    settle();
    assertThat(store.has(third)).isTrue();
  }

  @Test
  void whatIsHeldForAnotherNodeGoesWhenItIsNotHeldAnyMore() throws Exception {
    BlobId id = new BlobId(1, 2, 3, 4);
    holds.add(id);
    dropped(1);
    question().complete("");
    settle();
    pass(HOLD.minusNanos(1));
    dropped(2);
    question().complete("");
    awaitGone(new BlobId(2, 2, 3, 4));
    settle();
    assertThat(store.has(id)).isTrue();

    pass(HOLD.plusNanos(1));
    settle();
    question().complete("");
    awaitGone(id);
  }

  @Test
  void spaceIsWonBackAtARate() throws Exception {
    assertThat(compactions.poll(LIMIT_SECONDS, TimeUnit.SECONDS))
        .as("what is left from before the start")
        .isEqualTo(64L << 20);
    settle();
    freed.addAll(List.of(300L, 200L));
    for (int i = 1; i < 10; i++) {
      dropped(i);
      settle();
    }
    question().complete("");
    awaitGone(new BlobId(9, 2, 3, 4));
    settle();
    assertThat(compactions).as("not twice in a second").isEmpty();
    for (int i = 0; i < 10; i++) {
      pass(Duration.ofSeconds(1));
      settle();
    }
    assertThat(compactions)
        .as("as long as there is something to win back")
        .containsExactly(64L << 20, 64L << 20, 64L << 20);
  }

  @Test
  void onAFullDiskSpaceIsWonBackLessOften() throws Exception {
    settle();
    compactions.clear();
    beforeCompact.add(() -> {
      throw new DiskFullException("nothing can be copied");
    });
    dropped(1);
    question().complete("");
    awaitGone(new BlobId(1, 2, 3, 4));
    pass(Duration.ofSeconds(1));
    settle();
    pass(Duration.ofSeconds(4));
    settle();
    assertThat(compactions).hasSize(1);

    pass(Duration.ofSeconds(1));
    settle();
    assertThat(compactions).hasSize(2);
  }

  @Test
  void whoHasNothingToDeleteAsksNothing() throws Exception {
    BlobId id = dropped(1);
    question().complete("");
    awaitGone(id);
    pass(HOLD);
    settle();
    assertThat(questions).isEmpty();
  }

  @Test
  void whatAWriterHereReliesOnIsSentToTheOthersAgainAndDeletedOnceItDoesNot() throws Exception {
    BlobId id = new BlobId(1, 2, 3, 4);
    local.write(id, ByteBuffer.wrap(new byte[] {1, 2, 3}));
    collector.add(List.of(id));
    question().complete("");
    settle();
    assertThat(droppedWhilePinned).containsExactly(id);

    local.unpin(id);
    pass(HOLD);
    settle();
    question().complete("");
    awaitGone(id);
  }

  /** The process may stand still, and the disk may be slow. */
  @Test
  void whatWasUpToDateAtTheBeginningMayBeOldAtTheEnd() throws Exception {
    beforeDelete.add(() -> pass(HOLD.dividedBy(2)));
    BlobId first = stored(1);
    BlobId second = stored(2);
    collector.add(List.of(first, second));
    question().complete("");
    awaitGone(first);
    CompletableFuture<Object> again = question();
    settle();
    assertThat(store.has(second)).isTrue();

    again.complete("");
    awaitGone(second);
  }

  @Test
  void whatNobodyWasToldOfIsFoundEverySixHours() throws Exception {
    settle();
    BlobId leaked = stored(1);
    pass(Duration.ofHours(6).minusSeconds(1));
    settle();
    assertThat(questions).as("nothing is found").isEmpty();

    pass(Duration.ofSeconds(1));
    settle();
    question().complete("");
    awaitGone(leaked);
  }

  @Test
  void whatCouldNotBeDeletedIsFoundAgain() throws Exception {
    settle();
    beforeDelete.add(() -> {
      throw new IOException("the disk is slow");
    });
    BlobId id = dropped(1);
    question().complete("");
    awaitGone(id);
  }

  /** Then nodes that this one does not know of may rely on any. */
  @Test
  void nothingIsLookedForWhileEverythingIsHeld() throws Exception {
    settle();
    BlobId leaked = stored(1);
    holds.addAll();
    collector.sweepAgain();
    settle();
    assertThat(questions).as("nothing is found").isEmpty();

    pass(HOLD);
    settle();
    question().complete("");
    awaitGone(leaked);
  }

  /** What it was not told of cannot be: nobody else changes anything. */
  @Test
  void aNodeAloneLooksOnceOnly() throws Exception {
    try (BlobCollector lone = collector(1)) {
      BlobId before = stored(1);
      lone.start();
      awaitGone(before);
      BlobId after = stored(2);
      collector.close();
      pass(Duration.ofHours(7));
      lone.add(List.of());
      settle();
      assertThat(store.has(after)).isTrue();
    }
  }
}
