package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes in processes of their own, each with an address of its own on this host. */
@Tag("alone")
final class ClusterIT {
  private static final int FILES = 200;

  /** A node that was killed for a test is missed before long. */
  private static final String OUT_SOON = "out.after=5s\n";

  /** Only the time of day: a JVM that waits by another clock than it reads waits for ever. */
  private static final List<String> AN_HOUR_AHEAD = List.of(
      "env",
      "DONT_FAKE_MONOTONIC=1",
      "FAKETIME_FORCE_MONOTONIC_FIX=0",
      "NO_FAKE_STAT=1",
      "faketime",
      "-f",
      "+1h");

  private @TempDir Path directory;
  private Hosts hosts;

  @BeforeEach
  void begin() {
    hosts = new Hosts(directory);
  }

  @AfterEach
  void stop() throws Exception {
    hosts.stop();
  }

  @Test
  void oneTreeOnThreeHostsWhateverHappensToOne() throws Exception {
    Hosts.Host one = hosts.found();
    Hosts.Host two = hosts.joinAndMount(one);
    assertThat(two.mount()).isEmptyDirectory();
    String token = Hosts.invite(two);
    Hosts.Host three = whoIsAdmitted(token, hosts.host(), hosts.host());
    three.mounted();
    assertThat(Files.readString(three.cairn().home().resolve("cairn.properties")))
        .contains("bootstrap=" + two.listen() + "," + one.listen());
    assertThat(three.peers()).contains(one.listen(), two.listen(), three.listen());
    copiesAreAsTheVolumeSays(one, three);

    Path original = directory.resolve("original");
    Hosts.makeTree(original, FILES, 1);
    Hosts.makeTree(one.mount().resolve("tree"), FILES, 1);
    Hosts.assertSame(original, three.mount().resolve("tree"));

    // Close-to-open, both ways.
    Files.writeString(two.mount().resolve("note"), "from two");
    assertThat(three.mount().resolve("note")).hasContent("from two");
    Files.writeString(three.mount().resolve("note"), "from three");
    assertThat(two.mount().resolve("note")).hasContent("from three");

    one.cairn().killNode();
    Hosts.configure(one, OUT_SOON);
    Hosts.assertSame(original, two.mount().resolve("tree"));
    Hosts.makeTree(two.mount().resolve("second"), FILES, 2);
    Path second = directory.resolve("second");
    Hosts.makeTree(second, FILES, 2);
    Hosts.assertSame(second, three.mount().resolve("second"));
    three.awaitPeers("down");
    joining(hosts.host(), token).get().failed("used"); // whoever leads now

    one.cairn().run("mount", one.mount()).ok();
    Hosts.assertSame(second, one.mount().resolve("second"));
    one.awaitPeers("(?s)up.*up.*up");

    Hosts.Host copy = hosts.host();
    for (Hosts.Host host : List.of(two, three)) {
      host.cairn().run("stop").ok();
      Hosts.configure(host, OUT_SOON);
      if (host.equals(three)) {
        copy(three, copy);
      }
      host.cairn().run("mount", host.mount()).ok();
      Hosts.assertSame(original, host.mount().resolve("tree"));
    }
    copy.cairn().run("start").failed("another node with the identity " + three.id());
    three.cairn().run("ls", "tree").ok();
    whoStaysAwayIsReplaced(one, two, three);
  }

  /** Both ask at once with a token for one. */
  private static Hosts.Host whoIsAdmitted(String token, Hosts.Host first, Hosts.Host second)
      throws Exception {
    CompletableFuture<CairnProcess.Result> firsts = joining(first, token);
    CompletableFuture<CairnProcess.Result> seconds = joining(second, token);
    boolean isFirst = firsts.get().exitCode() == 0;
    (isFirst ? firsts : seconds).get().ok();
    (isFirst ? seconds : firsts).get().failed("used");
    return isFirst ? first : second;
  }

