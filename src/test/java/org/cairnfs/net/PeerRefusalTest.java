package org.cairnfs.net;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.cairnfs.net.Failures.failure;
import static org.cairnfs.net.Failures.get;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.cairnfs.core.NodeId;
import org.cairnfs.net.PeerException.Reason;
import org.cairnfs.net.RawPeer.Received;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * Whom a node does not speak to, and what it says to them; afterwards it serves others as before.
 */
final class PeerRefusalTest {
  private static final UUID ELSEWHERE = UUID.fromString("ffffffff-0000-0000-0000-000000000000");
  private static final int REQUEST = 2;
  private static final int FAILURE = 7;

  private final Map<NodeId, Standing> standings = new ConcurrentHashMap<>();
  private TestNode server;
  private TestNode member;
  private PeerServer listening;
  private final Logger logger = (Logger) LoggerFactory.getLogger("org.cairnfs.net");
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

  @BeforeEach
  void start() throws IOException {
    logged.list = new CopyOnWriteArrayList<>();
    logged.start();
    logger.addAppender(logged);
    server = new TestNode(
        TestNode.newIdentity(),
        TestNode.CLUSTER,
        node -> standings.getOrDefault(node, Standing.MEMBER),
        TestNode.QUICK);
    listening = server.listen(Handlers.builder()
        .on(TestNode.ECHO, (peer, body) -> echo(body), server.executor())
        .onFromGuests(TestNode.JOIN, (peer, body) -> echo(body), server.executor())
        .build());
    member = TestNode.create().knows(server);
  }

  @AfterEach
  void stop() throws Exception {
    logger.detachAppender(logged);
    assertThat(get(ask(member, TestNode.ECHO, 3)).remaining()).isEqualTo(3);
    member.close();
    server.close();
  }

  private static CompletableFuture<Reply> echo(ByteBuffer body) {
    return CompletableFuture.completedFuture(
        Reply.of(ByteBuffer.allocate(body.remaining()).put(body).flip()));
  }

  private CompletableFuture<ByteBuffer> ask(TestNode from, MessageType type, int bytes) {
    return from.client().request(server.id(), type, ByteBuffer.allocate(bytes), TestNode.LIMIT);
  }

  @Test
  void aNodeThatIsNoMemberIsTold() {
    standings.put(member.id(), Standing.REFUSED);

    PeerException refused = failure(ask(member, TestNode.ECHO, 1));

    assertThat(refused.code()).isEqualTo(FailureCode.NOT_A_MEMBER);
    assertThat(refused).hasMessageContaining(member.id().toString());
    assertThat(listening.connected()).isEmpty();
    standings.clear();
    member.client().setAddress(server.id(), new InetSocketAddress("localhost", 1));
    member.knows(server);
  }

  @Test
  void aRevokedNodeIsCutAtOnce() throws Exception {
    get(ask(member, TestNode.ECHO, 1));
    standings.put(member.id(), Standing.REVOKED);

    listening.cut(member.id());

    await().until(() -> listening.connected().isEmpty());
    await().until(() -> member.client().connected().isEmpty());
    await().untilAsserted(() -> {
      member.client().forgive(server.id());
      assertThat(failure(ask(member, TestNode.ECHO, 1)).code()).isEqualTo(FailureCode.REVOKED);
    });
    standings.clear();
    member.client().cut(server.id());
    member.knows(server);
  }

  @Test
  void aGuestMayAskToJoinAndNothingElse() throws Exception {
    try (TestNode guest = TestNode.create()) {
      standings.put(guest.id(), Standing.GUEST);
      guest.knows(server);

      assertThat(get(ask(guest, TestNode.JOIN, 5)).remaining()).isEqualTo(5);
      assertThat(failure(ask(guest, TestNode.ECHO, 1)).code()).isEqualTo(FailureCode.FORBIDDEN);
      assertThat(failure(ask(guest, TestNode.JOIN, NetLimits.GUEST_BODY_MAX_BYTES + 1))
              .reason())
          .isEqualTo(Reason.LOST);
    }
  }

