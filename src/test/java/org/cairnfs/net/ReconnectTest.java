package org.cairnfs.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;
import static org.cairnfs.net.Failures.failure;
import static org.cairnfs.net.Failures.get;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.net.PeerException.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Peers that go away, come back, move, or never were. */
final class ReconnectTest {
  private final NodeIdentity identity = TestNode.newIdentity();
  private TestNode server;
  private TestNode client;

  @BeforeEach
  void start() throws IOException {
    server = serve(0);
    client = TestNode.create().knows(server);
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private TestNode serve(int port) throws IOException {
    TestNode node =
        new TestNode(identity, TestNode.CLUSTER, peer -> Standing.MEMBER, TestNode.QUICK);
    node.listen(
        Handlers.builder()
            .on(TestNode.ECHO, (peer, body) -> answer(body), node.executor())
            .build(),
        port);
    return node;
  }

  private static CompletableFuture<Reply> answer(ByteBuffer body) {
    return body.hasRemaining()
        ? CompletableFuture.completedFuture(Reply.empty())
        : new CompletableFuture<>();
  }

  private CompletableFuture<ByteBuffer> ask(int bytes) {
    return client
        .client()
        .request(server.id(), TestNode.ECHO, ByteBuffer.allocate(bytes), TestNode.LIMIT);
  }

  @Test
  void aServerThatComesBackIsFoundAgain() throws Exception {
    get(ask(1));
    CompletableFuture<ByteBuffer> open = ask(0);
    int port = server.address().getPort();

    server.close();

    // Whether it had been sent by then is left to chance.
    assertThat(failure(open).reason()).isIn(Reason.LOST, Reason.UNREACHABLE);
    assertThat(failure(ask(1)).reason()).isEqualTo(Reason.UNREACHABLE);
    server = serve(port);
    await().ignoreExceptions().until(() -> !get(ask(1)).hasRemaining());
  }

  @Test
  void aServerThatMovedIsFoundWhenItsAddressIsKnown() throws Exception {
    get(ask(1));

    server.close();
    server = serve(0);
    client.knows(server);

    await().ignoreExceptions().until(() -> !get(ask(1)).hasRemaining());
  }

  @Test
  void nobodyWaitsForAPeerThatIsNotThere() throws Exception {
    TestNode gone = TestNode.create();
    gone.listen(Handlers.builder().build());
    client.knows(gone);
    gone.close();

    for (int i = 0; i < 50; i++) {
      PeerException failed = failure(client
          .client()
          .request(gone.id(), TestNode.ECHO, ByteBuffer.allocate(1), Duration.ofHours(1)));
      assertThat(failed.reason()).isEqualTo(Reason.UNREACHABLE);
    }
  }

  @Test
  void aPeerWithoutAnAddressIsUnreachable() {
    PeerException failed = failure(client
        .client()
        .request(
            TestNode.newIdentity().id(), TestNode.ECHO, ByteBuffer.allocate(1), TestNode.LIMIT));

    assertThat(failed.reason()).isEqualTo(Reason.UNREACHABLE);
    assertThat(failed).hasMessageContaining("no address");
  }

  @Test
  void aNameThatNobodyHasIsNamed() {
    client.client().cut(server.id());
    client
        .client()
        .setAddress(server.id(), InetSocketAddress.createUnresolved("nobody.invalid", 7747));

    assertThat(failure(ask(1)))
        .hasMessageContaining("nobody.invalid")
        .extracting(PeerException::reason)
        .isEqualTo(Reason.UNREACHABLE);
  }

  @Test
  void aPeerThatAcceptsAndSaysNothingIsGivenUp() throws Exception {
    try (ServerSocket silent = new ServerSocket(0)) {
      client
          .client()
          .setAddress(
              server.id(),
              new InetSocketAddress(InetAddress.getLoopbackAddress(), silent.getLocalPort()));

      PeerException failed = failure(client
          .client()
          .request(server.id(), TestNode.ECHO, ByteBuffer.allocate(1), Duration.ofMillis(100)));

      assertThat(failed.reason()).isEqualTo(Reason.TIMEOUT);
    }
  }

  @Test
  void aPortInUseIsNamed() {
    int port = server.address().getPort();
    try (TestNode second = TestNode.create()) {
      assertThat(catchThrowable(() -> second.listen(Handlers.builder().build(), port)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot listen at")
          .hasMessageContaining(String.valueOf(port));
    }
  }

  @Test
  void ofTwoConnectionsOfANodeTheNewerStays() throws Exception {
    get(client.client().identify(server.address(), TestNode.LIMIT));
    get(client.client().identify(server.address(), TestNode.LIMIT));

    await().ignoreExceptions().until(() -> !get(ask(1)).hasRemaining());
    assertThat(client.client().connected()).hasSize(1);
  }
}
