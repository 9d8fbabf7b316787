package org.cairnfs.meta.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.cairnfs.meta.MemberOutcome;
import org.cairnfs.meta.MemberState;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.Sessions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A cluster that grows and shrinks. */
class RaftMembershipTest extends RaftCluster {
  @Test
  void aClusterGrowsFromOneToFive() {
    Node founder = found();
    MetaSession session = session(founder);
    create(session, "alone").join();

    join(founder);
    awaitVoters(1, 1);
    get(create(session, "two"));
    join(nodes.get(1));
    awaitVoters(3, 0);
    get(create(session, "three"));
    join(founder);
    join(nodes.get(3));
    awaitVoters(5, 0);
    get(create(session, "five"));

    nodes.forEach(node -> get(node.log.ready()));
    awaitSame(nodes);
    for (Node node : nodes) {
      assertThat(node.members.list()).hasSize(5);
      assertThat(node.store.usage()).isEqualTo(founder.store.usage());
      assertThat(node.log.hasLeader()).isTrue();
      assertThat(node.fetches).hasValue(0);
    }
  }

  /** The library drops learners when it gives up adding somebody who is not there. */
  @Test
  void whoDoesNotComeHoldsNobodyUp() {
    Node founder = found();
    MetaSession session = session(founder);
    join(founder);
    awaitVoters(1, 1);
    Node absent = new Node(3, true);
    nodes.add(absent);
    get(founder.changes().join(SECRET, absent.member(), NOW));
    Instant end = Instant.now().plus(timing.electionMax().multipliedBy(8));
    for (int i = 0; Instant.now().isBefore(end); i++) {
      get(create(session, "meanwhile" + i));
      await().atMost(LIMIT).until(() -> nodes.get(1).applied() == founder.applied());
    }
    absent.open();
    awaitVoters(3, 0);
    get(create(session, "after"));
    awaitSame(nodes);
  }

  @Test
  void whoComesAfterTheLogWasPurgedGetsAllRows() {
    Node founder = found();
    MetaSession session = session(founder);
    get(create(session, "before"));
    purge(founder);

    Node second = join(founder);
    second.fetchedBytesMax = 200;
    await().atMost(LIMIT).until(() -> second.fetches.get() > 1);
    assertThat(second.applied()).isZero();
    second.fetchedBytesMax = Long.MAX_VALUE;

    get(second.log.ready());
    get(create(session, "after"));
    awaitSame(nodes);
    assertThat(second.store.usage()).isEqualTo(founder.store.usage());
    assertThat(second.members.list()).hasSize(2);
    // And it is no longer needed when it comes back.
    int fetches = second.fetches.get();
    second.close();
    second.open();
    get(second.log.ready());
    assertThat(second.fetches).hasValue(fetches);
  }

  /**
   * Logs begin where their nodes joined: the library refuses a leader whose own is the longer one.
   */
  @Test
  void whoHasAllRowsOfALeaderThatDiesGoesOnWithTheNext() {
    timing = hasty();
    Node founder = found();
    purge(founder);
    join(founder);
    get(nodes.get(1).log.ready());
    Node last = join(founder);
    awaitVoters(3, 0);
    nodes.forEach(node -> get(node.log.ready()));
    while (leader() != last) {
      Node other = leader();
      net.cut(other.id.toString());
      await()
          .atMost(LIMIT)
          .until(() -> nodes.stream().anyMatch(node -> node != other && node.leads()));
      net.heal();
    }

    Node fourth = new Node(4, true);
    fourth.fetched = from -> net.cut(last.id.toString());
    nodes.add(fourth);
    fourth.open();
    get(last.changes().join(SECRET, fourth.member(), NOW));

    await().atMost(LIMIT).until(() -> fourth.fetches.get() > 0);
    get(fourth.log.ready());
    assertThat(fourth.members.list()).hasSize(4);
  }