  private static CompletableFuture<CairnProcess.Result> joining(Hosts.Host host, String token) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return host.cairn().run("join", token, "--listen", host.listen());
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          } catch (InterruptedException e) {
            throw new CompletionException(e);
          }
        },
        CairnProcess.OWN_THREAD);
  }

  /** Copies the home of a node that does not run to another host. */
  private static void copy(Hosts.Host from, Hosts.Host to) throws Exception {
    ThreeHosts.sh("cp -a " + from.cairn().home() + " " + to.cairn().home());
    Path config = to.cairn().home().resolve("cairn.properties");
    Files.writeString(config, Files.readString(config).replace(from.listen(), to.listen()));
  }

  /** By a fourth, which gets its vote. */
  private void whoStaysAwayIsReplaced(Hosts.Host... voters) throws Exception {
    Hosts.Host asked = voters[0];
    Hosts.Host fourth = hosts.host();
    String token = Hosts.invite(asked, "--role", "storage");
    fourth.cairn().run("join", token, "--listen", fourth.listen()).ok();
    assertThat(asked.peersThat("\"voter\": true")).hasSize(3).doesNotContain(fourth.id());
    String leader = asked.peersThat("\"leader\": true").get(0);
    Hosts.Host gone = voters[leader.equals(voters[1].id()) ? 2 : 1];
    String goneId = gone.id();
    gone.cairn().killNode();

    await()
        .atMost(Hosts.LIMIT)
        .pollInterval(Duration.ofMillis(500))
        .untilAsserted(() -> assertThat(asked.peersThat("\"voter\": true"))
            .hasSize(3)
            .contains(fourth.id())
            .doesNotContain(goneId));
    ThreeHosts.sh("fusermount -u -z " + gone.mount());
  }

  /** Although its clock is an hour off, which keeps it from nothing and is told. */
  @Test
  void aNodeIsDrainedAndRemoved() throws Exception {
    Hosts.Host one = hosts.found();
    Hosts.Host two = hosts.host(AN_HOUR_AHEAD);
    String token = Hosts.invite(one, "--ttl", "5m");
    assertThat(two.cairn().run("join", token, "--listen", two.listen()).ok().err())
        .contains("this host's clock is 60 min ahead of the cluster's");
    two.mounted();
    assertThat(one.peers()).contains(": its clock is 60 min ahead of this node's");
    assertThat(two.peers()).contains(": its clock is 60 min behind this node's");
    Files.write(two.mount().resolve("file"), new byte[3_000_000]);
    String id = two.id();
    one.cairn().run("node", "drain", id.substring(0, 8)).ok();
    assertThat(one.peers()).contains("drained");
    one.cairn().run("node", "remove", id.substring(0, 8)).ok();
    assertThat(one.peers()).doesNotContain(id.substring(0, 12));
    assertThat(one.mount().resolve("file")).hasBinaryContent(new byte[3_000_000]);
    // It hears of it, stops, and is not let in again.
    await()
        .atMost(Hosts.LIMIT)
        .pollInterval(Duration.ofMillis(500))
        .untilAsserted(() -> two.cairn().run("start").failed("removed from its cluster"));
    one.cairn().run("node", "remove", "0000000").failed("no node of the cluster");
  }

  /** And what is on another node is read by the frame. */
  private static void copiesAreAsTheVolumeSays(Hosts.Host writer, Hosts.Host other)
      throws Exception {
    assertThat(other.cairn().run("volume").ok().out())
        .contains("Replicas     3\n", "Write quorum majority (2 with these nodes)");
    writer.cairn().run("volume", "--replicas", 1).ok();
    await().atMost(Hosts.LIMIT).until(() -> other.status("replicas") == 1);
    int blobs = 24;
    writer.sh("dd if=/dev/urandom of=large bs=1M count=" + blobs + " conv=fsync status=none");
    assertThat(other.status("blobs")).isLessThan(blobs);

    int reads = 0;
    long before = other.status("fetchedBytes");
    for (; other.status("fetchedBytes") == before; reads++) {
      other.sh("dd if=large of=/dev/null bs=4k count=1 status=none skip=" + (256 * reads + 100));
    }
    assertThat(other.status("fetchedBytes") - before).as("a frame").isEqualTo((64 << 10) + 16);

    other.cairn().run("volume", "--write-quorum", 2).failed("cannot wait for 2 copies when there");
    assertThat(other.cairn().run("volume", "--replicas", 0).exitCode()).isEqualTo(2);
    other.cairn().run("volume", "--replicas", "all", "--write-quorum", 2).ok();
    awaitStatus(other, "blobs", blobs);
    writer.cairn().run("volume", "--replicas", 3, "--write-quorum", "majority").ok();
  }

  private static void awaitStatus(Hosts.Host host, String key, long atLeast) {
    await()
        .atMost(Hosts.LIMIT)
        .pollInterval(Duration.ofMillis(500))
        .untilAsserted(() -> assertThat(host.status(key)).isGreaterThanOrEqualTo(atLeast));
  }

  @Test
  void aStorageNodeLearnsNothing() throws Exception {
    Hosts.Host one = hosts.found();
    String token = Hosts.invite(one, "--role", "storage", "--ttl", "5m");
    Hosts.Host store = hosts.host();
    store
        .cairn()
        .run("join", token, "--listen", store.listen(), "--label", "zone=attic")
        .ok();
    assertThat(one.peers()).containsPattern("storage +up").contains("attic");

    String secret = "the treasure is buried under the old oak tree ";
    String name = "a-name-that-nobody-else-has.txt";
    Files.writeString(one.mount().resolve(name), secret.repeat(1000));
    one.cairn().run("put", "other-" + name, one.mount().resolve(name)).ok();
    await()
        .atMost(Hosts.LIMIT)
        .pollInterval(Duration.ofMillis(500))
        .untilAsserted(
            () -> assertThat(store.cairn().run("status", "--json").ok().out())
                .containsPattern("\"blobs\": [1-9]"));

    for (Object[] command : new Object[][] {
      {"mount", store.mount()},
      {"ls"},
      {"get", name},
      {"put", "x", directory.resolve("home1/lock")},
      {"rm", name},
      {"passwd"}
    }) {
      store.cairn().run(command).failed("this is a storage node", "member");
    }
    String key = Files.readString(one.cairn().home().resolve("volume.key"))
        .lines()
        .toList()
        .get(1);
    Path dump = directory.resolve("heap.hprof");
    Process jcmd = new ProcessBuilder(
            javaTool("jcmd"), Long.toString(store.cairn().pid()), "GC.heap_dump", dump.toString())
        .redirectErrorStream(true)
        .start();
    byte[] said = jcmd.getInputStream().readAllBytes();
    assertThat(dump).as(new String(said, StandardCharsets.UTF_8)).exists();
    List<byte[]> forbidden =
        List.of(ascii(secret), ascii(name), ascii(key), HexFormat.of().parseHex(key));
    assertHoldsNone(dump, forbidden);
    try (Stream<Path> files = Files.walk(store.cairn().home())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertHoldsNone(file, forbidden);
      }
    }
    assertThat(store.cairn().home().resolve("volume.key")).doesNotExist();
    assertThat(store.cairn().home().resolve("volume.slots")).doesNotExist();
  }

  private static String javaTool(String tool) {
    return Path.of(System.getProperty("java.home"), "bin", tool).toString();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static void assertHoldsNone(Path file, List<byte[]> forbidden) throws IOException {
    String content = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    for (byte[] bytes : forbidden) {
      String part = new String(bytes, StandardCharsets.ISO_8859_1);
      assertThat(content.contains(part)).as("%s holds what it must not", file).isFalse();
    }
  }

  /** What people get wrong, as they see it. */
  @Test
  void badTokensAndPlaces() throws Exception {
    Hosts.Host one = hosts.found();
    String token = Hosts.invite(one, "--ttl", "1s");
    Hosts.Host two = hosts.host();
    Path home = two.cairn().home();
    two.cairn().run("join", "nonsense", "--listen", two.listen()).failed("not a token of Cairn");
    two.cairn()
        .run("join", token.substring(0, token.length() - 3), "--listen", two.listen())
        .failed("the token is damaged");
    two.cairn().run("join", token, "--listen", one.listen()).failed("is in use by another program");
    TimeUnit.SECONDS.sleep(1);
    two.cairn().run("join", token, "--listen", two.listen()).failed("the invitation has expired");
    assertThat(home).doesNotExist();
    assertThat(one.cairn().run("invite", "--ttl", "soon").exitCode()).isEqualTo(2);
    assertThat(one.cairn().run("invite", "--role", "king").exitCode()).isEqualTo(2);
    assertThat(one.cairn().run("join", token, "--capacity", "much").exitCode()).isEqualTo(2);
    one.cairn().run("join", token).failed("there is a node in");

    String good = Hosts.invite(one);
    one.cairn().run("stop").ok();
    two.cairn()
        .run("join", good, "--listen", two.listen())
        .failed("none of the token's nodes could be asked", one.listen(), "connection refused");
    assertThat(home).doesNotExist();
  }

  /** A cluster of one has no port; the first invitation gives it one. */
  @Test
  void aNodeThatDidNotListenDoesFromItsFirstInvitationOn() throws Exception {
    Hosts.Host one = hosts.host();
    one.cairn().foundAndMount(one.mount());
    assertThat(one.cairn().run("status", "--json").ok().out()).contains("\"listen\": \"\"");
    CairnProcess.Result invitation = one.cairn().run("invite").ok();
    assertThat(invitation.err()).contains("listens for others from now on, at 0.0.0.0:7747");
    assertThat(Files.readString(one.cairn().home().resolve("cairn.properties")))
        .contains("listen=0.0.0.0:7747");
    Hosts.Host two = hosts.host();
    two.cairn().run("join", invitation.out().strip(), "--listen", two.listen()).ok();
    Files.writeString(one.mount().resolve("file"), "content");
    assertThat(two.cairn().run("get", "file").ok().out()).isEqualTo("content");
  }
}
