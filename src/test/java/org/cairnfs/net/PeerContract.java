package org.cairnfs.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.cairnfs.net.Failures.failure;
import static org.cairnfs.net.Failures.get;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.cairnfs.net.PeerException.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What peers may expect of each other, over real sockets, whatever does TLS. */
abstract class PeerContract {
  private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
  private TestNode server;
  private TestNode client;

  abstract TransportSettings settings();

  @BeforeEach
  void start() throws IOException {
    server = TestNode.create(settings());
    client = TestNode.create(settings());
    server.listen(Handlers.builder()
        .on(TestNode.ECHO, (peer, body) -> echo(body), server.executor())
        .on(TestNode.PUT, (peer, body) -> length(body), server.executor())
        .on(TestNode.TELL, (peer, body) -> tell(peer, body), server.executor())
        .on(TestNode.READ, (peer, body) -> read(body), server.executor())
        .build());
    client.knows(server);
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private CompletableFuture<Reply> echo(ByteBuffer body)
      throws RefusedRequestException, IOException {
    String text = UTF_8.decode(body.duplicate()).toString();
    switch (text) {
      case "refuse" -> throw new RefusedRequestException(FailureCode.NOT_FOUND, "not here");
      case "break" -> throw new IOException("a secret of the server");
      case "bug" -> throw new IllegalStateException("a secret of the server");
      case "late" -> {
        return CompletableFuture.failedFuture(
            new RefusedRequestException(FailureCode.NO_SPACE, "full"));
      }
      case "never" -> {
        return new CompletableFuture<>();
      }
      default -> {
        ByteBuffer copy =
            ByteBuffer.allocate(body.remaining()).put(body.duplicate()).flip();
        return CompletableFuture.completedFuture(Reply.of(copy));
      }
    }
  }

  private static CompletableFuture<Reply> length(ByteBuffer body) {
    return CompletableFuture.completedFuture(
        Reply.of(ByteBuffer.allocate(Integer.BYTES).putInt(0, body.remaining())));
  }

  private CompletableFuture<Reply> tell(PeerInfo peer, ByteBuffer body) {
    told.add(peer.id() + " " + UTF_8.decode(body));
    return CompletableFuture.completedFuture(Reply.empty());
  }

  /** Answers with as many bytes as the request says, from a generator with a known seed. */
  private static CompletableFuture<Reply> read(ByteBuffer body) {
    int length = body.getInt();
    Random random = new Random(length);
    return CompletableFuture.completedFuture(Reply.stream(new ChunkSource() {
      private int left = length;

      @Override
      public boolean read(ByteBuffer into) {
        byte[] bytes = new byte[Math.min(left, into.remaining())];
        random.nextBytes(bytes);
        into.put(bytes);
        left -= bytes.length;
        return left > 0;
      }

      @Override
      public void close() {}
    }));
  }

  private CompletableFuture<ByteBuffer> ask(String text) {
    return client.client().request(server.id(), TestNode.ECHO, UTF_8.encode(text), TestNode.LIMIT);
  }

  @Test
  void aRequestIsAnswered() throws Exception {
    assertThat(UTF_8.decode(get(ask("hello"))).toString()).isEqualTo("hello");
    assertThat(get(ask("")).remaining()).isZero();
  }

  /** On two cores it has one thread, and whoever else uses it may wait there. */
  @Test
  void aConnectionNeedsNothingOfTheCommonPool() throws Exception {
    int threads = ForkJoinPool.getCommonPoolParallelism();
    CountDownLatch busy = new CountDownLatch(threads);
    CountDownLatch answered = new CountDownLatch(1);
    for (int i = 0; i < threads; i++) {
      ForkJoinPool.commonPool().execute(() -> {
        busy.countDown();
        try {
          answered.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      });
    }
    busy.await();
    try {
      assertThat(get(ask("")).remaining()).isZero();
    } finally {
      answered.countDown();
    }
  }

  @Test
  void manyRequestsShareAConnection() throws Exception {
    get(ask("connect"));
    List<CompletableFuture<ByteBuffer>> answers = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      answers.add(ask("request " + i));
    }
    for (int i = 0; i < 600; i++) {
      assertThat(UTF_8.decode(get(answers.get(i))).toString()).isEqualTo("request " + i);
    }
    assertThat(client.client().connected()).hasSize(1);
  }

  @Test
  void aPeerIsKnownByItsKey() throws Exception {
    get(client.client().request(server.id(), TestNode.TELL, UTF_8.encode("news"), TestNode.LIMIT));

    assertThat(told.poll(30, TimeUnit.SECONDS)).isEqualTo(client.id() + " news");
  }

  @Test
  void largeBodiesArriveWhole() throws Exception {
    for (int length : new int[] {1, 1 << 20, NetLimits.BULK_BODY_MAX_BYTES}) {
      ByteBuffer answer = get(client
          .client()
          .request(server.id(), TestNode.PUT, ByteBuffer.allocate(length), TestNode.LIMIT));
      assertThat(answer.getInt()).isEqualTo(length);
    }
  }

  @Test
  void whatTheNetworkCarriesIsCountedAtBothEnds() throws Exception {
    get(ask("connect"));
    long sent = client.sentBytes();
    int length = 1 << 20;
    get(client
        .client()
        .request(server.id(), TestNode.PUT, ByteBuffer.allocate(length), TestNode.LIMIT));
    // The handshake of the second connection, and what encryption adds.
    assertThat(client.sentBytes() - sent).isBetween((long) length, length + length / 20L);
    // What was sent last, such as an acknowledgement, may be on its way.
    await().atMost(TestNode.LIMIT).until(() -> server.receivedBytes() == client.sentBytes());
    assertThat(client.receivedBytes()).isBetween(1L, length / 20L);
  }

  @Test
  void aBodyThatIsTooLongIsNotSent() throws Exception {
    ByteBuffer body = ByteBuffer.allocate(NetLimits.CONTROL_BODY_MAX_BYTES + 1);

    PeerException failure =
        failure(client.client().request(server.id(), TestNode.ECHO, body, TestNode.LIMIT));

    assertThat(failure.code()).isEqualTo(FailureCode.INVALID);
    get(ask("goes on"));
  }

  @Test
  void streamsArriveInOrder() throws Exception {
    for (int length : new int[] {0, 1, NetLimits.CHUNK_MAX_BYTES, 5_000_000}) {
      ByteArrayOutputStream arrived = new ByteArrayOutputStream();
      ByteBuffer body = ByteBuffer.allocate(Integer.BYTES).putInt(0, length);
      long total = get(client.client().stream(
          server.id(),
          TestNode.READ,
          body,
          TestNode.LIMIT,
          chunk -> {
            byte[] bytes = new byte[chunk.remaining()];
            chunk.get(bytes);
            arrived.writeBytes(bytes);
          },
          client.executor()));
      byte[] expected = new byte[length];
      new Random(length).nextBytes(expected);
      assertThat(total).isEqualTo(length);
      assertThat(arrived.toByteArray()).hasSize(length);
      if (length <= NetLimits.CHUNK_MAX_BYTES) {
        assertThat(arrived.toByteArray()).isEqualTo(expected);
      }
    }
  }

  @Test
  void handlersRefuseInTheirOwnWords() {
    PeerException refused = failure(ask("refuse"));

    assertThat(refused.reason()).isEqualTo(Reason.REFUSED);
    assertThat(refused.code()).isEqualTo(FailureCode.NOT_FOUND);
    assertThat(refused).hasMessage("not here");
    assertThat(failure(ask("late")).code()).isEqualTo(FailureCode.NO_SPACE);
  }

  @Test
  void whatBreaksInsideAPeerStaysThere() {
    for (String text : List.of("break", "bug")) {
      PeerException failed = failure(ask(text));
      assertThat(failed.code()).isEqualTo(FailureCode.FAILED);
      assertThat(failed.getMessage()).doesNotContain("secret");
    }
  }

  @Test
  void unknownMessagesAreRefused() throws Exception {
    MessageType unknown = new MessageType(99, "unknown", ChannelKind.CONTROL);
    MessageType elsewhere = new MessageType(TestNode.ECHO.number(), "echo", ChannelKind.BULK);
    ByteBuffer body = ByteBuffer.allocate(0);

    assertThat(failure(client.client().request(server.id(), unknown, body, TestNode.LIMIT))
            .code())
        .isEqualTo(FailureCode.UNKNOWN_MESSAGE);
    assertThat(failure(client.client().request(server.id(), elsewhere, body, TestNode.LIMIT))
            .code())
        .isEqualTo(FailureCode.FORBIDDEN);
    get(ask("goes on"));
  }

  @Test
  void aRequestFailsWhenItsTimeIsOver() throws Exception {
    get(ask("warm up"));

    PeerException late = failure(client
        .client()
        .request(server.id(), TestNode.ECHO, UTF_8.encode("never"), Duration.ofMillis(50)));

    assertThat(late.reason()).isEqualTo(Reason.TIMEOUT);
    get(ask("goes on"));
  }

  @Test
  void whoeverAnswersAtAnAddressIsFoundOut() throws Exception {
    TestNode stranger = TestNode.create(settings());
    try (stranger) {
      PeerInfo found = get(stranger.client().identify(server.address(), TestNode.LIMIT));

      assertThat(found.id()).isEqualTo(server.id());
      assertThat(found.roles()).containsExactly(Role.MEMBER);
      assertThat(found.software()).isEqualTo("test");
      assertThat(stranger.client().address(server.id())).contains(server.address());
    }
  }

  @Test
  void closingFailsWhatIsOpen() throws Exception {
    get(ask("warm up"));
    CompletableFuture<ByteBuffer> open = ask("never");

    client.client().close();

    assertThat(failure(open).reason()).isIn(Reason.LOST, Reason.UNREACHABLE, Reason.CLOSED);
    assertThat(failure(ask("again")).reason()).isEqualTo(Reason.CLOSED);
  }
}