  /** This leader brought it in: the library would wait for it, and then forget the others, too. */
  @Test
  void aNodeIsAddedThoughAVoterIsDead() {
    timing = hasty();
    three();
    Node leader = leader();
    Node dead = otherThan(leader);
    net.cut(dead.id.toString());
    await()
        .atMost(LIMIT)
        .until(() -> leader
                .log
                .current()
                .silence()
                .get(dead.id.toString())
                .compareTo(timing.newcomerSilence())
            > 0);
    Logger logger = (Logger) LoggerFactory.getLogger(LeaderDuties.class);
    ListAppender<ILoggingEvent> said = new ListAppender<>();
    said.list = new CopyOnWriteArrayList<>();
    said.start();
    logger.addAppender(said);
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    try {
      join(leader);
      awaitVoters(3, 1);
    } finally {
      logger.setAdditive(true);
      logger.setLevel(null);
      logger.detachAppender(said);
    }
    assertThat(said.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .anyMatch(line -> line.startsWith("The Raft group changes"))
        .noneMatch(line -> line.contains("did not change"));
  }

  @Test
  void aLoadThatWasInterruptedIsBegunAnew() throws IOException {
    Node founder = found();
    MetaSession session = session(founder);
    get(create(session, "before"));
    purge(founder);
    Node second = join(founder);
    get(second.log.ready());
    awaitVoters(1, 1);
    second.close();
    get(create(session, "while it was away"));
    purge(founder);

    // What a crash in the middle leaves: the rows on disk, some of them in the store.
    Path rows = second.directory.resolve(GROUP + ".rows");
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    second.fetch(founder.id.toString(), all);
    Files.write(rows, Arrays.copyOf(all.toByteArray(), all.size() - 1));
    MetaStore half = new MetaStore(second.kv);
    assertThatThrownBy(() -> new SnapshotSpool(second.directory, GROUP).load(half))
        .isInstanceOf(IOException.class);
    Files.write(rows, all.toByteArray());
    second.open();

    assertThat(rows).doesNotExist();
    get(second.log.ready());
    awaitSame(nodes);
    assertThat(second.store.usage()).isEqualTo(founder.store.usage());
  }

  @Test
  void whoIsRemovedLeavesTheGroupTheLeaderToo() {
    three();
    Node removed = leader();
    Node other = otherThan(removed);
    session(removed);

    assertThat(get(other.changes().setState(removed.id, MemberState.REMOVED)))
        .isEqualTo(MemberOutcome.DONE);

    await()
        .atMost(LIMIT)
        .until(() -> nodes.stream().anyMatch(node -> node != removed && node.leads()));
    await().atMost(LIMIT).untilAsserted(() -> {
      Node leader = nodes.stream()
          .filter(node -> node != removed && node.leads())
          .findFirst()
          .orElseThrow();
      assertThat(leader.log.group()).isNotNull();
      assertThat(leader.log.group().has(removed.id.toString())).isFalse();
    });
    await()
        .atMost(LIMIT)
        .until(() ->
            Sessions.list(other.store).stream().noneMatch(live -> live.node().equals(removed.id)));
    MetaSession session = session(other);
    get(create(session, "without it"));
    await()
        .atMost(LIMIT)
        .untilAsserted(
            () -> assertThat(removed.log.propose(new byte[0])).isCompletedExceptionally());
  }

  @Test
  void aVoterThatIsSilentForLongIsReplaced() {
    timing = new RaftTiming(
        QUICK.electionMin(),
        QUICK.electionMax(),
        QUICK.noLeader(),
        Duration.ofSeconds(2),
        QUICK.silentSession(),
        QUICK.tick());
    three();
    join(nodes.get(0));
    awaitVoters(3, 1);
    Node leader = leader();
    Node silent = nodes.stream()
        .filter(node -> node != leader && leader.log.group().voters().contains(node.id.toString()))
        .findFirst()
        .orElseThrow();

    net.cut(silent.id.toString());

    await().atMost(LIMIT).untilAsserted(() -> {
      VoterPlan.Group group = leader.log.group();
      assertThat(group).isNotNull();
      assertThat(group.voters()).hasSize(3).doesNotContain(silent.id.toString());
      assertThat(group.learners()).containsExactly(silent.id.toString());
    });
    net.heal();
    get(create(session(silent), "back"));
    awaitSame(nodes);
  }

  /** The library then waits for a thread that waits for the lock that the library holds. */
  @Test
  void whoLooksForALeaderJustWhenItGetsItsVoteGetsIt() {
    Node founder = found();
    AtomicInteger held = new AtomicInteger();
    net.gate((to, message, receiver) -> {
      Thread watcher = hasConfiguration(message) ? electionWatcher(to) : null;
      if (watcher == null) {
        return receiver.receive(to, message);
      }
      synchronized (division(watcher)) {
        held.incrementAndGet();
        await().atMost(LIMIT).until(() -> watcher.getState() == Thread.State.BLOCKED);
        return receiver.receive(to, message);
      }
    });
    join(founder);
    join(founder);
    awaitVoters(3, 0);
    nodes.forEach(node -> get(node.log.ready()));
    get(create(session(nodes.get(2)), "after"));
    awaitSame(nodes);
    assertThat(held).hasValueGreaterThan(1);
  }

  private static boolean hasConfiguration(ByteBuffer message) throws IOException {
    ByteBuffer copy = message.duplicate();
    return RaftMessages.kind(copy) == RaftMessages.Kind.APPEND_ENTRIES
        && RaftMessages.read(AppendEntriesRequestProto.parser(), copy).getEntriesList().stream()
            .anyMatch(LogEntryProto::hasConfigurationEntry);
  }

  /** The thread in which that node looks whether it is time for an election. */
  private static @Nullable Thread electionWatcher(String node) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(node + "@"))
        .filter(thread -> thread.getName().endsWith("-FollowerState"))
        .findFirst()
        .orElse(null);
  }

  private static Object division(Thread electionWatcher) {
    try {
      Field server = electionWatcher.getClass().getDeclaredField("server");
      server.setAccessible(true);
      return server.get(electionWatcher);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(e.getMessage(), e);
    }
  }
}
