package org.cairnfs.node.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.cairnfs.blob.BlobNode;
import org.cairnfs.blob.BlobNodes;
import org.cairnfs.core.Replication;
import org.cairnfs.crypto.InvitationSecret;
import org.cairnfs.crypto.KeyFile;
import org.cairnfs.crypto.KeySlots;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.MemberState;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.MessageType;
import org.cairnfs.net.PeerException;
import org.cairnfs.net.Role;
import org.cairnfs.net.TestNode;
import org.cairnfs.node.Joining;
import org.cairnfs.node.cluster.ClusterFixture.RunningNode;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.OperatorException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that find each other, over real connections on the loopback; the log is in memory. */
final class ClusterTest {
  private static final Duration HOUR = Duration.ofHours(1);

  private @TempDir Path directory;
  private ClusterFixture fixture;
  private RunningNode founder;

  @BeforeEach
  void found() throws Exception {
    fixture = new ClusterFixture(directory);
    founder = fixture.found("a");
    await().until(() -> founder.cluster().members().present().size() == 1);
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  private Token invite(Role role) throws OperatorException {
    return founder.control().invite(role, HOUR, 1);
  }

  private static void awaitSeen(RunningNode one, RunningNode other) {
    await().atMost(Duration.ofSeconds(20)).until(() -> one.sees(other) && other.sees(one));
  }

  @Test
  void aMemberGetsWhatOpensTheVolume() throws Exception {
    Token token = Token.parse(invite(Role.MEMBER).encode());
    Home home = fixture.join("b", token);
    try (KeyFile keyFile = KeyFile.load(home.volumeKey())) {
      KeySlots.load(home.volumeSlots()).unlock(keyFile).close();
    }
    NodeConfig config = NodeConfig.read(home);
    NodeConfig founders = NodeConfig.read(fixture.home("a"));
    assertThat(config.clusterId()).isEqualTo(founders.clusterId());
    assertThat(config.volumeId()).isEqualTo(founders.volumeId());
    assertThat(config.bootstrap()).isEqualTo(token.addresses());

    RunningNode joined = fixture.run("b");
    awaitSeen(founder, joined);
    Member row = founder.cluster().members().find(joined.cluster().id()).orElseThrow();
    assertThat(row.zone()).isEqualTo("shed");
    assertThat(row.capacityBytes()).isEqualTo(7L << 30);
    assertThat(row.addresses()).containsExactly(String.valueOf(config.listen()));
    await().until(() -> !Files.exists(home.knownNodes()));
  }

  @Test
  void aStorageNodeGetsNoKey() throws Exception {
    Home home = fixture.join("b", invite(Role.STORAGE));
    assertThat(home.volumeKey()).doesNotExist();
    assertThat(home.volumeSlots()).doesNotExist();
    assertThat(NodeConfig.read(home).profile().role()).isEqualTo(Role.STORAGE);
    RunningNode joined = fixture.run("b");
    awaitSeen(founder, joined);
    OperatorException refusal = catchThrowableOfType(
        OperatorException.class, () -> joined.control().invite(Role.MEMBER, HOUR, 1));
    assertThat(refusal).hasMessageContaining("holds no key");
  }

  private void refused(Token token, String... parts) {
    OperatorException refusal =
        catchThrowableOfType(OperatorException.class, () -> fixture.join("x", token));
    assertThat(refusal).isNotNull();
    assertThat(refusal.getMessage()).contains(parts);
    assertThat(refusal.remedy()).isNotEmpty();
    assertThat(fixture.home("x").root()).doesNotExist();
  }

  @Test
  void aTokenIsGoodForItsUses() throws Exception {
    Token token = invite(Role.MEMBER);
    fixture.join("b", token);
    refused(token, "the invitation has been used");
  }

  /** By the clock of the node that made it; the one that joins is asked for no time. */
  @Test
  void aTokenIsGoodForItsTime() throws Exception {
    Token token = invite(Role.MEMBER);
    founder.clock().advance(HOUR);
    // In case that clock is wrong.
    String there = founder.clock().instant() + " there";
    refused(token, "the invitation has expired; it is " + there);
  }

  /** Neither TLS nor who joins looks at a clock, and an invitation's maker is asked first. */
  @Test
  void aClockThatIsAnHourOffKeepsNobodyOutAndIsNamed() throws Exception {
    RunningNode joined = fixture.join("b", founder);
    assertThat(fixture.notice()).as("the system's clock is not the test's").contains("clock");
    awaitSeen(founder, joined);
    assertThat(trouble(founder, joined)).isEmpty();
    joined.clock().advance(HOUR);
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> trouble(founder, joined).equals("its clock is 60 min ahead of this node's")
            && trouble(joined, founder).equals("its clock is 60 min behind this node's"));
    Duration ttl = Duration.ofMinutes(30);
    fixture.join("c", founder.control().invite(Role.MEMBER, ttl, 1));
    fixture.join("d", joined.control().invite(Role.MEMBER, ttl, 1));
  }

