package org.cairnfs.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.cairnfs.net.Failures.failure;
import static org.cairnfs.net.Failures.get;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.cairnfs.net.PeerException.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A slow receiver stalls its sender, and neither holds more than its limits. */
final class FlowControlTest {
  private static final long STREAM_BYTES = 64L << 20;

  private final AtomicLong readBytes = new AtomicLong();
  private final CountDownLatch sourceClosed = new CountDownLatch(1);
  private final CountDownLatch sinkMayGoOn = new CountDownLatch(1);
  private final Queue<CompletableFuture<Reply>> unanswered = new ConcurrentLinkedQueue<>();
  private TestNode server;
  private TestNode client;

  @BeforeEach
  void start() throws IOException {
    server = TestNode.create();
    client = TestNode.create();
    server.listen(Handlers.builder()
        .on(
            TestNode.READ,
            (peer, body) -> CompletableFuture.completedFuture(Reply.stream(new Zeroes())),
            server.executor())
        .on(TestNode.PUT, (peer, body) -> hold(), server.executor())
        .on(
            TestNode.ECHO,
            (peer, body) -> CompletableFuture.completedFuture(Reply.empty()),
            server.executor())
        .build());
    client.knows(server);
  }

  @AfterEach
  void stop() {
    sinkMayGoOn.countDown();
    client.close();
    server.close();
  }

  private CompletableFuture<Reply> hold() {
    CompletableFuture<Reply> answer = new CompletableFuture<>();
    unanswered.add(answer);
    return answer;
  }

  /** Many zeroes; counts how far it was read. */
  private final class Zeroes implements ChunkSource {
    @Override
    public boolean read(ByteBuffer into) {
      into.position(into.limit());
      return readBytes.addAndGet(into.limit()) < STREAM_BYTES;
    }

    @Override
    public void close() {
      sourceClosed.countDown();
    }
  }

  private CompletableFuture<Long> stream(ChunkSink sink) {
    return client.client().stream(
        server.id(),
        TestNode.READ,
        ByteBuffer.allocate(0),
        TestNode.LIMIT,
        sink,
        client.executor());
  }

  private CompletableFuture<ByteBuffer> put(int bytes) {
    return client
        .client()
        .request(server.id(), TestNode.PUT, ByteBuffer.allocate(bytes), TestNode.LIMIT);
  }

  private void roundTrip() throws Exception {
    get(client
        .client()
        .request(server.id(), TestNode.ECHO, ByteBuffer.allocate(1), TestNode.LIMIT));
  }

  @Test
  void aSlowSinkStallsTheSource() throws Exception {
    AtomicLong taken = new AtomicLong();
    CompletableFuture<Long> whole = stream(chunk -> {
      taken.addAndGet(chunk.remaining());
      awaitUninterruptibly(sinkMayGoOn);
    });
    await().until(() -> taken.get() > 0 && readBytes.get() >= NetLimits.WINDOW_BYTES);

    for (int i = 0; i < 20; i++) {
      roundTrip();
    }

    assertThat(readBytes).hasValueLessThanOrEqualTo(NetLimits.WINDOW_BYTES);
    assertThat(whole).isNotDone();
    sinkMayGoOn.countDown();
    assertThat(get(whole)).isGreaterThanOrEqualTo(STREAM_BYTES);
    assertThat(taken).hasValue(readBytes.get());
  }

  @Test
  void aSinkThatFailsStopsTheSource() throws Exception {
    CompletableFuture<Long> broken = stream(chunk -> {
      throw new IOException("no room");
    });

    assertThat(failure(broken).reason()).isEqualTo(Reason.ABANDONED);
    sourceClosed.await();
    assertThat(readBytes).hasValueLessThan(STREAM_BYTES);
  }

  @Test
  void whoeverCancelsAStreamStopsTheSource() throws Exception {
    CompletableFuture<Long> cancelled = stream(chunk -> awaitUninterruptibly(sinkMayGoOn));
    await().until(() -> readBytes.get() > 0);

    cancelled.cancel(false);

    sourceClosed.await();
    assertThat(readBytes).hasValueLessThanOrEqualTo(NetLimits.WINDOW_BYTES);
  }

  @Test
  void aSourceIsClosedWhenItsReceiverDies() throws Exception {
    CompletableFuture<Long> whole = stream(chunk -> awaitUninterruptibly(sinkMayGoOn));
    await().until(() -> readBytes.get() > 0);

    client.client().close();

    sourceClosed.await();
    assertThat(failure(whole).reason()).isEqualTo(Reason.LOST);
  }

  @Test
  void slowHandlersStallWhoeverSendsToThem() throws Exception {
    int body = 1 << 20;
    List<CompletableFuture<ByteBuffer>> answers = new ArrayList<>();
    answers.add(put(body));
    await().until(() -> unanswered.size() == 1);
    // As much as the server holds, and the sockets, and this side's outbox, and then some.
    PeerException refused = null;
    while (refused == null && answers.size() < 250) {
      CompletableFuture<ByteBuffer> answer = put(body);
      answers.add(answer);
      roundTrip();
      refused = answers.stream()
          .filter(CompletableFuture::isCompletedExceptionally)
          .findFirst()
          .map(Failures::failure)
          .orElse(null);
    }

    assertThat(refused).isNotNull();
    assertThat(refused.reason()).isEqualTo(Reason.BUSY);
    assertThat(unanswered.size() * (long) body)
        .isLessThanOrEqualTo(ServerConnection.HELD_BYTES_MAX + 2L * body);
    await().until(() -> {
      for (CompletableFuture<Reply> held; (held = unanswered.poll()) != null; ) {
        held.complete(Reply.empty());
      }
      return answers.stream().allMatch(CompletableFuture::isDone);
    });
    assertThat(answers.stream().filter(answer -> !answer.isCompletedExceptionally()))
        .hasSizeGreaterThan(4);
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