  @Test
  void aNodeOfAnotherClusterIsTold() {
    try (TestNode foreign =
        new TestNode(TestNode.newIdentity(), ELSEWHERE, node -> Standing.MEMBER, TestNode.QUICK)) {
      foreign.knows(server);

      PeerException refused = failure(ask(foreign, TestNode.ECHO, 1));

      assertThat(refused.code()).isEqualTo(FailureCode.WRONG_CLUSTER);
      assertThat(refused)
          .hasMessageContainingAll(ELSEWHERE.toString(), TestNode.CLUSTER.toString());
    }
  }

  @Test
  void anotherNodeAtTheAddressIsNotTalkedTo() {
    NodeId wanted = TestNode.newIdentity().id();
    try (TestNode caller = TestNode.create()) {
      caller.client().setAddress(wanted, server.address());

      PeerException refused = failure(
          caller.client().request(wanted, TestNode.ECHO, ByteBuffer.allocate(1), TestNode.LIMIT));

      assertThat(refused.code()).isEqualTo(FailureCode.WRONG_IDENTITY);
      assertThat(refused).hasMessageContainingAll(wanted.toString(), server.id().toString());
    }
  }

  @Test
  void aServerThatIsNoMemberIsNotTalkedTo() {
    try (TestNode careful = new TestNode(
        TestNode.newIdentity(), TestNode.CLUSTER, node -> Standing.REFUSED, TestNode.QUICK)) {
      PeerException refused = failure(careful.client().identify(server.address(), TestNode.LIMIT));

      assertThat(refused.code()).isEqualTo(FailureCode.NOT_A_MEMBER);
    }
  }

  @Test
  void aNodeDoesNotTalkToItself() {
    PeerException refused = failure(server.client().identify(server.address(), TestNode.LIMIT));

    assertThat(refused.code()).isEqualTo(FailureCode.WRONG_IDENTITY);
  }

  @Test
  void anotherVersionOfTheProtocolIsNamed() throws Exception {
    try (RawPeer raw = RawPeer.tls(server.address())) {
      byte[] hello = HelloCodec.encode(raw.hello(TestNode.CLUSTER, raw.id()));
      hello[5] = 9;
      hello[7] = 7;
      raw.sendFrame(1, 0, Arrays.copyOf(hello, 20));

      Received answer = raw.receive();

      assertThat(answer.code()).isEqualTo(FailureCode.WRONG_VERSION.number());
      assertThat(new String(answer.payload(), 2, answer.payload().length - 2, US_ASCII))
          .contains("versions 7 to 9")
          .contains("version 4");
      assertThat(raw.isClosed()).isTrue();
    }
  }

  @Test
  void aHelloInAnothersNameIsRefused() throws Exception {
    try (RawPeer raw = RawPeer.tls(server.address())) {
      raw.sendFrame(1, 0, HelloCodec.encode(raw.hello(TestNode.CLUSTER, member.id())));

      assertThat(raw.receive().code()).isEqualTo(FailureCode.WRONG_IDENTITY.number());
      assertThat(raw.isClosed()).isTrue();
    }
  }

  @Test
  void whoeverShowsNoCertificateHearsNothing() throws Exception {
    try (RawPeer raw = RawPeer.anonymous(server.address(), "TLSv1.3")) {
      raw.sendFrame(1, 0, HelloCodec.encode(raw.hello(TestNode.CLUSTER, raw.id())));
      assertThat(raw.isClosed()).isTrue();
    } catch (IOException closedWhileSending) {
      assertThat(closedWhileSending).isNotNull();
    }
    assertThat(listening.connected()).isEmpty();
  }