  private static String trouble(RunningNode asked, RunningNode other) {
    return asked.cluster().heartbeats().report(other.cluster().id()).trouble();
  }

  @Test
  void aSecretThatIsMadeUpOpensNothing() throws Exception {
    Token token = invite(Role.MEMBER);
    refused(
        new Token(
            token.cluster(),
            token.role(),
            token.nodes(),
            token.addresses(),
            InvitationSecret.generate(new SecureRandom())),
        "knows no such invitation");
  }

  /** Each address is tried at once, and the node lets go of all connections but the newest. */
  @Test
  void aNodeAdmitsWhoFoundItAtManyAddresses() throws Exception {
    Token token = invite(Role.MEMBER);
    int port = token.addresses().get(0).port();
    List<ListenAddress> many = new ArrayList<>(token.addresses());
    for (String host : List.of("localhost", "Localhost", "LOCALHOST", "localHost", "LocalHost")) {
      many.add(new ListenAddress(host, port));
    }
    fixture.join(
        "b", new Token(token.cluster(), token.role(), token.nodes(), many, token.secret()));
  }

  /** A guest, which it is while there is an invitation, may only show the secret of one. */
  @Test
  void aStrangerGetsNothing() throws Exception {
    NodeConfig config = NodeConfig.read(fixture.home("a"));
    ListenAddress address = config.listen();
    try (TestNode stranger = TestNode.of(config.clusterId())) {
      stranger
          .client()
          .setAddress(
              founder.cluster().id(), new InetSocketAddress(address.host(), address.port()));
      assertThat(refusal(stranger, PeerMessages.HEARTBEAT)).isEqualTo(FailureCode.NOT_A_MEMBER);
      assertThat(refusal(stranger, PeerMessages.JOIN)).isEqualTo(FailureCode.NOT_A_MEMBER);

      invite(Role.MEMBER);

      assertThat(refusal(stranger, PeerMessages.HEARTBEAT)).isEqualTo(FailureCode.FORBIDDEN);
      assertThat(refusal(stranger, PeerMessages.JOIN)).isEqualTo(FailureCode.INVALID);
    }
    assertThat(founder.cluster().members().present()).hasSize(1);
  }

  /** Why an empty message is not answered, once the node can be called. */
  private FailureCode refusal(TestNode stranger, MessageType type) {
    return await()
        .until(
            () -> {
              stranger.client().forgive(founder.cluster().id());
              CompletableFuture<ByteBuffer> answer = stranger
                  .client()
                  .request(founder.cluster().id(), type, ByteBuffer.allocate(0), TestNode.LIMIT);
              return (PeerException) catchThrowableOfType(
                      ExecutionException.class, () -> answer.get(20, TimeUnit.SECONDS))
                  .getCause();
            },
            problem -> problem.code() != FailureCode.FAILED)
        .code();
  }

  @Test
  void aStorageTokenMakesNoMember() throws Exception {
    Token token = invite(Role.STORAGE);
    refused(
        new Token(token.cluster(), Role.MEMBER, token.nodes(), token.addresses(), token.secret()),
        "for another role");
  }

  @Test
  void aTokenOfAnotherClusterIsNotBelieved() throws Exception {
    try (ClusterFixture elsewhere = new ClusterFixture(directory.resolve("elsewhere"))) {
      Token foreign = elsewhere.found("a").control().invite(Role.MEMBER, HOUR, 1);
      Token own = invite(Role.MEMBER);
      // Its addresses lead here now.
      refused(
          new Token(
              foreign.cluster(),
              foreign.role(),
              foreign.nodes(),
              own.addresses(),
              foreign.secret()),
          own.addresses().get(0).toString(),
          "another cluster");
    }
  }

  @Test
  void theMessageNamesAllThatCannotBeReached() throws Exception {
    Token token = invite(Role.MEMBER);
    List<ListenAddress> dead =
        List.of(ClusterFixture.freePort(), new ListenAddress("no-such-host.invalid", 7747));
    refused(
        new Token(token.cluster(), token.role(), token.nodes(), dead, token.secret()),
        dead.get(0).toString(),
        dead.get(1).toString());
    List<ListenAddress> oneAlive = new ArrayList<>(dead);
    oneAlive.addAll(token.addresses());
    fixture.join(
        "b", new Token(token.cluster(), token.role(), token.nodes(), oneAlive, token.secret()));
  }

  @Test
  void aPortInUseIsNamed() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ListenAddress taken = new ListenAddress("127.0.0.1", other.getLocalPort());
      OperatorException refusal = catchThrowableOfType(
          OperatorException.class, () -> Joining.prepare(fixture.home("x"), taken));
      assertThat(refusal).hasMessageContaining("port " + taken.port() + " of 127.0.0.1 is in use");
    }
  }

  @Test
  void aHomeCopiedToAnotherHostIsNoticed() throws Exception {
    RunningNode joined = fixture.join("b", founder);
    awaitSeen(founder, joined);
    fixture.copy("b", "copy");
    OperatorException refusal =
        catchThrowableOfType(OperatorException.class, () -> fixture.run("copy"));
    assertThat(refusal).isNotNull();
    assertThat(refusal.getMessage())
        .contains("another node with the identity " + joined.cluster().id() + " is running");
    assertThat(refusal.remedy()).contains("copy of a home");
    // The right one goes on.
    awaitSeen(founder, joined);
    assertThat(joined.ends()).isEmpty();

    joined.close();
    RunningNode moved = fixture.run("copy");
    awaitSeen(founder, moved);
    await()
        .until(() -> founder
            .cluster()
            .members()
            .find(moved.cluster().id())
            .orElseThrow()
            .addresses()
            .equals(List.of(String.valueOf(moved.cluster().network().listening()))));
  }

  @Test
  void aNodeThatIsGoneIsSeenDownAndUpAgain() throws Exception {
    RunningNode joined = fixture.join("b", founder);
    awaitSeen(founder, joined);
    joined.close();
    await().atMost(Duration.ofSeconds(10)).until(() -> !founder.sees(joined));
    assertThat(founder.cluster().troubles()).startsWith(": 127.0.0.1:");
    RunningNode again = fixture.run("b");
    awaitSeen(founder, again);
  }

  /** Its blobs stay where they are until it was away for long; then others are to have them. */
  @Test
  void blobsOfANodeThatIsOutBelongToOthersUntilItIsBack() throws Exception {
    RunningNode joined = fixture.join("b", founder);
    awaitSeen(founder, joined);
    BlobNodes patient = blobNodes(Duration.ofHours(1));
    BlobNodes hasty = blobNodes(Duration.ofMillis(1));
    AtomicInteger heard = new AtomicInteger();
    hasty.onChange(heard::incrementAndGet);
    for (BlobNodes nodes : List.of(patient, hasty)) {
      assertThat(seen(nodes, joined).live()).isTrue();
      assertThat(seen(nodes, joined).placeable()).isTrue();
    }

    joined.close();
    await().atMost(Duration.ofSeconds(10)).until(() -> !seen(hasty, joined).placeable());
    assertThat(heard).hasPositiveValue();
    await().until(() -> !seen(patient, joined).live());
    assertThat(seen(patient, joined).placeable()).isTrue();

    fixture.run("b");
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> seen(hasty, joined).live() && seen(hasty, joined).placeable());
  }

  private BlobNodes blobNodes(Duration outAfter) {
    Cluster cluster = founder.cluster();
    return new ClusterBlobNodes(cluster.id(), cluster.members(), cluster.heartbeats(), outAfter);
  }

  private static BlobNode seen(BlobNodes by, RunningNode node) {
    return by.nodes().stream()
        .filter(each -> each.id().equals(node.cluster().id()))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void anyMemberIsEnoughToComeBack() throws Exception {
    RunningNode second = fixture.join("b", founder);
    RunningNode third = fixture.join("c", founder);
    awaitSeen(second, third);
    founder.close();
    third.close();
    NodeConfig config = NodeConfig.read(fixture.home("c"));
    assertThat(config.bootstrap()).as("the one that is gone").hasSize(1);

    awaitSeen(second, fixture.run("c"));
  }

  /** Both have moved, so neither is where the other remembers it. */
  @Test
  void theConfigurationSaysWhereToLookForOthers() throws Exception {
    RunningNode joined = fixture.join("b", founder);
    awaitSeen(founder, joined);
    joined.close();
    founder.close();
    ListenAddress moved = ClusterFixture.freePort();
    NodeConfig.read(fixture.home("a")).withListen(moved).write(fixture.home("a"));
    NodeConfig config = NodeConfig.read(fixture.home("b"));
    new NodeConfig(
            config.clusterId(),
            config.volumeId(),
            ClusterFixture.freePort(),
            List.of(ClusterFixture.freePort(), moved),
            config.profile(),
            config.upkeep(),
            config.idlePolling())
        .write(fixture.home("b"));

    awaitSeen(fixture.run("a"), fixture.run("b"));
  }

  @Test
  void aRemovedNodeIsRevokedForGood() throws Exception {
    RunningNode joined = fixture.join("b", founder);
    RunningNode third = fixture.join("c", founder);
    awaitSeen(founder, joined);
    awaitSeen(third, joined);
    String id = joined.cluster().id().toString();
    founder.control().remove(founder.control().find(id.substring(0, 8)));

    assertThat(joined.ends().poll(20, TimeUnit.SECONDS))
        .hasMessageContaining("was removed from its cluster");
    await().until(() -> !founder.sees(joined) && !third.sees(joined));
    joined.close();
    OperatorException refusal =
        catchThrowableOfType(OperatorException.class, () -> fixture.run("b"));
    assertThat(refusal).hasMessageContaining("was removed from its cluster");
    assertThat(catchThrowableOfType(
            OperatorException.class,
            () -> founder.control().remove(founder.control().find(id))))
        .hasMessageContaining("was removed already");
  }

  /** Its connections are cut before the log says so to it. */
  @Test
  void whoMissedItsRemovalHearsOfItFromTheNextMember() throws Exception {
    RunningNode joined = fixture.join("b", founder);
    awaitSeen(founder, joined);
    joined.missesTheLog();
    founder.control().remove(founder.control().find(joined.cluster().id().toString()));

    assertThat(joined.ends().poll(20, TimeUnit.SECONDS))
        .hasMessageContaining("was removed from its cluster");
    assertThat(joined.cluster().members().present()).as("it did not hear it").hasSize(2);
  }

  @Test
  void drainingIsForOthersToSee() throws Exception {
    RunningNode joined = fixture.join("b", founder);
    Member member = founder.control().find(joined.cluster().id().toString());
    founder.control().drain(member, false);
    assertThat(joined.cluster().members().find(member.id()).orElseThrow().state())
        .isEqualTo(MemberState.DRAINING);
    assertThat(founder.cluster().blobNodes().nodes())
        .filteredOn(node -> node.id().equals(member.id()))
        .allMatch(node -> !node.placeable());
    assertThat(catchThrowableOfType(
            OperatorException.class,
            () -> founder
                .control()
                .drain(founder.control().find(founder.cluster().id().toString()), false)))
        .hasMessageContaining("no other node");
  }

  @Test
  void theNumberOfCopiesIsForAllNodes() throws Exception {
    RunningNode joined = fixture.join("b", founder);
    AtomicInteger heard = new AtomicInteger();
    joined.cluster().blobNodes().onChange(heard::incrementAndGet);

    founder.control().setReplication(2, null);

    await()
        .until(() -> joined
            .cluster()
            .blobNodes()
            .replication()
            .equals(new Replication(2, Replication.MAJORITY)));
    assertThat(heard).hasPositiveValue();

    OperatorException refusal = catchThrowableOfType(
        OperatorException.class, () -> joined.control().setReplication(null, 3));
    assertThat(refusal).hasMessageContaining("cannot wait for 3 copies when there are 2");
    assertThat(refusal.remedy()).contains("--replicas 2 --write-quorum majority");
    assertThat(catchThrowableOfType(
            OperatorException.class, () -> founder.control().setReplication(99, null)))
        .hasMessageContaining("1 to 32 copies");
    assertThat(founder.cluster().members().replication().replicas()).isEqualTo(2);
  }

  /** What a node said before it heard that it is to leave says nothing of how far it is. */
  @Test
  void aNodeIsDrainedWhenItHasSaidSoSinceItWasToldTo() throws Exception {
    RunningNode joined = fixture.join("b", founder);
    Member member = founder.control().find(joined.cluster().id().toString());
    AtomicReference<OptionalLong> said = new AtomicReference<>(OptionalLong.of(0));
    joined.cluster().blobs(() -> 5, said::get);
    awaitSeen(founder, joined);
    Heartbeats heard = founder.cluster().heartbeats();
    await().until(() -> heard.report(member.id()).said().getUsedBytes() == 5);
    for (int round = 0; round < 2; round++) {
      said.set(OptionalLong.empty());
      founder.control().drain(member, true);
      founder.control().drain(member, false);
      assertThat(founder.cluster().blobsToMove(member.id())).isEmpty();
      await().until(() -> !heard.report(member.id()).said().hasBlobsToMove());
      assertThat(founder.cluster().blobsToMove(member.id())).isEmpty();

      said.set(OptionalLong.of(7));
      await().until(() -> founder.cluster().blobsToMove(member.id()).equals(OptionalLong.of(7)));
      said.set(OptionalLong.of(0));
      await().until(() -> founder.cluster().blobsToMove(member.id()).equals(OptionalLong.of(0)));
    }
  }

  @Test
  void whoIsToBeRemovedMustBeClear() {
    for (String prefix : new String[] {"", "0", "zzzz", "nothing like it"}) {
      assertThat(catchThrowableOfType(
              OperatorException.class, () -> founder.control().find(prefix)))
          .hasMessageContaining("no node of the cluster");
    }
    String own = founder.cluster().id().toString();
    assertThat(catchThrowableOfType(
            OperatorException.class,
            () -> founder.control().remove(founder.control().find(own))))
        .hasMessageContaining("does not remove itself");
  }
}