  /** Who says nothing is let go of when its time is over; until then others wait outside. */
  @Test
  void strangersTakeUpFewConnectionsAndMembersGoOn() throws Exception {
    get(ask(member, TestNode.ECHO, 1));
    List<RawPeer> strangers = new ArrayList<>();
    try {
      for (int i = 0; i < ServerPeers.STRANGERS_PER_ADDRESS_MAX; i++) {
        strangers.add(RawPeer.plain(server.address()));
      }
      long begin = System.nanoTime();
      try (RawPeer oneMore = RawPeer.plain(server.address())) {
        assertThat(oneMore.isClosed()).isTrue();
      }
      assertThat(Duration.ofNanos(System.nanoTime() - begin))
          .isLessThan(TestNode.QUICK.handshakeLimit().dividedBy(2));
      assertThat(get(ask(member, TestNode.ECHO, 1)).remaining()).isEqualTo(1);
    } finally {
      for (RawPeer stranger : strangers) {
        stranger.close();
      }
    }
  }

  @Test
  void olderTlsIsRefused() {
    assertThatThrownBy(() -> RawPeer.anonymous(server.address(), "TLSv1.2"))
        .isInstanceOf(IOException.class);
  }

  @Test
  void plainJunkIsHungUpOn() throws IOException {
    try (RawPeer raw = RawPeer.plain(server.address())) {
      raw.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII));

      assertThat(raw.isClosed()).isTrue();
    }
  }

  @Test
  void framesBeforeTheHelloAreRefused() throws Exception {
    try (RawPeer raw = RawPeer.tls(server.address())) {
      raw.sendFrame(REQUEST, 1, new byte[10]);

      assertViolation(raw);
    }
  }

  @Test
  void anOversizedLengthIsRefusedBeforeItsBytesCome() throws Exception {
    try (RawPeer raw = RawPeer.tls(server.address()).greet()) {
      raw.sendHeader(Integer.MAX_VALUE, REQUEST, 1);

      assertViolation(raw);
    }
    try (RawPeer raw = RawPeer.tls(server.address())) {
      raw.sendHeader(-1, 1, 0);

      assertViolation(raw);
    }
  }

  @Test
  void aLengthShorterThanTheHeaderIsRefused() throws Exception {
    try (RawPeer raw = RawPeer.tls(server.address()).greet()) {
      raw.sendHeader(3, REQUEST, 1);

      assertViolation(raw);
    }
  }

  @Test
  void aFrameOfTheServersKindIsRefused() throws Exception {
    try (RawPeer raw = RawPeer.tls(server.address()).greet()) {
      raw.sendFrame(FrameType.REPLY.number(), 1, new byte[1]);

      assertViolation(raw);
    }
  }

  @Test
  void aReplayedRequestIsRefused() throws Exception {
    byte[] request = ByteBuffer.allocate(11)
        .putShort((short) TestNode.ECHO.number())
        .putInt(60_000)
        .putInt(0)
        .array();
    try (RawPeer raw = RawPeer.tls(server.address()).greet()) {
      raw.sendFrame(REQUEST, 5, request);
      assertThat(raw.receive().type()).isEqualTo(FrameType.REPLY.number());

      raw.sendFrame(REQUEST, 5, request);

      assertViolation(raw);
    }
  }

  @Test
  void creditsForNothingAreRefused() throws Exception {
    try (RawPeer raw = RawPeer.tls(server.address()).greet()) {
      raw.sendFrame(FrameType.CREDIT.number(), 1, new byte[] {0, 0, 0, 1});

      assertViolation(raw);
    }
  }

  @Test
  void halfAFrameAndAnEndHarmsNobody() throws Exception {
    try (RawPeer raw = RawPeer.tls(server.address()).greet()) {
      raw.sendHeader(1000, REQUEST, 1).send(new byte[10]);
    }
    await().until(() -> listening.connected().isEmpty());
  }

  private void assertViolation(RawPeer raw) throws IOException {
    Received answer = raw.receive();
    assertThat(answer.type()).isEqualTo(FAILURE);
    assertThat(answer.requestId()).isZero();
    assertThat(answer.code()).isEqualTo(FailureCode.VIOLATION.number());
    assertThat(raw.isClosed()).isTrue();
    assertThat(answer.text()).isNotEmpty();
    assertThat(logged.list)
        .as("why, in the log")
        .anySatisfy(
            event -> assertThat(event.getFormattedMessage()).endsWith(": " + answer.text()));
  }
}
